"""The watch over defect budgets: a message to the shop where the chance of a breach has come into another band."""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

import structlog
from anyio import to_thread

from features.columns import epoch_seconds
from features.order import attributes
from service.events_known import Lives
from service.instants import instant_text
from service.means import Means
from service.odr import Forecast
from service.odr_kept import kept_forecast
from service.odr_rule import OdrRule, odr_rule
from service.odr_window import Span
from service.running import Running
from service.store.outbox import message
from service.store.work import Message, Work

TOPIC = "shop.defect_forecast_changed"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bands:
    """What odr_watch.toml says: from which chance each band begins, ascending, and how far below one leaves it."""

    begins: Mapping[str, float]
    hysteresis: float

    def of(self, chance: float, before: str | None) -> str:
        """The band of a chance, if the last that was told is `before`; a band is entered at once and left with care.

        >>> of = Bands({"low": 0.0, "high": 0.5}, 0.2)
        >>> of.of(0.45, None), of.of(0.45, "high"), of.of(0.39, "high")
        ('low', 'high', 'low')
        """
        if before is not None and before in self.begins:
            begin = self.begins[before]
            if begin * (1.0 - self.hysteresis) <= chance < begin:
                return before
        return [name for name, begin in self.begins.items() if chance >= begin][-1]


@cache
def bands() -> Bands:
    """The bands that ship with the program."""
    table = tomllib.loads((resources.files("service") / "odr_watch.toml").read_text("utf-8"))
    return Bands(dict(sorted(table["begins"].items(), key=lambda item: item[1])), float(table["hysteresis"]["share"]))


class OdrWatch:
    """Looks now and then at the defect budget of each shop.

    What was told last is read from the outbox, so a restart repeats nothing; the same change found by two processes on
    one day is the same message, which is kept once.
    """

    def __init__(self, held: Running, shops: Collection[str]) -> None:
        self._held, self._shops = held, sorted(shops)

    async def watch_for_ever(self) -> None:
        """Until cancelled."""
        while True:
            for shop_id in self._shops:
                try:
                    await self.look(shop_id)
                except Exception as error:  # the database is down, or a bug: the next look may do better
                    log.warning("odr_watch.failed", shop_id=shop_id, error=type(error).__name__)
            await asyncio.sleep(self._held.settings.odr_watch_minutes * 60.0)

    async def look(self, shop_id: str) -> int:
        """Look at one shop; how many marketplaces there was something to tell of."""
        held, store = self._held, self._held.store
        if store is None:
            return 0
        now = epoch_seconds(held.clock())
        rules = {name: rule for name in attributes()["marketplace"].choices if (rule := odr_rule(name, now))}
        lives = await store.reads.shop_lives(shop_id, now - max(rule.seconds for rule in rules.values()))
        before = last_told(await store.reads.messages(shop_id, TOPIC))
        # Beside the loop, one at a time, as a batch.
        told = await to_thread.run_sync(_changes, lives, rules, shop_id, now, held.means, before, limiter=held.batches)
        if told:
            await store.writer.record(Work(messages=tuple(told)))
        return len(told)


def last_told(bodies: Collection[str]) -> dict[str, dict[str, Any]]:
    """By marketplace what was told last, of the bodies of messages."""
    told = sorted(map(json.loads, bodies), key=lambda message: datetime.fromisoformat(message["timestamp"]))
    return {message["data"]["marketplace"]: message["data"]["after"] for message in told}


def _changes(
    lives: Lives, rules: Mapping[str, OdrRule], shop_id: str, now: float, means: Means,
    before: Mapping[str, dict[str, Any]],
) -> list[Message]:  # fmt: skip
    """A message for each marketplace whose forecast has come into another band; the lowest is not told at first."""
    sold_on = {json.loads(sent.seen).get("marketplace") for life in lives.values() for sent in life.sent}
    out: list[Message] = []
    for marketplace in sorted(sold_on & rules.keys()):
        rule = rules[marketplace]
        span = Span(shop_id, marketplace, now - rule.seconds, now)
        found = kept_forecast(lives, span, rule, means, None).found
        last = before.get(marketplace)
        usual = next(iter(bands().begins))
        if found is not None and (after := _told(found, last))["band"] != (last or {"band": usual})["band"]:
            # By all that was told last: a band that is entered twice in a day is told twice.
            day = instant_text(now // 86_400 * 86_400)
            key = f"{marketplace} {day} {json.dumps(last, sort_keys=True)} {after['band']}"
            data = {"marketplace": marketplace, "before": last, "after": after}
            out.append(message(key, TOPIC, now, (shop_id, None), data))
    return out


def _told(found: Forecast, last: Mapping[str, Any] | None) -> dict[str, Any]:
    """Where a budget stands, by names of the API's answer."""
    chance = float(found.final.breach[0])
    return {
        "band": bands().of(chance, None if last is None else last["band"]),
        "probability_of_breach": chance,
        "expected_rate": float(found.final.rate[0]),
        "orders": found.orders,
        "defects": found.known,
        "remaining": found.allowed - found.known,
    }
