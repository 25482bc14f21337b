"""Orders by column: a dict of numpy arrays in which a column that is absent reads as unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.kinds import CURRENCY_EXPONENTS, DEFAULT_EXPONENT, TEXT_KINDS, Kind
from features.order import Attribute, Order, attributes

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Array = NDArray[Any]

EXTRA_PREFIX = "x_"


class Columns(Mapping[str, Array]):
    """n orders by column.

    Text is (n,) object with None for unknown. All else is (n,) float64 with NaN for unknown: numbers and money as they
    are, flags 0 or 1, instants seconds since 1970 UTC, closed sets the place of the value in `Attribute.choices`.
    """

    __slots__ = ("_arrays", "n")

    def __init__(self, n: int, arrays: Mapping[str, Array]) -> None:
        self.n = n
        self._arrays = dict(arrays)

    def __getitem__(self, name: str) -> Array:
        found = self._arrays.get(name)
        return found if found is not None else unknown(name, self.n)

    def __iter__(self) -> Any:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def take(self, index: Array) -> Columns:
        """The orders at `index` ((m,) integers, or (n,) booleans), in that order."""
        n = int(np.count_nonzero(index)) if index.dtype == np.bool_ else len(index)
        return Columns(n, {name: array[index] for name, array in self._arrays.items()})

    def replacing(self, arrays: Mapping[str, Array]) -> Columns:
        """The same orders with some columns replaced or added."""
        return Columns(self.n, {**self._arrays, **arrays})

    def known(self, name: str) -> Bools:
        """(n,) bool: whether the value is known."""
        array = self._arrays.get(name)
        if array is None:
            return np.zeros(self.n, dtype=np.bool_)
        if array.dtype == object:
            return np.asarray(array != None, dtype=np.bool_)  # noqa: E711 - elementwise
        return np.asarray(array == array)

    def chosen(self, name: str, *choices: str) -> Floats:
        """(n,) float64: 1 where the value of a closed set is one of `choices`, 0 where another, NaN unknown."""
        array = self._arrays.get(name)
        if array is None:
            return np.full(self.n, np.nan)
        of = attributes()[name].choices
        hit = array == of.index(choices[0])
        for choice in choices[1:]:
            hit |= array == of.index(choice)
        return np.where(array == array, hit.astype(np.float64), np.nan)


def is_text(name: str) -> bool:
    """Whether a column holds text; the shop's own columns (`x_…`) are held as they came."""
    declared = attributes().get(name)
    return declared is not None and declared.kind in TEXT_KINDS


def unknown(name: str, n: int) -> Array:
    """(n,) of unknown values of the column's kind."""
    return np.full(n, None, dtype=object) if is_text(name) else np.full(n, np.nan)


def text_array(values: Iterable[str | None], n: int) -> Array:
    """(n,) object array of texts and None."""
    array = np.empty(n, dtype=object)
    array[:] = list(values)
    return array


def _number(declared: Attribute, value: Any) -> float:
    if isinstance(value, datetime):
        return epoch_seconds(value)
    return float(declared.choices.index(value)) if declared.kind is Kind.CHOICE else float(value)


def epoch_seconds(at: datetime) -> float:
    """Seconds since 1970 UTC, microseconds kept.

    >>> from datetime import UTC
    >>> epoch_seconds(datetime(1970, 1, 2, tzinfo=UTC))
    86400.0
    """
    whole = int(at.replace(microsecond=0).timestamp())
    return (whole * 1_000_000 + at.microsecond) / 1e6


def columns_of(orders: Sequence[Order]) -> Columns:
    """Validated orders (the JSON door) as columns, money rounded."""
    declared = attributes()
    n = len(orders)
    arrays: dict[str, Array] = {}
    for i, order in enumerate(orders):
        for name in order.model_fields_set:
            value = getattr(order, name)
            if value is None or name == "extra":
                continue
            if name not in arrays:
                arrays[name] = unknown(name, n)
            arrays[name][i] = value if is_text(name) else _number(declared[name], value)
        for name, value in (order.extra or {}).items():
            column = arrays.setdefault(EXTRA_PREFIX + name, np.full(n, None, dtype=object))
            column[i] = value
    return rounded_money(Columns(n, arrays))


def rounded_money(columns: Columns) -> Columns:
    """Money rounded half to even to the exponent of its currency; without a currency as it is."""
    money = [a.name for a in attributes().values() if a.kind is Kind.MONEY and a.name in columns]
    if not money or "currency" not in columns:
        return columns
    exponent = np.fromiter(
        (CURRENCY_EXPONENTS.get(c, DEFAULT_EXPONENT) for c in columns["currency"]), np.int64, columns.n
    )
    scale = 10.0**exponent
    return columns.replacing({name: np.rint(columns[name] * scale) / scale for name in money})
