"""Answering a POST: read, made, kept, told; with an Idempotency-Key once, however often it is asked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from features.columns import epoch_seconds
from features.document import read_json
from service.bodies import read_body
from service.callers import Caller, caller
from service.guarded import owned
from service.identifiers import score_id
from service.languages import TAGS, accepted
from service.recording import KeyTaken, recorded
from service.refused import RequestRefused
from service.running import Running, running
from service.store.patience import within
from service.store.work import NOTHING, Reply, Work
from service.wording import Lang

KEY_HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted: a body and a query, in which language, by whom, to which service.

    until_kept: what is entered into it is left once the answer has been kept.
    """

    body: bytes
    query: str
    lang: Lang
    by: Caller
    held: Running
    until_kept: AsyncExitStack

    def value(self) -> Any:
        """The body as JSON, of the caller's shop alone; of a large one beside the loop."""
        return owned(read_json(self.body), self.by)


@dataclass(frozen=True, slots=True)
class Made:
    """An answer and what it leaves behind."""

    body: bytes
    work: Work = NOTHING


class JsonBytes(JSONResponse):
    """JSON that is bytes already. A kind of `JSONResponse`, or FastAPI would describe it as text."""

    def render(self, content: bytes) -> bytes:
        """The bytes as they are."""
        return content


async def answered(request: Request, most_bytes: int, make: Callable[[Posted], Awaitable[Made]]) -> Response:
    """The answer to a POST. Only good answers are kept for its key: what was refused may be mended and sent again."""
    held = running(request)
    body = await read_body(request, most_bytes)
    lang = accepted(request.headers.get("accept-language", ""))
    by, key = caller(request), _key(request)

    async def told(reply: Reply | None = None) -> bytes:
        async with AsyncExitStack() as until_kept:
            made = await make(Posted(body, _query(request), lang, by, held, until_kept))
            return await recorded(made.body, _with_reply(made, reply), held)

    if key is None or held.store is None:
        return _told(await told(), lang)
    asked = Reply(by.name, key, _digest(request, body, lang), "", 0.0, lang, b"")
    return await _once(asked, held, told)


async def _once(asked: Reply, held: Running, told: Callable[[Reply], Awaitable[bytes]]) -> Response:
    name = (asked.caller, asked.key)
    if name in held.in_flight:
        raise RequestRefused("request_in_flight", f"a request with this {KEY_HEADER} is being answered; ask again")
    held.in_flight.add(name)
    try:
        earlier = await _earlier(asked, held)
        if earlier is not None:
            return earlier
        at = epoch_seconds(held.clock())
        return _told(await told(replace(asked, work_id=score_id(int(at * 1_000)), at=at)), asked.language)
    except KeyTaken:
        earlier = await _earlier(asked, held)
        if earlier is None:
            raise RequestRefused("request_in_flight", f"another request with this {KEY_HEADER} was first") from None
        return earlier
    finally:
        held.in_flight.discard(name)


async def _earlier(asked: Reply, held: Running) -> Response | None:
    """What was answered to this key before; while the database is down only this process knows, and answers go on."""
    found = held.spooled.get((asked.caller, asked.key)) or await _kept(asked, held)
    if found is None:
        return None
    if found.digest != asked.digest:
        raise RequestRefused("key_reused", _reused(found, asked))
    response = _told(found.body, found.language)
    response.headers[REPLAYED] = "true"
    return response


def _reused(found: Reply, asked: Reply) -> str:
    """Why the stored answer is none to this request; its language is a part of a request, as its texts follow it."""
    told = f"expected the request that this {KEY_HEADER} was first used with"
    if found.language != asked.language:
        first, now = (TAGS["zh" if one.language == "zh" else "en"] for one in (found, asked))
        told += f", which asked for {first}, got one for {now}: Accept-Language is a part of the request"
    return f"{told}; for another request take a new key"


async def _kept(asked: Reply, held: Running) -> Reply | None:
    """What the database has under this key; None where it does not tell in time: who writes learns who was first."""
    if held.store is None or not held.store.writer.is_up:
        return None
    reading = held.store.reads.reply(asked.caller, asked.key, epoch_seconds(held.clock()))
    try:
        return await within(held.settings.store_wait_ms / 1_000, reading)
    except (RequestRefused, TimeoutError):
        return None


def _with_reply(made: Made, reply: Reply | None) -> Work:
    return made.work if reply is None else replace(made.work, reply=replace(reply, body=made.body))


def _digest(request: Request, body: bytes, lang: Lang) -> str:
    asked = f"{request.scope['path']}?{_query(request)}\n{lang}\n"
    return hashlib.sha256(asked.encode() + body).hexdigest()


def _query(request: Request) -> str:
    return str(request.scope["query_string"].decode("latin-1"))  # a `URL` of starlette's takes ten times as long


def _key(request: Request) -> str | None:
    key = request.headers.get(KEY_HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise RequestRefused("request_refused", f"{KEY_HEADER}: expected 1 to 255 characters of ASCII without blanks")
    return key


def _told(body: bytes, lang: str) -> Response:
    tag = TAGS["zh" if lang == "zh" else "en"]
    return JsonBytes(body, headers={"Content-Language": tag, "Vary": "Accept-Language"})
