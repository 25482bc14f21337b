"""Clocks: what is due when for one order, seller's and buyer's, as the policy's facts say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from features.eligibility import Eligibility, is_return_method_undated, return_method_given_at
from features.policy.book import Book
from features.policy.due import due
from features.policy.facts import PolicyFact
from features.ruled import RuledOrder, earliest

Code = Literal[
    "SHIP_BY", "AUTO_CANCEL", "REPLY_TARGET", "REPLY_LIMIT", "RETURN_AUTHORISE_TARGET", "RETURN_AUTHORISE_LIMIT",
    "RETURN_METHOD", "REFUND", "BUYER_CAN_FILE_FROM", "BUYER_CAN_FILE_UNTIL", "INFORMATION_PLAN", "INFORMATION_LIMIT",
    "APPEAL", "SAFE_T",
]  # fmt: skip
State = Literal["running", "met", "missed", "not_started"]


class Clock(NamedTuple):
    """One deadline. due: epoch seconds, None before its start. is_by_day: it ends with the marketplace's local day.
    is_if_now: it is reckoned as if the buyer wrote now, and so moves with as_of."""

    code: Code
    due: float | None
    state: State
    fact: PolicyFact
    is_by_day: bool
    is_if_now: bool = False


class UnknownClock(NamedTuple):
    """A clock that has started where the marketplace has no fact on it. attribute: the instant that started it."""

    topic: str
    attribute: str


class _Span(NamedTuple):
    """A clock of the seller: what starts it, what stops it, and the topic of its length. is_undated: what stops it has
    happened, and nobody tells when."""

    code: Code
    topic: str
    attribute: str
    start: float | None
    met: float | None = None
    is_undated: bool = False


def clocks(
    order: RuledOrder, grounds: tuple[Eligibility, ...], book: Book
) -> tuple[tuple[Clock, ...], tuple[UnknownClock, ...]]:
    """The clocks for which there are facts, and those that run without. grounds: as `eligibility` gives them.

    A clock goes by the fact that applied on the marketplace's local day on which it started. One that was met at a
    moment that nobody tells is left out after its end, since it may have been met in time or not.
    """
    if order.marketplace is None:
        return (), ()
    told: list[Clock] = []
    unknown: list[UnknownClock] = []
    today = book.rules(order.marketplace, order.as_of)
    for span in _spans(order):
        then = today if span.start is None else book.rules(order.marketplace, span.start)
        fact = then.get(span.topic)
        if fact is not None:
            clock = _clock(span, fact, order, book)
            told += [] if span.is_undated and clock.state == "missed" else [clock]
        elif span.start is not None and span.met is None and not span.is_undated and span.topic in _EXPECTED:
            unknown.append(UnknownClock(span.topic, span.attribute))
    return (*told, *_buyers(order, grounds, book)), tuple(unknown)


# Topics of which every marketplace must have some value; the others may not exist there (advice, auto-cancellation).
_EXPECTED = frozenset({"reply.limit", "return.authorise_limit", "return.method", "refund.after_return",
                       "information.limit", "appeal.window"})  # fmt: skip


def _clock(span: _Span, fact: PolicyFact, order: RuledOrder, book: Book) -> Clock:
    ends = None if span.start is None else due(fact, span.start, book.zones[str(order.marketplace)])
    state = _state(ends, span.met, order.as_of)
    if span.is_undated and state == "running":
        state = "met"
    return Clock(span.code, ends, state, fact, is_by_day=fact.unit != "hours")


def _state(ends: float | None, met: float | None, as_of: float) -> State:
    if ends is None:
        return "not_started"
    if met is not None:
        return "met" if met <= ends else "missed"
    return "running" if as_of <= ends else "missed"


def _spans(order: RuledOrder) -> Iterator[_Span]:
    shipped = earliest(order.ship_confirmed_at, order.shipped_at, order.first_scan_at, order.delivered_at)
    # Confirmation is what counts; hand-over stands in for it where the file does not tell it.
    confirmed = order.ship_confirmed_at if order.ship_confirmed_at is not None else shipped
    if order.cancelled_at is None:
        yield _Span("SHIP_BY", "ship.confirm", "ship_by", order.ship_by, confirmed)
        yield _Span("AUTO_CANCEL", "ship.auto_cancel", "ship_by", order.ship_by, shipped)
    name, asked, replied = _last_question(order)
    yield _Span("REPLY_TARGET", "reply.target", name, asked, replied)
    yield _Span("REPLY_LIMIT", "reply.limit", name, asked, replied)
    request, authorised = order.return_requested_at, order.return_authorised_at
    undated = authorised is None and order.is_return_authorised
    yield _Span(
        "RETURN_AUTHORISE_TARGET", "return.authorise_target", "return_requested_at", request, authorised, undated
    )
    yield _Span("RETURN_AUTHORISE_LIMIT", "return.authorise_limit", "return_requested_at", request, authorised, undated)
    given = return_method_given_at(order)
    undated = is_return_method_undated(order)
    yield _Span("RETURN_METHOD", "return.method", "return_requested_at", request, given, undated)
    back, refunded = order.return_delivered_at, order.refunded_in_full_at
    undated = order.refunded_at is None and order.is_fully_refunded is not False
    yield _Span("REFUND", "refund.after_return", "return_delivered_at", back, refunded, undated)
    yield from _after_a_claim(order)


def _after_a_claim(order: RuledOrder) -> Iterator[_Span]:
    """No attribute tells whether Amazon was answered or an appeal filed: these clocks run out or are left out."""
    if order.claim_decided_at is None:
        asked = order.information_requested_at
        yield _Span("INFORMATION_PLAN", "information.plan", "information_requested_at", asked)
        yield _Span("INFORMATION_LIMIT", "information.limit", "information_requested_at", asked)
    yield _Span("APPEAL", "appeal.window", "debited_at", order.debited_at)
    if order.debited_at is None:  # after a granted claim SAFE-T is closed
        yield _Span("SAFE_T", "safet.window", "refund_charged_at", order.refund_charged_at)


def _last_question(order: RuledOrder) -> tuple[str, float | None, float | None]:
    """The buyer's message that the clock of replies is about (attribute, instant), and the reply to it."""
    first, last = order.first_message_at, order.last_message_at
    replied = order.last_reply_at if order.last_reply_at is not None else order.first_reply_at
    if last is not None and replied is not None and last > replied:
        return "last_message_at", last, None
    if first is None:
        return "last_message_at", last, replied
    return "first_message_at", first, earliest(order.first_reply_at, order.last_reply_at)


def _buyers(order: RuledOrder, grounds: tuple[Eligibility, ...], book: Book) -> Iterator[Clock]:
    """From when and until when the buyer can say that the parcel did not come; left out where that is excluded, or
    too late because a claim was filed, or gainsaid by a return."""
    ground = next(g for g in grounds if g.ground == "NOT_RECEIVED")
    if (
        ground.status == "excluded"
        or ground.why in ("claim_filed", "claim_withdrawn", "sent_back")
        or order.marketplace is None
    ):
        return
    rules = book.rules(order.marketplace, order.as_of)
    opens, closes = rules.get("claim.not_received"), rules.get("claim.window")
    if opens is not None:
        found = _buyer_clock("BUYER_CAN_FILE_FROM", ground.opens_at, opens, order.as_of)
        yield found._replace(is_if_now=ground.why == "no_contact" and ground.opens_at is not None)
    if closes is not None:
        yield _buyer_clock("BUYER_CAN_FILE_UNTIL", ground.closes_at, closes, order.as_of)


def _buyer_clock(code: Code, ends: float | None, fact: PolicyFact, as_of: float) -> Clock:
    """A border of the buyer's window is met once it has passed."""
    state: State = "not_started" if ends is None else "running" if as_of < ends else "met"
    return Clock(code, ends, state, fact, is_by_day=True)
