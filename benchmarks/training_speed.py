"""How long training takes, what dominates, and how it grows; simulated orders, one thread.

    python -m benchmarks.training_speed [--sizes 20000 50000 100000] [--rows 1000000]

For each size the whole of `claimrisk train` but for reading files and drawing the report, with the processor time of
its parts (cProfile, cumulative: parts inside parts count in both); beside it, in the same run, bare LightGBM: one fit
of the same rows and features with the same parameters and the most trees that training may choose. With --rows also
the features of so many landmark rows.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import platform
import pstats
import resource
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from threadpoolctl import threadpool_limits

from training.dataset import Dataset, read_dataset
from training.landmarks import Landmarks
from training.rows import built_rows
from training.simulate import load_world, simulate
from training.train import Prepared, Recipe, Trained, prepare, train
from training.trees import parameters

RECIPE = Recipe(90.0, (), frozenset(), 7)
PARTS = {
    "landmarks, leak checks, features": ("train.py", "prepare"),
    "of these: features": ("rows.py", "built_rows"),
    "final test with baselines": ("train.py", "final_test"),
    "fit on all": ("train.py", "fitted_on_all"),
    "evidence on actions": ("train.py", "with_evidence"),
    "in all of these: margins": ("margin.py", "fitted"),
    "in all of these: trees": ("trees.py", "grown"),
    "in all of these: stand-in labels": ("surrogate.py", "targets"),
    "in all of these: calibrators": ("calibrate.py", "fitted_calibrator"),
}


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 50_000, 100_000])
    parser.add_argument("--rows", type=int, default=0, help="landmark rows whose features are timed alone")
    asked = parser.parse_args()
    cpu = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    print(f"{cpu}, lightgbm {version('lightgbm')}, numpy {version('numpy')}; seconds of processor time")
    for orders in asked.sizes:
        shown(orders, history(orders))
    if asked.rows:
        features_of(asked.rows, history(max(asked.sizes)))


def history(orders: int) -> Dataset:
    """A simulated year, by way of files as a user would give them."""
    made = simulate(load_world("reference"), orders, 7, truth=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made.orders.write_parquet(folder / "orders.parquet")
        made.outcomes.write_parquet(folder / "outcomes.parquet")
        return read_dataset(folder / "orders.parquet", folder / "outcomes.parquet")


def shown(orders: int, dataset: Dataset) -> None:
    """Train under a profiler, then bare LightGBM on the same rows; print both."""
    profile = cProfile.Profile(time.process_time)
    trained, seconds = timed(lambda: profile.runcall(train, dataset, RECIPE, lambda _: None))
    _, bare = timed(lambda: bare_fit(trained))
    told = {(Path(where[0]).name, where[2]): row[3] for where, row in pstats.Stats(profile).stats.items()}  # type: ignore[attr-defined]
    rows, peak = trained.prepared.marks.m, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n## {orders:,} orders, {dataset.claims} claims: {rows:,} rows, {trained.prepared.rows.X.shape[1]} features"
    )
    print(
        f"whole {seconds:.1f} s; bare LightGBM {bare:.1f} s; ratio **{seconds / bare:.1f}**; peak {peak:,.0f} MB so far"
    )
    for name, part in PARTS.items():
        spent = told.get(part, 0.0)
        print(f"   {name:<36}{spent:8.1f} s  {spent / seconds:4.0%}")


def timed(do: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and the processor time it took."""
    begun = time.process_time()
    return do(), time.process_time() - begun


def bare_fit(trained: Trained) -> list[lightgbm.Booster]:
    """One fit of each state's rows, without margin, folds or calibration."""
    prepared, found = trained.prepared, []
    rows, features = prepared.rows, prepared.pipeline.features_
    y = rows.labels(prepared.dataset.observed_until).astype(np.float64)
    params, most = parameters(features, RECIPE.seed)
    for state in np.unique(rows.state):
        at = np.flatnonzero(rows.state == state)
        if y[at].any():
            found.append(lightgbm.train(params, lightgbm.Dataset(rows.X[at], y[at], params=params), most))
    return found


def features_of(rows: int, dataset: Dataset) -> None:
    """The features of so many landmark rows, as training makes them."""
    with threadpool_limits(limits=1):
        ready: Prepared = prepare(dataset, RECIPE, lambda _: None)
        at = np.resize(np.arange(ready.marks.m), rows)
        marks: Landmarks = ready.marks.take(at)
        _, seconds = timed(lambda: built_rows(dataset, ready.pipeline, marks, np.ones(rows)))
    print(f"\nfeatures of {rows:,} landmark rows: {seconds:.1f} s, {seconds / rows * 1e6:.1f} µs a row")


if __name__ == "__main__":
    main()
