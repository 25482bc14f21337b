"""What the hold-out shows: lateness and contact of orders that got an advice beside those it was left out of by lot."""

from __future__ import annotations

import asyncio
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from scipy.stats import binomtest  # type: ignore[attr-defined]

from features.columns import epoch_seconds
from features.errors import SettingError
from service.events_known import order_known
from service.exporting import PAGE, lives_of
from service.hold_out import rules
from service.settings import Settings, store_url
from service.store.database import database_url
from service.store.reads import Reads

Surrogate = Literal["late", "contact"]
SURROGATES: tuple[Surrogate, ...] = ("late", "contact")
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Arm:
    """Orders of one side of a lot, and how many of them ended so."""

    orders: int
    hits: int

    @property
    def share(self) -> float:
        """NaN without orders."""
        return self.hits / self.orders if self.orders else math.nan

    def interval(self) -> tuple[float, float]:
        """Of the share, by Wilson."""
        found = binomtest(self.hits, self.orders).proportion_ci(LEVEL, method="wilson")
        return float(found.low), float(found.high)


@dataclass(frozen=True, slots=True)
class Compared:
    """One action and one surrogate. advised, left_out: whether or not it was done; NaN limits where orders are too few
    to tell. difference: of shares, advised less left out."""

    action: str
    surrogate: Surrogate
    advised: Arm
    left_out: Arm

    @property
    def difference(self) -> float:
        """Below zero where the advice lowers it."""
        return self.advised.share - self.left_out.share

    @property
    def interval(self) -> tuple[float, float]:
        """95 % limits of the difference (Newcombe 1998, method 10), NaN with too few orders on a side."""
        if min(self.advised.orders, self.left_out.orders) < rules().fewest_orders:
            return math.nan, math.nan
        (low, high), (other_low, other_high) = self.advised.interval(), self.left_out.interval()
        a, b = self.advised.share, self.left_out.share
        below = math.hypot(a - low, other_high - b)
        return self.difference - below, self.difference + math.hypot(high - a, b - other_low)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One lot of one order. at: when it was first drawn, epoch seconds."""

    action: str
    is_left_out: bool
    at: float


def drawn_in(answers: Iterable[tuple[float, str]]) -> dict[str, Drawn]:
    """By action the first lot of an order, of its answers (decided at, JSON) in the order of time."""
    found: dict[str, Drawn] = {}
    for at, text in answers:
        answer = json.loads(text)
        for told in answer["recommendations"] or ():
            if told.get("propensity") is not None:
                found.setdefault(told["action"], Drawn(told["action"], is_left_out=False, at=at))
        for told in answer["actions_rejected"] or ():
            if told["reason"] == "HELD_OUT":
                found.setdefault(told["action"], Drawn(told["action"], is_left_out=True, at=at))
    return found


def ended(order: Mapping[str, Any], since: float, now: float) -> dict[Surrogate, bool] | None:
    """How an order went on after its lot; None where it is too early to tell, or it was late already."""
    is_shown = order.get("tracking_status") == "delivered"
    arrived = order.get("delivered_at") or (order.get("last_scan_at") if is_shown else None)
    promised, delivered = _seconds(order.get("latest_delivery_at")), _seconds(arrived)
    if not (since < promised < now) or (is_shown and arrived is None):
        return None
    wrote = order.get("first_message_at") or order.get("last_message_at")
    contacts = [_seconds(at) for at in (wrote, order.get("return_requested_at"))]
    if any(at <= since for at in contacts):
        return None
    return {"late": not delivered <= promised, "contact": any(at > since for at in contacts)}


def _seconds(instant: Any) -> float:
    return math.nan if instant is None else epoch_seconds(datetime.fromisoformat(instant.upper()))


def hold_out_told(of: Settings, now: float, shop: str | None = None) -> list[Compared]:
    """Every action of which a lot was drawn, by surrogate, over the orders of one shop or of all that are kept.

    now: epoch seconds, up to which is known how orders went on.
    """
    url = store_url(of)
    if url is None:
        raise SettingError("nothing is kept: set CLAIMRISK_DATA_DIR or CLAIMRISK_DATABASE_URL to where it is")
    return asyncio.run(_compared(url, now, shop))


async def _compared(url: str, now: float, shop: str | None) -> list[Compared]:
    reads = Reads(database_url(url))
    hits: dict[tuple[str, bool], list[dict[Surrogate, bool]]] = defaultdict(list)
    try:
        async for places, lives in lives_of(reads, shop, PAGE):
            told = await reads.told(places)
            for place in places:
                order = order_known(lives[place], now, now)
                for lot in drawn_in(told.get(place, ())).values() if order is not None else ():
                    how = ended(order or {}, lot.at, now)
                    if how is not None:
                        hits[lot.action, lot.is_left_out].append(how)
    finally:
        await reads.close()
    actions = sorted({action for action, _ in hits})
    return [Compared(a, s, _arm(hits[a, False], s), _arm(hits[a, True], s)) for a in actions for s in SURROGATES]


def _arm(ends: list[dict[Surrogate, bool]], surrogate: Surrogate) -> Arm:
    return Arm(len(ends), sum(end[surrogate] for end in ends))
