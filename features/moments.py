"""What is known of an order at one moment: masking of later facts, and the state derived from the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints
from features.former import without_former
from features.handover import carried_at, is_under_way
from features.kinds import TEXT_KINDS
from features.order import STATES, Attribute, State, attributes
from features.symbols import Value
from features.tracing import of_each, written
from features.undated import arrived_at, undated

DAY = 86_400.0
HOUR = 3_600.0


@cache
def facts() -> tuple[str, ...]:
    """The instants that happened, those of the claim and what the shop did included: none may lie after as_of."""
    roles = ("fact", "afterwards", "done")
    return tuple(a.name for a in attributes().values() if a.role in roles and a.is_instant)


@cache
def _followers() -> tuple[tuple[str, str], ...]:
    return tuple((a.name, fact) for a in attributes().values() for fact in a.since)


def later_facts(columns: Columns) -> dict[str, Bools]:
    """Per fact that lies after as_of in any order: (n,) bool, where it does."""
    if columns.is_few and not any(map(any, map(_later_of_one(), columns.each))):
        return {}
    as_of = columns["as_of"]
    later = {name: columns[name] > as_of for name in facts() if name in columns}
    return {name: where for name, where in later.items() if where.any()}


@cache
def _later_of_one() -> Callable[[Mapping[str, Value]], list[bool]]:
    return written(lambda columns: [columns[name] > columns["as_of"] for name in facts()])


def as_known(columns: Columns) -> Columns:
    """The orders as they were known at their as_of: later facts, and what hangs on them, become unknown, and so does
    what is of a former matter."""
    later = later_facts(columns)
    if not later:
        return without_former(columns)
    hidden = dict(later)
    for name, fact in _followers():
        if fact in later and name in columns:
            hidden[name] = hidden[name] | later[fact] if name in hidden else later[fact]
    return without_former(_masked(columns, hidden))


def as_known_from_final(columns: Columns, *, plan_known: Bools) -> Columns:
    """Orders held in their final state, as they were known at as_of, without what the file cannot tell of that moment.

    A value without an instant of its own is unknown before its state; one that is overwritten as life goes on is
    unknown before it is settled. plan_known: (n,) bool, whether carrier, label and signature were chosen by then
    (they always are once shipped).
    """
    known = as_known(columns)
    # A delivery without a day may be any later one than the last scan.
    reached = _reached(known.without(_of_the_end()), arrived_at(known) <= known["as_of"])
    hidden: dict[str, Bools] = {}
    for declared in attributes().values():
        if declared.name in known:
            where = _unknowable(declared, known, reached, plan_known)
            if where is not None:
                hidden[declared.name] = where
    return _masked(known, hidden)


@cache
def _of_the_end() -> tuple[str, ...]:
    """What a final state holds as it ended, and so says nothing of the states on the way."""
    return tuple(a.name for a in attributes().values() if a.settled is not None)


def _unknowable(declared: Attribute, columns: Columns, reached: dict[State, Bools], plan_known: Bools) -> Bools | None:
    if declared.settled == "never":
        return np.ones_like(plan_known)
    if declared.settled is not None:
        return ~reached[declared.settled]
    if declared.known == "planned":
        return ~(plan_known | reached[State.SHIPPED])
    if declared.known == "placed" or (declared.is_instant and declared.role != "promise"):
        return None
    if declared.since and declared.known in ("delivered", "contact"):  # states that other facts may open
        return np.asarray(np.logical_or.reduce([~columns.known(fact) for fact in declared.since]))
    return ~reached[State(declared.known)]


def _masked(columns: Columns, hidden: dict[str, Bools]) -> Columns:
    arrays: dict[str, Array] = {}
    for name, where in hidden.items():
        blank = None if attributes()[name].kind in TEXT_KINDS else np.nan
        array = columns[name].copy()
        array[where] = blank
        arrays[name] = array
    return columns.replacing(arrays)


def message_at(columns: Columns) -> Floats:
    """(n,) float64 instants: the buyer's earliest message that is told, be it the last one; NaN if none."""
    return np.fmin(columns["first_message_at"], columns["last_message_at"])


def contact_at(columns: Columns) -> Floats:
    """(n,) float64 instants: the buyer's first message or return request, NaN if none."""
    return np.fmin(message_at(columns), columns["return_requested_at"])


def reached_states(columns: Columns) -> dict[State, Bools]:
    """Per state (n,) bool: whether the order has entered it by its as_of. States are not a chain: contact may come
    first; but what was scanned or delivered has been shipped, whether or not the file says when. The carrier's status
    counts where no instant does; a confirmation to the marketplace does not (`features/handover.py`)."""
    return _reached(columns, (columns["delivered_at"] <= columns["as_of"]) | undated(columns, "delivered_at"))


def _reached(columns: Columns, delivered: Bools) -> dict[State, Bools]:
    as_of = columns["as_of"]
    carried = carried_at(columns) <= as_of
    under_way = is_under_way(columns)
    # A last scan that is the delivery itself tells nothing of the way.
    last_scan = columns["last_scan_at"]
    scanned = (columns["first_scan_at"] <= as_of) | ((last_scan <= as_of) & ~(columns["delivered_at"] <= last_scan))
    return {
        State.PLACED: np.ones(columns.n, dtype=np.bool_),
        State.SHIPPED: carried | under_way | delivered,
        State.IN_TRANSIT: scanned | under_way | (carried & (columns["latest_delivery_at"] <= as_of)),
        State.DELIVERED: delivered,
        State.CONTACT: contact_at(columns) <= as_of,
    }


def states(columns: Columns) -> Ints:
    """(n,) int64: the place in `STATES` of each order's state; later facts must be masked already."""
    if columns.is_few:
        return np.array(of_each(_state_of_one(), columns)[0])
    return _states(columns)


def _states(columns: Columns) -> Ints:
    reached = reached_states(columns)
    state = np.zeros(columns.n, dtype=np.int64)
    for place, name in enumerate(STATES):
        state = np.where(reached[name], place, state)
    return state


@cache
def _state_of_one() -> Callable[[Mapping[str, Value]], list[int]]:
    return written(lambda columns: [_states(columns)])


def claim_window_closes(columns: Columns, window_days: float) -> Floats:
    """(n,) float64 instants: latest_delivery_at plus the claim window."""
    closes: Floats = columns["latest_delivery_at"] + window_days * DAY
    return closes
