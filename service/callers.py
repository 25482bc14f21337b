"""Callers: who asks, for which shop, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from starlette.requests import Request

Scope = Literal["score", "events", "read", "admin"]
SCOPES: frozenset[Scope] = frozenset(get_args(Scope))
IN_SCOPE = "claimrisk.caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. name: of the key; shop_id: the only shop it may name, None for all."""

    name: str
    shop_id: str | None
    scopes: frozenset[Scope]

    def may_name(self, shop_id: str) -> bool:
        """Whether this shop is the caller's."""
        return self.shop_id is None or self.shop_id == shop_id


# Whoever is let in without a key of a shop: on the loopback, or with the service's own key.
OPERATOR = Caller("", None, SCOPES)


def caller(request: Request) -> Caller:
    """Who asks."""
    return cast("Caller", request.scope.get(IN_SCOPE, OPERATOR))
