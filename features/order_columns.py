"""Validated orders of the JSON door as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from features.columns import FEW, Array, Columns, epoch_seconds, is_text, text_array
from features.extras import ExtraKind, extra_attributes, own_arrays
from features.kinds import TEXT_KINDS, Kind
from features.order import Attribute, Order, attributes
from features.rounding import rounded_money
from features.symbols import Value


def columns_of(orders: Sequence[Order], extras: Mapping[str, ExtraKind] | None = None) -> Columns:
    """Validated orders (the JSON door) as columns, money rounded.

    extras: the declared attributes of the shop by column name; one of another type is unknown (`strange_extras` names
    it), those not declared are left out.
    """
    held = _held()
    rows: list[dict[str, Value]] = []
    for order in orders:
        rows.append(row := {})
        for name, value in order.__dict__.items():
            if value is not None and name != "extra":
                number = held[name]
                row[name] = value if number is None else number(value)
    columns = Columns.of_values(rows) if 0 < len(rows) <= FEW else _by_column(rows)
    return rounded_money(columns.replacing(own_arrays(orders, extra_attributes(extras))))


def _by_column(rows: Sequence[Mapping[str, Value]]) -> Columns:
    names = dict.fromkeys(chain.from_iterable(rows))
    numbers = [name for name in names if not is_text(name)]
    texts = [name for name in names if is_text(name)]
    block = np.array([[values.get(name, np.nan) for values in rows] for name in numbers], dtype=np.float64)
    arrays: dict[str, Array] = dict(zip(numbers, block, strict=True))
    arrays |= {name: text_array((values.get(name) for values in rows), len(rows)) for name in texts}  # type: ignore[misc]
    return Columns(len(rows), arrays)


@cache
def _held() -> dict[str, Callable[[Any], float] | None]:
    """How a column holds a value of each attribute; None for texts, which it holds as they are."""
    return {a.name: None if a.kind in TEXT_KINDS else _number_of(a) for a in attributes().values()}


def _number_of(declared: Attribute) -> Callable[[Any], float]:
    if declared.kind is Kind.INSTANT:
        return epoch_seconds
    if declared.kind is Kind.CHOICE:
        return {choice: float(place) for place, choice in enumerate(declared.choices)}.__getitem__
    return lambda value: float(value) + 0.0  # never -0.0
