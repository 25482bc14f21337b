"""The numbers of `fit.toml`, typed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from features.errors import SettingError

LightGBMValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class FitSettings:
    """See `fit.toml` for units and reasons; the names are those of the file, section first."""

    target_claim_window_days: float
    target_fewest_claims: int
    rows_negatives_per_claim: int
    rows_fewest_negatives: int
    rows_least_shown: float
    rolling_origins: tuple[float, ...]
    rolling_margin_folds: int
    margin_penalties: tuple[float, ...]
    margin_penalty_per_claim: float
    margin_choose_below: int
    margin_state_penalty: float
    margin_topic_penalty: float
    margin_clip_quantile: float
    margin_rarest_unknown: float
    surrogate_fewest_claims: int
    surrogate_claims_per_tree: float
    surrogate_fewest_trees: int
    surrogate_most_trees: int
    calibration_intercept_deviation: float
    calibration_common_deviation: float
    calibration_least_deviation: float
    calibration_slope_deviation: float
    calibration_state_slope_deviation: float
    calibration_phase_deviation: float
    calibration_phase_slope_deviation: float
    calibration_shape_claims: float
    calibration_period_deviation: float
    calibration_fewest_for_slope: int
    calibration_bins: int
    calibration_cluster_days: float
    served_prior_claims: float
    shares_type_prior_claims: float
    shares_shop_prior_claims: float
    shares_delay_prior_claims: float
    shocks_most_groups: int
    consequences_debit_days: float
    consequences_level_claims: float
    test_share: float
    leak_largest_ratio: float
    leak_fewest_claims: int
    booster: Mapping[str, LightGBMValue]
    tune: Mapping[str, tuple[float, float]]


@cache
def fit_settings() -> FitSettings:
    """What `fit.toml` says."""
    table: dict[str, Any] = tomllib.loads((resources.files("training") / "fit.toml").read_text("utf-8"))
    booster, tune = table.pop("booster"), {name: tuple(ends) for name, ends in table.pop("tune").items()}
    flat: dict[str, Any] = {
        f"{section}_{name}": tuple(value) if isinstance(value, list) else value
        for section, values in table.items()
        if isinstance(values, dict)
        for name, value in values.items()
    }
    known = {f.name for f in fields(FitSettings)} - {"booster", "tune"}
    if known != set(flat):
        raise SettingError(f"training/fit.toml: expected {sorted(known - set(flat))}, got {sorted(set(flat) - known)}")
    return FitSettings(booster=booster, tune=tune, **flat)
