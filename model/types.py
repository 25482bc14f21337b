"""Types: how likely a claim would be of each type, given what is known of the order.

Each state's own shares are the ground; a few attributes lean them. Two splits are leaned: not received against anything
about the goods, and, of the latter, return or refund against not as described.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from features.columns import Bools, Floats, Ints
from model.calibration import probability_of


def _nothing() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, slots=True)
class Leaning:
    """What leans the shares of types. All (p,): columns, places in the feature matrix; low, high: clipping; centre: of
    the clipped values, in their units; received, goods: log-odds a unit for the first split and for the second;
    awaited: which lean only until the parcel is delivered. arrival: the place in `columns` of one that is known from
    delivery on; None where none waits for it.

    An unknown value counts as the centre. Without columns nothing leans.
    """

    columns: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    low: Floats = field(default_factory=_nothing)
    high: Floats = field(default_factory=_nothing)
    centre: Floats = field(default_factory=_nothing)
    received: Floats = field(default_factory=_nothing)
    goods: Floats = field(default_factory=_nothing)
    awaited: Bools = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    arrival: int | None = None

    def design(self, X: Floats) -> Floats:
        """(n, p) float64: what the weights act on, in the attributes' units; zero is the centre."""
        return np.stack(self._terms(X.take(self.columns, axis=1).T), axis=1)

    def _terms(self, values: Sequence[Floats] | Floats) -> list[Floats]:
        """(n,) float64 by column: what the weights act on, of the values of `columns`."""
        terms = [self._acts(k, column) for k, column in enumerate(values)]
        if self.arrival is None:
            return terms
        on_its_way = np.isnan(values[self.arrival])
        both = zip(terms, self.awaited.tolist(), strict=True)
        return [np.where(on_its_way, term, 0.0) if only_then else term for term, only_then in both]

    def _acts(self, k: int, values: Floats) -> Floats:
        """(n,) float64: what the k-th weights act on, of the values of their column."""
        known = np.where(np.isnan(values), self.centre[k], values)
        acts: Floats = np.minimum(np.maximum(known, self.low[k]), self.high[k]) - self.centre[k]
        return acts

    def shares(self, base: Floats, X: Floats) -> Floats:
        """(n, types) float64: base ((n, types)) leaned by what is known (X, (n, features))."""
        return np.stack(self.leaned(base.T, X.take(self.columns, axis=1).T), axis=1)

    def leaned(self, base: Sequence[Floats] | Floats, values: Sequence[Floats] | Floats) -> list[Floats]:
        """The same by type, (n,) float64 each: base by type, and the values of `columns`.

        Summed one term after the other, so that a row alone equals the row in a table, bit for bit.
        """
        if not len(self.columns):
            return list(base)
        terms = self._terms(values)
        received = reduce(np.add, [term * weight for term, weight in zip(terms, self.received, strict=True)])
        goods = reduce(np.add, [term * weight for term, weight in zip(terms, self.goods, strict=True)])
        missing = probability_of(np.log(base[0]) - np.log(base[1] + base[2]) + received)
        returned = probability_of(np.log(base[2]) - np.log(base[1]) + goods)
        return [missing, (1.0 - missing) * (1.0 - returned), (1.0 - missing) * returned]

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: np.asarray(getattr(self, name)).tolist() for name in self.__slots__}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Leaning:
        """The inverse of `to_state`. Nothing leans where an older bundle says nothing of it; no column waits for the
        parcel where it does not say which."""
        if not state:
            return cls()
        names = ("low", "high", "centre", "received", "goods")
        low, high, centre, received, goods = (np.array(state[name], dtype=np.float64) for name in names)
        columns = np.array(state["columns"], dtype=np.int64)
        awaited = np.array(state.get("awaited", [False] * len(columns)), dtype=np.bool_)
        return cls(columns, low, high, centre, received, goods, awaited, state.get("arrival"))
