from __future__ import annotations

import asyncio
import pickle
import socket
from functools import partial
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from uvicorn import Config
from uvicorn.server import ServerState

from features.errors import BundleError, SettingError
from model.coldstart import cold_bundle
from service import connections, serving
from service.connections import LARGEST_HEAD, PatientProtocol
from service.routes import EXAMPLE
from service.settings import Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10", "shop.example"])
def test_beyond_this_machine_a_key_is_needed(host: str) -> None:
    with pytest.raises(SettingError, match="CLAIMRISK_API_KEY"):
        serving.check_address(host, 0, Settings())


def test_with_a_key_it_may_be_reached_from_elsewhere() -> None:
    serving.check_address("0.0.0.0", 0, Settings(api_key="a-key-of-sixteen-or-more"))


def test_a_port_that_is_taken_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingError, match=f"127.0.0.1:{port}: cannot be listened on"):
            serving.check_address("127.0.0.1", port, Settings())


def test_without_a_starter_it_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "settings", lambda: Settings(data_dir=tmp_path))
    with pytest.raises(BundleError, match="make demo"):
        serving.serve(None, "127.0.0.1", 0, lambda _: None)


async def _answer_to(sent: bytes) -> bytes:
    """What a server with our protocol answers to these bytes until it closes the connection."""

    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError("no request was complete")

    loop = asyncio.get_running_loop()
    config = Config(app, ws="none", lifespan="off")
    server = await loop.create_server(lambda: PatientProtocol(config, ServerState(), {}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(sent)
        found = await reader.read()
        writer.close()
        await writer.wait_closed()
    return found


@pytest.mark.parametrize("sent", [b"", b"POST /v1/scores HT", b"POST /v1/scores HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_head_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.05)
    assert asyncio.run(_answer_to(sent)) == b""


def test_a_head_without_end_is_refused() -> None:
    head = b"GET / HTTP/1.1\r\n" + b"X-Filler: " + b"a" * LARGEST_HEAD
    assert asyncio.run(_answer_to(head)).startswith(b"HTTP/1.1 431 ")


def test_what_makes_the_app_of_a_worker_can_be_sent_to_its_process() -> None:
    make = partial(serving._app, None, None, cold_bundle(), Settings(workers=2))
    sent = pickle.loads(pickle.dumps(make))
    with TestClient(sent()) as client:
        assert client.post("/v1/scores", json=EXAMPLE).json()["assessment_status"] == "degraded"
