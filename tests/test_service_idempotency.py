"""Idempotency-Key: asked again, the same bytes are answered, and nothing is kept twice."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from starlette.testclient import TestClient
from stores import executed, locked, opened

from model.artefact import Bundle
from service.app import create_app
from service.means import Means
from service.routes import DRAFT, EXAMPLE
from service.settings import Settings
from service.store.database import database_url
from service.store.reads import Reads

KEY = {"Idempotency-Key": "a-key"}
BODIES: dict[str, Any] = {
    "/v1/scores": EXAMPLE, "/v1/scores/batch": {"orders": [EXAMPLE]}, "/v1/playbook": EXAMPLE,
    "/v1/compliance/check": DRAFT,
}  # fmt: skip


def rows(url: str) -> int:
    return len(asyncio.run(executed(url, "SELECT id FROM decisions")))


@pytest.mark.parametrize("path", BODIES)
def test_the_same_key_is_answered_with_the_same_bytes(kept: TestClient, url: str, path: str) -> None:
    first, second = (kept.post(path, json=BODIES[path], headers=KEY) for _ in range(2))
    assert (first.status_code, "Idempotency-Replayed" in first.headers) == (200, False)
    assert second.content == first.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert rows(url) == ("scores" in path)


def test_a_key_belongs_to_one_request(kept: TestClient, url: str) -> None:
    first = kept.post("/v1/scores", json=EXAMPLE, headers=KEY)
    other = kept.post("/v1/scores", json=EXAMPLE | {"order_id": "another"}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert kept.post("/v1/scores", json=EXAMPLE, headers=KEY).content == first.content
    assert rows(url) == 1


def test_what_was_refused_may_be_sent_again_with_its_key(kept: TestClient) -> None:
    assert kept.post("/v1/scores", json={"order_id": ""}, headers=KEY).status_code == 422
    assert kept.post("/v1/scores", json=EXAMPLE, headers=KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, "a b"])
def test_a_key_is_1_to_255_characters(kept: TestClient, key: str) -> None:
    assert kept.post("/v1/scores", json=EXAMPLE, headers={"Idempotency-Key": key}).status_code == 400


def test_fifty_at_once_leave_one_decision(kept_app: FastAPI, kept: TestClient, url: str) -> None:
    async def ask() -> list[tuple[int, bytes]]:
        async with AsyncClient(transport=ASGITransport(kept_app), base_url="http://shop") as client:
            posts = [client.post("/v1/scores", json=EXAMPLE, headers=KEY) for _ in range(50)]
            return [(answer.status_code, answer.content) for answer in await asyncio.gather(*posts)]

    assert kept.portal is not None
    answers = kept.portal.call(ask)
    assert {status for status, _ in answers} <= {200, 409}
    assert len({body for status, body in answers if status == 200}) == 1
    assert rows(url) == 1


def test_a_key_is_remembered_while_the_database_is_down(tmp_path: Path, bundle: Bundle) -> None:
    of = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/claimrisk.db")
    with TestClient(create_app(Means(bundle), of)) as client, locked(tmp_path / "claimrisk.db"):
        first, second = (client.post("/v1/scores", json=EXAMPLE, headers=KEY) for _ in range(2))
        assert first.json()["recorded"] == "spooled"
        assert second.content == first.content


def test_two_workers_asked_at_once_leave_one_decision(url: str, bundle: Bundle, tmp_path: Any) -> None:
    of = Settings(data_dir=tmp_path, database_url=url, workers=2, store_wait_ms=20_000)
    with TestClient(create_app(Means(bundle), of)) as one:
        first = one.post("/v1/scores", json=EXAMPLE, headers=KEY)

        async def late() -> list[str]:
            from service.store.work import Reply, Work

            async with opened(url, tmp_path / "spool", workers=2) as other:
                reply = Reply("", "a-key", "", "scr_late", time.time(), "en", b"{}")
                return [await other.writer.record(Work((), (), reply))]

        assert asyncio.run(late()) == ["taken"]
        assert one.post("/v1/scores", json=EXAMPLE, headers=KEY).content == first.content


def test_a_key_is_answered_though_reads_fail_before_the_writer_knows(tmp_path: Path, bundle: Bundle) -> None:
    url = f"sqlite:///{tmp_path}/claimrisk.db"
    app = create_app(Means(bundle), Settings(data_dir=tmp_path, database_url=url, store_wait_ms=20_000))
    with TestClient(app) as client:
        store = app.state.running.store
        app.state.running.store = replace(store, reads=Reads(database_url(f"sqlite:///{tmp_path}/gone.db")))
        assert client.post("/v1/scores", json=EXAMPLE, headers=KEY).status_code == 200
        again = client.post("/v1/scores", json=EXAMPLE, headers=KEY)
        assert (again.status_code, again.json()["code"]) == (409, "request_in_flight")
        app.state.running.store = store
    assert rows(url) == 1


def test_what_the_database_can_tell_again_is_not_held_in_memory(tmp_path: Path, bundle: Bundle) -> None:
    of = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/claimrisk.db", store_wait_ms=1_000)
    app = create_app(Means(bundle), of)
    with TestClient(app) as client:
        held = app.state.running
        with locked(tmp_path / "claimrisk.db"):
            first = client.post("/v1/scores", json=EXAMPLE, headers=KEY)
        until = time.monotonic() + 20.0
        while held.spooled and time.monotonic() < until:
            client.post("/v1/scores", json=EXAMPLE)
        assert not held.spooled
        assert client.post("/v1/scores", json=EXAMPLE, headers=KEY).content == first.content


def test_the_same_key_in_another_language_says_that_the_language_is_part_of_the_request(kept: TestClient) -> None:
    kept.post("/v1/scores", json=EXAMPLE, headers=KEY)
    en, zh = (
        kept.post("/v1/scores", json=body, headers=KEY | {"Accept-Language": tag}).json()
        for body, tag in ((EXAMPLE | {"order_id": "another"}, "en"), (EXAMPLE, "zh-CN"))
    )
    assert {en["code"], zh["code"]} == {"key_reused"}
    assert "Accept-Language" not in en["detail"]
    assert "语言（Accept-Language）也算在内" in zh["detail"]
    assert "asked for en, got one for zh-CN" in zh["detail"]
