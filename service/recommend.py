"""The choice of actions: what is worth doing for each order now, and what it would do to the probability."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints
from features.conditions import Truths, held_value
from features.moments import HOUR
from features.named_moments import moment
from features.order import STATES, attributes
from service.advice_catalogue import AS_OF, Action, Basis, Catalogue, Scope, SideEffect

LIMIT = 5
MEDIAN, LOW, HIGH = range(3)
CLAIM_TYPES = attributes()["claim_type"].choices


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One action for one order.

    deadline: epoch seconds, None where there is none; it may lie before as_of for what is worth doing late.
    effect_low, effect_high: the 90 % interval of the order's claim probability with the action ÷ without.
    Where `action.helps` is "next_orders", probability_after and effect are those of the next order like this one.
    """

    action: Action
    deadline: float | None
    probability_after: float
    effect_low: float
    effect_high: float

    @property
    def scope(self) -> Scope:
        """What the action changes: the order, its SKU, its lane or the shop."""
        return self.action.scope

    @property
    def basis(self) -> Basis:
        """What the size of the effect rests on."""
        return self.action.effect.basis

    @property
    def side_effects(self) -> tuple[SideEffect, ...]:
        """The shipping metrics and others that the action touches."""
        return self.action.side_effects


@dataclass(frozen=True, slots=True)
class Advice:
    """Per order its recommendations, the one that lowers its probability most first."""

    per_order: tuple[tuple[Recommendation, ...], ...]

    def __getitem__(self, i: int) -> tuple[Recommendation, ...]:
        return self.per_order[i]

    def __len__(self) -> int:
        return len(self.per_order)

    def __iter__(self) -> Iterator[tuple[Recommendation, ...]]:
        return iter(self.per_order)


@dataclass(frozen=True, slots=True)
class _Offers:
    """Pairs of order and feasible action: row, place of the action, deadline (NaN if none), each (m,)."""

    rows: Ints
    actions: Ints
    deadlines: Floats


def recommended(
    columns: Columns,
    states: Ints,
    probability: Floats,
    type_shares: Floats,
    catalogue: Catalogue,
    *,
    limit: int = LIMIT,
) -> Advice:
    """At most `limit` actions per order, of those feasible now; none where the probability is NaN or a claim is open.

    columns: n orders as known at their as_of. states: (n,) places in `STATES`. probability: (n,) float64 of a claim.
    type_shares: (n, 3) float64, the share of each claim type in the order of `ClaimType`. An action's effect is
    probability_after = Σ over types of probability · share · relative risk, at most the probability; the booster is
    not asked, because it predicts and does not tell what an action does. What only helps the next orders comes last.
    """
    totals = type_shares[:, 0] + type_shares[:, 1] + type_shares[:, 2]
    offers = _offers(columns, states, (probability > 0) & (totals > 0), catalogue)
    risk = probability[offers.rows]
    shares = type_shares[offers.rows] / totals[offers.rows][:, None]
    relative = _relative_risks(shares, _ready(catalogue).effects[offers.actions])
    after = np.minimum(risk, risk * relative[:, MEDIAN])
    chosen = _ranked(offers, risk - after, catalogue, limit)
    found: dict[int, list[Recommendation]] = {}
    high = np.minimum(relative[:, HIGH], 1.0 / risk)
    for row, act, due, p, least, most in zip(
        *(a[chosen].tolist() for a in (offers.rows, offers.actions, offers.deadlines, after, relative[:, LOW], high)),
        strict=True,
    ):
        deadline = due if due == due else None
        found.setdefault(row, []).append(Recommendation(catalogue.actions[act], deadline, p, least, most))
    return Advice(tuple(tuple(found.get(i, ())) for i in range(columns.n)))


@dataclass(frozen=True, slots=True)
class _Ready:
    """A catalogue as arrays over its a actions.

    in_state: (a, states) bool, where each is feasible. spans: (a, 2) epoch seconds of validity. effects: (a, 3, 3)
    relative risk by end (median, low, high) and claim type. later: helps only the next orders. pays: changes who pays.
    """

    in_state: Bools
    spans: Floats
    effects: Floats
    later: Bools
    pays: Bools


@lru_cache(maxsize=8)
def _ready(catalogue: Catalogue) -> _Ready:
    actions, ends = catalogue.actions, ("median", "low", "high")
    return _Ready(
        in_state=np.array([[state in a.states for state in STATES] for a in actions]),
        spans=np.array([catalogue.valid_span(a) for a in actions]),
        effects=np.array(
            [[[getattr(getattr(a.effect, t), end) for t in CLAIM_TYPES] for end in ends] for a in actions]
        ),
        later=np.array([a.helps == "next_orders" for a in actions]),
        pays=np.array([set(a.lowers) != {"claim"} for a in actions]),
    )


def _offers(columns: Columns, states: Ints, candidates: Bools, catalogue: Catalogue) -> _Offers:
    ready, as_of, truths = _ready(catalogue), columns["as_of"], Truths(columns)
    for condition in catalogue.limits.never:
        candidates = candidates & ~truths.of(condition)
    found = [_Offers(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    present = np.bincount(states[candidates], minlength=len(STATES)) > 0
    for place in np.flatnonzero((ready.in_state & present).any(axis=1)).tolist():
        action = catalogue.actions[place]
        feasible = _feasible(action, truths, candidates & ready.in_state[place][states])
        if not np.count_nonzero(feasible):
            continue
        due = _deadline(action, columns)
        start, end = ready.spans[place]
        feasible &= (as_of >= start) & (as_of < end) & _in_time(action, due, as_of)
        hit = np.flatnonzero(feasible)
        found.append(_Offers(hit, np.full(len(hit), place, dtype=np.int64), due[hit]))
    rows, actions, dues = zip(*((f.rows, f.actions, f.deadlines) for f in found), strict=True)
    return _Offers(np.concatenate(rows), np.concatenate(actions), np.concatenate(dues))


def _feasible(action: Action, truths: Truths, in_state: Bools) -> Bools:
    """(n,) bool: where the action's conditions hold too; stops as soon as no order is left."""
    feasible = truths.all_of(action.when, in_state)
    if not np.count_nonzero(feasible):
        return feasible
    if action.when_any:
        feasible = feasible & np.logical_or.reduce([truths.of(condition) for condition in action.when_any])
    return feasible


def _deadline(action: Action, columns: Columns) -> Floats:
    """(n,) float64 instants: of the action's deadlines the first whose moment is known; NaN if none is."""
    due = np.full(columns.n, np.nan)
    for rule in reversed(action.deadline):
        at = moment(columns, rule.start) + rule.plus_hours * HOUR
        due = np.where(np.isnan(at), due, at)
    return due


def _in_time(action: Action, due: Floats, as_of: Array) -> Bools:
    """(n,) bool: what holds a parcel needs a deadline ahead; other things are done late if they may be."""
    if action.after_deadline == "late":
        return np.ones(len(due), dtype=np.bool_)
    return np.asarray(due >= as_of) if action.holds_parcel else np.asarray(~(due < as_of))


def _relative_risks(shares: Floats, effects: Floats) -> Floats:
    """(m, 3) float64: overall relative risk at its median, low and high; summed in a fixed order for equal bits."""
    parts = shares[:, None, :] * (effects - 1.0)
    return np.asarray(1.0 + (parts[:, :, 0] + parts[:, :, 1] + parts[:, :, 2]))


def _ranked(offers: _Offers, reduction: Floats, catalogue: Catalogue, limit: int) -> Ints:
    """Places in `offers` of at most `limit` per order, best first; what lowers nothing at all is left out."""
    ready = _ready(catalogue)
    ranked = np.lexsort((offers.actions, -reduction, ready.later[offers.actions], offers.rows))
    ranked = ranked[((reduction > 0) | ready.pays[offers.actions])[ranked]]
    rows = offers.rows[ranked]
    first = np.searchsorted(rows, rows, side="left")
    return ranked[np.arange(len(rows)) - first < limit]


def after_action(columns: Columns, action: Action) -> Columns:
    """The orders as they would read once the action is done, for policy rules on who pays (not for the booster)."""
    replaced: dict[str, Array] = {}
    for name, value in action.sets.items():
        if attributes()[name].is_instant:
            replaced[name] = columns[AS_OF]
        else:
            held = held_value(attributes()[name], value)
            replaced[name] = np.full(columns.n, held, dtype=object if isinstance(held, str) else np.float64)
    return columns.replacing(replaced)
