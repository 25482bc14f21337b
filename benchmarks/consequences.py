"""Are consequences learned from few claims ever worse than what policy lets expect alone?

    python benchmarks/consequences.py --claims 0 20 100 --seeds 20

For each seed a shop's history and its later orders are simulated. Consequences are learned from the first N decided
claims of the history, and judged by log-loss on all later claims, at every moment before each (a claim weighs 1): lower
is better, and `gain` is the prior's loss less that of what was learned, mean over the seeds with its standard error.
Worlds: `reference`, where claims are not decided quite as policy lets expect, and `as_policy_expects`, where each later
and earlier decision is drawn from policy's own shares: there nothing is to be learned, and only luck can be.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from features.columns import Floats
from features.moments import DAY
from features.pipeline import FeaturePipeline
from model.consequence_rules import Expected, expectations, expected
from model.consequences import Tilt
from training.consequences import Decided, decided, tilt_of
from training.dataset import Dataset, read_dataset
from training.landmarks import landmarks
from training.rows import known_piece
from training.simulate import load_world, simulate

WINDOW_DAYS = 90.0
OUTCOMES = ("seller_pays", "defect")


@dataclass(frozen=True)
class Claims:
    """Rows of m moments before claims. told: what policy expects; kind, group, as_of: (m,); y: (m,) 1 or 0 each."""

    told: Expected
    kind: np.ndarray
    group: np.ndarray
    as_of: Floats
    y: dict[str, Floats]

    def of(self, outcome: str, first: int | None = None) -> Decided:
        """The rows of the first claims, or of all."""
        use = self.group < (np.inf if first is None else first)
        share = getattr(self.told, outcome)[np.arange(len(self.kind)), self.kind]
        return decided(share[use], self.y[outcome][use], self.group[use])


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, nargs="+", default=[0, 20, 100])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--orders", type=int, default=40_000, help="orders of each history and of each later part")
    parser.add_argument("--world", default="reference")
    arguments = parser.parse_args()
    gains: dict[tuple[str, str, int], list[float]] = {}
    for seed in range(1, arguments.seeds + 1):
        past, later = (simulated_claims(arguments.world, arguments.orders, seed, part) for part in (0, 1))
        for world in (arguments.world, "as_policy_expects"):
            if world != arguments.world:
                rng = np.random.default_rng(seed)
                past, later = (redrawn(claims, rng) for claims in (past, later))
            for outcome in OUTCOMES:
                for n in arguments.claims:
                    gains.setdefault((world, outcome, n), []).append(gain(past, later, outcome, n))
    print("| world | outcome | claims | gain, nats a claim | standard error | better than the prior in |")
    print("|---|---|---|---|---|---|")
    for (world, outcome, n), found in gains.items():
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        better = sum(g > 0 for g in found)
        print(f"| {world} | {outcome} | {n} | {np.mean(found):+.5f} | {error:.5f} | {better} of {len(found)} |")


def gain(past: Claims, later: Claims, outcome: str, claims: int) -> float:
    """How much less is lost on later claims than by the prior alone."""
    tilt = tilt_of(past.of(outcome, claims), expectations().prior)
    judged = later.of(outcome)
    return _loss(judged, Tilt(0.0, 1.0, 0.0, 0.0)) - _loss(judged, tilt)


def _loss(rows: Decided, tilt: Tilt) -> float:
    p = tilt.of(rows.share)
    return float(-(rows.weight @ (rows.y * np.log(p) + (1.0 - rows.y) * np.log1p(-p))) / rows.weight.sum())


def simulated_claims(world: str, orders: int, seed: int, part: int) -> Claims:
    """The moments before each claim of a part, claims numbered by the instant they were opened."""
    made = simulate(load_world(world), orders, seed, part=part, truth=False)
    claimed = made.orders.join(made.outcomes.select("order_id"), on="order_id", how="semi")
    with tempfile.TemporaryDirectory() as folder:
        dataset = _read(Path(folder), claimed, made.outcomes)
    marks = landmarks(dataset.orders, dataset.claimed_at, WINDOW_DAYS, until=dataset.observed_until, seed=seed)
    told = expected(known_piece(dataset, FeaturePipeline(WINDOW_DAYS), marks, slice(None)))
    number = np.argsort(np.argsort(dataset.claimed_at, kind="stable"), kind="stable")
    decisions = dataset.decisions.take(marks.order)
    y = {"seller_pays": decisions.seller_paid, "defect": decisions.counts_as_defect}
    return Claims(told, dataset.claim_type[marks.order].astype(np.int64), number[marks.order], marks.as_of, y)


def _read(folder: Path, orders: pl.DataFrame, outcomes: pl.DataFrame) -> Dataset:
    orders.write_parquet(folder / "orders.parquet")
    outcomes.write_parquet(folder / "outcomes.parquet")
    last = float(outcomes["decided_at"].dt.epoch("us").max()) / 1e6  # type: ignore[arg-type]
    return read_dataset(folder / "orders.parquet", folder / "outcomes.parquet", observed_until=last + DAY)


def redrawn(claims: Claims, rng: np.random.Generator) -> Claims:
    """The same claims, each decided by the share that policy expects at its last moment."""
    last = np.full(claims.group.max() + 1, -1)
    by_time = np.argsort(claims.as_of, kind="stable")
    last[claims.group[by_time]] = by_time
    u = rng.random(len(last))
    y = {}
    for outcome in OUTCOMES:
        share = getattr(claims.told, outcome)[np.arange(len(claims.kind)), claims.kind]
        y[outcome] = (u < share[last])[claims.group].astype(float)
    return Claims(claims.told, claims.kind, claims.group, claims.as_of, y)


if __name__ == "__main__":
    main()
