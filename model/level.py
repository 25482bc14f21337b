"""The level of one number by month: how often it is known and where it lies, and how much months differ anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from features.columns import Array, Floats, Ints

POINTS = np.linspace(0.0, 1.0, 11)
SIDES = ("known", "level")


@dataclass(frozen=True, slots=True)
class Level:
    """What training saw of a number. edges: (e,) upper ends of bins, rising; scores: (e + 1,) each bin's normal score.

    months: seen; mean, between, within: (2,) of SIDES – the arcsine root of the share known, the mean normal score of
    what is known –: the mean over months, the variance between them beyond sampling, and the variance of one row.
    """

    edges: Floats
    scores: Floats
    months: int
    mean: Floats
    between: Floats
    within: Floats

    def deviations(self, values: Floats) -> Floats:
        """(2,) how far these values of a month, NaN unknown, are from the training's months, in deviations of such a
        month and of the mean; NaN where nothing is known."""
        found, rows = _sides(values, np.ones(len(values)), self.edges, self.scores)
        variance = (self.between + self.within / np.maximum(rows, 1.0)) * (1.0 + 1.0 / self.months)
        return np.asarray((found - self.mean) / np.sqrt(variance))

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in told.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Level:
        """The inverse of `to_state`."""
        arrays = {n: np.array(v, dtype=np.float64) for n, v in state.items() if n != "months"}
        return cls(months=int(state["months"]), **arrays)


def level_of(values: Floats, month: Ints, weight: Floats) -> Level:
    """The level of values (n,), NaN unknown, each of a month (any integers) and standing for `weight` rows."""
    known = ~np.isnan(values)
    edges = np.empty(0)
    if known.any():
        edges = np.unique(np.quantile(values[known], POINTS, weights=weight[known], method="inverted_cdf"))
    scores = _normal_scores(values[known], weight[known], edges)
    spread = scores[np.searchsorted(edges, values[known], side="left")]
    mass = max(float(weight[known].sum()), 1e-300)
    centre = float(weight[known] @ spread) / mass
    # A share's arcsine root has the variance 1 ÷ 4n; no score's variance is told to be nothing.
    within = np.array([0.25, max(float(weight[known] @ (spread - centre) ** 2) / mass, 0.01)])
    each = [_sides(values[here], weight[here], edges, scores) for here in (month == one for one in np.unique(month))]
    found, rows = (np.stack([side[k] for side in each]) for k in (0, 1))
    mean, between = (
        np.array(two) for two in zip(*(_pooled(found[:, k], rows[:, k], within[k]) for k in (0, 1)), strict=True)
    )
    return Level(edges, scores, len(each), mean, between, within)


def _pooled(found: Floats, rows: Floats, within: float) -> tuple[float, float]:
    """Mean over months, each by its rows, and the variance between them beyond what `within` of a row explains."""
    seen = rows > 0.0
    if not seen.any():
        return 0.0, 0.0
    found, share = found[seen], rows[seen] / rows[seen].sum()
    mean = float(share @ found)
    by_chance = float((1.0 - share).sum()) * within / float(rows[seen].sum())
    free = 1.0 - float(share @ share)
    return mean, max((float(share @ (found - mean) ** 2) - by_chance) / free, 0.0) if free > 0.0 else 0.0


def _normal_scores(values: Floats, weight: Floats, edges: Floats) -> Floats:
    """(e + 1,) of each bin, and of what lies above the last: the normal quantile of its middle."""
    place = np.searchsorted(edges, values, side="left")
    mass = np.bincount(place, weights=weight, minlength=len(edges) + 1)[: len(edges) + 1]
    total = max(float(mass.sum()), 1e-300)
    middle = (np.cumsum(mass) - 0.5 * mass) / total
    return np.asarray(ndtri(np.clip(middle, 0.001, 0.999)))


def _sides(values: Floats, weight: Floats, edges: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """(2,) of SIDES, and how many rows in effect tell each."""
    known = ~np.isnan(values)
    share = float(weight[known].sum() / max(weight.sum(), 1e-300))
    place = np.searchsorted(edges, values[known], side="left")
    level = float(np.average(scores[place], weights=weight[known])) if known.any() else np.nan
    return np.array([np.arcsin(np.sqrt(min(share, 1.0))), level]), np.array([_rows(weight), _rows(weight[known])])


def _rows(weight: Array) -> float:
    """How many rows of equal weight tell as much."""
    return float(weight.sum() ** 2 / np.square(weight).sum()) if len(weight) else 0.0
