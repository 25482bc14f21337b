"""What an order leaves out and we can say for it: its shop, an estimated end of the promise, what answered what."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from features.columns import Array, Columns, Floats
from features.moments import DAY
from features.order import attributes
from features.refunds import without_refunds_of_nothing
from features.replies import replies_apart
from features.symbols import Value, at
from features.tracing import of_each, written

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
    """The orders with shop_id, latest_delivery_at and latest_delivery_basis filled where they were unknown, replies
    told apart from the seller's own messages, and no refunds of nothing."""
    columns = without_refunds_of_nothing(replies_apart(columns))
    if columns.is_few:
        return columns.with_values(dict(zip(_FILLED, of_each(_filled_of_one(), columns), strict=True)))
    return columns.replacing(dict(zip(_FILLED, _filled(columns), strict=True)))


_FILLED = ("shop_id", "latest_delivery_at", "latest_delivery_basis")


def _filled(columns: Columns) -> list[Array]:
    given, basis = columns["latest_delivery_at"], columns["latest_delivery_basis"]
    missing = np.isnan(given)
    latest = np.where(missing, columns["placed_at"] + _estimated_days(columns) * DAY, given)
    basis = np.where(missing, ESTIMATED, np.where(np.isnan(basis), GIVEN, basis))
    shop = np.where(columns.known("shop_id"), columns["shop_id"], DEFAULT_SHOP)
    return [shop, latest, np.where(np.isnan(latest), np.nan, basis)]


@cache
def _filled_of_one() -> Callable[[Mapping[str, Value]], list[Any]]:
    return written(_filled)


def _estimated_days(columns: Columns) -> Floats:
    domestic, abroad, otherwise = _promise_days()
    level = columns["service_level"]
    place = np.nan_to_num(level, nan=0.0).astype(np.int64)
    lane_known = columns.known("ship_from_country") & columns.known("ship_to_country")
    is_abroad = columns["ship_from_country"] != columns["ship_to_country"]
    days = np.where(is_abroad, at(abroad, place), at(domestic, place))
    return np.where(np.isnan(level) | ~lane_known, otherwise, days)
