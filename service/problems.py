"""What is answered when a request cannot be served: RFC 9457 problems, one table of status codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from features.document import DocumentRefused
from features.errors import ClaimRiskError, InputError, OrderRefused, Problem
from service.languages import TAGS, accepted
from service.problem_words import said, sendable, texts
from service.refused import Code, RequestRefused
from service.wording import Lang

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:claimrisk:problem:"


STATUSES: Mapping[Code, int] = {
    "document_refused": 400,
    "body_incomplete": 400,
    "request_refused": 400,
    "unauthorised": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "body_too_slow": 408,
    "body_too_large": 413,
    "too_many_orders": 413,
    "unsupported_media_type": 415,
    "request_in_flight": 409,
    "key_reused": 422,
    "order_refused": 422,
    "batch_refused": 422,
    "text_refused": 422,
    "internal_error": 500,
    "store_unavailable": 503,
    "guard_unavailable": 503,
}
# Answers after which the rest of a body may still be on its way: the connection is not used again.
_CLOSING = frozenset({401, 408, 413, 415})
# What somebody has to mend: no use to ask again soon.
_BY_HAND = frozenset({"guard_unavailable"})


def title(code: Code, lang: Lang = "en") -> str:
    """What kind of problem it is."""
    return texts()["title"][code][lang]


def problem(code: Code, detail: str, errors: Sequence[Problem] = (), lang: Lang = "en") -> dict[str, Any]:
    """The members of a problem; `errors` name attributes, never the values that were sent."""
    return {
        "type": TYPE_PREFIX + code,
        "title": title(code, lang),
        "status": STATUSES[code],
        "code": code,
        "detail": said("detail", code, detail, lang),
        "errors": [
            {"pointer": pointer(e.attribute), "code": e.code, "detail": said("error", e.code, e.detail, lang)}
            for e in errors
        ],
    }


def order_problem(error: OrderRefused, lang: Lang = "en") -> dict[str, Any]:
    """The problem of one order."""
    return problem("order_refused", "", error.problems, lang)


def pointer(attribute: str) -> str:
    """The JSON pointer (RFC 6901) of an attribute; the whole order is the empty pointer.

    >>> pointer("placed_at"), pointer("extra/a~b"), pointer("a/b"), pointer("")
    ('/placed_at', '/extra/a~0b', '/a~1b', '')
    """
    if not attribute:
        return ""
    parent, slash, name = attribute.partition("/")
    parts = [parent, name] if slash and parent in ("extra", "facts") else [attribute]
    return "".join("/" + sendable(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _answer(members: Mapping[str, Any], lang: Lang, headers: Mapping[str, str] | None = None) -> Response:
    status = int(members["status"])
    out = {"Content-Language": TAGS[lang], "Vary": "Accept-Language", **(headers or {})}
    if status in _CLOSING:
        out["Connection"] = "close"
    if status in (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE) and members["code"] not in _BY_HAND:
        out["Retry-After"] = "1"
    if status == HTTPStatus.UNAUTHORIZED:
        out["WWW-Authenticate"] = 'ApiKey realm="claimrisk", header="X-API-Key"'
    return Response(orjson.dumps(members), status, out, MEDIA_TYPE)


def asked_lang(headers: Headers) -> Lang:
    """The language in which a request wants to be answered."""
    return accepted(headers.get("accept-language", ""))


def answer_to(error: Exception, lang: Lang = "en") -> Response:
    """The answer to any error; what is no fault of the request tells nothing of itself."""
    if isinstance(error, RequestRefused):
        return _answer(problem(error.code, str(error), error.errors, lang), lang)
    if isinstance(error, OrderRefused):
        return _answer(order_problem(error, lang), lang)
    if isinstance(error, DocumentRefused):
        return _answer(problem("document_refused", str(error), lang=lang), lang)
    if isinstance(error, InputError):
        return _answer(problem("request_refused", str(error), lang=lang), lang)
    if isinstance(error, ClientDisconnect):
        return _answer(problem("body_incomplete", "the client went away before the body was complete", lang=lang), lang)
    if isinstance(error, HTTPException):
        return _of_http(error, lang)
    return _answer(problem("internal_error", "", lang=lang), lang)


def _of_http(error: HTTPException, lang: Lang) -> Response:
    code: Code = next((c for c, status in STATUSES.items() if status == error.status_code), "request_refused")
    return _answer(problem(code, str(error.detail), lang=lang), lang, error.headers)


def handle_problems(app: FastAPI) -> None:
    """Make every error of the app a problem, in the language that is asked for."""

    async def handler(request: Request, error: Exception) -> Response:
        return answer_to(error, asked_lang(request.headers))

    async def refused(request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        where = [Problem("/".join(map(str, e["loc"][1:])), str(e["type"]), str(e["msg"])) for e in found]
        why, lang = "the request does not have the form that is documented", asked_lang(request.headers)
        return _answer(problem("request_refused", why, where, lang), lang)

    for kind in (ClaimRiskError, ClientDisconnect, HTTPException, Exception):
        app.add_exception_handler(kind, handler)
    app.add_exception_handler(RequestValidationError, refused)
