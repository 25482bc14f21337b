"""Reading the body of a request: declared as JSON, not too large, not too slow."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from service.refused import RequestRefused

SECONDS = 30.0
LARGEST_IN_DIGITS = 18


async def read_body(request: Request, most_bytes: int) -> bytes:
    """The whole body, at most `most_bytes`; `RequestRefused` says what is wrong with it."""
    _declared_as_json(request)
    _small_enough(request.headers.get("content-length", ""), most_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most_bytes:
                    raise _too_large(most_bytes)
    except TimeoutError as error:
        raise RequestRefused("body_too_slow", f"expected the whole body within {SECONDS:g} s") from error
    return bytes(body)


def _declared_as_json(request: Request) -> None:
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    kind = kind.strip()
    is_json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
    if not is_json or charset not in ("", "utf-8", "utf8"):
        raise RequestRefused("unsupported_media_type", "expected Content-Type: application/json, in UTF-8")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise RequestRefused("unsupported_media_type", "expected a body that is not compressed")


def _small_enough(declared: str, most_bytes: int) -> None:
    if declared.isdecimal() and (len(declared) > LARGEST_IN_DIGITS or int(declared) > most_bytes):
        raise _too_large(most_bytes)


def _too_large(most_bytes: int) -> RequestRefused:
    return RequestRefused("body_too_large", f"expected at most {most_bytes:,} bytes; send fewer orders at a time")
