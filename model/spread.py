"""The spread of one number at one moment of an order's life: shares by bin, and how much months differ anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.columns import Floats, Ints

POINTS = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True, slots=True)
class Spread:
    """edges: (e,) upper ends of bins, rising; shares: (e + 2,) of each bin, of what lies above the last, of unknown.

    rows: how many in effect; months: of training; unrest, freedom: mean of 4 n Σ(√q − √share)² over its months, each
    against all of them, and in how many independent
    directions: half of what their variance says (Satterthwaite), which few months tell badly.
    """

    edges: Floats
    shares: Floats
    rows: float
    months: int
    unrest: float
    freedom: float

    def shares_of(self, values: Floats) -> Floats:
        """(e + 2,) float64: how these values are spread over the bins."""
        return shares(places(values, self.edges), np.ones(len(values)), len(self.shares))

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {"edges": self.edges.tolist(), "shares": self.shares.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Spread:
        """The inverse of `to_state`."""
        arrays = {name: np.array(state[name], dtype=np.float64) for name in ("edges", "shares")}
        return cls(**{**state, **arrays})


def spread_of(values: Floats, month: Ints, weight: Floats) -> Spread:
    """The spread of values (n,), NaN unknown, each of a month (any integers) and standing for `weight` rows."""
    known = ~np.isnan(values)
    edges = np.empty(0)
    if known.any():
        edges = np.unique(np.quantile(values[known], POINTS, weights=weight[known], method="inverted_cdf"))
    place, size = places(values, edges), len(edges) + 2
    whole, rows = shares(place, weight, size), effective(weight)
    apart = []
    for one in np.unique(month):
        here = month == one
        n = effective(weight[here])
        # Against a whole of which the month itself is a part, the distance is smaller by that part.
        part = min(n / rows, 0.5)
        apart.append(8.0 * n * distance(shares(place[here], weight[here], size), whole) ** 2 / (1.0 - part))
    unrest, variance = float(np.mean(apart)), float(np.var(apart))
    directions = max(float((whole > 0).sum()) - 1.0, 1.0)
    freedom = directions if variance == 0.0 else float(np.clip(unrest**2 / variance, 1.0, directions))
    return Spread(edges, whole, rows, len(apart), max(unrest, directions), freedom)


def places(values: Floats, edges: Floats) -> Ints:
    """(n,) int64: the bin of each value; the last is that of the unknown."""
    found = np.searchsorted(edges, values, side="left")
    return np.where(np.isnan(values), len(edges) + 1, found)


def shares(place: Ints, weight: Floats, size: int) -> Floats:
    """(size,) float64: the share of each bin."""
    return np.bincount(place, weights=weight, minlength=size) / max(float(weight.sum()), 1e-300)


def effective(weight: Floats) -> float:
    """How many rows of equal weight tell as much."""
    return float(weight.sum() ** 2 / np.square(weight).sum()) if len(weight) else 0.0


def distance(one: Floats, other: Floats) -> float:
    """Hellinger distance of two spreads, 0 (the same) to 1 (nothing in common).

    >>> distance(np.array([1.0, 0.0]), np.array([0.0, 1.0])), distance(np.array([0.3, 0.7]), np.array([0.3, 0.7]))
    (1.0, 0.0)
    """
    return float(np.sqrt(0.5 * np.square(np.sqrt(one) - np.sqrt(other)).sum()))
