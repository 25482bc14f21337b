"""The profile: how inputs and scores were spread in training, against which drift is told later."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.columns import Floats, Ints
from features.order import STATES

POINTS = np.linspace(0.0, 1.0, 11)


def profile(X: Floats, names: tuple[str, ...], state: Ints, probability: Floats) -> dict[str, Any]:
    """Share known and deciles of every feature, and deciles of the probability by state; plain JSON values."""
    return {
        "points": POINTS.tolist(),
        "features": {name: _spread(X[:, j]) for j, name in enumerate(names)},
        "probability": {str(s): _spread(probability[state == place]) for place, s in enumerate(STATES)},
    }


def _spread(values: Floats) -> dict[str, Any]:
    known = values[~np.isnan(values)]
    share = len(known) / len(values) if len(values) else 0.0
    quantiles = np.quantile(known, POINTS).tolist() if len(known) else []
    return {"rows": len(values), "known": share, "quantiles": quantiles}
