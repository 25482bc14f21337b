"""Symbols in the place of arrays: numpy code run once on symbols, written out as plain Python for one order.

One order through numpy costs a hundred times what its arithmetic does. So the code that a table runs is traced: on
symbols it notes what it does, and the notes become one Python function over the values of a single order. There is one
meaning, because there is one code; and one result to the bit, because Python's floats add, multiply, divide and compare
as IEEE 754 says, as numpy's do, and logarithms stay numpy's own.

Code that is traced asks with `np.where`, never with `if`: on symbols `any` and `count_nonzero` say that there may be
some, `all` that there may be others, so that every shortcut is passed by.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

Value = float | str | None
_PLAIN: dict[Any, str] = {
    np.add: "{} + {}", np.subtract: "{} - {}", np.multiply: "{} * {}", np.negative: "-{}", np.absolute: "abs({})",
    np.equal: "{} == {}", np.not_equal: "{} != {}", np.less: "{} < {}", np.less_equal: "{} <= {}",
    np.greater: "{} > {}", np.greater_equal: "{} >= {}",
    np.bitwise_and: "{} & {}", np.logical_and: "{} & {}", np.bitwise_or: "{} | {}", np.logical_or: "{} | {}",
    np.invert: "not {}", np.logical_not: "not {}", np.isnan: "{0} != {0}", np.floor: "{} // 1.0",
    np.maximum: "{0} if {0} >= {1} or {0} != {0} else {1}", np.minimum: "{0} if {0} <= {1} or {0} != {0} else {1}",
    np.fmax: "{0} if {0} >= {1} or {1} != {1} else {1}", np.fmin: "{0} if {0} <= {1} or {1} != {1} else {1}",
    np.where: "{1} if {0} else {2}", np.true_divide: "divided({}, {})", np.rint: "rounded({})",
    np.hypot: "hypot({}, {})",
}  # fmt: skip
_BY_CONSTANT = "{} / {}"
_KEPT = frozenset({np.log, np.log1p, np.log10, np.exp, np.sqrt})  # numpy's own, many at once
_NAMES = re.compile(r"\bv\d+\b")


class Trace:
    """What was done to symbols, each thing once."""

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {"nan": math.nan, "inf": math.inf, "divided": _divided, "array": np.array,
                                          "rounded": _rounded, "hypot": _hypot}  # fmt: skip
        self._texts: dict[str, str] = {}
        self._made: dict[str, Symbol] = {}
        self._kept: dict[str, tuple[Any, Symbol]] = {}

    def read(self, name: str, *, is_text: bool) -> Symbol:
        """The value of a column; unknown where an order does not have it."""
        return self.made(
            f"get({self.constant(name)}{'' if is_text else ', nan'})", np.dtype(object if is_text else np.float64)
        )

    def argument(self, k: int) -> Symbol:
        """The k-th value that is given beside the order."""
        return self.made(f"more[{k}]")

    def made(self, expression: str, dtype: Any = None) -> Symbol:
        """The symbol of an expression over others."""
        return self._made.setdefault(expression, Symbol(self, f"v{len(self._made)}", dtype))

    def called(self, function: Callable[..., float], *values: object, where: object = True) -> Symbol:
        """The symbol of what a Python function says of values; unknown, and not asked, elsewhere than `where`."""
        call = f"{self.constant(function)}({', '.join(map(self.written, values))})"
        return self.made(call if where is True else f"{call} if {self.written(where)} else nan")

    def kept(self, ufunc: Any, of: Symbol) -> Symbol:
        """The symbol of a function that stays numpy's."""
        found = self.made(f"{ufunc.__name__}({of.name})")
        self._kept[found.name] = (ufunc, of)
        return found

    def constant(self, value: object) -> str:
        """The name of a thing that the written function holds; a text has one."""
        if isinstance(value, str) and value in self._texts:
            return self._texts[value]
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        if isinstance(value, str):
            self._texts[value] = name
        return name

    def written(self, value: object) -> str:
        """A value as Python source: numbers as they are, all else by name, so that no text of a file is ever source."""
        if isinstance(value, Symbol):
            return value.name
        if isinstance(value, np.ndarray | np.generic):
            value = value.item()  # of one order
        return repr(value) if value is None or isinstance(value, bool | float | int) else self.constant(value)

    def function(self, told: Sequence[object]) -> Callable[[Mapping[str, Value]], list[Any]]:
        """The function from the values of one order, by name, to those of `told`."""
        ends = [self.written(value) for value in told]
        lines = self._lines(set(ends))
        source = "\n    ".join(["def alone(order, *more):", "get = order.get", *lines, f"return [{', '.join(ends)}]"])
        space = self.constants | {ufunc.__name__: ufunc for ufunc in _KEPT}
        exec(source, space)  # noqa: S102 - our own operations, written out
        return space["alone"]  # type: ignore[no-any-return]

    def _lines(self, needed: set[str]) -> list[str]:
        """Assignments of all that is needed, in order; functions that stay numpy's many at once, by their depth."""
        made = [(symbol.name, expression) for expression, symbol in self._made.items()]
        for name, expression in reversed(made):
            if name in needed:
                needed |= set(_NAMES.findall(expression))
        depth: dict[str, int] = {}
        by_depth: dict[int, list[str]] = {}
        batches: dict[tuple[int, str], list[tuple[str, str]]] = {}
        for name, expression in made:
            if name not in needed:
                continue
            depth[name] = max((depth[of] for of in _NAMES.findall(expression)), default=0)
            if name in self._kept:
                ufunc, of = self._kept[name]
                batches.setdefault((depth[name], ufunc.__name__), []).append((name, of.name))
                depth[name] += 1
            else:
                by_depth.setdefault(depth[name], []).append(f"{name} = {expression}")
        lines: list[str] = []
        for level in range(max(depth.values(), default=0) + 1):
            lines += by_depth.get(level, [])
            for (at, ufunc_name), pairs in batches.items():
                if at == level:
                    names, given = (", ".join(part) for part in zip(*pairs, strict=True))
                    lines.append(f"[{names}] = {ufunc_name}(array([{given}])).tolist()")
        return lines


class Symbol(NDArrayOperatorsMixin):
    """Stands for an array of one value. dtype: object for texts, else of no meaning."""

    __slots__ = ("_trace", "dtype", "name")

    def __init__(self, trace: Trace, name: str, dtype: Any = None) -> None:
        self._trace, self.name, self.dtype = trace, name, dtype

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **_: Any) -> Symbol:
        if method != "__call__":
            raise TypeError(f"{ufunc.__name__}.{method}: cannot be traced")
        if ufunc in _KEPT:
            return self._trace.kept(ufunc, inputs[0])
        written = [self._trace.written(value) for value in inputs]
        divides = ufunc is np.true_divide and not isinstance(inputs[1], Symbol) and float(written[1]) != 0.0
        return self._trace.made((_BY_CONSTANT if divides else _PLAIN[ufunc]).format(*written))

    def __array_function__(self, function: Any, _: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if function is np.count_nonzero:
            return 1
        if function is np.nan_to_num:
            return np.where(np.isnan(args[0]), kwargs.get("nan", 0.0), args[0])
        if function is np.clip:
            return np.minimum(np.maximum(args[0], args[1]), args[2])
        return self._trace.made(_PLAIN[function].format(*map(self._trace.written, args)))

    def __bool__(self) -> bool:
        raise TypeError("a symbol has no truth: ask with np.where, not with if")

    def astype(self, dtype: Any) -> Symbol:
        """As a number, or as a whole one."""
        return self._trace.made(f"int({self.name})" if np.dtype(dtype).kind == "i" else f"{self.name} + 0.0")

    def any(self) -> bool:
        """There may be some."""
        return True

    def all(self) -> bool:
        """There may be others."""
        return False

    def found_in(self, table: Any) -> Symbol:
        """What stands at this place of a table of one dimension."""
        return self._trace.made(f"{self._trace.constant(table.tolist())}[{self.name}]")

    def told_by(self, function: Callable[..., float], *others: object, where: object) -> Symbol:
        """What a Python function says of this value and others."""
        return self._trace.called(function, self, *others, where=where)


def at(table: Any, places: Any) -> Any:
    """(n,): what stands at each place of a table of one dimension."""
    return places.found_in(table) if isinstance(places, Symbol) else table[places]


def each(function: Callable[..., float], *columns: Any, where: Any = True) -> Any:
    """(n,) float64: what a function says of the values of each order, columns of n values; NaN where not asked."""
    if isinstance(columns[0], Symbol):
        return columns[0].told_by(function, *columns[1:], where=where)
    if where is True:
        told = map(_Once(function).__getitem__, zip(*(column.tolist() for column in columns), strict=True))
        return np.fromiter(told, np.float64, len(columns[0]))
    out, asked = np.full(len(where), np.nan), np.flatnonzero(where)
    out[asked] = each(function, *(column[asked] for column in columns))
    return out


class _Once(dict[Any, float]):
    """What a function says of values, asked once for those that come again."""

    def __init__(self, function: Callable[..., float]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, values: tuple[Any, ...]) -> float:
        told = self[values] = self._function(*values)
        return told


def _rounded(a: float) -> float:
    """Half to even."""
    return float(round(a)) if math.isfinite(a) else a


def _hypot(a: float, b: float) -> float:
    return float(np.hypot(a, b))


def _divided(a: float, b: float) -> float:
    """As IEEE 754 divides, by zero too."""
    if b:
        return a / b
    return math.nan if a != a or a == 0.0 else math.copysign(math.inf, a) * math.copysign(1.0, b)
