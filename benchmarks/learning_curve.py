"""Learning curve on simulated orders: how much of what could be known does the model know, and is it calibrated?

    python benchmarks/learning_curve.py --sizes 20000 100000 500000 --write docs/learning_curve.md

Trains on N mature simulated orders, then judges on a separate later year of the same simulated world, against the TRUE
probabilities (known there because the world is simulated), at entry of each state and in three cells that matter.
    gain    share of the truth's log-loss gain over the constant (the mean truth of that state or cell)
    O/E     mean truth ÷ mean prediction;  slope: of the truth on the predicted log-odds
    inside  share of 20 score bins whose true mean lies in the mean 90 % interval;  width: median high ÷ low
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.columns import Columns, Floats, Ints
from features.moments import DAY, as_known_from_final
from features.tables import TableOptions, read_orders
from model.calibration import probability_of
from model.metrics import calibration_slope
from model.scorer import Scorer
from training.dataset import Dataset, concatenated, read_dataset
from training.evaluate import calibrated, logistic
from training.rows import curve_of
from training.simulate import load_world, simulate
from training.train import Recipe, fitted_on_all, prepare, scorer_of

CELLS = ("placed", "shipped", "in_transit", "delivered", "contact", "overdue", "delivered_30", "unanswered_24")
BINS = 20
WINDOW_DAYS = 90.0
LogOdds = Callable[[Floats, Ints], Floats]


@dataclass(frozen=True)
class Judged:
    """Later rows. truth, ours, low, high, logistic: (m,) probabilities; cell: (m,) text."""

    truth: Floats
    ours: Floats
    low: Floats
    high: Floats
    logistic: Floats
    cell: np.ndarray


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 100_000, 500_000])
    parser.add_argument("--seeds", type=int, default=5, help="seeds; 3 at most from 500,000 orders on")
    parser.add_argument("--later", type=int, default=420_000, help="orders of the later set")
    parser.add_argument("--world", default="reference")
    parser.add_argument("--rows", type=int, default=150_000, help="most rows judged per state or cell")
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    lines = [
        f"World `{arguments.world}` (simulated), later set {arguments.later:,} orders; {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, polars {pl.__version__}.",
        "",
    ]
    for size in arguments.sizes:
        seeds = min(arguments.seeds, 3) if size >= 500_000 else arguments.seeds
        found = [judged(arguments.world, size, seed, arguments.later, arguments.rows) for seed in range(1, seeds + 1)]
        lines += table(size, found)
        print("\n".join(lines[-len(CELLS) - 5 :]), flush=True)
        if arguments.write:
            arguments.write.write_text("\n".join(lines) + "\n", encoding="utf-8")


def judged(world_name: str, size: int, seed: int, later_orders: int, most_rows: int) -> Judged:
    """Train on `size` orders of one seed, judge on the later year of the same world."""
    began = time.time()
    world = load_world(world_name)
    past = simulate(world, size, seed, part=0, truth=False)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        dataset = _dataset(past.orders, past.outcomes, Path(folder))
        recipe = Recipe(WINDOW_DAYS, (), frozenset(), seed)
        prepared = prepare(dataset, recipe, _quiet)
        learned = fitted_on_all(prepared, recipe, _quiet)
        curve = curve_of(prepared.rows, dataset.observed_until, WINDOW_DAYS)
        raw, calibrator = calibrated(logistic, prepared.rows, curve, dataset.observed_until, seed)
        scorer = scorer_of(prepared, learned)
        claims = int(np.isfinite(dataset.claimed_at).sum())
        print(f"# {size:,} orders, seed {seed}: {claims} claims, {learned.trees} trees, "
              f"slopes {learned.calibrator.slopes.round(2)}, {time.time() - began:.0f} s", flush=True)  # fmt: skip
        later = simulate(world, later_orders, seed, part=1, truth=True)
        truth = _thinned(later.truth, most_rows, seed)
        rows = later_rows(later.orders, truth, Path(folder))
        return _judged(scorer, rows, truth, lambda X, state: calibrator.log_odds(raw(X, state), state))


def _dataset(orders: pl.DataFrame, outcomes: pl.DataFrame, folder: Path) -> Dataset:
    orders.write_parquet(folder / "orders.parquet")
    outcomes.write_parquet(folder / "outcomes.parquet")
    mature = float(orders["latest_delivery_at"].dt.epoch("us").max()) / 1e6 + (WINDOW_DAYS + 1.0) * DAY
    return read_dataset(folder / "orders.parquet", folder / "outcomes.parquet", observed_until=mature)


def _thinned(truth: pl.DataFrame | None, most: int, seed: int) -> pl.DataFrame:
    """At most `most` rows of each cell; the entry rows by state."""
    if truth is None:
        raise ValueError("the later set needs its truth")
    named = truth.filter(pl.col("cell") != "random").with_columns(
        pl.when(pl.col("cell") == "entry").then(pl.col("state")).otherwise(pl.col("cell")).alias("cell")
    )
    parts = [named.filter(pl.col("cell") == cell) for cell in CELLS]
    return pl.concat([part.sample(min(most, part.height), seed=seed) for part in parts])


def later_rows(orders: pl.DataFrame, truth: pl.DataFrame, folder: Path) -> Columns:
    """The later orders as they were known at the moments of the truth."""
    path = folder / "later.parquet"
    orders.write_parquet(path)
    columns = concatenated([chunk.columns for chunk in read_orders(path, TableOptions())])
    place = {order_id: i for i, order_id in enumerate(columns["order_id"])}
    at = np.fromiter((place[o] for o in truth["order_id"]), np.int64, truth.height)
    as_of = truth["as_of"].dt.epoch("us").to_numpy() / 1e6
    rows = columns.take(at).replacing({"as_of": as_of})
    return as_known_from_final(rows, plan_known=np.ones(rows.n, dtype=np.bool_))


def _judged(scorer: Scorer, rows: Columns, truth: pl.DataFrame, logistic_log_odds: LogOdds) -> Judged:
    parts = []
    for start in range(0, rows.n, 100_000):
        piece = rows.take(np.arange(start, min(start + 100_000, rows.n)))
        scores = scorer.score(piece)
        other = probability_of(logistic_log_odds(scores.X, scores.state))
        parts.append((scores.probability, scores.low, scores.high, other))
    ours, low, high, other = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Judged(truth["probability"].to_numpy(), ours, low, high, other, truth["cell"].to_numpy())


def _loss(truth: Floats, said: Floats) -> float:
    said = np.clip(said, 1e-9, 1 - 1e-9)
    return float(-np.mean(truth * np.log(said) + (1.0 - truth) * np.log1p(-said)))


def table(size: int, found: list[Judged]) -> list[str]:
    """The markdown table of one size: means over the seeds."""
    lines = [
        f"### {size:,} mature orders, mean of {len(found)} seeds", "",
        "| rows | truth, mean | gain | logistic | O/E | slope | inside | width |", "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for cell in CELLS:
        numbers = np.array([_numbers(j, cell) for j in found if (j.cell == cell).sum() > 100])
        if len(numbers):
            mean, gain, other, ratio, slope, inside, width = numbers.mean(axis=0)
            lines.append(
                f"| {cell} | {100 * mean:.3f} % | {gain:.3f} | {other:.3f} | {ratio:.3f} | {slope:.3f} "
                f"| {100 * inside:.0f} % | {width:.2f} |"
            )
    return [*lines, ""]


def _numbers(found: Judged, cell: str) -> list[float]:
    at = found.cell == cell
    truth, ours = found.truth[at], found.ours[at]
    best = _loss(truth, np.full(len(truth), truth.mean()))
    gain = best - _loss(truth, truth)
    order = np.array_split(np.argsort(ours, kind="stable"), BINS)
    low, high = found.low[at], found.high[at]
    inside = np.mean([low[b].mean() <= truth[b].mean() <= high[b].mean() for b in order])
    return [
        float(truth.mean()), (best - _loss(truth, ours)) / gain, (best - _loss(truth, found.logistic[at])) / gain,
        float(truth.mean() / ours.mean()), calibration_slope(truth, ours, np.ones(len(truth))), float(inside),
        float(np.median(high / low)),
    ]  # fmt: skip


def _quiet(message: str) -> None:
    """Training's progress is not shown here."""


if __name__ == "__main__":
    main()
