"""Keys of shops: only digests are kept, scopes bound what a key may do, another shop's orders are not found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from model.artefact import Bundle
from service.app import create_app
from service.callers import SCOPES
from service.cli import app as command
from service.guarded import NEEDED, OPEN
from service.keys import ended, keys_path, made_key, read_keys, write_keys
from service.means import Means
from service.odr_routes import PLAN
from service.routes import DISPUTED, DRAFT, EXAMPLE
from service.settings import Settings, settings

A, B = "shop-a", "shop-b"
EVENT = {"event_id": "e1", "order_id": EXAMPLE["order_id"], "kind": "delivered", "at": "2026-11-19T00:00:00Z"}
# A body for each route that takes one, as shop B would send it.
BODIES: dict[str, Any] = {
    "/v1/scores": EXAMPLE | {"shop_id": B}, "/v1/scores/batch": {"orders": [EXAMPLE | {"shop_id": B}]},
    "/v1/playbook": DISPUTED | {"shop_id": B}, "/v1/events": EVENT | {"shop_id": B},
    "/v1/shops/{shop_id}/odr/plan": PLAN,
}  # fmt: skip
NAMES_NO_ORDER = {"/v1/model", "/v1/monitoring", "/v1/compliance/check", "/metrics", *OPEN}


def paths_and_methods(app: FastAPI) -> Iterator[tuple[str, str]]:
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


@pytest.fixture
def shop(kept_app: FastAPI, tmp_path: Path) -> dict[str, str]:
    """Keys of every shop, and who has them, in the data folder of `kept_app`."""
    made = {name: made_key(name, sorted(SCOPES), 0.0) for name in (A, B)}
    write_keys(keys_path(tmp_path), [key for key, _ in made.values()])
    return {name: text for name, (_, text) in made.items()}


def test_another_shops_key_finds_no_order_on_any_route(
    kept_app: FastAPI, kept: TestClient, shop: dict[str, str]
) -> None:
    mine, other = ({"X-API-Key": shop[name]} for name in (B, A))
    told = kept.post("/v1/scores", json=BODIES["/v1/scores"], headers=mine).json()
    values = {"score_id": told["id"], "order_id": told["order_id"], "shop_id": B, "marketplace": "US"}
    asked = 0
    for method, path in paths_and_methods(kept_app):
        if path in NAMES_NO_ORDER:
            continue
        body = {"json": BODIES[path]} if method == "POST" else {"params": values}
        by_mine = kept.request(method, path.format(**values), headers=mine, **body)
        by_other = kept.request(method, path.format(**values), headers=other, **body)
        assert (by_mine.status_code, by_other.status_code) == (200, 404), (method, path)
        asked += 1
    assert asked >= 9


def test_every_route_names_the_scope_it_needs(kept_app: FastAPI) -> None:
    routes = {(method, path) for method, path in paths_and_methods(kept_app) if path not in OPEN and path != "/metrics"}
    assert set(NEEDED) <= routes
    assert routes <= set(NEEDED)


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_a_key_opens_what_its_scope_says(kept_app: FastAPI, kept: TestClient, tmp_path: Path, scope: Any) -> None:
    key, text = made_key(A, [scope], 0.0)
    write_keys(keys_path(tmp_path), [key])
    bodies = BODIES | {"/v1/compliance/check": DRAFT}
    for (method, path), needed in NEEDED.items():
        found = kept.request(method, path.format(score_id="x", order_id="x", shop_id=A), headers={"X-API-Key": text},
                             json=bodies.get(path) if method == "POST" else None)  # fmt: skip
        assert (found.status_code == 403) == (scope != needed), (method, path)


def test_an_order_that_names_no_shop_is_of_the_shop_of_the_key(kept: TestClient, shop: dict[str, str]) -> None:
    header = {"X-API-Key": shop[A]}
    assert kept.post("/v1/scores", json=EXAMPLE, headers=header).json()["shop_id"] == A
    assert kept.get("/v1/scores", params={"order_id": EXAMPLE["order_id"]}, headers=header).status_code == 200
    assert kept.get("/v1/scores", params={"order_id": EXAMPLE["order_id"], "shop_id": "default"}).status_code == 404


def test_two_shops_may_use_the_same_idempotency_key(kept: TestClient, shop: dict[str, str]) -> None:
    told = {
        kept.post("/v1/scores", json=EXAMPLE, headers={"X-API-Key": shop[n], "Idempotency-Key": "k"}).json()["shop_id"]
        for n in (A, B)
    }
    assert told == {A, B}


def test_a_revoked_key_opens_nothing_at_the_next_request(
    kept: TestClient, shop: dict[str, str], tmp_path: Path
) -> None:
    path, header = keys_path(tmp_path), {"X-API-Key": shop[A]}
    assert kept.get("/v1/model", headers=header).status_code == 200
    keys = read_keys(path)
    write_keys(path, ended(keys, keys[0].id, NOW.timestamp() - 1.0))
    assert kept.get("/v1/model", headers=header).status_code == 401


def test_where_keys_are_required_nobody_comes_in_without(bundle: Bundle, tmp_path: Path) -> None:
    of = Settings(data_dir=tmp_path, database_url="off", require_key=True)
    client = TestClient(create_app(Means(bundle), of))
    key, text = made_key(A, ["read"], 0.0)
    write_keys(keys_path(tmp_path), [key])
    assert [client.get("/v1/model", headers=h).status_code for h in ({}, {"X-API-Key": "x"}, {"X-API-Key": text})] == [
        401, 401, 200
    ]  # fmt: skip
    assert client.get("/healthz").status_code == 200


def test_keys_are_made_listed_and_revoked_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMRISK_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    run = CliRunner().invoke
    text = run(command, ["keys", "create", "--shop", A, "--scope", "score", "--scope", "read"]).stdout.strip()
    listed = run(command, ["keys", "list"]).stdout
    assert text not in keys_path(tmp_path).read_text() + listed
    assert listed.split("\t")[1:3] == [A, "read,score"]
    assert run(command, ["keys", "revoke", listed.split("\t")[0]]).exit_code == 0
    assert not read_keys(keys_path(tmp_path))[0].is_live(NOW.timestamp() + 1e9)
    settings.cache_clear()


def test_the_file_of_keys_is_its_owners_alone(tmp_path: Path) -> None:
    write_keys(keys_path(tmp_path), [made_key(A, ["read"], 0.0)[0]])
    assert keys_path(tmp_path).stat().st_mode & 0o777 == 0o600
