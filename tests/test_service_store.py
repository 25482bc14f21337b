"""The store: what was told is kept before it is answered, and can be read again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from starlette.testclient import TestClient
from stores import executed

from model.artefact import Bundle
from service import record_routes
from service.routes import EXAMPLE


def test_an_answer_can_be_read_again_byte_for_byte(kept: TestClient) -> None:
    told = kept.post("/v1/scores", json=EXAMPLE)
    assert told.json()["recorded"] == "stored"
    assert kept.get(f"/v1/scores/{told.json()['id']}").content == told.content


def test_every_answer_of_a_batch_can_be_read_again(kept: TestClient, documents: list[dict[str, Any]]) -> None:
    results = kept.post("/v1/scores/batch", json={"orders": [*documents[:20], {"order_id": ""}]}).json()["results"]
    assert [r["status"] for r in results] == [200] * 20 + [422]
    for result in results[:20]:
        assert kept.get(f"/v1/scores/{result['score']['id']}").json() == result["score"]


def test_an_id_that_nobody_was_told_is_not_found(kept: TestClient) -> None:
    assert kept.get("/v1/scores/scr_00000000000000000000000000").status_code == 404


def test_the_answers_on_an_order_are_listed_page_by_page(kept: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    told = [kept.post("/v1/scores", json=EXAMPLE | {"quantity": n}).json() for n in (1, 2, 3)]
    kept.post("/v1/scores", json=EXAMPLE | {"shop_id": "another"})
    monkeypatch.setattr(record_routes, "PAGE", 2)
    query = {"order_id": EXAMPLE["order_id"]}
    first = kept.get("/v1/scores", params=query).json()
    second = kept.get("/v1/scores", params=query | {"cursor": first["cursor"]}).json()
    assert sorted(s["id"] for s in first["scores"] + second["scores"]) == sorted(t["id"] for t in told)
    assert second["cursor"] is None
    assert kept.get("/v1/scores", params={"order_id": "unknown"}).status_code == 404


def test_a_decision_keeps_the_order_as_seen_and_its_features(kept: TestClient, url: str, bundle: Bundle) -> None:
    kept.post("/v1/scores", json=EXAMPLE)
    [row] = asyncio.run(executed(url, "SELECT * FROM decisions"))
    assert (row.shop_id, row.order_id, row.cause, row.model) == (
        "default",
        EXAMPLE["order_id"],
        "score",
        bundle.version,
    )
    assert len(row.features) == 8 * len(bundle.scorer.pipeline.features_)
    assert '"has_tracking": true' in row.seen


def test_without_a_store_answers_say_off(client: TestClient) -> None:
    told = client.post("/v1/scores", json=EXAMPLE).json()
    assert told["recorded"] == "off"
    assert client.get(f"/v1/scores/{told['id']}").status_code == 404


def test_without_a_store_its_libraries_are_not_loaded() -> None:
    libraries = "{'sqlalchemy', 'alembic', 'aiosqlite', 'asyncpg', 'standardwebhooks'}"
    code = f"import sys, service.app; sys.exit(bool({libraries} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
