"""Offers: which actions are feasible for which orders now, until when, and which have come too late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from features.columns import Array, Bools, Columns, Floats, Ints
from features.conditions import Truths
from features.moments import HOUR
from features.named_moments import moment
from features.order import STATES
from features.policy.book import book
from features.policy.ends import ends
from features.tracing import written
from service.advice_catalogue import Action, Catalogue


@dataclass(frozen=True, slots=True)
class Offers:
    """m pairs of an order and an action that is feasible for it. rows, place: (m,) the order, and the action's place in
    the catalogue; due: (m,) instants, NaN where there is no deadline; is_too_late: (m,) bool, nothing may be held for
    it any more."""

    rows: Ints
    place: Ints
    due: Floats
    is_too_late: Bools


def offers(columns: Columns, states: Ints, candidates: Bools, catalogue: Catalogue) -> Offers:
    """The actions that apply to the candidates ((n,) bool)."""
    found = (_of_few if columns.is_few else _of_many)(columns, states, candidates, catalogue)
    parts = [np.concatenate(part) for part in zip(_NONE, *found, strict=True)]
    return Offers(parts[0], parts[1], parts[2], parts[3])


Part = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]  # the fields of `Offers` for some pairs
_NONE: Part = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))


def _of_many(columns: Columns, states: Ints, candidates: Bools, catalogue: Catalogue) -> Iterator[Part]:
    """By action."""
    in_state, truths = _in_state(catalogue), Truths(columns)
    for condition in catalogue.limits.never:
        candidates = candidates & ~truths.of(condition)
    present = np.bincount(states[candidates], minlength=len(STATES)) > 0
    for place in np.flatnonzero((in_state & present).any(axis=1)).tolist():
        action = catalogue.actions[place]
        feasible = _feasible(action, catalogue, truths, candidates & in_state[place][states], columns["as_of"])
        rows = np.flatnonzero(_with_facts(columns, action, feasible))
        if len(rows):
            due = _deadline(action, columns)
            yield rows, np.full(len(rows), place), due[rows], _is_too_late(action, due, columns["as_of"])[rows]


def _of_few(columns: Columns, states: Ints, candidates: Bools, catalogue: Catalogue) -> Iterator[Part]:
    """By order."""
    groups = book().groups_of_each(columns)
    for row, (values, group, can) in enumerate(zip(columns.each, groups, candidates.tolist(), strict=True)):
        if not can:
            continue
        in_state, feasible = _of_one(catalogue, int(states[row]))
        rules = group[0].rules if group else {}
        places = [
            place
            for place, is_feasible in zip(in_state, feasible(values), strict=True)
            if is_feasible and all(topic in rules for topic in catalogue.actions[place].facts)
        ]
        if places:
            due, late = zip(*[_due_of_one(catalogue, place)(values) for place in places], strict=True)
            yield [row] * len(places), places, due, late


@lru_cache(maxsize=8)
def _in_state(catalogue: Catalogue) -> Bools:
    """(actions, states) where each is feasible."""
    return np.array([[state in action.states for state in STATES] for action in catalogue.actions])


@lru_cache(maxsize=64)
def _of_one(catalogue: Catalogue, state: int) -> tuple[list[int], Callable[..., list[bool]]]:
    """The places of the actions of a state, and whether each is feasible, but for facts, for one order in it."""
    places = np.flatnonzero(_in_state(catalogue)[:, state]).tolist()

    def feasible(columns: Columns) -> list[Array]:
        truths, candidates = Truths(columns), np.ones(1, dtype=np.bool_)
        for condition in catalogue.limits.never:
            candidates = candidates & ~truths.of(condition)
        return [
            _feasible(catalogue.actions[place], catalogue, truths, candidates, columns["as_of"]) for place in places
        ]

    return places, written(feasible)


@lru_cache(maxsize=512)
def _due_of_one(catalogue: Catalogue, place: int) -> Callable[..., list[Any]]:
    """The deadline of an action for one order, and whether it is past."""

    def told(columns: Columns) -> list[Array]:
        due = _deadline(catalogue.actions[place], columns)
        return [due, _is_too_late(catalogue.actions[place], due, columns["as_of"])]

    return written(told)


def _feasible(action: Action, catalogue: Catalogue, truths: Truths, among: Bools, as_of: Array) -> Bools:
    """(n,) bool: of the orders of `among` where the action is valid and its conditions hold; stops as soon as none is
    left."""
    start, end = catalogue.valid_span(action)
    feasible = truths.all_of(action.when, among & (as_of >= start) & (as_of < end))
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
    """(n,) float64 instants: of the action's deadlines the first that is known; NaN if none is. A clock of policy
    goes by the fact that applied when it started."""
    due = np.full(columns.n, np.nan)
    for rule in reversed(action.deadline):
        at = moment(columns, rule.start) + rule.plus_hours * HOUR
        if rule.fact is not None:
            at = ends(columns, rule.fact, at, at, at == at)
        due = np.where(np.isnan(at), due, at)
    return due


def _is_too_late(action: Action, due: Floats, as_of: Array) -> Bools:
    """(n,) bool: what holds a parcel needs a deadline ahead; other things are done late if they may be."""
    latest = -np.inf if action.after_deadline == "late" else as_of
    late: Bools = ~(due >= latest) if action.holds_parcel else due < latest
    return late
