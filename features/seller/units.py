"""Units of a map into those of our attributes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from features.errors import nearest
from features.seller.mapping import MapRefused

if TYPE_CHECKING:
    import pint

OURS = {
    "item_weight_g": "gram", "package_volume_cm3": "centimeter ** 3", "distance_km": "kilometer",
    "seller_reply_hours_30d": "hour", "return_window_days": "day",
}  # fmt: skip


@cache
def _registry() -> pint.UnitRegistry[Any]:
    from pint import UnitRegistry  # reading its definitions takes a second, and few maps name a unit

    return UnitRegistry()


def factor(unit: str, ours: str) -> float:
    """What a value in a unit is multiplied with; `percent` turns into shares.

    >>> factor("kg", "item_weight_g"), factor("percent", "rate")
    (1000.0, 0.01)
    """
    if unit == "percent":
        return 0.01
    if ours not in OURS:
        raise MapRefused(f"{ours}: unit = {unit!r}: expected none, this attribute has no unit{nearest(ours, OURS)}")
    try:
        return float(_registry().Quantity(1.0, unit).to(OURS[ours]).magnitude)
    except Exception as error:  # pint raises errors of several libraries for what it cannot read
        raise MapRefused(f"{ours}: unit = {unit!r}: expected a unit such as kg or lb ({error})") from error
