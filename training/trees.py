"""Fitting the booster: shallow LightGBM trees on top of an out-of-fold margin."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import lightgbm
import numpy as np

from features.columns import Array, Floats, Ints
from features.feature import Feature
from training.settings import fit_settings

Own = Mapping[str, float]


def parameters(features: tuple[Feature, ...], seed: int, own: Own = MappingProxyType({})) -> tuple[dict[str, Any], int]:
    """LightGBM's parameters with the sign of every feature, and the largest number of trees.

    own: parameters in place of those of fit.toml, by LightGBM's names.
    """
    params: dict[str, Any] = {**fit_settings().booster, **own}
    most = int(params.pop("max_trees"))
    params["monotone_constraints"] = [f.sign for f in features]
    params["seed"] = seed
    return params, most


def grown(
    X: Floats, y: Array, weight: Floats, start: Floats, features: tuple[Feature, ...], seed: int, trees: int,
    own: Own = MappingProxyType({}),
) -> lightgbm.Booster:  # fmt: skip
    """`trees` trees that add to the log-odds `start` ((m,), out of fold). y: (m,) labels, or their expectation."""
    params, _ = parameters(features, seed, own)
    data = lightgbm.Dataset(X, label=y.astype(np.float64), weight=weight, init_score=start, params=params)
    return lightgbm.train(params, data, num_boost_round=trees)


def staged_log_odds(
    boosters: Mapping[int, lightgbm.Booster], X: Floats, state: Ints, start: Floats, step: int
) -> Floats:
    """(stages + 1, n) float64: log-odds with 0, step, 2·step … trees of each row's state added to `start`.

    LightGBM may stop growing early, and states may have different numbers; the later stages then repeat the last.
    """
    stages = max((-(-booster.num_trees() // step) for booster in boosters.values()), default=0)
    out = np.repeat(start[None], stages + 1, axis=0)
    for place, booster in boosters.items():
        here = np.flatnonzero(state == place)
        if not len(here):
            continue
        total = start[here].copy()
        for k in range(stages):
            if k * step < booster.num_trees():
                total += booster.predict(X[here], raw_score=True, start_iteration=k * step, num_iteration=step)
            out[k + 1, here] = total
    return out
