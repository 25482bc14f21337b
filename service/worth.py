"""What actions are worth on orders: what each changes of a claim, what it takes, and what remains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints
from features.conditions import held_value
from features.goods import order_value
from features.order import attributes
from features.symbols import Value
from features.tracing import written
from model.consequences import Outlook
from model.effects import Evidence
from service.action_costs import action_costs
from service.advice_catalogue import TAKEN_OVER, Action, Basis, Catalogue
from service.effects import EffectTable, History, effect_table
from service.metric_limits import blocked
from service.offers import offers
from service.stakes import Stakes, summed

MEDIAN, LOW, HIGH = range(3)


class Worth(NamedTuple):
    """One action for one order, as `Worths` tells it; by type of claim where there are three."""

    action: Action
    due: float
    is_too_late: bool
    is_blocked: bool
    factor: Sequence[float]
    of_type: Sequence[float]
    cost_after: float
    cost: float
    net: float
    relative: Sequence[float]
    basis: Basis
    history: History


@dataclass(frozen=True, slots=True)
class Worths:
    """m pairs of an order and an action that is feasible for it now.

    rows, place: (m,) the order, and the action's place in the catalogue; due: (m,) instants, NaN where there is no
    deadline; is_too_late: (m,) bool, nothing may be held for it any more; is_blocked: (m,) bool, by a hard limit.
    before: (m, types) the probability of a claim of each type; debited: what it is multiplied by because fewer are
    debited, factor: by that and by the effect; of_type: what a claim of each type costs then; defect: P(it counts as a
    defect) then, (m, types) each. cost_after, cost, net: (m,) expected cost after, what it takes for one order with its
    side effects, and what remains; once: (m,) what doing it once takes, of which `shared` falls on the order. effects:
    of all actions.
    """

    rows: Ints
    place: Ints
    due: Floats
    is_too_late: Bools
    is_blocked: Bools
    before: Floats
    debited: Floats
    factor: Floats
    of_type: Floats
    defect: Floats
    cost_after: Floats
    cost: Floats
    net: Floats
    once: Floats
    shared: Floats
    catalogue: Catalogue
    effects: EffectTable

    def relative(self) -> Floats:
        """(m, ends) float64: the claim probability with the action ÷ without; summed in a fixed order."""
        shares = self.before / summed(self.before)[:, None]
        parts = shares[:, None, :] * (self.effects.risk[self.place] * self.debited[:, None, :] - 1.0)
        return np.asarray(1.0 + (parts[:, :, 0] + parts[:, :, 1] + parts[:, :, 2]))

    def each(self) -> Iterator[tuple[int, Worth]]:
        """The pairs one by one, each with its order."""
        place = self.place.tolist()
        columns = (self.due, self.is_too_late, self.is_blocked, self.factor, self.of_type, self.cost_after, self.cost,
                   self.net, self.relative())  # fmt: skip
        told = map(
            Worth, map(self.catalogue.actions.__getitem__, place), *(column.tolist() for column in columns),
            map(self.effects.basis.__getitem__, place), map(self.effects.history, place),
        )  # fmt: skip
        return zip(self.rows.tolist(), told, strict=True)

    def by_action(self) -> Iterator[tuple[Action, Worths]]:
        """The pairs of each action that is feasible for any order, in the order of the catalogue."""
        for place in np.unique(self.place).tolist():
            yield self.catalogue.actions[place], self.taken(np.flatnonzero(self.place == place))

    def taken(self, pairs: Array) -> Worths:
        """Some of the pairs."""
        return replace(self, **{name: getattr(self, name)[pairs] for name in Worths.__slots__[:-2]})


def worths(stakes: Stakes, catalogue: Catalogue, evidence: Evidence) -> Worths:
    """Every action that is feasible now, with what it is worth on each of its orders.

    An action changes the probability of each type of claim by its relative risk, and where it changes what policy
    looks at, who would pay; the booster is not asked, because it predicts and does not tell what an action does.
    """
    found = offers(stakes.columns, stakes.state, stakes.probability > 0, catalogue)
    rows, place, prices = found.rows, found.place, stakes.prices
    effects, costs = effect_table(catalogue, evidence), action_costs(prices.costs, catalogue)
    before = stakes.by_type[rows]
    outlook, debited = _outlook_after(stakes, rows, place, catalogue)
    after = before * effects.risk[place, MEDIAN] * debited
    of_type = outlook.seller_pays * prices.refund[rows] + outlook.defect * prices.defect[rows][:, None]
    of_type = of_type + prices.handling[rows][:, None]
    cost_after, once, profile = summed(after * of_type), costs.once(prices, rows, place), prices.place[rows]
    shared = once / costs.served[profile, place]
    cost = shared + prices.unit[rows] * costs.side[profile, place]
    net = stakes.expected.amount[rows] - cost_after - cost
    is_blocked = blocked(stakes.columns, rows, place, catalogue)
    return Worths(
        rows, place, found.due, found.is_too_late, is_blocked, before, debited, after / before, of_type, outlook.defect,
        cost_after, cost, net, once, shared, catalogue, effects,
    )  # fmt: skip


def _outlook_after(stakes: Stakes, rows: Ints, place: Ints, catalogue: Catalogue) -> tuple[Outlook, Floats]:
    """What follows of a claim on each pair once its action is done, (m, types); and what the probability is multiplied
    by, because fewer claims are debited where the seller pays fewer."""
    pays, defect = stakes.outlook.seller_pays[rows], stakes.outlook.defect[rows]
    debited = np.ones_like(pays)
    for pairs, columns in _changed(stakes.columns, rows, place, catalogue):
        told, debited[pairs] = stakes.changed(rows[pairs], columns)
        pays[pairs], defect[pairs] = told.seller_pays, told.defect
    return Outlook(pays, defect), debited


def _changed(columns: Columns, rows: Ints, place: Ints, catalogue: Catalogue) -> Iterator[tuple[Ints, Columns]]:
    """Pairs whose action changes who pays, and their orders as they would read once it is done, for policy's rules (not
    for the booster)."""
    made = changes(catalogue)
    pairs = [pair for pair, which in enumerate(place.tolist()) if which in made]
    if columns.is_few:
        if pairs:
            done = [_after(columns.each[rows[pair]], made[int(place[pair])]) for pair in pairs]
            yield np.array(pairs), Columns.of_values(done)
        return
    for which, change in made.items():
        those = np.flatnonzero(place == which)
        if len(those):
            yield those, after_action(columns.take(rows[those]), change)


@dataclass(frozen=True, slots=True)
class Taken:
    """The value of another attribute of the order."""

    of: str


Change = Mapping[str, "float | str | Taken"]


@lru_cache(maxsize=8)
def changes(catalogue: Catalogue) -> dict[int, Change]:
    """By the place of an action that changes who pays, what an order's attributes become."""
    return {
        place: {name: _becomes(name, value) for name, value in action.sets.items()}
        for place, action in enumerate(catalogue.actions)
        if action.changes_who_pays
    }


def _becomes(name: str, value: bool | str) -> float | str | Taken:
    known = attributes()[name]
    return Taken(str(value)) if known.kind in TAKEN_OVER else held_value(known, value)


def _after(values: Mapping[str, Value], change: Change) -> dict[str, Value]:
    made = {name: _taken_of_one(values, to.of) if isinstance(to, Taken) else to for name, to in change.items()}
    return {**values, **made}


def _taken_of_one(values: Mapping[str, Value], of: str) -> Value:
    paid: Value = _paid_of_one()(values)[0] if of == "order_total" else values.get(of, np.nan)
    return paid


@cache
def _paid_of_one() -> Callable[[Mapping[str, Value]], list[Value]]:
    return written(lambda columns: [order_value(columns)])


def after_action(columns: Columns, change: Change) -> Columns:
    """The orders as they would read once an action is done that makes this change."""
    return columns.replacing({
        name: _taken(columns, to.of) if isinstance(to, Taken)
        else np.full(columns.n, to, dtype=object if isinstance(to, str) else np.float64)
        for name, to in change.items()
    })  # fmt: skip


def _taken(columns: Columns, of: str) -> Array:
    """(n,): an attribute; the total where it is not told by price, shipping and discount."""
    return order_value(columns) if of == "order_total" else columns[of]
