from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from model.artefact import Bundle
from service.app import create_app
from service.means import Means
from service.settings import Settings
from service.shapes import BatchResults, Model, Score

ORDER = {
    "order_id": "114-0000001-0000001", "as_of": "2026-11-20T08:15:00Z", "marketplace": "US", "order_total": 45.5,
    "currency": "USD", "placed_at": "2026-11-02T03:12:00Z", "shipped_at": "2026-11-03T06:40:00Z",
    "latest_delivery_at": "2026-11-16T23:59:59Z", "has_tracking": True,
}  # fmt: skip
KEY = "a-key-of-sixteen-or-more"


def test_an_order_gets_every_field_of_the_frozen_shape(client: TestClient) -> None:
    answer = client.post("/v1/scores", json=ORDER)
    assert answer.status_code == 200
    assert list(answer.json()) == list(Score.model_fields)
    told = Score.model_validate_json(answer.content)
    assert told.state == "in_transit"
    assert told.assessment_status == "starter"
    assert told.disposition is None


def test_the_identifier_is_a_ulid_of_the_clock(client: TestClient) -> None:
    first, second = (client.post("/v1/scores", json=ORDER).json()["id"] for _ in range(2))
    assert re.fullmatch(r"scr_[0-9A-HJKMNP-TV-Z]{26}", first)
    assert first[:14] == second[:14]
    assert first != second


def test_an_order_without_as_of_is_looked_at_now(client: TestClient) -> None:
    answer = client.post("/v1/scores", json={k: v for k, v in ORDER.items() if k != "as_of"})
    assert answer.json()["as_of"] == "2026-11-20T08:15:00Z"


def test_a_claim_that_is_open_gets_no_probability(client: TestClient) -> None:
    answer = client.post("/v1/scores", json={**ORDER, "claim_opened_at": "2026-11-19T00:00:00Z"}).json()
    assert answer["assessment_status"] == "claim_open"
    assert answer["probability"] is None
    assert answer["recommendations"] == []


@pytest.mark.parametrize(
    ("asked", "tag", "word"), [("zh-CN,zh;q=0.9", "zh-CN", "风险"), ("en", "en", "risk"), ("fr", "en", "risk")]
)
def test_texts_follow_the_language_asked_for(client: TestClient, asked: str, tag: str, word: str) -> None:
    answer = client.post("/v1/scores", json=ORDER, headers={"Accept-Language": asked})
    assert answer.headers["Content-Language"] == tag
    assert word in answer.json()["reasons"][0]["text"]


def test_a_batch_answers_each_order_in_its_place(client: TestClient) -> None:
    bad = {**ORDER, "placed_at": "yesterday"}
    answer = client.post("/v1/scores/batch", json={"orders": [ORDER, bad, 7, ORDER]})
    assert answer.status_code == 200
    results = BatchResults.model_validate_json(answer.content).results
    assert [r.index for r in results] == [0, 1, 2, 3]
    assert [r.status for r in results] == [200, 422, 422, 200]
    assert results[1].problem is not None
    assert results[1].problem.errors[0].pointer == "/placed_at"


def test_an_empty_batch_is_answered_by_nothing(client: TestClient) -> None:
    assert client.post("/v1/scores/batch", json={"orders": []}).json() == {"results": []}


def test_the_model_tells_its_features_and_metrics(client: TestClient, bundle: Bundle) -> None:
    told = Model.model_validate_json(client.get("/v1/model").content)
    assert told.version == bundle.version
    assert told.simulated
    assert len(told.features) == len(bundle.scorer.pipeline.features_)


def test_it_is_ready_only_while_it_runs(bundle: Bundle) -> None:
    app = create_app(Means(bundle), Settings())
    assert TestClient(app).get("/readyz").status_code == 503
    with TestClient(app) as started:
        assert started.get("/readyz").json() == {"status": "ready"}
        assert started.get("/healthz").json() == {"status": "ok"}
    assert TestClient(app).get("/readyz").status_code == 503


def test_metrics_count_requests_and_bands(bundle: Bundle) -> None:
    app = create_app(Means(bundle), Settings())
    with TestClient(app) as started:
        band = started.post("/v1/scores", json=ORDER).json()["band"]
        started.post("/v1/scores/batch", json={"orders": [ORDER, ORDER]})
        started.get("/made/up")
        text = started.get("/metrics").text
    assert f'claimrisk_scores_total{{band="{band}"}} 3.0' in text
    assert 'claimrisk_requests_total{method="POST",route="/v1/scores",status="200"} 1.0' in text
    assert 'route="other",status="404"' in text
    assert "/made/up" not in text
    assert f'version="{bundle.version}"' in text


@pytest.mark.parametrize("path", ["/v1/model", "/metrics", "/", "/docs", "/openapi.json", "/nowhere"])
def test_everything_but_health_needs_the_key_where_one_is_set(bundle: Bundle, path: str) -> None:
    client = TestClient(create_app(Means(bundle), Settings(api_key=KEY)))
    for headers in ({}, {"X-API-Key": KEY + "x"}, {"X-API-Key": "ü".encode("latin-1")}):
        refused = client.get(path, headers=headers)
        assert refused.status_code == 401
        assert refused.json()["code"] == "unauthorised"
    assert client.get(path, headers={"X-API-Key": KEY}).status_code in (200, 404)
    assert client.get("/healthz").status_code == 200


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for answer in (client.get("/healthz"), client.get("/nowhere"), client.post("/v1/scores", json={}), client.get("/")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_docs_load_nothing_from_outside(client: TestClient) -> None:
    html = client.get("/docs").text
    found = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)""", html)
    assert found
    assert all(address.startswith("/") for address in found)
    assert all(client.get(address).status_code == 200 for address in found)


def test_the_clock_is_asked_once_for_a_batch(bundle: Bundle) -> None:
    ticks = iter([datetime(2026, 11, 20, tzinfo=UTC)])
    client = TestClient(create_app(Means(bundle), Settings(), clock=lambda: next(ticks)))
    orders: list[dict[str, Any]] = [{"order_id": "a"}, {"order_id": "b"}]
    results = client.post("/v1/scores/batch", json={"orders": orders}).json()["results"]
    assert {r["score"]["as_of"] for r in results} == {"2026-11-20T00:00:00Z"}


def test_the_documented_body_is_the_order(app: FastAPI) -> None:
    document = app.openapi()
    body = document["paths"]["/v1/scores"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Order"}
    assert document["components"]["schemas"]["Order"]["required"] == ["order_id"]
    assert set(document["paths"]["/v1/scores"]["post"]["responses"]) == {
        "200", "400", "401", "403", "404", "405", "408", "409", "413", "415", "422"
    }  # fmt: skip
