"""Contradictions inside one order, found by column for both doors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, reduce

import numpy as np

from features.columns import Bools, Columns
from features.errors import Problem
from features.former import ASKED, BACK, MESSAGES, SENT_BACK
from features.moments import facts
from features.order import attributes
from features.rounding import money_names
from features.symbols import Value
from features.tracing import written

# (earlier, later): the second cannot happen before the first. Carriers' clocks differ, so scans are not compared with
# hand-over, a message may come before anything, and the seller may write first.
_SEQUENCES = (
    ("placed_at", "ship_by"), ("placed_at", "latest_delivery_at"),
    ("shipped_at", "delivered_at"), ("first_scan_at", "delivered_at"),
    ("earliest_delivery_at", "latest_delivery_at"), ("first_message_at", "last_message_at"),
    ("first_reply_at", "last_reply_at"),
    (SENT_BACK, BACK),
)  # fmt: skip
# The second may lie before the first where that came anew, a claim or a request filed again; else a date is wrong.
DOUBTFUL_SEQUENCES = (
    ("return_requested_at", "return_authorised_at"), ("claim_opened_at", "claim_decided_at"),
    ("claim_opened_at", "debited_at"),
)  # fmt: skip


@cache
def sequences() -> tuple[tuple[str, str], ...]:
    """(earlier, later): of each the second cannot happen before the first. Nothing can before the order itself but
    messages (`features/former.py`), and what the shop does on its own."""
    of_orders = [a.name for a in attributes().values() if a.name in facts() and a.role != "done"]
    after_it = [name for name in of_orders if name not in ("placed_at", *MESSAGES)]
    return (*(("placed_at", later) for later in after_it), *_SEQUENCES)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that some orders break: where ((n,) bool), and what to say of each."""

    where: Bools
    problem: Problem


def contradictions(columns: Columns) -> list[Finding]:
    """Every rule that any of the orders breaks."""
    if columns.is_few and not any(map(any, map(_broken_by_one(), columns.each))):
        return []
    return [Finding(where, problem) for where, problem in _rules(columns) if where.any()]


def _rules(columns: Columns) -> Iterator[tuple[Bools, Problem]]:
    """Every rule, and the orders that break it."""
    for earlier, later in sequences():
        if earlier in columns and later in columns:
            detail = f"expected {later} not before {earlier}; correct one"
            broken: Bools = columns[later] < columns[earlier]
            if (earlier, later) == (SENT_BACK, BACK):  # what was sent since the return was asked for anew is another
                broken = broken & ~((columns[BACK] < columns[ASKED]) & (columns[SENT_BACK] >= columns[ASKED]))
            yield broken, Problem(later, "before_" + earlier, detail)
    if "placed_at" in columns and "as_of" in columns:
        detail = "expected placed_at not after as_of; correct one"
        yield columns["placed_at"] > columns["as_of"], Problem("placed_at", "after_as_of", detail)
    money = [columns.known(name) for name in money_names() if name in columns]
    if money:
        where = reduce(np.logical_or, money) & ~columns.known("currency")
        detail = "expected a currency (ISO 4217) beside money"
        yield where, Problem("currency", "money_without_currency", detail)


@cache
def _broken_by_one() -> Callable[[Mapping[str, Value]], list[bool]]:
    return written(lambda columns: [where for where, _ in _rules(columns)])
