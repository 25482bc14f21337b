"""What is answered when a request cannot be served: RFC 9457 problems, one table of status codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from features.document import DocumentRefused
from features.errors import ClaimRiskError, InputError, OrderRefused, Problem
from service.refused import Code, RequestRefused

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:claimrisk:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: HTTP status and title."""

    status: int
    title: str


KINDS: Mapping[Code, Kind] = {
    "document_refused": Kind(400, "The body is not JSON that can be taken"),
    "body_incomplete": Kind(400, "The body ended early"),
    "request_refused": Kind(400, "The request cannot be used"),
    "unauthorised": Kind(401, "The API key is missing or wrong"),
    "forbidden": Kind(403, "The API key may not do this"),
    "not_found": Kind(404, "There is nothing at this address"),
    "method_not_allowed": Kind(405, "This address does not take this method"),
    "body_too_slow": Kind(408, "The body came too slowly"),
    "body_too_large": Kind(413, "The body is too large"),
    "too_many_orders": Kind(413, "The batch has too many orders"),
    "unsupported_media_type": Kind(415, "The body is not declared as plain JSON"),
    "request_in_flight": Kind(409, "The same request is being answered"),
    "key_reused": Kind(422, "The key belongs to another request"),
    "order_refused": Kind(422, "The order cannot be used"),
    "batch_refused": Kind(422, "The batch cannot be used"),
    "text_refused": Kind(422, "The text cannot be checked"),
    "internal_error": Kind(500, "Something went wrong here"),
    "store_unavailable": Kind(503, "What was kept cannot be read now"),
}
# Answers after which the rest of a body may still be on its way: the connection is not used again.
_CLOSING = frozenset({401, 408, 413, 415})


def problem(code: Code, detail: str, errors: Sequence[Problem] = ()) -> dict[str, Any]:
    """The members of a problem; `errors` name attributes, never the values that were sent."""
    kind = KINDS[code]
    return {
        "type": TYPE_PREFIX + code,
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "detail": _sendable(detail),
        "errors": [{"pointer": pointer(e.attribute), "code": e.code, "detail": _sendable(e.detail)} for e in errors],
    }


def order_problem(error: OrderRefused) -> dict[str, Any]:
    """The problem of one order."""
    return problem("order_refused", "see errors for each attribute that cannot be used", error.problems)


def pointer(attribute: str) -> str:
    """The JSON pointer (RFC 6901) of an attribute; the whole order is the empty pointer.

    >>> pointer("placed_at"), pointer("extra/a~b"), pointer("a/b"), pointer("")
    ('/placed_at', '/extra/a~0b', '/a~1b', '')
    """
    if not attribute:
        return ""
    parent, slash, name = attribute.partition("/")
    parts = [parent, name] if slash and parent in ("extra", "facts") else [attribute]
    return "".join("/" + _sendable(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _sendable(text: str) -> str:
    """The text without lone surrogates, which no UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _answer(members: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    status = int(members["status"])
    out = {"Content-Language": "en", **(headers or {})}
    if status in _CLOSING:
        out["Connection"] = "close"
    if status in (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE):
        out["Retry-After"] = "1"
    if status == HTTPStatus.UNAUTHORIZED:
        out["WWW-Authenticate"] = 'ApiKey realm="claimrisk", header="X-API-Key"'
    return Response(orjson.dumps(members), status, out, MEDIA_TYPE)


def answer_to(error: Exception) -> Response:
    """The answer to any error; what is no fault of the request tells nothing of itself."""
    if isinstance(error, RequestRefused):
        return _answer(problem(error.code, str(error), error.errors))
    if isinstance(error, OrderRefused):
        return _answer(order_problem(error))
    if isinstance(error, DocumentRefused):
        return _answer(problem("document_refused", str(error)))
    if isinstance(error, InputError):
        return _answer(problem("request_refused", str(error)))
    if isinstance(error, ClientDisconnect):
        return _answer(problem("body_incomplete", "the client went away before the body was complete"))
    if isinstance(error, HTTPException):
        return _of_http(error)
    return _answer(problem("internal_error", "this is a bug of the service; its log says more"))


def _of_http(error: HTTPException) -> Response:
    code: Code = next((c for c, kind in KINDS.items() if kind.status == error.status_code), "request_refused")
    return _answer(problem(code, str(error.detail)), error.headers)


def handle_problems(app: FastAPI) -> None:
    """Make every error of the app a problem."""

    async def handler(_: Request, error: Exception) -> Response:
        return answer_to(error)

    async def refused(_: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        where = [Problem("/".join(map(str, e["loc"][1:])), str(e["type"]), str(e["msg"])) for e in found]
        return _answer(problem("request_refused", "the request does not have the form that is documented", where))

    for kind in (ClaimRiskError, ClientDisconnect, HTTPException, Exception):
        app.add_exception_handler(kind, handler)
    app.add_exception_handler(RequestValidationError, refused)
