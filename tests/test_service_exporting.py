"""What is kept as files: the orders and outcomes that were sent, ready to train on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from features.errors import InputError, SettingError
from service.cli import app
from service.exporting import ACTIONS, ORDERS, OUTCOMES, export, exported
from service.routes import EXAMPLE
from service.settings import Settings
from training.dataset import Dataset, read_dataset
from training.simulate import load_world, simulate

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def shop(kept: TestClient, url: str, tmp_path: Path) -> tuple[Settings, Dataset]:
    """Simulated orders sent over HTTP with their claims as events, and what files of the same hold."""
    made = simulate(load_world("common"), 400, 5, truth=False)
    orders, claims = made.orders.sort("shop_id", "order_id"), made.outcomes
    assert claims.height
    orders.write_parquet(tmp_path / "orders.parquet")
    claims.write_parquet(tmp_path / "outcomes.parquet")
    shops = dict(zip(orders["order_id"], orders["shop_id"], strict=True))
    events = [event(i, row, shops[row["order_id"]]) for i, row in enumerate(claims.to_dicts())]
    for path, body in (("scores/batch", {"orders": orders.to_dicts()}), ("events", {"events": events})):
        results = kept.post(f"/v1/{path}", content=orjson.dumps(body), headers=JSON).json()["results"]
        assert {result["status"] for result in results} == {200}
    of = Settings(data_dir=tmp_path, database_url=url)
    return of, read_dataset(tmp_path / "orders.parquet", tmp_path / "outcomes.parquet")


def event(number: int, row: dict[str, Any], shop: str) -> dict[str, Any]:
    named = {"event_id": f"e{number}", "order_id": row["order_id"], "shop_id": shop, "kind": "claim_opened"}
    return named | {"at": row["claim_opened_at"], "facts": {"claim_type": row["claim_type"]}}


def test_what_is_kept_trains_as_files_of_the_same_orders_do(shop: tuple[Settings, Dataset], tmp_path: Path) -> None:
    of, files = shop
    told = export(tmp_path / "store", of)
    kept = read_dataset(tmp_path / "store" / ORDERS, tmp_path / "store" / OUTCOMES)
    assert (told.orders, told.outcomes, kept.orphans, kept.rejects) == (files.orders.n, files.claims, 0, [])
    np.testing.assert_array_equal(kept.claimed_at, files.claimed_at)
    np.testing.assert_array_equal(kept.claim_type, files.claim_type)
    for name in files.orders:
        np.testing.assert_array_equal(kept.orders[name], files.orders[name], err_msg=name)


def test_one_shop_is_exported_alone(shop: tuple[Settings, Dataset], tmp_path: Path) -> None:
    of, files = shop
    name = str(files.orders["shop_id"][0])
    export(tmp_path / "one", of, name)
    kept = read_dataset(tmp_path / "one" / ORDERS, tmp_path / "one" / OUTCOMES)
    assert set(kept.orders["shop_id"]) == {name}
    assert kept.orders.n == (files.orders["shop_id"] == name).sum()


def test_an_order_of_two_shops_and_a_foreign_folder_are_refused(kept: TestClient, url: str, tmp_path: Path) -> None:
    of = Settings(data_dir=tmp_path, database_url=url)
    for name in ("a", "b"):
        kept.post("/v1/scores", json=EXAMPLE | {"shop_id": name})
    with pytest.raises(InputError, match="is known of a and b: name one shop with --shop"):
        export(tmp_path / "store", of)
    assert export(tmp_path / "store", of, "b").orders == 1
    with exported(of) as (folder, both):  # what trains or looks after a model asks of orders, not of numbers
        assert both.orders == 2
        assert read_dataset(folder / ORDERS, folder / OUTCOMES).orders.n == 2
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="expected a new folder or an earlier export"):
        export(tmp_path / "mine", of, "b")


def test_an_order_that_events_alone_tell_of_is_counted_and_left_out(kept: TestClient, url: str, tmp_path: Path) -> None:
    kept.post("/v1/events", json={"event_id": "e", "order_id": "o", "kind": "delivered", "at": "2026-11-01T00:00:00Z"})
    told = export(tmp_path / "store", Settings(data_dir=tmp_path, database_url=url))
    assert (told.orders, told.outcomes, told.never_sent) == (0, 0, 1)


def test_without_a_store_there_is_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="nothing is kept"):
        export(tmp_path / "store", Settings(database_url="off"))
    asked = CliRunner().invoke(app, ["train", "--out", str(tmp_path / "b"), "orders.csv", "--from-store"])
    assert isinstance(asked.exception, InputError)


def test_what_was_done_is_exported_and_leaves_training(kept: TestClient, url: str, tmp_path: Path) -> None:
    order = EXAMPLE | {"shop_id": "s"}
    assert kept.post("/v1/scores", json=order).status_code == 200
    action = {"event_id": "e", "order_id": order["order_id"], "shop_id": "s", "kind": "action_taken",
              "at": "2026-11-03T00:00:00Z", "action": "ADD_SIGNATURE"}  # fmt: skip
    assert kept.post("/v1/events", json=action).status_code == 200
    told = export(tmp_path / "out", Settings(data_dir=tmp_path, database_url=url))
    assert told.actions == 1
    files = (tmp_path / "out" / ORDERS, tmp_path / "out" / OUTCOMES)
    acted = read_dataset(*files, actions=tmp_path / "out" / ACTIONS).acted_at
    assert acted is not None
    assert acted.tolist() == [1_793_664_000.0]
