"""Webhooks: what changes is put into the outbox with the decision, signed, and sent until it is taken."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from stores import executed

from features.errors import SettingError
from service.instants import instant_text
from service.store.keeping import Store, open_store
from service.store.outbox import Watch, message
from service.store.work import Decision, Work
from service.webhook_endpoints import Endpoint, read_endpoints
from service.webhooks import WAITS, NotTaken, Webhooks, delivered

SECRETS = tuple("whsec_" + base64.b64encode(letter * 24).decode() for letter in (b"a", b"b"))
HOUR, NOW = 3_600.0, 1_795_000_000.0
DUE = str(instant_text(NOW + 48 * HOUR))  # of a clock that a message tells of a day before


class Shop(BaseHTTPRequestHandler):
    """The shop's end: remembers what it takes; answers what it is told to."""

    taken: list[tuple[dict[str, str], str]]
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[tuple[type[Shop], Endpoint]]:
    handler = type("ThisShop", (Shop,), {"taken": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield handler, Endpoint("s", f"http://127.0.0.1:{server.server_port}/hook", SECRETS, 24 * HOUR, True)
        server.shutdown()


def decision(name: str, band: str, due: str | None = None, state: str = "running") -> Decision:
    clocks = [] if due is None else [{"code": "REPLY_LIMIT", "due": due, "state": state}]
    answer = json.dumps({"id": name, "recorded": "stored", "clocks": clocks})
    return Decision(name, "s", "o", NOW, NOW, "score", "m", 0.01, band, b"", "{}", answer)


def alone(name: str, **replied: str) -> Decision:
    """A score alone, on an order whose buyer wrote now."""
    asked = {"order_id": "o", "marketplace": "US", "first_message_at": str(instant_text(NOW)), **replied}
    answer = json.dumps({"id": name, "recorded": "stored", "as_of": instant_text(NOW + HOUR), "clocks": None})
    return replace(decision(name, "low"), seen=json.dumps(asked), answer=answer)


async def told(store: Store, *decisions: Decision) -> None:
    for one in decisions:
        assert await store.writer.record(Work((one,))) == "stored"


def run(url: str, folder: Path, endpoint: Endpoint, at: list[float], *decisions: Decision) -> list[int]:
    """How many messages are tried at each moment, after these decisions."""

    async def inside() -> list[int]:
        store = await open_store(url, folder, patience=20.0, watch=Watch({"s": endpoint.lead}))
        await told(store, *decisions)
        hooks = Webhooks(store, {"s": endpoint})
        tried = [await hooks.send_due(moment) for moment in at]
        await store.close()
        return tried

    return asyncio.run(inside())


def test_a_changed_band_is_told_once_signed_by_each_secret(url: str, tmp_path: Path, shop: Any) -> None:
    handler, endpoint = shop
    tried = run(
        url, tmp_path, endpoint, [NOW, NOW + 1e6], decision("1", "low"), decision("2", "low"), decision("3", "high")
    )
    assert tried == [1, 0]
    [(headers, body)] = handler.taken
    data = json.loads(body)["data"]
    assert data == {"shop_id": "s", "order_id": "o", "score_id": "3", "before": "low", "after": "high"}
    for secret in SECRETS:
        signed = Webhook(secret)
        assert signed.sign(headers["webhook-id"], _at(headers), body) in headers["webhook-signature"].split()


def _at(headers: dict[str, str]) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)


def test_a_clock_is_told_of_when_it_is_about_to_run_out(url: str, tmp_path: Path, shop: Any) -> None:
    handler, endpoint = shop
    moments = [NOW, NOW + 23 * HOUR, NOW + 25 * HOUR, NOW + 26 * HOUR]
    assert run(url, tmp_path, endpoint, moments, decision("1", "low", DUE), decision("2", "low", DUE)) == [0, 0, 1, 0]
    assert json.loads(handler.taken[0][1])["data"]["clock"] == "REPLY_LIMIT"


def test_a_clock_that_was_stopped_is_not_told_of(url: str, tmp_path: Path, shop: Any) -> None:
    handler, endpoint = shop
    stopped = decision("2", "low", DUE, "met")
    assert run(url, tmp_path, endpoint, [NOW + 25 * HOUR], decision("1", "low", DUE), stopped) == [0]
    assert handler.taken == []
    assert asyncio.run(executed(url, "SELECT ending FROM outbox"))[0].ending == "outdated"


def test_a_score_alone_tells_of_clocks_as_a_full_answer_would(url: str, tmp_path: Path, shop: Any) -> None:
    handler, endpoint = shop
    assert run(url, tmp_path, endpoint, [NOW + 25 * HOUR], alone("1"), alone("2")) == [1]
    assert json.loads(handler.taken[0][1])["data"] == {
        "shop_id": "s",
        "order_id": "o",
        "clock": "REPLY_LIMIT",
        "due": DUE,
    }


def test_a_clock_that_was_stopped_is_not_told_of_though_the_score_alone_was_asked_for(
    url: str, tmp_path: Path, shop: Any
) -> None:
    handler, endpoint = shop
    replied = alone("2", first_reply_at=str(instant_text(NOW + HOUR)))
    assert run(url, tmp_path, endpoint, [NOW + 25 * HOUR], decision("1", "low", DUE), replied) == [0]
    assert handler.taken == []


def test_what_is_not_taken_is_sent_again_with_its_id_and_given_up_at_last(url: str, tmp_path: Path, shop: Any) -> None:
    handler, endpoint = shop
    handler.status = 302
    moments = [NOW + 1e6 * n for n in range(len(WAITS) + 3)]
    tried = run(url, tmp_path, endpoint, moments, decision("1", "low"), decision("2", "high"))
    assert tried == [1] * (len(WAITS) + 1) + [0, 0]
    assert len({headers["webhook-id"] for headers, _ in handler.taken}) == 1
    assert asyncio.run(executed(url, "SELECT ending FROM outbox"))[0].ending == "given_up"


def test_shops_without_an_endpoint_leave_no_message(url: str, tmp_path: Path) -> None:
    run(url, tmp_path, Endpoint("other", "", (), 0.0, False), [])

    async def inside() -> None:
        store = await open_store(url, tmp_path, patience=20.0, watch=Watch({"other": HOUR}))
        await told(store, decision("1", "low"), decision("2", "high"))
        await store.close()

    asyncio.run(inside())
    assert asyncio.run(executed(url, "SELECT id FROM outbox")) == []


def test_any_other_message_goes_the_same_way(url: str, tmp_path: Path, shop: Any) -> None:
    handler, endpoint = shop

    async def inside() -> None:
        store = await open_store(url, tmp_path, patience=20.0, watch=Watch({"s": HOUR}))
        forecast = message("2026-11-20", "shop.defect_forecast_changed", NOW, ("s", None), {"p_breach": 0.2})
        for _ in range(2):
            await store.writer.record(Work(messages=(forecast,)))
        assert await Webhooks(store, {"s": endpoint}).send_due(NOW) == 1
        await store.close()

    asyncio.run(inside())
    assert json.loads(handler.taken[0][1])["data"] == {"shop_id": "s", "p_breach": 0.2}


def test_a_private_address_is_not_asked_unless_it_may_be() -> None:
    with pytest.raises(NotTaken, match="private"):
        delivered(Endpoint("s", "http://127.0.0.1:9/", SECRETS, 0.0, False), "msg_1", "{}", NOW)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('shop_id = "s"\nurl = "http://shop.example"\nsecrets = ["whsec_YQ=="]', "https"),
        ('shop_id = "s"\nurl = "https://shop.example"\nsecrets = []', "one or two secrets"),
        ('shop_id = "s"\nurl = "https://shop.example"', "secrets"),
    ],
)
def test_a_file_of_endpoints_that_cannot_be_used_says_why(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "hooks.toml").write_text("[[endpoint]]\n" + text)
    with pytest.raises(SettingError, match=wrong):
        read_endpoints(tmp_path / "hooks.toml")
