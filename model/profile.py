"""The profile: how inputs and scores were spread in training, against which drift is told later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.columns import Array, Floats, Ints
from features.feature import Feature
from features.order import STATES
from model.level import POINTS, Level, level_of

# Moments at which an order is looked at once: the entry of a state.
MOMENTS = ("placed_planned", "shipped", "in_transit", "delivered", "contact")
SCORE = "probability"


@dataclass(frozen=True, slots=True)
class Rows:
    """n looks at orders. X: (n, features); moment: (n,) names; probability, weight: (n,); month: (n,) any integers."""

    X: Floats
    moment: Array
    probability: Floats
    month: Ints
    weight: Floats


def months_of(as_of: Floats) -> Ints:
    """(n,) int64: months since 1970 in UTC of instants, epoch seconds."""
    return np.asarray(as_of.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64))


def profile(rows: Rows, features: tuple[Feature, ...], state: Ints) -> dict[str, Any]:
    """Share known and deciles of every feature, deciles of the probability by state, and levels by moment; JSON."""
    names = [f.name for f in features]
    return {
        "points": POINTS.tolist(),
        "features": {name: _deciles(rows.X[:, j]) for j, name in enumerate(names)},
        "probability": {str(s): _deciles(rows.probability[state == place]) for place, s in enumerate(STATES)},
        "moments": {m: {k: v.to_state() for k, v in _levels(rows, features, m).items()} for m in MOMENTS},
    }


def _levels(rows: Rows, features: tuple[Feature, ...], moment: str) -> dict[str, Level]:
    """The probability and each feature at every moment at which it can be known: what is late shows on arrival.

    What the shop's history says is left out: in training it is of each row's own time, later it only ages.
    """
    here = rows.moment == moment
    if not here.any():
        return {}
    month, weight = rows.month[here], rows.weight[here]
    known = {"placed", "planned", *MOMENTS[1 : MOMENTS.index(moment) + 1]}
    mine = [(j, f.name) for j, f in enumerate(features) if f.source != "history" and f.known in known]
    found = {name: level_of(rows.X[here, j], month, weight) for j, name in mine}
    return found | {SCORE: level_of(rows.probability[here], month, weight)}


def read_levels(profile: Mapping[str, Any]) -> dict[str, dict[str, Level]]:
    """Levels by moment and feature out of a profile; none in one that an earlier version made."""
    moments = profile.get("moments", {})
    return {m: {name: Level.from_state(s) for name, s in found.items()} for m, found in moments.items()}


def _deciles(values: Floats) -> dict[str, Any]:
    known = values[~np.isnan(values)]
    share = len(known) / len(values) if len(values) else 0.0
    quantiles = np.quantile(known, POINTS).tolist() if len(known) else []
    return {"rows": len(values), "known": share, "quantiles": quantiles}
