"""How many trees each state gets: those of least rolling log-loss; where claims are few, the fewest as good."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Bools, Floats, Ints
from features.order import STATES

STAGE_TREES = 10


@dataclass(frozen=True, slots=True)
class Stage:
    """A fold fitted with the most trees, and its m judged rows. raw: (trees ÷ STAGE_TREES + 1, m) log-odds after 0,
    STAGE_TREES … trees; y, weight, state, order: (m,) labels, weights, places of the state, and of which order."""

    raw: Floats
    y: Bools
    weight: Floats
    state: Ints
    order: Ints

    def losses(self, place: int, stages: int) -> Floats:
        """(stages, orders) float64: weighted log-loss of the rows in one state, summed by order; where trees stopped
        growing early, the last stands."""
        here = self.state == place
        rows = np.logaddexp(0.0, np.where(self.y[here], -1.0, 1.0) * self.raw[:, here]) * self.weight[here]
        found, place_of = np.unique(self.order[here], return_inverse=True)
        sums = np.stack([np.bincount(place_of, row, len(found)) for row in rows])
        return np.pad(sums, ((0, stages - len(sums)), (0, 0)), "edge")


def least_loss(stages: list[Stage]) -> float:
    """Rolling log-loss of all rows, each state with the trees that are best for it."""
    return float(sum(_losses(stages, place).sum(axis=1).min() for place in range(len(STATES))))


def chosen_trees(stages: list[Stage], *, fewest: bool) -> Ints:
    """(states,) int64: for each state the trees of least rolling log-loss of its rows.

    `fewest`: the fewest whose log-loss is within one standard error of the least (Breiman, Friedman, Olshen and Stone
    1984). The error is of the difference, order by order: an order's rows are not independent of each other.
    """
    trees = np.zeros(len(STATES), dtype=np.int64)
    for place in range(len(STATES)):
        losses = _losses(stages, place)
        best = int(np.argmin(losses.sum(axis=1)))
        if fewest and losses.shape[1]:
            worse = losses[: best + 1] - losses[best]
            error = worse.std(axis=1) * np.sqrt(worse.shape[1])
            best = int(np.argmax(worse.sum(axis=1) <= error))
        trees[place] = best * STAGE_TREES
    return trees


def _losses(stages: list[Stage], place: int) -> Floats:
    """(trees ÷ STAGE_TREES + 1, orders of all folds) float64."""
    most = max(len(stage.raw) for stage in stages)
    return np.concatenate([stage.losses(place, most) for stage in stages], axis=1)
