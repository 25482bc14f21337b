"""The addresses of what is kept: answers by their id."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from service import shapes
from service.answering import JsonBytes
from service.openapi import ALWAYS, problems
from service.problems import RequestRefused
from service.running import Running, running

record_api = APIRouter()
# Answers on a page.
PAGE = 100
Name = Annotated[str, Query(min_length=1, max_length=64)]
Cursor = Annotated[str, Query(max_length=64, description="of the page before")]
ScoreId = Annotated[str, Path(max_length=64, examples=["scr_01KAFD0000000000000000000A"])]


@record_api.get("/v1/scores/{score_id}", tags=["scores"], response_class=JsonBytes,
                responses={200: {"model": shapes.Score}, **problems(*ALWAYS, 400, 404, 503)})  # fmt: skip
async def kept_score(request: Request, score_id: ScoreId) -> Response:
    """The answer that was given under this id, byte for byte."""
    held = running(request)
    found = None if held.store is None else await held.store.reads.answer(score_id)
    if found is None:
        raise _absent(held, "there is no answer with this id")
    return JsonBytes(found[1].encode())


@record_api.get("/v1/scores", tags=["scores"], response_class=JsonBytes,
                responses={200: {"model": shapes.KeptScores}, **problems(*ALWAYS, 400, 404, 503)})  # fmt: skip
async def kept_scores(request: Request, order_id: Name, shop_id: Name = "default", cursor: Cursor = "") -> Response:
    """The answers on one order, oldest first, at most 100; `cursor` of the last page gives the next."""
    held = running(request)
    found = [] if held.store is None else await held.store.reads.answers(shop_id, order_id, cursor, PAGE + 1)
    if not found and not cursor:
        raise _absent(held, "there is no answer on this order")
    told = [orjson.Fragment(body) for body in found[:PAGE]]
    following = orjson.loads(found[PAGE - 1])["id"] if len(found) > PAGE else None
    return JsonBytes(orjson.dumps({"scores": told, "cursor": following}))


def _absent(held: Running, detail: str) -> RequestRefused:
    """Not found, unless it may be among what still waits for the database."""
    if held.store is not None and not held.store.writer.is_up:
        return RequestRefused("store_unavailable", "the database is down; what waits for it cannot be read yet")
    return RequestRefused("not_found", detail)
