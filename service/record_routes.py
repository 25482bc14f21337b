"""The addresses of what is kept: answers, orders as known, and the events that change them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from features.columns import epoch_seconds
from features.kinds import instant_problem
from service import shapes, shapes_kept
from service.answering import JsonBytes, answered
from service.callers import caller
from service.events import OneOrMore
from service.events_answer import happened
from service.events_known import Life, order_known
from service.guarded import GuardedRoute
from service.instants import instant_text
from service.openapi import ALWAYS, WITH_BODY, problems, takes
from service.refused import RequestRefused
from service.running import Running, running

record_api = APIRouter(route_class=GuardedRoute)
# Answers on a page.
PAGE = 100
Name = Annotated[str, Query(min_length=1, max_length=64)]
Named = Annotated[str, Path(min_length=1, max_length=64)]
Moment = Annotated[str | None, Query(max_length=40, description="RFC 3339", examples=["2026-11-20T08:15:00Z"])]
EVENT: dict[str, Any] = {
    "event_id": "evt-1", "order_id": "114-0000001-0000001", "kind": "delivered", "at": "2026-11-19T15:02:00Z",
    "facts": {"delivery_place": "porch"},
}  # fmt: skip
Shop = Annotated[str | None, Query(min_length=1, max_length=64, description="the caller's, or `default`")]
Cursor = Annotated[str, Query(max_length=64, description="of the page before")]
ScoreId = Annotated[str, Path(max_length=64, examples=["scr_01KAFD0000000000000000000A"])]


@record_api.get("/v1/scores/{score_id}", tags=["scores"], response_class=JsonBytes,
                responses={200: {"model": shapes.Score}, **problems(*ALWAYS, 400, 404, 503)})  # fmt: skip
async def kept_score(request: Request, score_id: ScoreId) -> Response:
    """The answer that was given under this id, byte for byte."""
    held = running(request)
    found = None if held.store is None else await held.store.reads.answer(score_id)
    if found is None or not caller(request).may_name(found[0]):
        raise _absent(held, "there is no answer with this id")
    return JsonBytes(found[1].encode())


@record_api.get("/v1/scores", tags=["scores"], response_class=JsonBytes,
                responses={200: {"model": shapes_kept.KeptScores}, **problems(*ALWAYS, 400, 404, 503)})  # fmt: skip
async def kept_scores(request: Request, order_id: Name, shop_id: Shop = None, cursor: Cursor = "") -> Response:
    """The answers on one order, oldest first, at most 100; `cursor` of the last page gives the next."""
    held = running(request)
    shop = shop_id or caller(request).shop_id or "default"
    found = [] if held.store is None else await held.store.reads.answers(shop, order_id, cursor, PAGE + 1)
    if not found and not cursor:
        raise _absent(held, "there is no answer on this order")
    told = [orjson.Fragment(body) for body in found[:PAGE]]
    following = orjson.loads(found[PAGE - 1])["id"] if len(found) > PAGE else None
    return JsonBytes(orjson.dumps({"scores": told, "cursor": following}))


@record_api.post("/v1/events", tags=["events"], response_class=JsonBytes,
                 openapi_extra=takes(OneOrMore, EVENT),
                 responses={200: {"model": shapes_kept.EventResults | shapes_kept.EventTaken},
                            **problems(*WITH_BODY, 404)})  # fmt: skip
async def take_events(request: Request) -> Response:
    """Take what happened to orders, one event or `{"events": [...]}`, each once, and score the orders anew."""
    return await answered(request, running(request).settings.max_batch_bytes, happened)


@record_api.get("/v1/orders/{order_id:path}", tags=["events"], response_class=JsonBytes,
                responses={200: {"model": shapes_kept.KnownOrder}, **problems(*ALWAYS, 400, 404, 503)})  # fmt: skip
async def known_order(
    request: Request, order_id: Named, shop_id: Shop = None, as_of: Moment = None, known_at: Moment = None
) -> Response:
    """The order as known: what had happened by `as_of`, as far as it was told by `known_at` (now, where left out)."""
    held = running(request)
    now = epoch_seconds(held.clock())
    happened_by, told_by = (now if m is None else _instant(m) for m in (as_of, known_at))
    place = (shop_id or caller(request).shop_id or "default", order_id)
    life = Life() if held.store is None else (await held.store.reads.lives([place]))[place]
    order = order_known(life, happened_by, told_by)
    if order is None:
        raise _absent(held, "nothing was known of such an order")
    told_then = sorted((e for e in life.events if e.received_at <= told_by), key=lambda e: (e.at, e.event_id))
    events = [json.loads(e.body) for e in told_then]
    last = None if life.last is None else orjson.Fragment(life.last)
    told = {"shop_id": place[0], "order_id": order_id, "as_of": instant_text(happened_by), "order": order}
    return JsonBytes(orjson.dumps(told | {"events": events, "last_score": last}))


def _instant(text: str) -> float:
    problem = instant_problem(text)
    if problem is not None:
        raise RequestRefused("request_refused", problem)
    return epoch_seconds(datetime.fromisoformat(text.upper()))


def _absent(held: Running, detail: str) -> RequestRefused:
    """Not found, unless it may be among what still waits for the database."""
    if held.store is not None and not held.store.writer.is_up:
        return RequestRefused("store_unavailable", "the database is down; what waits for it cannot be read yet")
    return RequestRefused("not_found", detail)
