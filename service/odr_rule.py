"""The rule of the order defect rate: how many defects a marketplace's target leaves room for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from features.columns import Floats, Ints
from features.moments import DAY
from features.policy.book import book
from features.policy.facts import PolicyFact

TARGET, PERIOD = "odr.target", "odr.period"


@dataclass(frozen=True, slots=True)
class OdrRule:
    """The facts of one marketplace; defects ÷ orders must stay below the target, over so many days of order dates."""

    target: PolicyFact
    period: PolicyFact

    @property
    def rate(self) -> Fraction:
        """The target as it is written, without the noise of binary numbers."""
        return Fraction(str(self.target.value))

    @property
    def days(self) -> int:
        """Days of order dates."""
        return int(self.period.value)

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.days * DAY

    def allowed(self, orders: int) -> int:
        """The most defects that stay below the target.

        >>> rule = odr_rule("US", 1.8e9)
        >>> [rule.allowed(orders) for orders in (45, 100, 101, 200, 201)]
        [0, 0, 1, 1, 2]
        """
        return max(math.ceil(self.rate * orders) - 1, 0)

    def all_allowed(self, orders: Floats) -> Ints:
        """(c,) int64 of (c,) whole numbers of orders."""
        return np.array([self.allowed(int(n)) for n in orders], dtype=np.int64)


def odr_rule(marketplace: str, at: float) -> OdrRule | None:
    """The rule at an instant (epoch seconds); None where the book has no such facts of the marketplace."""
    target, period = (book().fact(marketplace, topic, at) for topic in (TARGET, PERIOD))
    return None if target is None or period is None else OdrRule(target, period)


def counts(marketplace: str, topic: str, at: float) -> bool:
    """Whether a kind of claim counts (`odr.<topic>_counts`); where no text says otherwise, it does."""
    fact = book().fact(marketplace, f"odr.{topic}_counts", at)
    return True if fact is None else bool(fact.value)


def surely_counts(marketplace: str, topic: str, at: float) -> bool:
    """Whether a text of the marketplace says that such a claim counts, whatever else becomes of it."""
    fact = book().fact(marketplace, f"odr.{topic}_counts", at)
    return fact is not None and bool(fact.value)
