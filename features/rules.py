"""Contradictions inside one order, found by column for both doors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Bools, Columns, money_names
from features.errors import Problem

# (earlier, later): the second cannot happen before the first. Carriers' clocks differ, so scans are not compared with
# hand-over, and a message may come before anything but the order itself.
SEQUENCES = (
    ("placed_at", "payment_approved_at"), ("placed_at", "shipped_at"),
    ("placed_at", "first_scan_at"), ("placed_at", "delivered_at"), ("placed_at", "latest_delivery_at"),
    ("placed_at", "first_message_at"), ("placed_at", "return_requested_at"), ("placed_at", "refunded_at"),
    ("placed_at", "claim_opened_at"), ("shipped_at", "delivered_at"), ("first_scan_at", "delivered_at"),
    ("earliest_delivery_at", "latest_delivery_at"), ("first_message_at", "last_message_at"),
    ("first_message_at", "first_reply_at"), ("first_reply_at", "last_reply_at"),
    ("return_requested_at", "return_delivered_at"), ("return_shipped_at", "return_delivered_at"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that some orders break: where ((n,) bool), and what to say of each."""

    where: Bools
    problem: Problem


def contradictions(columns: Columns) -> list[Finding]:
    """Every rule that any of the orders breaks."""
    found = [_sequence(columns, earlier, later) for earlier, later in SEQUENCES]
    found += [_placed_after_as_of(columns), _money_without_currency(columns)]
    return [f for f in found if f is not None]


def _sequence(columns: Columns, earlier: str, later: str) -> Finding | None:
    if earlier not in columns or later not in columns:
        return None
    detail = f"expected {later} not before {earlier}; correct one"
    return _finding(columns[later] < columns[earlier], later, "before_" + earlier, detail)


def _placed_after_as_of(columns: Columns) -> Finding | None:
    if "placed_at" not in columns or "as_of" not in columns:
        return None
    detail = "expected placed_at not after as_of; correct one"
    return _finding(columns["placed_at"] > columns["as_of"], "placed_at", "after_as_of", detail)


def _money_without_currency(columns: Columns) -> Finding | None:
    money = [columns.known(name) for name in money_names() if name in columns]
    if not money:
        return None
    where = np.logical_or.reduce(money) & ~columns.known("currency")
    return _finding(where, "currency", "money_without_currency", "expected a currency (ISO 4217) beside money")


def _finding(where: Bools, attribute: str, code: str, detail: str) -> Finding | None:
    return Finding(where, Problem(attribute, code, detail)) if where.any() else None
