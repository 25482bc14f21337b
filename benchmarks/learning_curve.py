"""Learning curve on simulated orders: how much of what could be known does the model know, and is it calibrated?

    python benchmarks/learning_curve.py --sizes 20000 100000 500000 --keep build/curve --write build/curve.md

Trains on N mature simulated orders, then judges on a separate later year of the same simulated world, against the TRUE
probabilities (known there because the world is simulated), at entry of each state and in three cells that matter.
    gain    share of the truth's log-loss gain over the constant (the mean truth of that state or cell)
    O/E     mean truth ÷ mean prediction;  slope: of the truth on the predicted log-odds
    inside  share of 20 score bins whose true mean lies in the mean 90 % interval;  width: median high ÷ low
What was judged and the later sets stay in the folder --keep, so that runs side by side, or a later one, can use them.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.columns import Columns, Floats, Ints, concatenated
from features.moments import DAY, as_known_from_final
from features.phases import STATE_OF_PHASE
from features.tables import TableOptions, read_orders
from model.calibration import probability_of
from model.metrics import calibration_slope
from model.scorer import Scorer
from training.dataset import Dataset, read_dataset
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
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5], help="3 at most from 500,000 on")
    parser.add_argument("--later", type=int, default=420_000, help="orders of the later set")
    parser.add_argument("--world", default="reference")
    parser.add_argument("--rows", type=int, default=60_000, help="most rows judged per state or cell")
    parser.add_argument("--keep", type=Path, default=Path("build/learning_curve"), help="folder of what was judged")
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    lines = [
        f"World `{arguments.world}` (simulated), later set {arguments.later:,} orders; {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, polars {pl.__version__}.",
        "",
    ]
    for size in arguments.sizes:
        seeds = arguments.seeds[:3] if size >= 500_000 else arguments.seeds
        runs = [Run(arguments.world, size, seed, arguments.later, arguments.rows, arguments.keep) for seed in seeds]
        found = [run.kept() or run.judged() for run in runs]
        lines += table(size, found)
        print("\n".join(lines[-len(CELLS) - 7 :]), flush=True)
        if arguments.write:
            arguments.write.write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Run:
    """One size and seed of a world. later: orders of the later set; rows: most judged per cell; keep: folder."""

    world: str
    size: int
    seed: int
    later: int
    rows: int
    keep: Path

    @property
    def file(self) -> Path:
        """Where what was judged is kept."""
        return self.keep / f"{self.world}-{self.size}-{self.seed}.npz"

    def kept(self) -> Judged | None:
        """What was judged before."""
        if not self.file.exists():
            return None
        with np.load(self.file) as arrays:
            return Judged(**arrays)

    def judged(self) -> Judged:
        """Train on `size` orders of one seed, judge on the later year of the same world."""
        began = time.time()
        past = simulate(load_world(self.world), self.size, self.seed, part=0, truth=False)
        later, truth = self.later_set()
        with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
            dataset = _dataset(past.orders, past.outcomes, Path(folder))
            recipe = Recipe(WINDOW_DAYS, (), frozenset(), self.seed)
            prepared = prepare(dataset, recipe, _quiet)
            learned = fitted_on_all(prepared, recipe, _quiet)
            curve = curve_of(prepared.rows, dataset.observed_until, WINDOW_DAYS)
            raw, calibrator = calibrated(logistic, prepared.rows, curve, dataset.observed_until, self.seed)
            scorer = scorer_of(prepared, learned)
            claims = int(np.isfinite(dataset.claimed_at).sum())
            del past, dataset, prepared
            rows = later_rows(later, truth)
            found = _judged(
                scorer, rows, truth, lambda X, phase: calibrator.log_odds(raw(X, STATE_OF_PHASE[phase]), phase)
            )
        np.savez(self.file, **asdict(found))
        print(f"# {self.size:,} orders, seed {self.seed}: {claims} claims, {learned.trees} trees, "
              f"slopes {learned.calibrator.slopes.round(2)}, {time.time() - began:.0f} s", flush=True)  # fmt: skip
        return found

    def later_set(self) -> tuple[Path, pl.DataFrame]:
        """The file of the later orders and the truth that is judged by, made once for all sizes."""
        folder = self.keep / f"{self.world}-later-{self.seed}"
        if not (folder / "truth.parquet").exists():
            later = simulate(load_world(self.world), self.later, self.seed, part=1, truth=True)
            folder.mkdir(parents=True, exist_ok=True)
            later.orders.write_parquet(folder / "orders.parquet")
            _thinned(later.truth, self.rows, self.seed).write_parquet(folder / "truth.parquet")
        return folder / "orders.parquet", pl.read_parquet(folder / "truth.parquet")


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


def later_rows(path: Path, truth: pl.DataFrame) -> Columns:
    """The later orders, read from a file, as they were known at the moments of the truth."""
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
        other = probability_of(logistic_log_odds(scores.X, scores.phase))
        parts.append((scores.probability, scores.low, scores.high, other))
    ours, low, high, other = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Judged(truth["probability"].to_numpy(), ours, low, high, other, truth["cell"].to_numpy().astype(str))


def loss(truth: Floats, said: Floats) -> float:
    """The mean log-loss of what was said, where claims come with the true probabilities."""
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
    inside = [np.mean([_numbers(j, cell)[5] for j in found for cell in cells]) for cells in (CELLS[:5], CELLS[5:])]
    lines += ["", f"Inside over all bins: states {100 * inside[0]:.1f} %, cells {100 * inside[1]:.1f} %."]
    return [*lines, ""]


def _numbers(found: Judged, cell: str) -> list[float]:
    at = found.cell == cell
    truth, ours = found.truth[at], found.ours[at]
    best = loss(truth, np.full(len(truth), truth.mean()))
    gain = best - loss(truth, truth)
    order = np.array_split(np.argsort(ours, kind="stable"), BINS)
    low, high = found.low[at], found.high[at]
    inside = np.mean([low[b].mean() <= truth[b].mean() <= high[b].mean() for b in order])
    return [
        float(truth.mean()), (best - loss(truth, ours)) / gain, (best - loss(truth, found.logistic[at])) / gain,
        float(truth.mean() / ours.mean()), calibration_slope(truth, ours, np.ones(len(truth))), float(inside),
        float(np.median(high / low)),
    ]  # fmt: skip


def _quiet(message: str) -> None:
    """Training's progress is not shown here."""


if __name__ == "__main__":
    main()
