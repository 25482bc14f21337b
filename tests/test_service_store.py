"""The store: what was told is kept before it is answered, and can be read again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from fastapi import FastAPI
from starlette.testclient import TestClient
from stores import executed

from model.artefact import Bundle
from service.app import create_app
from service.means import Means
from service.routes import EXAMPLE
from service.settings import Settings


@pytest.fixture
def kept_app(url: str, tmp_path: Path, bundle: Bundle) -> FastAPI:
    return create_app(Means(bundle), Settings(data_dir=tmp_path, database_url=url), clock=lambda: NOW)


@pytest.fixture
def kept(kept_app: FastAPI) -> Iterator[TestClient]:
    with TestClient(kept_app) as client:
        yield client


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
