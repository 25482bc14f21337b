"""Training spread over workers: the same bytes as here, of a folder as of a file, though a worker is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from workers import worker_of

from features.spread import here
from service.workers import On, spreading
from training.dataset import Dataset, read_dataset
from training.learn import Learned
from training.simulate import load_world, simulate
from training.train import Prepared, Recipe, fitted_on_all, prepare

RECIPE = Recipe(90.0, (), frozenset(), 0)
ON_DASK = """
import sys
from pathlib import Path
from threadpoolctl import threadpool_limits
from test_service_train_workers import RECIPE, ready_of, told
from service.workers import On, spreading
from training.train import fitted_on_all
with threadpool_limits(limits=1), spreading(On("dask"), 2) as spread:
    ready = ready_of(Path(sys.argv[1]), spread)
    print("begun", flush=True)
    print(told(fitted_on_all(ready, RECIPE, lambda _: None, spread)), flush=True)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with simulated orders in one file, the same in three, and their claims, many so that few grow trees."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "world.toml").write_text('extends = "common"\n[claim]\nshift_log_odds = 3.5\n')
    made = simulate(load_world(folder / "world.toml"), 700, 3, truth=False)
    made.outcomes.write_parquet(folder / "outcomes.parquet")
    made.orders.write_parquet(folder / "orders.parquet")
    (folder / "orders").mkdir()
    for k, part in enumerate(made.orders.iter_slices(250)):
        part.write_parquet(folder / "orders" / f"{k}.parquet")
    return folder


def ready_of(shop: Path, spread: object = here) -> Prepared:
    data = read_dataset(shop / "orders", shop / "outcomes.parquet", spread=spread)  # type: ignore[arg-type]
    return prepare(data, RECIPE, lambda _: None)


def told(found: Learned) -> str:
    return json.dumps([found.booster.text, found.margin.to_state(), found.calibrator.to_state()])


@pytest.fixture(scope="module")
def learned(shop: Path) -> str:
    found = told(fitted_on_all(ready_of(shop), RECIPE, lambda _: None))
    assert "Tree=" in found
    return found


def same(one: Dataset, other: Dataset) -> bool:
    names = ("order_id", "placed_at", "order_total")
    return all(one.orders[name].tolist() == other.orders[name].tolist() for name in names)


def test_a_folder_holds_what_its_files_in_one_hold(shop: Path) -> None:
    files = (shop / "orders.parquet", shop / "outcomes.parquet")
    assert same(read_dataset(*files), read_dataset(shop / "orders", shop / "outcomes.parquet"))


def test_an_order_that_stands_in_two_files_is_taken_once(shop: Path, tmp_path: Path) -> None:
    for k in range(2):
        pl.read_parquet(shop / "orders" / "1.parquet").write_parquet(tmp_path / f"{k}.parquet")
    found = read_dataset(tmp_path, shop / "outcomes.parquet")
    assert found.orders.n == 250
    assert {reject.code for reject in found.rejects} == {"repeated"}


def test_two_processes_learn_the_same_bytes(shop: Path, learned: str) -> None:
    with spreading(On(), 2) as spread:
        assert told(fitted_on_all(ready_of(shop, spread), RECIPE, lambda _: None, spread)) == learned


def test_dask_learns_the_same_bytes_though_a_worker_is_lost(shop: Path, learned: str) -> None:
    pytest.importorskip("distributed")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", ON_DASK, str(shop)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.5)
        os.kill(worker_of(process.pid), signal.SIGKILL)
        found = process.stdout.read().splitlines()[-1]
    assert process.returncode == 0
    assert found == learned


def _scaled(factor: int, number: int) -> int:
    time.sleep(0.02 * (3 - number % 4))
    return factor * number


def test_results_come_in_the_order_of_the_tasks() -> None:
    with spreading(On(), 2) as spread:
        assert spread(_scaled, 2, range(8)) == here(_scaled, 2, range(8)) == list(range(0, 16, 2))
