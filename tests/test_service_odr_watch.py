"""The watch over defect budgets: a shop is told once when the chance of a breach comes into another band."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW

from model.artefact import Bundle
from service.app import create_app
from service.means import Means
from service.odr_watch import TOPIC, Bands, OdrWatch, bands, last_told
from service.running import Running
from service.settings import Settings
from service.store.keeping import Store, open_store
from service.store.outbox import Watch
from service.store.work import Decision, Event, Work

AT = NOW.timestamp()


def sent(number: int, shop_id: str = "s") -> Decision:
    placed = (NOW - timedelta(days=2 + number % 50)).isoformat()
    order = {"order_id": f"o{number}", "shop_id": shop_id, "marketplace": "US", "fulfilment_channel": "seller",
             "placed_at": placed, "order_total": 20.0, "currency": "USD"}  # fmt: skip
    answer = json.dumps({"id": f"d{shop_id}{number}", "recorded": "stored", "clocks": []})
    return Decision(f"d{shop_id}{number}", shop_id, f"o{number}", AT - 9.0, AT - 9.0, "score", "m", 0.01, "low", b"",
                    json.dumps(order), answer)  # fmt: skip


def claim(number: int, shop_id: str = "s") -> Event:
    at = (NOW - timedelta(days=1)).isoformat()
    body = {"event_id": f"e{number}", "order_id": f"o{number}", "shop_id": shop_id, "kind": "claim_decided", "at": at,
            "counts_as_defect": True}  # fmt: skip
    return Event(shop_id, f"e{number}", f"o{number}", "claim_decided", AT - 86_400.0, AT - 8.0, json.dumps(body))


@pytest.fixture
def held(bundle: Bundle, url: str, tmp_path: Path) -> Running:
    of = Settings(data_dir=tmp_path, database_url=url)
    running: Running = create_app(Means(bundle), of, clock=lambda: NOW).state.running
    return running


async def opened(held: Running, *shops: str) -> Store:
    watch = Watch(dict.fromkeys(shops, 3_600.0))
    return await open_store(str(held.settings.database_url), held.settings.data_dir / "spool", workers=1, watch=watch)


def looks(held: Running, *steps: Work, shop: str = "s") -> list[list[dict[str, Any]]]:
    """After each piece of work a look; the messages there are by then, oldest first."""

    async def go() -> list[list[dict[str, Any]]]:
        held.store, told = await opened(held, "s", "t"), list[list[dict[str, Any]]]()
        try:
            for work in steps:
                await held.store.writer.record(work)
                await OdrWatch(held, [shop]).look(shop)
                told.append([json.loads(body) for body in await held.store.reads.messages(shop, TOPIC)])
        finally:
            await held.store.close()
        return told

    return asyncio.run(go())


ORDERS = Work(tuple(sent(number) for number in range(60)))


def test_a_shop_is_told_once_that_its_chance_of_a_breach_has_risen(held: Running) -> None:
    claims = Work(events=tuple(claim(number) for number in range(3)))
    first, second, third = looks(held, ORDERS, claims, Work())
    assert len(second) == len(first) + 1
    assert third == second
    data = second[-1]["data"]
    assert (data["shop_id"], data["marketplace"]) == ("s", "US")
    assert data["after"]["band"] == "expected"
    assert (data["after"]["defects"], data["after"]["remaining"]) == (3, -3)
    assert data["before"] == (first[-1]["data"]["after"] if first else None)


def retracted(number: int) -> Event:
    at = NOW.isoformat()
    body = {"event_id": f"r{number}", "order_id": f"o{number}", "shop_id": "s", "kind": "label_retracted", "at": at,
            "retracts": f"e{number}"}  # fmt: skip
    return Event("s", f"r{number}", f"o{number}", "label_retracted", AT - 7.0, AT - 7.0, json.dumps(body))


def test_a_band_that_is_entered_twice_in_a_day_is_told_twice(held: Running) -> None:
    claims = Work(events=tuple(claim(number) for number in range(3)))
    again = Work((sent(60),), tuple(retracted(number) for number in range(3)))
    anew = Work(events=tuple(claim(number) for number in range(3, 6)))
    *_, third, fourth = looks(held, ORDERS, claims, again, anew)
    assert third[-1]["data"]["before"]["band"] == "expected"
    assert len(fourth) == len(third) + 1


def test_two_processes_that_find_the_same_tell_it_once(held: Running) -> None:
    work = Work(ORDERS.decisions, tuple(claim(number) for number in range(3)))

    async def go() -> int:
        held.store = await opened(held, "s")
        try:
            await held.store.writer.record(work)
            await asyncio.gather(OdrWatch(held, ["s"]).look("s"), OdrWatch(held, ["s"]).look("s"))
            return len(await held.store.reads.messages("s", TOPIC))
        finally:
            await held.store.close()

    assert asyncio.run(go()) == 1


def test_a_shop_hears_nothing_of_another(held: Running) -> None:
    others = Work(tuple(sent(n, "t") for n in range(60)), tuple(claim(n, "t") for n in range(3)))
    assert looks(held, others) == [[]]


def test_a_band_is_left_downwards_with_care() -> None:
    of = Bands({"unlikely": 0.0, "possible": 0.05, "likely": 0.25}, 0.2)
    assert [of.of(chance, "likely") for chance in (0.3, 0.21, 0.19, 0.01)] == [
        "likely",
        "likely",
        "possible",
        "unlikely",
    ]
    assert of.of(0.06, "unlikely") == "possible"
    assert list(bands().begins.values()) == sorted(bands().begins.values())


def test_what_was_told_last_is_by_its_time_not_by_its_place() -> None:
    bodies = [
        json.dumps({"timestamp": at, "data": {"marketplace": "US", "after": {"band": band}}})
        for at, band in (("2026-11-02T00:00:00Z", "likely"), ("2026-11-01T23:00:00.5Z", "possible"))
    ]
    assert last_told(bodies) == {"US": {"band": "likely"}}
    assert datetime.fromisoformat("2026-11-02T00:00:00Z") > datetime.fromisoformat("2026-11-01T23:00:00.5Z")
