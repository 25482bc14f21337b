"""Eligibility: per ground, whether the buyer can claim now, from when and until when, as the policy's facts say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from features.claim_window import TOPIC as WINDOW
from features.claim_window import window_closes
from features.handover import DELIVERED
from features.policy.book import Book, Rules
from features.policy.due import due
from features.policy.facts import PolicyFact
from features.ruled import RuledOrder, earliest
from features.scope import OUTSIDE

Ground = Literal["NOT_RECEIVED", "NOT_AS_DESCRIBED", "RETURN_OPTIONS_MISSING", "REFUND_NOT_ISSUED"]
Status = Literal["open", "not_yet", "closed", "excluded", "unknown"]
Why = Literal[
    "open", "opens_later", "opens_too_late", "no_contact", "no_return_request", "return_authorised",
    "return_method_given", "return_not_back", "returning", "window_over", "marketplace_fulfilled", "goods",
    "chargeback", "prime", "eligible_service", "full_refund", "claim_filed", "claim_withdrawn", "cancelled",
    "sent_back", "asked_back", "about_goods", "authorisation_undated", "refund_amount_unknown", "fact_unknown",
    "marketplace_unknown", "promise_unknown",
]  # fmt: skip


class Eligibility(NamedTuple):
    """One ground of one order. opens_at, closes_at: epoch seconds, None where unknown. sources: ids of facts."""

    ground: Ground
    status: Status
    why: Why
    opens_at: float | None
    closes_at: float | None
    sources: tuple[str, ...]


class _Opening(NamedTuple):
    """When a ground opens (None: not yet known), why, and the facts that say so.

    is_known: false where facts or dates are missing.
    """

    at: float | None
    why: Why
    facts: tuple[PolicyFact, ...] = ()
    is_known: bool = True


class _Case(NamedTuple):
    order: RuledOrder
    rules: Rules
    book: Book

    def end(self, fact: PolicyFact, start: float) -> float:
        return due(fact, start, self.book.zones[str(self.order.marketplace)])


def eligibility(order: RuledOrder, book: Book) -> tuple[Eligibility, ...]:
    """The grounds in a fixed order. Payment by gift card or coupon changes nothing (common.note.payment_method)."""
    if order.is_called_off and not order.is_claim_filed:
        return tuple(Eligibility(g, "excluded", "cancelled", None, None, ()) for g in GROUNDS)
    if order.marketplace is None:
        return tuple(Eligibility(g, "unknown", "marketplace_unknown", None, None, ()) for g in GROUNDS)
    if order.is_claim_filed:
        return tuple(Eligibility(g, "closed", "claim_filed", None, None, ()) for g in GROUNDS)
    if order.is_claim_withdrawn:
        return tuple(Eligibility(g, "unknown", "claim_withdrawn", None, None, ()) for g in GROUNDS)
    case = _Case(order, book.rules(order.marketplace, order.as_of), book)
    barred = _barred(case)
    if barred is not None:
        status, why, source = barred
        return tuple(Eligibility(g, status, why, None, None, () if source is None else (source,)) for g in GROUNDS)
    window, promised = case.rules.get(WINDOW), order.latest_delivery_at
    closes = None if promised is None else window_closes(order.marketplace, promised, order.as_of, book)
    return tuple([_ground(ground, opening(case), order.as_of, window, closes) for ground, opening in GROUNDS.items()])


def _ground(
    ground: Ground, opened: _Opening, as_of: float, window: PolicyFact | None, closes: float | None
) -> Eligibility:
    facts = opened.facts if window is None else (*opened.facts, window)
    status, why = _status(as_of, opened, closes, has_window=window is not None)
    is_too_late = status == "closed" and opened.at is not None and closes is not None and opened.at > closes
    at = opened.at if opened.is_known and not is_too_late else None
    return Eligibility(ground, status, why, at, closes, tuple([fact.id for fact in facts]))


def _status(as_of: float, opened: _Opening, closes: float | None, *, has_window: bool) -> tuple[Status, Why]:
    if closes is not None and as_of > closes:
        return "closed", "window_over"
    if not opened.is_known:
        return "unknown", opened.why
    if closes is not None and opened.at is not None and opened.at > closes:
        return "closed", "opens_too_late"
    if opened.why != "open" and opened.why != "returning":
        return "not_yet", opened.why
    if opened.at is not None and as_of < opened.at:
        return "not_yet", "opens_later"
    if closes is None:
        return "unknown", "promise_unknown" if has_window else "fact_unknown"
    return "open", opened.why


def _barred(case: _Case) -> tuple[Status, Why, str | None] | None:
    """What closes every ground, with the fact that says so; unknown where this marketplace has no such fact, or one by
    which some such orders can be claimed."""
    hits = [found for found in OUTSIDE if found.of_order(case.order)]
    doubt: str | None = None
    for found in hits:
        fact, exception = case.rules.get(found.topic), case.rules.get(found.unless or "")
        if fact is not None and exception is None:
            return "excluded", found.why, fact.id
        doubt = doubt or (exception.id if exception is not None else None)
    if hits:
        return "unknown", "fact_unknown" if doubt is None else "eligible_service", doubt
    is_unclear = case.order.is_fully_refunded is None or case.order.is_refunded_by_marketplace
    return ("unknown", "refund_amount_unknown", None) if is_unclear else None


_MISSING = _Opening(None, "fact_unknown", is_known=False)


def _not_received(case: _Case) -> _Opening:
    """At the earlier of promise + 3 days and delivered scan, and 48 h after contact unless tracking shows a return; not
    by a buyer who has the goods, as a return or a message about them says."""
    order, rules = case.order, case.rules
    late, wait, scan = (rules.get(f"claim.{name}") for name in ("not_received", "contact_wait", "delivered_scan"))
    if order.is_sent_back:
        return _Opening(None, "sent_back", () if late is None else (late,))
    if order.is_asked_back:  # no rule bars such a claim, and nothing speaks for it
        return _Opening(None, "asked_back", () if late is None else (late,), is_known=False)
    if order.is_about_goods:  # nor such a one
        return _Opening(None, "about_goods", () if late is None else (late,), is_known=False)
    returned = rules.get("claim.returned_needs_no_contact")
    if order.is_returning and returned is not None:
        return _Opening(order.last_scan_at, "returning", (returned,))
    if late is None or wait is None:
        return _MISSING
    by_promise = None if order.latest_delivery_at is None else case.end(late, order.latest_delivery_at)
    # Delivered by the carrier's word alone: by now at the latest.
    arrived = order.as_of if order.arrived_at is None and order.tracking_status == DELIVERED else order.arrived_at
    by_scan = None if scan is None or arrived is None else case.end(scan, arrived)
    base = earliest(by_promise, by_scan)
    if base is None:
        return _Opening(None, "promise_unknown", is_known=False)
    facts = (late, *((scan,) if scan is not None and base == by_scan else ()), wait)
    contact = order.contact_at
    at = max(base, case.end(wait, order.as_of if contact is None else contact))
    return _Opening(at, "no_contact" if contact is None else "open", facts)


def _not_as_described(case: _Case) -> _Opening:
    """48 h after a return request that was not answered by then; unknown where nobody tells when it was."""
    fact = case.rules.get("claim.not_as_described")
    asked, answered = case.order.return_requested_at, case.order.return_answered_at
    is_undated = case.order.is_return_answered_undated
    if fact is None:
        return _MISSING
    if asked is None:
        return _Opening(None, "no_return_request", (fact,))
    at = case.end(fact, asked)
    if (answered is not None and answered <= at) or (is_undated and case.order.as_of <= at):
        return _Opening(None, "return_authorised", (fact,))
    if is_undated:
        return _Opening(None, "authorisation_undated", (fact,), is_known=False)
    return _Opening(at, "open", (fact,))


def _return_options_missing(case: _Case) -> _Opening:
    """After a return request without address, label or refund: the buyer's limit, else the seller's."""
    order = case.order
    fact = case.rules.get("claim.return_options_missing") or case.rules.get("return.method")
    if fact is None:
        return _MISSING
    if order.return_requested_at is None:
        return _Opening(None, "no_return_request", (fact,))
    if order.return_way_given_at is not None or order.is_return_way_given_undated:
        return _Opening(None, "return_method_given", (fact,))
    return _Opening(case.end(fact, order.return_requested_at), "open", (fact,))


def _refund_not_issued(case: _Case) -> _Opening:
    """After a return arrived and no refund followed: the buyer's limit, else the seller's."""
    returned = case.order.return_delivered_at
    buyers = case.rules.get("claim.refund_not_issued")
    sellers = None if returned is None else case.book.fact(str(case.order.marketplace), "refund.after_return", returned)
    fact = buyers or sellers or case.rules.get("refund.after_return")
    if fact is None:
        return _MISSING
    if returned is None:
        return _Opening(None, "return_not_back", (fact,))
    return _Opening(case.end(fact, returned), "open", (fact,))


GROUNDS: dict[Ground, Callable[[_Case], _Opening]] = {
    "NOT_RECEIVED": _not_received,
    "NOT_AS_DESCRIBED": _not_as_described,
    "RETURN_OPTIONS_MISSING": _return_options_missing,
    "REFUND_NOT_ISSUED": _refund_not_issued,
}
