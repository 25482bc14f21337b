"""Groups of orders that share a shock: those that a carrier got in one week, those of one lot of a SKU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from features.columns import Array, Columns, Floats, Ints
from features.moments import DAY
from model.defect_priors import SharedKind, defect_priors


def carrier_weeks(columns: Columns) -> Ints:
    """(n,) int64 places: orders handed to one carrier of a marketplace in one week; by placing where not yet handed."""
    at = np.where(np.isnan(columns["shipped_at"]), columns["placed_at"], columns["shipped_at"])
    return _places([columns["carrier"], columns["marketplace"]], at, defect_priors().shock["carrier_week"].days)


def lots(columns: Columns) -> Ints:
    """(n,) int64 places: orders of one SKU of a shop in about a month; each its own where the SKU is unknown."""
    own = np.array([f"\0{i}" if sku is None else sku for i, sku in enumerate(columns["sku"].tolist())], dtype=object)
    return _places([columns["shop_id"], own], columns["placed_at"], defect_priors().shock["sku_lot"].days)


def _places(names: list[Array], at: Floats, days: float) -> Ints:
    """(n,) int64: equal where all names and the span of days are equal."""
    place = np.zeros(len(at), dtype=np.int64)
    for part in (*(name.astype(str) for name in names), np.floor(at / (days * DAY))):
        found, code = np.unique(part, return_inverse=True)
        place = np.unique(place * len(found) + code, return_inverse=True)[1]
    return place


GROUPS: Mapping[SharedKind, Callable[[Columns], Ints]] = MappingProxyType(
    {"carrier_week": carrier_weeks, "sku_lot": lots}
)
