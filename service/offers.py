"""Offers: which actions are feasible for which orders now, until when, and which have come too late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints, written
from features.conditions import Truths
from features.moments import HOUR
from features.named_moments import moment
from features.order import STATES
from features.policy.book import book
from features.symbols import Value
from service.advice_catalogue import Action, Catalogue


@dataclass(frozen=True, slots=True)
class Offer:
    """One action and the orders for which it is feasible. place: of the action in the catalogue; rows: (k,) orders;
    due: (k,) instants, NaN where there is no deadline; is_too_late: (k,) bool, nothing may be held for it any more."""

    place: int
    action: Action
    rows: Ints
    due: Floats
    is_too_late: Bools


@lru_cache(maxsize=8)
def _spans(catalogue: Catalogue) -> tuple[Bools, Floats]:
    """(actions, states) where each is feasible; (actions, 2) epoch seconds of validity."""
    in_state = np.array([[state in action.states for state in STATES] for action in catalogue.actions])
    return in_state, np.array([catalogue.valid_span(action) for action in catalogue.actions])


def offers(columns: Columns, states: Ints, candidates: Bools, catalogue: Catalogue) -> Iterator[Offer]:
    """The actions that apply to any of the candidates ((n,) bool), in the order of the catalogue."""
    spans, as_of = _spans(catalogue)[1], columns["as_of"]
    found = _of_one if columns.is_one else _of_many
    for place, feasible, due in found(columns, states, candidates, catalogue):
        action = catalogue.actions[place]
        start, end = spans[place]
        feasible = _with_facts(columns, action, feasible & (as_of >= start) & (as_of < end))
        rows = np.flatnonzero(feasible)
        if len(rows):
            yield Offer(place, action, rows, due[rows], ~_in_time(action, due, as_of)[rows])


Found = Iterator[tuple[int, Bools, Floats]]  # an action's place, (n,) where it is feasible, (n,) its deadline


def _of_many(columns: Columns, states: Ints, candidates: Bools, catalogue: Catalogue) -> Found:
    in_state, truths = _spans(catalogue)[0], Truths(columns)
    for condition in catalogue.limits.never:
        candidates = candidates & ~truths.of(condition)
    present = np.bincount(states[candidates], minlength=len(STATES)) > 0
    for place in np.flatnonzero((in_state & present).any(axis=1)).tolist():
        action = catalogue.actions[place]
        feasible = _feasible(action, truths, candidates & in_state[place][states])
        if np.count_nonzero(feasible):
            yield place, feasible, _deadline(action, columns)


def _of_one(columns: Columns, states: Ints, candidates: Bools, catalogue: Catalogue) -> Found:
    if candidates[0]:
        told = _written(catalogue)(columns.values_of_one)
        in_state = _spans(catalogue)[0][:, states[0]].tolist()
        for place, (feasible, due, is_in_state) in enumerate(zip(told[::2], told[1::2], in_state, strict=True)):
            if feasible and is_in_state:
                yield place, _ONE, np.array([due])


_ONE = np.ones(1, dtype=np.bool_)


@lru_cache(maxsize=8)
def _written(catalogue: Catalogue) -> Callable[[Mapping[str, Value]], list[Any]]:
    """Of one order, by action: whether it is feasible but for the state, and its deadline."""

    def told(columns: Columns) -> Iterator[Array]:
        truths, candidates = Truths(columns), np.ones(1, dtype=np.bool_)
        for condition in catalogue.limits.never:
            candidates = candidates & ~truths.of(condition)
        for action in catalogue.actions:
            yield _feasible(action, truths, candidates)
            yield _deadline(action, columns)

    return written(lambda columns: list(told(columns)))


def _feasible(action: Action, truths: Truths, in_state: Bools) -> Bools:
    """(n,) bool: where the action's conditions hold too; stops as soon as no order is left."""
    feasible = truths.all_of(action.when, in_state)
    if action.when_any and np.count_nonzero(feasible):
        feasible = feasible & reduce(np.logical_or, [truths.of(condition) for condition in action.when_any])
    return feasible


def _with_facts(columns: Columns, action: Action, feasible: Bools) -> Bools:
    """Those whose marketplace has all the facts of policy that the action rests on; unknown is not enough."""
    if not action.facts or not np.count_nonzero(feasible):
        return feasible
    known = np.zeros(columns.n, dtype=np.bool_)
    for group in book().groups(columns):
        if all(topic in group.rules for topic in action.facts):
            known |= group.rows
    return feasible & known


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
