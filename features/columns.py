"""Orders by column: a dict of numpy arrays in which a column that is absent reads as unknown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from features.errors import Problem, SettingError
from features.kinds import (
    CURRENCY_EXPONENTS,
    DEFAULT_EXPONENT,
    LARGEST_NUMBER,
    TEXT_KINDS,
    ExtraValue,
    Kind,
    expected,
    longest_text,
    readable_text,
)
from features.order import Attribute, Order, attributes
from features.symbols import Trace, Value, each

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Array = NDArray[Any]

EXTRA_PREFIX = "x_"
ExtraKind = Literal["number", "flag", "category"]
_EXTRA_KINDS: dict[ExtraKind, Kind] = {"number": Kind.NUMBER, "flag": Kind.FLAG, "category": Kind.TEXT}
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
        rows = zip(*(array.tolist() for array in arrays.values()), strict=True)
        more = [dict(zip(arrays, row, strict=True)) for row in rows]
        replaced = Columns.of_values([{**old, **new} for old, new in zip(self._each, more, strict=True)])
        replaced._arrays.update({**self._arrays, **arrays})
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


def traced(trace: Trace, extras: Mapping[str, ExtraKind] | None = None) -> Columns:
    """One order whose columns are all there, as symbols. extras: the shop's own, by column name."""
    own = extra_attributes(extras)
    symbols: dict[str, Any] = {
        a.name: trace.read(a.name, is_text=a.kind in TEXT_KINDS) for a in (*attributes().values(), *own.values())
    }
    columns = Columns(1, symbols)
    columns.is_few = False
    return columns


def written(
    function: Callable[..., Sequence[Array]], beside: int = 0, extras: Mapping[str, ExtraKind] | None = None
) -> Callable[..., list[Any]]:
    """What a function of columns, and so many arrays `beside` them, says of one order, in plain Python.

    It takes the order's values (of `Columns.each`) and the values beside; see `features/symbols.py`.
    """
    trace = Trace()
    return trace.function(function(traced(trace, extras), *map(trace.argument, range(beside))))


def of_each(function: Callable[..., list[Any]], columns: Columns, *beside: Iterable[object]) -> list[Sequence[Any]]:
    """What a written function says of a few orders: for each thing that it says, a sequence over the orders.

    beside: for each of its arguments beside the order, one value an order.
    """
    return list(zip(*map(function, columns.each, *beside), strict=True))


class Written:
    """Functions for one order by name, written when first asked for; copies and pickles of it are empty."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[str, Callable[..., list[Any]]] = {}

    def of(self, name: str, function: Callable[..., Sequence[Array]], **more: Any) -> Callable[..., list[Any]]:
        """The function `written` of this one."""
        found = self._held.get(name)
        if found is None:
            found = self._held[name] = written(function, **more)
        return found

    def __reduce__(self) -> tuple[type[Written], tuple[()]]:
        return Written, ()


def is_text(name: str) -> bool:
    """Whether a column holds text; the shop's own columns (`x_…`) are held as they came."""
    declared = attributes().get(name)
    return declared is not None and declared.kind in TEXT_KINDS


def unknown(name: str, n: int) -> Array:
    """(n,) of unknown values of the column's kind; not to be written to."""
    if n == 1:  # one order asks for a hundred of them
        return _unknown_text() if is_text(name) else _unknown_number()
    return _unknown_of(Kind.TEXT if is_text(name) else Kind.NUMBER, n)


@cache
def _unknown_text() -> Array:
    return _fixed(_unknown_of(Kind.TEXT, 1))


@cache
def _unknown_number() -> Array:
    return _fixed(_unknown_of(Kind.NUMBER, 1))


def _fixed(array: Array) -> Array:
    array.flags.writeable = False
    return array


def _unknown_of(kind: Kind, n: int) -> Array:
    return np.full(n, None, dtype=object) if kind in TEXT_KINDS else np.full(n, np.nan)


def concatenated(parts: Sequence[Columns]) -> Columns:
    """The orders of several parts as one; a column that a part lacks is unknown there."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    n = sum(part.n for part in parts)
    return Columns(n, {name: np.concatenate([_of(part, name) for part in parts]) for name in names})


def _of(part: Columns, name: str) -> Array:
    return part[name] if name in part else unknown(name, part.n)


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
    absent = {name: _unknown_of(a.kind, columns.n) for name, a in own.items() if name not in columns}
    return columns.replacing(absent) if absent else columns


def text_array(values: Iterable[str | None], n: int) -> Array:
    """(n,) object array of texts and None."""
    array = np.empty(n, dtype=object)
    array[:] = list(values)
    return array


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


def epoch_seconds(at: datetime) -> float:
    """Seconds since 1970 UTC, microseconds kept.

    >>> from datetime import UTC
    >>> epoch_seconds(datetime(1970, 1, 2, tzinfo=UTC))
    86400.0
    """
    return at.timestamp()


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


def columns_of(orders: Sequence[Order], extras: Mapping[str, ExtraKind] | None = None) -> Columns:
    """Validated orders (the JSON door) as columns, money rounded.

    extras: the declared attributes of the shop by column name; one of another type is unknown (`strange_extras` names
    it), those not declared are left out.
    """
    held = _held()
    rows: list[dict[str, Value]] = []
    for order in orders:
        given = ((name, value) for name, value in order.__dict__.items() if value is not None and name != "extra")
        rows.append({name: value if (number := held[name]) is None else number(value) for name, value in given})
    columns = Columns.of_values(rows) if 0 < len(rows) <= FEW else _by_column(rows)
    return rounded_money(columns.replacing(_own_arrays(orders, extra_attributes(extras))))


def _by_column(rows: Sequence[Mapping[str, Value]]) -> Columns:
    names = dict.fromkeys(chain.from_iterable(rows))
    numbers = [name for name in names if not is_text(name)]
    texts = [name for name in names if is_text(name)]
    block = np.array([[values.get(name, np.nan) for values in rows] for name in numbers], dtype=np.float64)
    arrays: dict[str, Array] = dict(zip(numbers, block, strict=True))
    arrays |= {name: text_array((values.get(name) for values in rows), len(rows)) for name in texts}  # type: ignore[misc]
    return Columns(len(rows), arrays)


def _own_arrays(orders: Sequence[Order], own: Mapping[str, Attribute]) -> dict[str, Array]:
    arrays = {column: _unknown_of(attribute.kind, len(orders)) for column, attribute in own.items()}
    for column, attribute in own.items():
        for i, order in enumerate(orders):
            given = (order.extra or {}).get(column.removeprefix(EXTRA_PREFIX))
            value = None if given is None else _own_value(attribute, given)
            if value is not None:
                arrays[column][i] = value
    return arrays


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


@cache
def money_names() -> tuple[str, ...]:
    """The attributes that are amounts of money."""
    return tuple(a.name for a in attributes().values() if a.kind is Kind.MONEY)


def rounded_money(columns: Columns) -> Columns:
    """Money rounded half to even to the exponent of its currency; without a currency as it is."""
    money = [name for name in money_names() if name in columns]
    if not money or "currency" not in columns:
        return columns
    if columns.is_few:
        told = zip(money_names(), of_each(_rounded_of_one(), columns), strict=True)
        return columns.replacing({name: np.array(values) for name, values in told if name in money})
    return columns.replacing(dict(zip(money, _rounded(columns, money), strict=True)))


def _rounded(columns: Columns, money: Sequence[str]) -> list[Floats]:
    scale = each(lambda code: 10.0 ** CURRENCY_EXPONENTS.get(code, DEFAULT_EXPONENT), columns["currency"])
    return [np.rint(columns[name] * scale) / scale for name in money]


@cache
def _rounded_of_one() -> Callable[..., list[float]]:
    return written(lambda columns: _rounded(columns, money_names()))
