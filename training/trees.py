"""Fitting the booster: shallow LightGBM trees on top of an out-of-fold margin."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np

from features.columns import Array, Floats
from features.feature import Feature
from training.settings import fit_settings


def parameters(features: tuple[Feature, ...], seed: int) -> tuple[dict[str, Any], int]:
    """LightGBM's parameters with the sign of every feature, and the largest number of trees."""
    params: dict[str, Any] = dict(fit_settings().booster)
    most = int(params.pop("max_trees"))
    params["monotone_constraints"] = [f.sign for f in features]
    params["seed"] = seed
    return params, most


def grown(
    X: Floats, y: Array, weight: Floats, start: Floats, features: tuple[Feature, ...], seed: int, trees: int
) -> lightgbm.Booster:
    """`trees` trees that add to the log-odds `start` ((m,), out of fold)."""
    params, _ = parameters(features, seed)
    data = lightgbm.Dataset(X, label=y.astype(np.float64), weight=weight, init_score=start, params=params)
    return lightgbm.train(params, data, num_boost_round=trees)


def staged_losses(
    booster: lightgbm.Booster, X: Floats, y: Array, weight: Floats, start: Floats, stages: range
) -> Floats:
    """(stages + 1,) float64: weighted log-loss without trees and after each stage, on rows that were not fitted.

    stages: the first tree of each. LightGBM may stop growing early; the later stages then lose what the last one did.
    """
    total = start.copy()
    sign = np.where(y, -1.0, 1.0)
    out = [float(weight @ np.logaddexp(0.0, sign * total))]
    for first in stages:
        if first < booster.num_trees():
            total = total + booster.predict(X, raw_score=True, start_iteration=first, num_iteration=stages.step)
        out.append(float(weight @ np.logaddexp(0.0, sign * total)))
    return np.array(out)
