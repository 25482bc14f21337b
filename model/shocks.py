"""Shocks that orders share (a carrier's week, a lot of a SKU): how large they are, by quadrature, not by one estimate.

Given its shock u ~ N(0, sd²), a group that expects e defects has Poisson(e · exp(u − sd²/2)) of them. The standard
deviation has a half-normal prior, is one for all groups of a kind, and is integrated over a grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.columns import Floats

_WIDTH = 3.0
_NODES = 24
_NORMAL = np.polynomial.hermite_e.hermegauss(32)
_PRIOR_CLAIMS = 2.0


@dataclass(frozen=True, slots=True)
class Spread:
    """What is believed of a standard deviation. deviations: (k,) ascending; weights: (k,) that sum to 1; groups and
    claims: how many it was learned from."""

    deviations: Floats
    weights: Floats
    groups: int = 0
    claims: float = 0.0

    @property
    def mean(self) -> float:
        """The mean of the belief."""
        return float(self.deviations @ self.weights)

    def at(self, shares: Floats) -> Floats:
        """Deviations (any shape) at shares (0–1) of the belief, linear in between."""
        middle = np.cumsum(self.weights) - 0.5 * self.weights
        return np.interp(shares, middle, self.deviations)

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        lists = {"deviations": self.deviations.tolist(), "weights": self.weights.tolist()}
        return lists | {"groups": self.groups, "claims": self.claims}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Spread:
        """The inverse of `to_state`."""
        return cls(np.array(state["deviations"]), np.array(state["weights"]), state["groups"], state["claims"])


def half_normal(scale: float) -> Spread:
    """The prior: |N(0, scale²)| on a grid."""
    deviations: Floats = (np.arange(_NODES, dtype=np.float64) + 0.5) * (_WIDTH * scale / _NODES)
    weights = np.exp(-0.5 * np.square(deviations / scale))
    return Spread(deviations, weights / weights.sum())


def learned(prior: Spread, observed: Floats, expected: Floats) -> Spread:
    """The posterior from (g,) defects observed in groups that expected so many ((g,), more than 0).

    The level of `expected` is first set right (shrunk to 1 by two claims): a wrong level is no shock.
    """
    from scipy.special import logsumexp  # only learning waits for it

    expected = expected * (observed.sum() + _PRIOR_CLAIMS) / (expected.sum() + _PRIOR_CLAIMS)
    log_weights = np.log(prior.weights) + np.array([_evidence(d, observed, expected) for d in prior.deviations])
    weights: Floats = np.exp(log_weights - logsumexp(log_weights)).astype(np.float64)
    return Spread(prior.deviations, weights, len(observed), float(observed.sum()))


def _evidence(deviation: float, observed: Floats, expected: Floats) -> float:
    """Log-likelihood of the counts at one standard deviation; each group's integral is taken around its mode."""
    from scipy.special import gammaln, logsumexp

    mode = np.zeros(len(observed))
    for _ in range(30):
        rate = expected * np.exp(deviation * mode - 0.5 * deviation**2)
        step = (deviation * (observed - rate) - mode) / (1.0 + deviation**2 * rate)
        mode = mode + np.clip(step, -1.0, 1.0)
    width = 1.0 / np.sqrt(1.0 + deviation**2 * expected * np.exp(deviation * mode - 0.5 * deviation**2))
    nodes, weights = _NORMAL
    z = mode[:, None] + width[:, None] * nodes
    log_rate = np.log(expected)[:, None] + deviation * z - 0.5 * deviation**2
    log_mass = observed[:, None] * log_rate - np.exp(log_rate) - gammaln(observed + 1.0)[:, None]
    log_terms = log_mass - 0.5 * z**2 + 0.5 * nodes**2 + np.log(weights)
    return float(np.sum(logsumexp(log_terms, axis=1) + np.log(width)) - len(observed) * 0.5 * np.log(2 * np.pi))
