"""The event: something that happened to an order, as it is sent; read, checked, and made a row of the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from features import kinds
from features.columns import epoch_seconds
from features.document import read_order
from features.errors import OrderRefused, Problem, nearest
from service.advice_catalogue import catalogue
from service.events_kinds import EventKind, event_kinds
from service.store import work

# A sender's clock may be ahead of ours by so much.
AHEAD = timedelta(minutes=5)
_OPTIONAL = frozenset({"seller_paid", "counts_as_defect", "amount", "currency", "funded_by", "propensity", "stage"})


class Event(BaseModel):
    """Something that happened to an order, once: the same `event_id` is never counted twice."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    event_id: kinds.Identifier
    order_id: kinds.Identifier
    shop_id: kinds.Identifier | None = Field(default=None, description="`default` where it is left out")
    kind: EventKind
    at: kinds.Instant = Field(description="when it happened")
    facts: dict[str, Any] = Field(default={}, description="attributes of the order that are known by it")
    stage: Literal["requested", "authorised", "label_sent", "shipped", "delivered"] | None = Field(
        default=None, description="of a return; `requested` where it is left out"
    )
    seller_paid: kinds.Flag | None = None
    counts_as_defect: kinds.Flag | None = None
    amount: kinds.Money | None = None
    currency: kinds.Currency | None = None
    funded_by: Literal["seller", "marketplace", "carrier"] | None = None
    rating: Annotated[int, Field(strict=True, ge=1, le=5)] | None = None
    action: kinds.Identifier | None = None
    propensity: kinds.Rate | None = None
    retracts: kinds.Identifier | None = Field(default=None, description="the `event_id` that was a data error")


class Events(BaseModel):
    """Events to take at once."""

    events: Annotated[list[Event], Field(max_length=1_000)]


class OneOrMore(RootModel[Event | Events]):
    """One event, or a list of them."""


def read_event(value: Any, now: float, shop_id: str = "default") -> work.Event:
    """The row of one event out of parsed JSON; `OrderRefused` names what is wrong with it. now: epoch seconds."""
    if not isinstance(value, dict):
        raise OrderRefused([Problem("", "not_an_object", "expected one event as a JSON object")])
    try:
        event = Event.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise OrderRefused([Problem(_place(e["loc"]), str(e["type"]), str(e["msg"])) for e in found[:50]]) from error
    problems = [*_problems(event, value), *_of_facts(event.facts)]
    at = epoch_seconds(event.at)
    if at > now + AHEAD.total_seconds():
        problems.append(Problem("at", "after_now", "expected an instant that is past"))
    if problems:
        raise OrderRefused(problems)
    shop = event.shop_id or shop_id
    body = json.dumps(value | {"shop_id": shop}, sort_keys=True)
    return work.Event(shop, event.event_id, event.order_id, event.kind, at, now, body)


def _place(where: tuple[int | str, ...]) -> str:
    return "/".join(str(part)[:64] for part in where[:2])


def _problems(event: Event, value: dict[str, Any]) -> Iterator[Problem]:
    kind = event_kinds()[event.kind]
    own = {"event_id", "order_id", "shop_id", "kind", "at", "facts"}
    for name in sorted({n for n, v in value.items() if v is not None} - own - kind.members):
        yield Problem(name, "not_of_this_kind", f"expected no {name} in an event of kind {event.kind}")
    for name in sorted(set(event.facts) - kind.facts):
        told = ", ".join(sorted(kind.facts)) or "none"
        yield Problem(f"facts/{name[:64]}", "not_of_this_kind", f"expected facts out of: {told}")
    for name in sorted(kind.members - _OPTIONAL):
        if getattr(event, name) is None:
            yield Problem(name, "missing", f"expected {name} in an event of kind {event.kind}")
    actions = [action.id for action in catalogue().actions]
    if event.action is not None and event.action not in actions:
        detail = f"expected an action that `claimrisk advice` names{nearest(event.action, actions)}"
        yield Problem("action", "unknown_action", detail)
    if event.amount is not None and event.currency is None:
        yield Problem("currency", "missing", "expected a currency beside an amount")


def _of_facts(facts: dict[str, Any]) -> Iterator[Problem]:
    """Facts are attributes of the order, and read by its door."""
    try:
        read_order(facts | {"order_id": "facts"})
    except OrderRefused as error:
        for problem in error.problems:
            if problem.code != "unknown_attribute":
                yield Problem(f"facts/{problem.attribute}", problem.code, problem.detail)
