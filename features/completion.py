"""What an order leaves out and we can say for it: its shop, and an estimated end of the delivery promise."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import numpy as np

from features.columns import Array, Columns, Floats
from features.moments import DAY
from features.order import attributes

DEFAULT_SHOP = "default"
GIVEN, ESTIMATED = 0.0, 1.0


@cache
def _promise_days() -> tuple[Floats, Floats, float]:
    """Days by service level (domestic, cross-border), each (number of levels,), and the days where nothing is known."""
    table = tomllib.loads((resources.files("features") / "promise.toml").read_text("utf-8"))
    otherwise = float(table["otherwise"])
    levels = attributes()["service_level"].choices
    domestic, abroad = (
        np.array([float(table[lane].get(level, otherwise)) for level in levels])
        for lane in ("domestic", "cross_border")
    )
    return domestic, abroad, otherwise


def completed(columns: Columns) -> Columns:
    """The orders with shop_id, latest_delivery_at and latest_delivery_basis filled where they were unknown."""
    filled: dict[str, Array] = {}
    shop = columns["shop_id"]
    without = ~columns.known("shop_id")
    if without.any():
        shop = shop.copy()
        shop[without] = DEFAULT_SHOP
        filled["shop_id"] = shop
    latest = columns["latest_delivery_at"]
    missing = np.isnan(latest)
    basis = columns["latest_delivery_basis"]
    if missing.any():
        latest = np.where(missing, columns["placed_at"] + _estimated_days(columns) * DAY, latest)
        filled["latest_delivery_at"] = latest
    basis = np.where(missing, ESTIMATED, np.where(np.isnan(basis), GIVEN, basis))
    filled["latest_delivery_basis"] = np.where(np.isnan(latest), np.nan, basis)
    return columns.replacing(filled)


def _estimated_days(columns: Columns) -> Floats:
    domestic, abroad, otherwise = _promise_days()
    level = columns["service_level"]
    place = np.nan_to_num(level, nan=0.0).astype(np.int64)
    lane_known = columns.known("ship_from_country") & columns.known("ship_to_country")
    is_abroad = columns["ship_from_country"] != columns["ship_to_country"]
    days = np.where(is_abroad, abroad[place], domestic[place])
    return np.where(np.isnan(level) | ~lane_known, otherwise, days)
