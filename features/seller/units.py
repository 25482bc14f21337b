"""Units that a map or a cell names, into those of our attributes."""

from __future__ import annotations

from functools import cache

from features.errors import nearest
from features.seller.mapping import MapRefused
from features.units import registry

COUNT = "count"
OURS = {
    "item_weight_g": "gram", "package_volume_cm3": "centimeter ** 3", "distance_km": "kilometer",
    "seller_reply_hours_30d": "hour", "return_window_days": "day", "quantity": COUNT,
}  # fmt: skip


def factor(unit: str, ours: str) -> float:
    """What a value in a unit is multiplied with; `percent` turns into shares.

    >>> factor("kg", "item_weight_g"), factor("percent", "rate")
    (1000.0, 0.01)
    """
    if unit == "percent":
        return 0.01
    if ours not in OURS:
        raise MapRefused(f"{ours}: unit = {unit!r}: expected none, this attribute has no unit{nearest(ours, OURS)}")
    found = scale(unit, ours)
    if found is None:
        raise MapRefused(f"{ours}: unit = {unit!r}: expected a unit of {OURS[ours]}, such as kg or lb for a weight")
    return found


@cache
def scale(unit: str, ours: str) -> float | None:
    """How many of the attribute's unit one `unit` is, None where that cannot be told.

    >>> scale("jin", "item_weight_g"), scale("meter", "item_weight_g")
    (500.0, None)
    """
    if OURS[ours] == COUNT and unit != COUNT:
        return None  # pint counts bits, dozens and moles too
    try:
        return float(registry().Quantity(1.0, unit).to(OURS[ours]).magnitude)
    except Exception:  # pint raises errors of several libraries for what it cannot read
        return None
