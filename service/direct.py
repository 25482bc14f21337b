"""Straight to the endpoint: routes that read and answer for themselves do not pass FastAPI's router.

To find the route takes it as long as the trees take to score three orders.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from features.errors import ClaimRiskError
from service.problems import answer_to, asked_lang
from service.routes import PlainRoute


class Direct:
    """ASGI middleware. routes: of which those with a fixed path are gone to; all else is left to the app."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        plain = [route for route in routes if isinstance(route, PlainRoute) and not route.param_convertors]
        self._found = {(m, r.path): (r, r.get_route_handler()) for r in plain for m in r.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the app answer. An error that nobody foresaw is the app's to tell and to log."""
        found = self._found.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"], handler = found
        try:
            response = await handler(Request(scope, receive, send))
        except (ClaimRiskError, ClientDisconnect, HTTPException) as error:
            response = answer_to(error, asked_lang(Headers(scope=scope)))
            error.__traceback__ = None  # its frames hold the request, and whoever waited for the answer holds the error
        await response(scope, receive, send)
