"""Orders by column: a dict of numpy arrays in which a column that is absent reads as unknown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.kinds import TEXT_KINDS, Kind
from features.order import attributes
from features.symbols import Value

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Array = NDArray[Any]
FEW = 32  # so many orders cost less one by one in plain Python than as a table


class Columns(Mapping[str, Array]):
    """n orders by column.

    Text is (n,) object with None for unknown. All else is (n,) float64 with NaN for unknown: numbers and money as they
    are, flags 0 or 1, instants seconds since 1970 UTC, closed sets the place of the value in `Attribute.choices`.
    """

    __slots__ = ("_arrays", "_each", "_names", "is_few", "n")

    def __init__(self, n: int, arrays: Mapping[str, Array]) -> None:
        self.n = n
        self.is_few = 0 < n <= FEW  # not so of symbols, which are traced as a table is read
        self._arrays = dict(arrays)  # of orders by their values only those that were asked for
        self._names: Collection[str] = self._arrays.keys()
        self._each: Sequence[Mapping[str, Value]] | None = None

    @classmethod
    def of_values(cls, each: Sequence[Mapping[str, Value]]) -> Columns:
        """Orders by their values, as columns hold them; a value that is left out is unknown."""
        self = cls(len(each), {})
        self._each, self._names = each, each[0].keys() if len(each) == 1 else dict.fromkeys(chain.from_iterable(each))
        return self

    @property
    def is_one(self) -> bool:
        """Whether this is one order; no symbols are."""
        return self.n == 1 and self.is_few

    @property
    def each(self) -> Sequence[Mapping[str, Value]]:
        """The values of each order by name, for functions that `features/symbols.py` wrote; for a few orders alone."""
        if self._each is None:
            names, values = list(self._arrays), [array.tolist() for array in self._arrays.values()]
            self._each = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)] or [{}] * self.n
        return self._each

    def __getitem__(self, name: str) -> Array:
        found = self._found(name)
        return found if found is not None else unknown(name, self.n)

    def value(self, name: str, i: int) -> Any:
        """What order i has in a column; NaN or None where it is unknown."""
        if self._each is None:
            return self[name][i]
        found = self._each[i].get(name)
        return found if found is not None or is_text(name) else np.nan

    def values_of(self, i: int) -> Mapping[str, Value]:
        """The values of order i by name, as in `each`."""
        if self.is_few:
            return self.each[i]
        return {name: array[i] if array.dtype == object else float(array[i]) for name, array in self.items()}

    def _found(self, name: str) -> Array | None:
        found = self._arrays.get(name)
        if found is None and name in self._names:
            given = [values[name] for values in self.each if name in values]
            holds_text = is_text(name) or any(value is None or isinstance(value, str) for value in given)
            values = [values.get(name, None if holds_text else np.nan) for values in self.each]
            found = self._arrays[name] = np.array(values, dtype=object if holds_text else np.float64)
        return found

    def __iter__(self) -> Any:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def take(self, index: Array) -> Columns:
        """The orders at `index` ((m,) integers, or (n,) booleans), in that order."""
        n = int(np.count_nonzero(index)) if index.dtype == np.bool_ else len(index)
        if n == self.n and (index.dtype == np.bool_ or n == 1):
            return self
        if self.is_few and 0 < n <= FEW:
            places = np.flatnonzero(index) if index.dtype == np.bool_ else index
            return Columns.of_values([self.each[place] for place in places.tolist()])
        return Columns(n, {name: self[name][index] for name in self})

    def part(self, start: int, stop: int) -> Columns:
        """The orders from `start` to before `stop`, which share their memory with all."""
        return Columns(len(range(self.n)[start:stop]), {name: self[name][start:stop] for name in self})

    def replacing(self, arrays: Mapping[str, Array]) -> Columns:
        """The same orders with some columns replaced or added."""
        if not arrays:
            return self
        if self._each is None:
            replaced = Columns(self.n, {**self._arrays, **arrays})
            replaced.is_few = self.is_few
            return replaced
        replaced = self.with_values({name: array.tolist() for name, array in arrays.items()})
        replaced._arrays.update(arrays)
        return replaced

    def with_values(self, told: Mapping[str, Sequence[Value]]) -> Columns:
        """The same few orders with some columns replaced or added, one value an order."""
        more = [dict(zip(told, row, strict=True)) for row in zip(*told.values(), strict=True)]
        replaced = Columns.of_values([{**old, **new} for old, new in zip(self.each, more, strict=True)])
        replaced._arrays.update((name, array) for name, array in self._arrays.items() if name not in told)
        return replaced

    def without(self, names: Collection[str]) -> Columns:
        """The same orders in which the columns named are unknown."""
        if not names:
            return self
        left = Columns(self.n, {name: self[name] for name in self if name not in names})
        left.is_few = self.is_few
        return left

    def known(self, name: str) -> Bools:
        """(n,) bool: whether the value is known."""
        array = self._found(name)
        if array is None:
            return np.zeros(self.n, dtype=np.bool_)
        known: Bools = array != None if array.dtype == object else array == array  # noqa: E711 - elementwise
        return known

    def chosen(self, name: str, *choices: str) -> Floats:
        """(n,) float64: 1 where the value of a closed set is one of `choices`, 0 where another, NaN unknown."""
        array = self._found(name)
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
    """(n,) of unknown values of the column's kind; not to be written to."""
    if n == 1:  # one order asks for a hundred of them
        return _unknown_text() if is_text(name) else _unknown_number()
    return unknown_of(Kind.TEXT if is_text(name) else Kind.NUMBER, n)


@cache
def _unknown_text() -> Array:
    return _fixed(unknown_of(Kind.TEXT, 1))


@cache
def _unknown_number() -> Array:
    return _fixed(unknown_of(Kind.NUMBER, 1))


def _fixed(array: Array) -> Array:
    array.flags.writeable = False
    return array


def unknown_of(kind: Kind, n: int) -> Array:
    """(n,) of unknown values of a kind."""
    return np.full(n, None, dtype=object) if kind in TEXT_KINDS else np.full(n, np.nan)


def concatenated(parts: Sequence[Columns]) -> Columns:
    """The orders of several parts as one; a column that a part lacks is unknown there."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    n = sum(part.n for part in parts)
    return Columns(n, {name: np.concatenate([_of(part, name) for part in parts]) for name in names})


def _of(part: Columns, name: str) -> Array:
    return part[name] if name in part else unknown(name, part.n)


def text_array(values: Iterable[str | None], n: int) -> Array:
    """(n,) object array of texts and None."""
    array = np.empty(n, dtype=object)
    array[:] = list(values)
    return array


def epoch_seconds(at: datetime) -> float:
    """Seconds since 1970 UTC, microseconds kept.

    >>> from datetime import UTC
    >>> epoch_seconds(datetime(1970, 1, 2, tzinfo=UTC))
    86400.0
    """
    return at.timestamp()
