"""Reasons: exact SHAP of the trees, the terms of the margin and what is assumed, in log-odds, summed by attribute."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np

from features.columns import Array, Floats, Ints
from model.scorer import Scorer, Scores

# Parts of the log-odds that belong to the stage or to the age of the history, not to the order: never told as a reason.
CONTEXT = frozenset({"state", "history"})
# Log-odds: what changes the odds by less than a twentieth is no reason, and that something is unknown often does.
LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Reasons:
    """attributes: (k,) names; strength: (n, k) float64 log-odds by attribute; order: (n, k) places, strongest first;
    what is in CONTEXT comes last."""

    attributes: tuple[str, ...]
    strength: Floats
    order: Ints

    def of(self, i: int, most: int) -> list[tuple[str, float]]:
        """The strongest reasons of order i with their signed strength; those that raise the risk come first."""
        strength, names = self.strength[i], self.attributes
        told = ((names[j], float(strength[j])) for j in self.order[i].tolist() if abs(strength[j]) >= LEAST)
        return list(islice(((name, value) for name, value in told if name not in CONTEXT), most))


def no_reasons(n: int) -> Reasons:
    """Of n orders, where none were asked for."""
    return Reasons((), np.zeros((n, 0)), np.zeros((n, 0), dtype=np.int64))


def reasons(scorer: Scorer, scores: Scores, at: Array | None = None, threads: int = 1) -> Reasons:
    """Why the model says what it says of the orders at `at` ((m,) places; all if None)."""
    X = scores.X if at is None else scores.X[at]
    features = scorer.pipeline.features_
    state = scores.state if at is None else scores.state[at]
    parts = scorer.booster.contributions(X, state, threads)[:, :-1] + scorer.margin.by_feature(X, len(features))
    of = scorer.pipeline.by_attribute_
    phase = scores.phase if at is None else scores.phase[at]
    strength = np.add.reduceat(parts[:, of.order], of.starts, axis=1) * scorer.calibrator.slopes[phase][:, None]
    if scorer.assumed.log_odds:
        strength[:, of.names.index(scorer.assumed.attribute)] += scores.assumed if at is None else scores.assumed[at]
    # Log-odds stay far below 1,000, so what raises the risk stands before what lowers it, each by its size.
    rank = np.where(strength > 0.0, strength + 1e3, -strength)
    rank[:, _context(of.names)] = -1.0
    return Reasons(of.names, strength, (-rank).argsort(axis=1, kind="stable"))


@lru_cache(maxsize=8)
def _context(names: tuple[str, ...]) -> list[int]:
    return [j for j, name in enumerate(names) if name in CONTEXT]
