"""The shapes of what is kept, for the OpenAPI document: events taken, orders as known, answers listed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from features.kinds import Instant
from service.shapes import FieldProblem, ProblemShape, Score, WarningShape


class KeptScores(BaseModel):
    """Answers on one order, oldest first. cursor: of the next page; null on the last."""

    scores: list[Score]
    cursor: str | None


class Change(BaseModel):
    """One thing that is told of an order, before and after its events."""

    before: float | str | None
    after: float | str | None


class EventTaken(BaseModel):
    """What became of one event. conflict: another event has its id; it is not taken. why: a code, without a score;
    errors: what contradicts itself in the order with its events, where that is why. warnings: that it takes back an
    event which its order does not have."""

    event_id: str
    order_id: str
    shop_id: str
    kind: str
    status: Literal["accepted", "duplicate", "conflict"]
    recorded: Literal["stored", "spooled", "off"]
    why: Literal["ORDER_UNKNOWN", "ORDER_REFUSED", "STORE_DOWN", "LATER_IN_LIST", "DUPLICATE", "CONFLICT"] | None
    errors: list[FieldProblem] | None
    warnings: list[WarningShape]
    change: dict[str, Change] | None
    score: Score | None


class EventResult(BaseModel):
    """What became of one event of a list: it was taken, or a problem."""

    index: int
    status: Literal[200, 422]
    event: EventTaken | None = None
    problem: ProblemShape | None = None


class EventResults(BaseModel):
    """What became of the events of a list, in their order."""

    results: list[EventResult]


class KnownOrder(BaseModel):
    """An order as known at a moment: its attributes, all events told by then, and the score told last."""

    shop_id: str
    order_id: str
    as_of: Instant
    order: dict[str, Any]
    events: list[dict[str, Any]]
    last_score: Score | None
