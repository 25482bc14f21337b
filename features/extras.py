"""The shop's own attributes: columns named `x_…`, declared with a type, read like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from features.columns import Array, Columns, unknown_of
from features.errors import Problem, SettingError
from features.kinds import LARGEST_NUMBER, ExtraValue, Kind, expected, longest_text, readable_text
from features.order import Attribute, Order

EXTRA_PREFIX = "x_"
ExtraKind = Literal["number", "flag", "category"]
_EXTRA_KINDS: dict[ExtraKind, Kind] = {"number": Kind.NUMBER, "flag": Kind.FLAG, "category": Kind.TEXT}


def extra_attributes(extras: Mapping[str, ExtraKind] | None) -> dict[str, Attribute]:
    """The shop's own attributes by column name (`x_…`), as declared, to be read like any other."""
    for name in extras or {}:
        if not name.startswith(EXTRA_PREFIX):
            raise SettingError(f"extra attribute {name!r}: expected a name that starts with {EXTRA_PREFIX}")
    return {
        name: Attribute(name, _EXTRA_KINDS[kind], "placed", "value", (), None, "the shop's own", (), -LARGEST_NUMBER)
        for name, kind in (extras or {}).items()
    }


def with_every_extra(columns: Columns, own: Mapping[str, Attribute]) -> Columns:
    """The orders with a column for each of the declared attributes of the shop, unknown where none was given."""
    absent = {name: unknown_of(a.kind, columns.n) for name, a in own.items() if name not in columns}
    return columns.replacing(absent) if absent else columns


def own_arrays(orders: Sequence[Order], own: Mapping[str, Attribute]) -> dict[str, Array]:
    """By column name what the `extra` of n orders says; unknown where it is of another type than declared."""
    arrays = {column: unknown_of(attribute.kind, len(orders)) for column, attribute in own.items()}
    for column, attribute in own.items():
        for i, order in enumerate(orders):
            given = (order.extra or {}).get(column.removeprefix(EXTRA_PREFIX))
            value = None if given is None else _own_value(attribute, given)
            if value is not None:
                arrays[column][i] = value
    return arrays


def _own_value(attribute: Attribute, value: bool | float | str | None) -> float | str | None:
    """A value of `extra` as its column holds it; None where it is not of the declared kind."""
    if attribute.kind is Kind.TEXT:
        text = readable_text(value) if isinstance(value, str) else None
        return text if text and len(text) <= longest_text(Kind.TEXT) else None
    if attribute.kind is Kind.FLAG:
        return float(value) if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_NUMBER:
        return None
    return float(value) + 0.0  # never -0.0


def strange_extras(extra: Mapping[str, ExtraValue] | None, extras: Mapping[str, ExtraKind] | None) -> list[Problem]:
    """The declared attributes of the shop that the `extra` of an order gives in another type."""
    if not extra:
        return []
    found: list[Problem] = []
    for column, attribute in extra_attributes(extras).items():
        name = column.removeprefix(EXTRA_PREFIX)
        given = extra.get(name)
        if given is not None and _own_value(attribute, given) is None:
            found.append(Problem(f"extra/{name}", *expected(attribute.kind, (), attribute.minimum)))
    return found
