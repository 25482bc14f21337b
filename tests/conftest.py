"""What tests share: settings of their own, a small bundle made once per session, an app that serves it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import numpy as np
import pytest
from fastapi import FastAPI
from postgres import Server, binaries, server
from starlette.testclient import TestClient
from stores import executed
from threadpoolctl import threadpool_limits

from features.moments import facts
from features.order import attributes
from model.artefact import Bundle, load
from service.app import create_app
from service.cli_training import write_simulated
from service.means import Means
from service.settings import Settings, settings, signing_key
from training.bundle import save_bundle
from training.dataset import read_dataset
from training.learn import learned_without_search
from training.rows import curve_of
from training.simulate import load_world, simulate
from training.train import Recipe, Trained, prepare, scorer_of

hypothesis.settings.register_profile("claimrisk", deadline=None, derandomize=True)
hypothesis.settings.load_profile("claimrisk")

NOW = datetime(2026, 11, 20, 8, 15, tzinfo=UTC)
ORDERS, SEED, TREES = 3_000, 1, 30
# The common world with more claims, so that few orders are enough to grow trees.
WORLD = 'extends = "common"\n[claim]\nshift_log_odds = 2.5\n'


@pytest.fixture(scope="session", autouse=True)
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """CLAIMRISK_DATA_DIR of the whole session; no test reads or writes that of the user."""
    folder = tmp_path_factory.mktemp("data")
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("CLAIMRISK_")}
    os.environ |= {"CLAIMRISK_DATA_DIR": str(folder), "CLAIMRISK_DATABASE_URL": "off"}
    settings.cache_clear()
    yield folder
    del os.environ["CLAIMRISK_DATA_DIR"], os.environ["CLAIMRISK_DATABASE_URL"]
    os.environ.update(before)
    settings.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread, as `train` has it: threads that wait for each other by spinning cost most of it."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="session")
def bundle_folder(data_dir: Path) -> Path:
    """A starter bundle with a margin and trees, fitted once on fixed choices: the search for them has its own tests."""
    history, out = data_dir / "history", data_dir / "bundle"
    (data_dir / "world.toml").write_text(WORLD)
    write_simulated(str(data_dir / "world.toml"), ORDERS, SEED, history, truth=False)
    recipe = Recipe(90.0, (), frozenset(), SEED)
    dataset = read_dataset(history / "orders.parquet", history / "outcomes.parquet")
    ready = prepare(dataset, recipe, lambda _: None)
    trained = _quickly_trained(ready)
    save_bundle(out, trained, recipe, simulated=True, made_on=date(2026, 11, 20), key=signing_key(settings()))
    return out


def _quickly_trained(ready: Any) -> Trained:
    rows, until = ready.rows, ready.dataset.observed_until
    curve, features = curve_of(rows, until, 90.0), ready.pipeline.features_
    learned = learned_without_search(rows, curve, features, until=until, seed=SEED, trees=TREES)
    return Trained(scorer_of(ready, learned), learned, None, ready, "quick")


@pytest.fixture(scope="session")
def bundle(bundle_folder: Path) -> Bundle:
    """The bundle in `bundle_folder`, loaded."""
    return load(bundle_folder, signing_key(settings()))


@pytest.fixture(scope="session")
def app(bundle: Bundle) -> FastAPI:
    """An app whose clock stands at NOW."""
    return create_app(Means(bundle), Settings(), clock=lambda: NOW)


@pytest.fixture(scope="session")
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client of `app`, started; a bug there is an error here."""
    with TestClient(app) as found:
        yield found


@pytest.fixture(scope="session")
def documents() -> list[dict[str, Any]]:
    """1,000 orders as JSON values, each as it was known at a moment of its life."""
    rng = np.random.default_rng(7)
    frame = simulate(load_world("common"), 1_000, 7, truth=False).orders
    return [_looked_at(row, float(rng.uniform(0.0, 70.0))) for row in frame.to_dicts()]


def _looked_at(row: dict[str, Any], days: float) -> dict[str, Any]:
    as_of = (row["placed_at"] + timedelta(days=days)).replace(microsecond=0)
    later = {name for name in facts() if row.get(name) is not None and row[name] > as_of}
    follows = {a.name for a in attributes().values() if later.intersection(a.since)}
    told = {k: v for k, v in row.items() if v is not None and k in attributes() and k not in later | follows}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in (told | {"as_of": as_of}).items()}


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A real PostgreSQL; skipped where there is none, but never in CI."""
    if binaries() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs PostgreSQL: apt-get install postgresql")
        pytest.skip("no PostgreSQL here: no initdb on the PATH nor under /usr/lib/postgresql")
    with server() as running:
        yield running


@pytest.fixture
def postgresql_url(postgresql: Server) -> Iterator[str]:
    """An empty database in it; gone after the test, before its files reach the disk."""
    name = f"t{uuid4().hex}"
    asyncio.run(executed(postgresql.url, f"CREATE DATABASE {name}"))
    yield postgresql.url.replace("/postgres", f"/{name}")
    asyncio.run(executed(postgresql.url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/claimrisk.db"
    found: str = request.getfixturevalue("postgresql_url")
    return found


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that wait for their database as long as a busy machine may need, not for the two seconds of a server."""
    for name in ("writer.LOOK", "database.CONNECT_SECONDS", "database.READ_SECONDS"):
        monkeypatch.setattr(f"service.store.{name}", 20.0)


@pytest.fixture
def kept_app(url: str, tmp_path: Path, bundle: Bundle, unhurried: None) -> FastAPI:
    """An app that keeps what it tells in `url`."""
    return create_app(
        Means(bundle), Settings(data_dir=tmp_path, database_url=url, store_wait_ms=20_000), clock=lambda: NOW
    )


@pytest.fixture
def kept(kept_app: FastAPI) -> Iterator[TestClient]:
    """A client of `kept_app`, started."""
    with TestClient(kept_app) as client:
        yield client
