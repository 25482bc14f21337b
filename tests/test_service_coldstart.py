from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console
from starlette.testclient import TestClient
from typer.testing import CliRunner

from model.coldstart import ShopNumbers, cold_bundle
from service import serving
from service.app import create_app
from service.cli import app as commands
from service.demo import EXAMPLES, told
from service.means import Means
from service.settings import Settings
from service.shapes import Model, Score

ORDER = {
    "order_id": "114-0000001-0000001", "as_of": "2026-11-20T08:15:00Z", "marketplace": "US", "order_total": 45.5,
    "currency": "USD", "placed_at": "2026-11-02T03:12:00Z", "shipped_at": "2026-11-03T06:40:00Z",
    "latest_delivery_at": "2026-11-16T23:59:59Z", "has_tracking": True,
}  # fmt: skip
NUMBERS = ["--no-model", "--shop-claims", "4", "--shop-orders", "1200"]


@pytest.fixture(scope="module")
def cold() -> Iterator[TestClient]:
    with TestClient(create_app(Means(cold_bundle(ShopNumbers(4, 1_200))), Settings(), examples=EXAMPLES)) as client:
        yield client


def codes(answer: dict[str, Any]) -> list[str]:
    return [w["code"] for w in answer["warnings"]]


def test_a_degraded_answer_has_the_frozen_shape_and_never_automates(cold: TestClient) -> None:
    told = Score.model_validate_json(cold.post("/v1/scores", json=ORDER).content)
    assert told.assessment_status == "degraded"
    assert told.disposition is None
    assert told.probability is not None
    assert told.reasons
    assert told.versions.trained_until is None


@pytest.mark.parametrize(("lang", "words"), [("en", "There is no model"), ("zh", "没有模型")])
def test_it_says_what_it_is_and_how_to_get_better(cold: TestClient, lang: str, words: str) -> None:
    answer = cold.post("/v1/scores", json=ORDER, headers={"Accept-Language": lang}).json()
    text = next(w["text"] for w in answer["warnings"] if w["code"] == "DEGRADED")
    assert words in text
    assert "claimrisk train" in text


def test_without_the_shops_numbers_it_asks_for_them(cold: TestClient) -> None:
    assert "SHOP_RATE_ASSUMED" not in codes(cold.post("/v1/scores", json=ORDER).json())
    with TestClient(create_app(Means(cold_bundle()), Settings())) as client:
        assert "SHOP_RATE_ASSUMED" in codes(client.post("/v1/scores", json=ORDER).json())
        own = {**ORDER, "seller_orders_60d": 900, "seller_defects_60d": 3}
        assert "SHOP_RATE_ASSUMED" not in codes(client.post("/v1/scores", json=own).json())


def test_it_is_ready_and_tells_what_stands_behind_it(cold: TestClient) -> None:
    assert cold.get("/readyz").json() == {"status": "ready"}
    model = Model.model_validate_json(cold.get("/v1/model").content)
    assert (model.standing, model.orders, model.claims, model.trees) == ("degraded", 1_200, 4, 0)
    assert f'version="{model.version}"' in cold.get("/metrics").text


@pytest.mark.parametrize(("lang", "words"), [("en", "assumed priors"), ("zh", "没有模型")])
def test_the_page_says_that_there_is_no_model(cold: TestClient, lang: str, words: str) -> None:
    html = cold.get(f"/?lang={lang}").text
    assert words in html
    assert "SIMULATED" not in html


def test_the_demo_says_that_there_is_no_model(cold: TestClient) -> None:
    console = Console(record=True, width=160)
    told(cold.app.state.running, console)  # type: ignore[attr-defined]
    assert "assumed priors" in console.export_text()


def test_a_file_is_scored_without_a_model(tmp_path: Path) -> None:
    out = tmp_path / "scored.csv"
    result = CliRunner().invoke(commands, ["score", str(EXAMPLES), "--out", str(out), *NUMBERS])
    assert result.exit_code == 0, result.output
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["claimrisk_disposition"] for row in rows} == {""}
    assert {row["claimrisk_status"] for row in rows} <= {"degraded", "claim_open", "not_eligible"}


def test_a_worklist_is_made_without_a_model(tmp_path: Path) -> None:
    out = tmp_path / "today.csv"
    result = CliRunner().invoke(commands, ["worklist", str(EXAMPLES), "--out", str(out), *NUMBERS])
    assert result.exit_code == 0, result.output
    assert pl.read_csv(out).height > 0
    assert "NO MODEL" in result.output


@pytest.mark.parametrize(
    "options",
    [
        ["--shop-claims", "1", "--shop-orders", "9"],
        ["--no-model", "--shop-claims", "1"],
        ["--no-model", "--shop-claims", "10", "--shop-orders", "9"],
        ["--no-model", "--model", "somewhere"],
    ],
)
def test_numbers_that_do_not_fit_are_misuse(tmp_path: Path, options: list[str]) -> None:
    result = CliRunner().invoke(commands, ["score", str(EXAMPLES), "--out", str(tmp_path / "s.csv"), *options])
    assert result.exit_code == 2


def test_serving_without_a_model_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(serving, "run", lambda *_: None)
    serving.serve(None, "127.0.0.1", 0, said.append, cold=cold_bundle())
    assert "NO MODEL" in said[0]


def test_what_is_not_known_of_a_refund_and_goods_dearer_than_the_order_are_said(cold: TestClient) -> None:
    refund = {"refunded_at": "2026-11-18T10:00:00Z"}
    answer = cold.post("/v1/scores", json=ORDER | refund).json()
    assert "REFUND_ASSUMED" in codes(answer)
    assert "refund_amount" in answer["expected_cost"]["assumed"]
    answer = cold.post("/v1/scores", json=ORDER | refund | {"refund_amount": 20.0}).json()
    assert "REFUND_ASSUMED" not in codes(answer)
    assert "COST_ABOVE_VALUE" not in codes(answer)
    assert "COST_ABOVE_VALUE" in codes(cold.post("/v1/scores", json=ORDER | {"unit_cost": 500, "quantity": 1}).json())
