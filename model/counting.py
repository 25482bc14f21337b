"""Counts of claims beside what was foretold: evidence, month after month, that they are more or fewer than told.

Each month's count is held against a negative binomial law around `tolerance` × foretold (months differ anyway, by
`restlessness`); the likelihood ratio of a larger rate is an e-value, whatever the true rate within the tolerance is.
Evidence adds up from every month on as if the change had come then (Shiryaev–Roberts; an e-detector as in Shin, Ramdas
and Rinaldo, "E-detectors", 2023): without a change its mean after t months is at most t, so that it passes horizon ÷ α
within the horizon with a chance of at most α, however often it is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv, gammaln

from features.columns import Floats


@dataclass(frozen=True, slots=True)
class Law:
    """What is no alarm, and what is looked for: see `[claims]` in drift.toml."""

    tolerance: float
    restlessness: float
    alternatives: tuple[float, ...]


def evidence(observed: Floats, foretold: Floats, law: Law) -> tuple[Floats, Floats]:
    """(months,) evidence that claims are more than foretold, and that they are fewer."""
    return _one_way(observed, foretold, law, 1.0), _one_way(observed, foretold, law, -1.0)


def _one_way(observed: Floats, foretold: Floats, law: Law, sign: float) -> Floats:
    bound = law.tolerance**sign
    each = np.zeros(len(law.alternatives))
    out = np.empty(len(observed))
    for t, (n, mean) in enumerate(zip(observed, foretold, strict=True)):
        if mean > 0.0:
            rates = bound * np.array(law.alternatives) ** sign
            ratio = np.exp(_log(n, mean * rates, law) - _log(n, np.array([mean * bound]), law))
            each = np.minimum((1.0 + each) * ratio, 1e300)
        out[t] = each.mean()
    return out


def _log(n: float, mean: Floats, law: Law) -> Floats:
    shape = 1.0 / law.restlessness**2
    chance = gammaln(n + shape) - gammaln(shape) - gammaln(n + 1.0)
    return np.asarray(chance + shape * np.log(shape / (shape + mean)) + n * np.log(mean / (shape + mean)))


def ratio_limits(observed: float, foretold: float) -> tuple[float, float]:
    """90 % limits of true ÷ foretold where `observed` were counted (Garwood).

    >>> [round(x, 2) for x in ratio_limits(10, 10.0)], ratio_limits(0, 1.0)[0]
    ([0.54, 1.7], 0.0)
    """
    low = float(gammaincinv(observed, 0.05)) if observed else 0.0
    return low / foretold, float(gammaincinv(observed + 1.0, 0.95)) / foretold
