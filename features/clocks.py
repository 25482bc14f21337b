"""Clocks: what is due when for one order, seller's and buyer's, as the policy's facts say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from features.claim_course import course_of
from features.eligibility import Eligibility
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
    is_if_now: it is reckoned as if the buyer wrote now, and so moves with as_of. is_overdue: missed, and what it is
    about has not been done since, for all that is known."""

    code: Code
    due: float | None
    state: State
    fact: PolicyFact
    is_by_day: bool
    is_if_now: bool = False
    is_overdue: bool = False


class UnknownClock(NamedTuple):
    """A clock that has started where the marketplace has no fact on it. attribute: the instant that started it."""

    topic: str
    attribute: str


class _Span(NamedTuple):
    """A clock of the seller: what starts it, what stops it, and the topic of its length. is_undated: what stops it has
    happened, and nobody tells when; at `met` at the latest, where that is told. perhaps: a refund that stops it if it
    was in full, which nobody tells."""

    code: Code
    topic: str
    attribute: str
    start: float | None
    met: float | None = None
    is_undated: bool = False
    perhaps: float | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it has started, and nothing has stopped it."""
        return self.start is not None and self.met is None and not self.is_undated and self.perhaps is None

    def is_untold(self, clock: Clock) -> bool:
        """Whether the order leaves open if the clock was met."""
        may_be_in_time = self.perhaps is not None and clock.due is not None and self.perhaps <= clock.due
        return (self.is_undated and clock.state == "missed") or (may_be_in_time and clock.state != "met")


def clocks(
    order: RuledOrder, grounds: tuple[Eligibility, ...], book: Book
) -> tuple[tuple[Clock, ...], tuple[UnknownClock, ...]]:
    """The clocks for which there are facts, and those that run without. grounds: as `eligibility` gives them.

    A clock goes by the fact that applied on the marketplace's local day on which it started. One that was met at a
    moment that nobody tells is left out after its end, since it may have been met in time or not, and so is one that a
    refund of unknown size may have met.
    """
    if order.marketplace is None:
        return (), ()
    told: list[Clock] = []
    unknown: list[UnknownClock] = []
    today = book.rules(order.marketplace, order.as_of)
    for span in _spans(order, book):
        then = today if span.start is None else book.rules(order.marketplace, span.start)
        fact = then.get(span.topic)
        if fact is not None:
            clock = _clock(span, fact, order, book)
            told += [] if span.is_untold(clock) else [clock]
        elif span.is_waiting and span.topic in _EXPECTED:
            unknown.append(UnknownClock(span.topic, span.attribute))
    return (*told, *_buyers(order, grounds, book)), tuple(unknown)


# Topics of which every marketplace must have some value; the others may not exist there (advice, auto-cancellation).
_EXPECTED = frozenset({"reply.limit", "return.authorise_limit", "return.method", "refund.after_return",
                       "information.limit", "appeal.window"})  # fmt: skip
# Clocks of which no attribute tells whether the seller met them, or that are not the seller's to meet.
_UNTOLD: frozenset[Code] = frozenset({"AUTO_CANCEL", "INFORMATION_PLAN", "INFORMATION_LIMIT", "APPEAL", "SAFE_T"})


def _clock(span: _Span, fact: PolicyFact, order: RuledOrder, book: Book) -> Clock:
    ends = None if span.start is None else due(fact, span.start, book.zones[str(order.marketplace)])
    state = _state(ends, span.met, order.as_of)
    if span.is_undated and state == "running":
        state = "met"
    is_overdue = state == "missed" and span.is_waiting and span.code not in _UNTOLD
    return Clock(span.code, ends, state, fact, is_by_day=fact.unit != "hours", is_overdue=is_overdue)


def _state(ends: float | None, met: float | None, as_of: float) -> State:
    if ends is None:
        return "not_started"
    if met is not None:
        return "met" if met <= ends else "missed"
    return "running" if as_of <= ends else "missed"


def _spans(order: RuledOrder, book: Book) -> Iterator[_Span]:
    if order.cancelled_at is None:
        yield from _of_shipping(order)
    yield _reply("REPLY_TARGET", "reply.target", order, book)
    yield _reply("REPLY_LIMIT", "reply.limit", order, book)
    yield from _of_a_return(order)
    yield from _after_a_claim(order)


def _of_a_return(order: RuledOrder) -> Iterator[_Span]:
    charged = order.refund_charged_at  # of what the marketplace refunded: how much, and since when, nobody tells
    perhaps = charged
    if order.is_fully_refunded is None:
        perhaps = -np.inf if order.refunded_at is None else earliest(order.refunded_at, charged)

    requested, answered, is_undated = (
        order.return_requested_at, order.return_answered_at, order.is_return_answered_undated,
    )  # fmt: skip

    def asked(code: Code, topic: str, met: float | None, is_undated: bool) -> _Span:
        return _Span(code, topic, "return_requested_at", requested, met, is_undated, perhaps)

    is_outside = order.is_return_in_policy == 0.0 and answered is None and not is_undated
    if is_outside and requested is not None:  # any answer will do, and no way back is due
        answered, is_undated = _replied(order, requested)
    yield asked("RETURN_AUTHORISE_TARGET", "return.authorise_target", answered, is_undated)
    yield asked("RETURN_AUTHORISE_LIMIT", "return.authorise_limit", answered, is_undated)
    if not is_outside:
        yield asked("RETURN_METHOD", "return.method", order.return_way_given_at, order.is_return_way_given_undated)
    back, refunded = order.return_delivered_at, order.surely_refunded_in_full_at
    is_undated = order.refunded_at is None and order.is_fully_refunded is True
    if order.is_refunded_by_marketplace:
        refunded, is_undated = charged, True  # by then at the latest
    yield _Span("REFUND", "refund.after_return", "return_delivered_at", back, refunded, is_undated, perhaps)


def _of_shipping(order: RuledOrder) -> Iterator[_Span]:
    """Confirmation is what counts; hand-over stands in for it where the file does not tell it. A later sign of the
    parcel tells that it was shipped by then: in time, if the sign is, else at a moment that nobody tells."""
    told = earliest(order.ship_confirmed_at, order.shipped_at, order.first_scan_at)
    shipped = told if told is not None else order.dispatched_at
    confirmed = order.ship_confirmed_at if order.ship_confirmed_at is not None else shipped
    undated = told is None and order.is_dispatched
    yield _Span("SHIP_BY", "ship.confirm", "ship_by", order.ship_by, confirmed, undated)
    yield _Span("AUTO_CANCEL", "ship.auto_cancel", "ship_by", order.ship_by, shipped, undated)


def _after_a_claim(order: RuledOrder) -> Iterator[_Span]:
    """No attribute tells whether Amazon was answered or when an appeal was filed: these clocks run out, are met at some
    moment by an appeal that is decided, or are left out once the claim is over."""
    course = course_of(order)
    if course in ("none", "claim_open", "information_requested"):
        asked = order.information_requested_at if course == "information_requested" else None
        yield _Span("INFORMATION_PLAN", "information.plan", "information_requested_at", asked)
        yield _Span("INFORMATION_LIMIT", "information.limit", "information_requested_at", asked)
    if course != "withdrawn":
        appealed, debited = order.appeal_decided_at, order.debited_at  # of this debit, though a claim was filed anew
        is_appealed = appealed is not None and (debited is None or debited < appealed)
        yield _Span("APPEAL", "appeal.window", "debited_at", debited, is_undated=is_appealed)
    if order.debited_at is None:  # after a granted claim SAFE-T is closed
        yield _Span("SAFE_T", "safet.window", "refund_charged_at", order.refund_charged_at)


def _reply(code: Code, topic: str, order: RuledOrder, book: Book) -> _Span:
    """The clock of replies to the buyer's first or last question: to the one that waits, else to one that was answered
    late, or may have been, else to the first."""
    asked = [(name, at) for name in ("first_message_at", "last_message_at") if (at := getattr(order, name)) is not None]
    spans = [_Span(code, topic, name, at, *_replied(order, at)) for name, at in asked]
    if len(spans) < 2:
        return spans[0] if spans else _Span(code, topic, "first_message_at", None)
    return min(spans, key=lambda span: _patience(span, order, book))


def _replied(order: RuledOrder, asked: float) -> tuple[float | None, bool]:
    """When a question was answered at the latest, and whether it may have been earlier, at a moment that nobody tells,
    because only the first and the last reply are told. What the seller wrote before a question is no answer."""
    first, last = order.first_reply_at, order.last_reply_at
    if first is not None and first >= asked:
        return first, False
    return (last, True) if last is not None and last >= asked else (None, False)


def _patience(span: _Span, order: RuledOrder, book: Book) -> int:
    if span.met is None:
        return 0
    fact = book.rules(str(order.marketplace), float(span.start or 0.0)).get(span.topic)
    is_late = fact is not None and _clock(span, fact, order, book).state == "missed"
    return (2 if span.is_undated else 1) if is_late else 3


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
    """A border of the buyer's window is met once it has passed; the last second is still inside."""
    if ends is None:
        return Clock(code, ends, "not_started", fact, is_by_day=True)
    is_ahead = as_of < ends or (code == "BUYER_CAN_FILE_UNTIL" and as_of == ends)
    state: State = "running" if is_ahead else "met"
    return Clock(code, ends, state, fact, is_by_day=True)
