"""Guarded routes: what a caller may do, by route, and whose orders it may name: those of another shop are not found."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from service.callers import Caller, Scope, caller
from service.refused import RequestRefused

# What each route needs; one that does not stand here is for administrators.
NEEDED: Mapping[tuple[str, str], Scope] = {
    ("POST", "/v1/scores"): "score",
    ("POST", "/v1/scores/batch"): "score",
    ("POST", "/v1/playbook"): "score",
    ("POST", "/v1/compliance/check"): "score",
    ("POST", "/v1/events"): "events",
    ("GET", "/v1/scores"): "read",
    ("GET", "/v1/scores/{score_id}"): "read",
    ("GET", "/v1/orders/{order_id}"): "read",
    ("GET", "/v1/shops/{shop_id}/odr"): "read",
    ("POST", "/v1/shops/{shop_id}/odr/plan"): "read",
    ("GET", "/v1/model"): "read",
    ("GET", "/v1/monitoring"): "admin",
}
OPEN = frozenset({"/healthz", "/readyz"})
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route that lets in who may do what it does, and only for its own shop."""

    def get_route_handler(self) -> Handler:
        """The handler behind the guard."""
        return guarded(self, super().get_route_handler())


def guarded(route: APIRoute, handler: Handler) -> Handler:
    """The handler, for callers with the scope that the route needs, on shops of theirs."""
    if route.path_format in OPEN:
        return handler
    needed = {method: NEEDED.get((method, route.path_format), "admin") for method in route.methods or ()}

    async def guard(request: Request) -> Response:
        by = caller(request)
        if needed[request.method] not in by.scopes:
            raise RequestRefused("forbidden", f"expected a key with the scope {needed[request.method]}")
        if by.shop_id is not None:
            for named in (request.path_params.get("shop_id"), request.query_params.get("shop_id")):
                if named is not None and not by.may_name(named):
                    raise not_found()
        return await handler(request)

    return guard


def not_found() -> RequestRefused:
    """What is answered on another shop's orders: the same as on those that do not exist."""
    return RequestRefused("not_found", "there is nothing of this name")


def owned(value: Any, by: Caller) -> Any:
    """A body whose orders are all of the caller's shop: those that name none become so, another's are not found."""
    if by.shop_id is None or not isinstance(value, dict):
        return value
    listed = next((value[name] for name in ("orders", "events") if isinstance(value.get(name), list)), [value])
    for one in listed:
        if isinstance(one, dict) and "order_id" in one and one.setdefault("shop_id", by.shop_id) != by.shop_id:
            if one["shop_id"] is not None:
                raise not_found()
            one["shop_id"] = by.shop_id
    return value
