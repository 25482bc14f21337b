"""90 % limits of sums over rare events: counts of claims, and money.

A sum with mean μ and variance v is taken as v ÷ μ times a Poisson count, whose limits are Garwood's (1936). For a count
v is its mean, unless days differ more than counting explains; for money the sum of squares of the single amounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from features.columns import Floats, Ints


@dataclass(frozen=True, slots=True)
class Bounded:
    """A sum with 90 % limits of its mean."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Bounded:
        """The same in another unit."""
        return Bounded(self.value * factor, self.low * factor, self.high * factor)


def bounded(total: float, variance: float, single: float = 1.0) -> Bounded:
    """Limits of a sum. variance: estimated, of the sum; single: the size of one event, used where there was none.

    >>> found = bounded(10.0, 10.0)
    >>> round(found.low, 2), round(found.high, 2)
    (5.43, 16.96)
    >>> round(bounded(0.0, 0.0).high, 2)
    3.0
    """
    size = variance / total if total > 0.0 else single
    events = total / size if size > 0.0 else 0.0
    low = float(gammaincinv(events, 0.05)) if events > 0.0 else 0.0
    return Bounded(total, low * size, float(gammaincinv(events + 1.0, 0.95)) * size)


def sum_over_days(amount: Floats, day: Ints, days: int, single: float = 1.0) -> Bounded:
    """The sum of single amounts ((f,), all > 0) that fell on days, with limits. single: the usual size of one.

    Its variance is the larger of what counting gives, Σ amount², and of what drawing whole days again with replacement
    (a bootstrap, here by its formula) gives, Σ over days of (the day's sum − the mean)².
    """
    if not len(amount):
        return bounded(0.0, 0.0, single)
    by_day = np.bincount(day, amount, days)
    counting, spread = float(amount @ amount), float(np.sum((by_day - by_day.mean()) ** 2))
    return bounded(float(amount.sum()), max(counting, spread), single)


def ratio_by_order(observed: Floats, expected: float) -> Bounded:
    """Observed ÷ expected claims with limits. observed: (orders,) looks that each claim stands behind; the looks of an
    order stand or fall together, so that they count as one event."""
    if expected <= 0.0:
        return Bounded(np.nan, np.nan, np.nan)
    return bounded(float(observed.sum()), float(observed @ observed)).times(1.0 / expected)
