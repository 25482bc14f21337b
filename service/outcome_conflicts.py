"""Conflicts: what different tellers say otherwise of one order's outcome, which of it stands, and by what rule."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from features.columns import epoch_seconds
from features.kinds import instant_problem
from features.moments import DAY
from service.events_known import Life
from service.outcomes_known import OF_DECISION, outcome_cell, standing
from service.store.work import Event

# Tellers take days at their own clock and zone; instants further apart are about something else.
SAME_WITHIN = DAY


@dataclass(frozen=True, slots=True)
class Conflict:
    """Of one order: the attribute, what stands and what is passed over (text), each with who said so (an event, or a
    score by which the order was sent), and the rule that decides."""

    order_id: str
    attribute: str
    stands: str | None
    told_by: str
    passed_over: str | None
    said_by: str
    rule: str


def conflicts(order: Mapping[str, Any], life: Life) -> Iterator[Conflict]:
    """What is told otherwise of an order as known, by the events and orders of its life; retracted events say nothing.

    An appeal that ends otherwise than the decision before it is no conflict.
    """
    told = standing(life)
    named = str(order["order_id"])
    for kind in ("claim_decided", "appeal_decided"):
        decided = [(event.event_id, said) for event, said in told if event.kind == kind]
        for attribute in OF_DECISION:
            words = [(who, said[attribute]) for who, said in decided if said.get(attribute) is not None]
            yield from _otherwise(named, attribute, words, "the later decision stands")
    opened = _opened(life, told)
    for attribute in ("claim_opened_at", "claim_type"):
        words = [(who, said[attribute]) for who, said in opened if said.get(attribute) is not None]
        # Whoever says what the order as known says has the last word.
        words.sort(key=lambda word: _is_same(word[1], order.get(attribute)))
        yield from _otherwise(named, attribute, words, "what the order as known says stands")
    yield from _withdrawn(named, told)


Told = Sequence[tuple[Event, Mapping[str, Any]]]  # events with their bodies


def _opened(life: Life, told: Told) -> list[tuple[str, Mapping[str, Any]]]:
    """Who says what of a claim's opening, in the order of time: scores with the order as sent, and events."""
    by_score = [(sent.as_of, sent.id, json.loads(sent.seen)) for sent in life.sent]
    by_event = [
        (event.at, event.event_id, {**said.get("facts", {}), "claim_opened_at": said["at"]})
        for event, said in told
        if event.kind == "claim_opened"
    ]
    return [(who, said) for _, who, said in sorted(by_score + by_event, key=lambda one: one[:2])]


def _otherwise(order_id: str, attribute: str, words: Sequence[tuple[str, Any]], rule: str) -> Iterator[Conflict]:
    """Those whose word is not that of the last."""
    for who, value in words[:-1]:
        last_who, last = words[-1]
        if not _is_same(value, last):
            yield Conflict(order_id, attribute, outcome_cell(last), last_who, outcome_cell(value), who, rule)


def _is_same(one: Any, other: Any) -> bool:
    at = [_instant(value) for value in (one, other)]
    if at[0] is None or at[1] is None:
        return bool(one == other)
    return abs(at[0] - at[1]) <= SAME_WITHIN


def _instant(value: Any) -> float | None:
    """Epoch seconds of a text that is an instant; None of anything else."""
    if not isinstance(value, str) or instant_problem(value) is not None:
        return None
    return epoch_seconds(datetime.fromisoformat(value.upper()))


def _withdrawn(order_id: str, told: Told) -> Iterator[Conflict]:
    withdrawn = next((event.event_id for event, _ in told if event.kind == "claim_withdrawn"), None)
    paid = [event.event_id for event, said in told if event.kind == "claim_decided" and said.get("seller_paid") is True]
    if withdrawn is not None and paid:
        rule = "a decision stands over a withdrawal"
        yield Conflict(order_id, "seller_paid", "true", paid[-1], "withdrawn", withdrawn, rule)
