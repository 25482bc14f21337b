"""Functions of columns written out for one order: what a table runs, as plain Python over an order's values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from features.columns import Array, Columns
from features.extras import ExtraKind, extra_attributes
from features.kinds import TEXT_KINDS
from features.order import attributes
from features.symbols import Trace


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
