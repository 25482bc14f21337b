"""The door of the app: the API key, the headers every answer carries, the count of what was answered."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observation import Metrics
from service.problems import RequestRefused, answer_to

API_KEY_HEADER = "X-API-Key"
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
API_CSP = "default-src 'none'; frame-ancestors 'none'"
# Swagger UI, served from here, starts by an inline script and styles its elements.
DOCS_CSP = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Door:
    """ASGI middleware. policies: Content-Security-Policy by path, else that of the API."""

    def __init__(self, app: ASGIApp, metrics: Metrics, api_key: str | None, policies: Mapping[str, str]) -> None:
        self._app = app
        self._metrics = metrics
        self._key = None if api_key is None else api_key.encode()
        self._policies = policies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), int(HTTPStatus.INTERNAL_SERVER_ERROR)

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("Content-Security-Policy", self._policies.get(scope["path"], API_CSP))
            await send(message)

        try:
            app = self._app if self._may_enter(scope) else _REFUSED
            await app(scope, receive, dressed)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.answered(route, scope["method"], status, time.perf_counter() - start)

    def _may_enter(self, scope: Scope) -> bool:
        if self._key is None or scope["path"] in OPEN_PATHS:
            return True
        given = Headers(scope=scope).get(API_KEY_HEADER, "")
        return hmac.compare_digest(given.encode("latin-1"), self._key)


_REFUSED = answer_to(RequestRefused("unauthorised", f"expected the API key of this service in {API_KEY_HEADER}"))
