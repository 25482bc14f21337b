"""Scoring a large file beside the least that any tool must do: read it, predict, write it.

    python -m benchmarks.batch --model BUNDLE [--orders ORDERS.parquet] [--rows 1000000] [--rounds 3] [--only parquet]
        [--alone]

The peer: polars reads the Parquet file and writes it, and LightGBM's own `Booster.predict` of the same model, on all
cores, predicts the same rows out of features that lie ready. Its seconds are without start and imports, ours are with.
Jobs: money and band for all (`parquet`); also reasons and advice for the riskiest 10 % (`explained`); the first from
CSV to CSV (`csv`). Medians over rounds, the peer in each round; peak memory of all our processes together. Where other
work keeps the machine busy, the ratio of processor time is the one to read.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import joblib
import lightgbm
import numpy as np
import polars as pl

from benchmarks.batch_orders import make
from benchmarks.bodies import machine
from benchmarks.job import Job, claimrisk
from features.moments import as_known, states
from features.order import STATES
from features.tables import TableOptions, read_orders
from model.artefact import load
from service.settings import settings, signing_key


class Task(NamedTuple):
    """ending: of the files read and written; top: what is explained; beside: what it is divided by."""

    ending: str
    top: str
    beside: Literal["peer", "parquet"]
    goal: float


JOBS = {
    "parquet": Task(".parquet", "0%", "peer", 3.0),
    "explained": Task(".parquet", "10%", "parquet", 3.5),
    "csv": Task(".csv", "0%", "parquet", 1.6),
}


@dataclass(slots=True)
class Clock:
    """Wall and processor seconds of what ran inside."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Add what runs inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.seconds += time.perf_counter() - wall
        self.cpu_seconds += time.process_time() - cpu


def peer(orders: Path, model: Path, out: Path) -> Clock:
    """What it takes to read, predict and write."""
    clock = Clock()
    with clock.running():
        pl.read_parquet(orders).write_parquet(out)
    scorer = load(model, signing_key(settings())).scorer
    parts = (part.partition("\n") for part in scorer.booster.text.split("state=")[1:])
    bare = {STATES.index(state): lightgbm.Booster(model_str=text) for state, _, text in parts}
    for chunk in read_orders(orders, TableOptions()):
        known = as_known(chunk.columns)
        X, state = scorer.pipeline.transform(known), states(known)
        for place, booster in bare.items():
            rows = X[np.flatnonzero(state == place)]
            if len(rows):
                with clock.running():
                    booster.predict(rows, raw_score=True, num_threads=joblib.cpu_count())
    return clock


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--orders", type=Path, default=None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=[*JOBS], action="append")
    parser.add_argument("--alone", action="store_true", help="without the peer")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        orders = asked.orders or Path(folder) / "orders.parquet"
        make(orders, asked.rows, 12)
        _run(asked, orders, Path(folder))


def _run(asked: argparse.Namespace, orders: Path, folder: Path) -> None:
    names = asked.only or [*JOBS]
    given = {".parquet": orders, ".csv": folder / "orders.csv"}
    if "csv" in names:
        pl.scan_parquet(orders).sink_csv(given[".csv"], datetime_format="%Y-%m-%dT%H:%M:%SZ")
    peers: list[Clock] = []
    done: dict[str, list[Job]] = {name: [] for name in names}
    for _ in range(asked.rounds):
        if not asked.alone:
            peers.append(peer(orders, asked.model, folder / "peer.parquet"))
        for name in names:
            ending, top = JOBS[name].ending, JOBS[name].top
            told = (given[ending], "--out", folder / f"out{ending}", "--model", asked.model, "--explain-top", top)
            done[name].append(claimrisk("score", *told))
    rows = pl.scan_parquet(orders).select(pl.len()).collect().item()
    print(f"{machine()}\n{rows:,} orders, median of {asked.rounds}\n")
    if peers:
        print(_row("peer", rows, peers, None))
    for name in names:
        beside = done.get("parquet") if JOBS[name].beside == "parquet" else peers
        print(_row(name, rows, done[name], beside), f"÷ {JOBS[name].beside}, goal ≤ {JOBS[name].goal}")
        print(f"{'':12}peak memory {max(job.peak_mb for job in done[name]):.0f} MB")


def _row(name: str, rows: int, found: Sequence[Job | Clock], beside: Sequence[Job | Clock] | None) -> str:
    seconds, cpu = (statistics.median(getattr(f, what) for f in found) for what in ("seconds", "cpu_seconds"))
    told = f"{name:12}{seconds:7.1f} s {cpu:7.1f} s of processors {rows / seconds:9,.0f} orders/s"
    for what, where in (("seconds", "by the clock"), ("cpu_seconds", "by processor time")):
        if beside:
            ratio = statistics.median(getattr(f, what) / getattr(b, what) for f, b in zip(found, beside, strict=True))
            told += f", {ratio:.2f} {where}"
    return told


if __name__ == "__main__":
    main()
