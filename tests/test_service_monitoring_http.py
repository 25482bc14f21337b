"""The model's health over HTTP: what is kept of all shops, worked out once an hour, for administrators."""

from __future__ import annotations

from pathlib import Path

import orjson
from conftest import SEED
from starlette.testclient import TestClient

from service.keys import keys_path, made_key, write_keys
from training.simulate import load_world, simulate

JSON = {"Content-Type": "application/json"}


def sent(kept: TestClient, data_dir: Path) -> int:
    """Orders of the year after the training, with their claims as events; how many claims."""
    made = simulate(load_world(data_dir / "world.toml"), 600, SEED, part=1, truth=False)
    shops = dict(zip(made.orders["order_id"], made.orders["shop_id"], strict=True))
    events = [
        {"event_id": row["order_id"], "order_id": row["order_id"], "shop_id": shops[row["order_id"]],
         "kind": "claim_opened", "at": row["claim_opened_at"]}
        for row in made.outcomes.to_dicts()
    ]  # fmt: skip
    for path, body in (("scores/batch", {"orders": made.orders.to_dicts()}), ("events", {"events": events})):
        results = kept.post(f"/v1/{path}", content=orjson.dumps(body), headers=JSON).json()["results"]
        assert {result["status"] for result in results} == {200}
    return len(events)


def test_what_is_kept_is_held_against_the_served_model(kept: TestClient, data_dir: Path) -> None:
    claims = sent(kept, data_dir)
    told = kept.get("/v1/monitoring").json()
    counted = told["cohorts"][0]
    assert counted["orders"] == 600
    assert 0 < counted["observed"] <= claims
    assert told["model"] == kept.get("/v1/model").json()["version"]
    alarms = sum(alarm["kind"] == "claims" for alarm in told["alarms"])
    assert f'claimrisk_model_alarms{{kind="claims"}} {float(alarms)}' in kept.get("/metrics").text


def test_it_is_worked_out_once_an_hour(kept: TestClient, data_dir: Path) -> None:
    sent(kept, data_dir)
    first = kept.get("/v1/monitoring").content
    sent(kept, data_dir)
    assert kept.get("/v1/monitoring").content == first
    assert kept.get("/v1/monitoring", headers={"Accept-Language": "zh"}).content != first


def test_before_any_order_was_placed_and_without_a_store_there_is_nothing(kept: TestClient, client: TestClient) -> None:
    assert kept.get("/v1/monitoring").status_code == 404
    assert client.get("/v1/monitoring").status_code == 404


def test_a_shops_own_administrator_sees_that_shop_alone(kept: TestClient, data_dir: Path) -> None:
    sent(kept, data_dir)
    every = kept.get("/v1/monitoring").json()["cohorts"][0]["orders"]
    made = simulate(load_world(data_dir / "world.toml"), 600, SEED, part=1, truth=False)
    key, secret = made_key(str(made.orders["shop_id"][0]), ("admin",), 0.0)
    write_keys(keys_path(kept.app.state.running.settings.data_dir), [key])  # type: ignore[attr-defined]
    own = kept.get("/v1/monitoring", headers={"X-API-Key": secret}).json()["cohorts"][0]["orders"]
    assert 0 < own < every
    assert kept.get("/v1/monitoring").json()["cohorts"][0]["orders"] == every
