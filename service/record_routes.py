"""The addresses of what is kept: answers by their id."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from service import shapes
from service.openapi import ALWAYS, problems
from service.problems import RequestRefused
from service.routes import JsonBytes
from service.running import Running, running

record_api = APIRouter()
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


def _absent(held: Running, detail: str) -> RequestRefused:
    """Not found, unless it may be among what still waits for the database."""
    if held.store is not None and not held.store.writer.is_up:
        return RequestRefused("store_unavailable", "the database is down; what waits for it cannot be read yet")
    return RequestRefused("not_found", detail)
