"""The course of a claim: where it stands by its own events, for its clocks and for what is to be done."""

from __future__ import annotations

from typing import Literal

from features.ruled import RuledOrder

Course = Literal[
    "none", "claim_open", "information_requested", "refunded_after_claim", "decided", "debited", "appeal_decided",
    "withdrawn",
]  # fmt: skip


def course_of(order: RuledOrder) -> Course:
    """Where the claim stands. What was before it was filed belongs to an older claim: one filed anew is open anew."""
    if order.is_claim_withdrawn:
        return "withdrawn"
    appealed = order.appeal_decided_at
    is_later = appealed is not None and (order.debited_at is None or order.debited_at < appealed)
    if is_later and is_since_filed(order, appealed):
        return "appeal_decided"
    if is_since_filed(order, order.debited_at):
        return "debited"
    if is_since_filed(order, order.claim_decided_at):
        return "decided"
    if not order.is_claim_filed:
        return "none"
    is_told = order.claim_opened_at is not None  # else nothing says whether the refund came before the claim
    if is_told and order.is_fully_refunded and is_since_filed(order, order.refunded_at):
        return "refunded_after_claim"
    return "information_requested" if is_since_filed(order, order.information_requested_at) else "claim_open"


def is_since_filed(order: RuledOrder, at: float | None) -> bool:
    """Whether something happened to the claim that is there, so far as is told when that was filed."""
    return at is not None and (order.claim_opened_at is None or at >= order.claim_opened_at)
