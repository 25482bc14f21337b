"""The door of the app: the API key, the headers every answer carries, the count of what was answered."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.callers import IN_SCOPE
from service.keys import Keyring, keys_path
from service.languages import TAGS
from service.observation import Metrics
from service.problems import answer_to, asked_lang
from service.refused import RequestRefused
from service.running import Clock
from service.settings import Settings, needs_key
from service.wording import Lang

API_KEY_HEADER = "X-API-Key"
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
API_CSP = "default-src 'none'; frame-ancestors 'none'"
# Swagger UI, served from here, starts by an inline script and styles its elements.
DOCS_CSP = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_CACHE, _POLICY = b"cache-control", b"content-security-policy"


class Door:
    """ASGI middleware. policies: Content-Security-Policy by path, else that of the API."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, settings: Settings, clock: Clock, policies: Mapping[str, str]
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._key = None if settings.api_key is None else settings.api_key.encode()
        self._needs_key = needs_key(settings)
        self._keyring, self._clock = Keyring(keys_path(settings.data_dir)), clock
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
                given = list(message["headers"])
                names = {name.lower() for name, _ in given}
                policy = self._policies.get(scope["path"], API_CSP).encode()
                own = [pair for pair in ((_CACHE, b"no-store"), (_POLICY, policy)) if pair[0] not in names]
                message["headers"] = [*given, *_HEADERS, *own]
            await send(message)

        try:
            app = self._app if self._may_enter(scope) else _REFUSED[asked_lang(Headers(scope=scope))]
            await app(scope, receive, dressed)
        finally:
            route = getattr(scope.get("route"), "path_format", "other")
            self._metrics.answered(route, scope["method"], status, time.perf_counter() - start)

    def _may_enter(self, scope: Scope) -> bool:
        """Whether the request comes in; who sends it is written into its scope."""
        if scope["path"] in OPEN_PATHS:
            return True
        given = Headers(scope=scope).get(API_KEY_HEADER)
        if given is None:
            return not self._needs_key
        if self._key is not None and hmac.compare_digest(given.encode("latin-1"), self._key):
            return True
        by = self._keyring.caller(given, self._clock().timestamp())
        if by is not None:
            scope[IN_SCOPE] = by
        return by is not None


_NO_KEY = RequestRefused("unauthorised", f"expected the API key of this service in {API_KEY_HEADER}")
_REFUSED: Mapping[Lang, Response] = {lang: answer_to(_NO_KEY, lang) for lang in TAGS}
