"""Does the back-test tell the truth? On simulated years, where the truth is known.

    python benchmarks/backtest.py --worlds 20 --orders 30000

For each world (a seed) a year of orders is simulated and looked back upon from its end, with a model made each month.
The truth of "claims found" is the number that the same lists find on average: the sum, over the orders worked, of the
TRUE probability of a claim between the day an order was first worked and the end of observation, given what had
happened by then (rollouts of the simulator). What was found differs from it by chance alone; the interval that the
report prints should cover it in about 90 of 100 worlds (goal: at least 85).
    covers   whether the truth lies in the interval;  z: (found − truth) ÷ √truth
    verdict  of the report, in the world as it is and in one without signal: there each claim keeps its moment and is
             given to an order drawn by lot among those open then, so that nothing about an order tells of its claim
Choices that `claimrisk train` searches for (penalty, number of trees) are fixed here, to save an hour.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.columns import Floats
from features.moments import DAY
from model.scorer import Scorer
from training import basket as baskets
from training.backtest import ALL, Backtest, backtest
from training.dataset import read_dataset
from training.entities import draw_entities, draw_shocks
from training.hazards import hazards_of
from training.journey import travel
from training.learn import Progress, learned_without_search
from training.milestones import Moments, state_at
from training.refits import Refits
from training.rollout import probabilities
from training.rows import curve_of
from training.simulate import World, load_world, simulate
from training.train import Prepared, Recipe, scorer_of
from training.window import window_before
from training.worked import PROBABILITY

WINDOW_DAYS, TREES, PATHS = 90.0, 60, 64


@dataclass(frozen=True)
class Told:
    """What the back-test of one world told, and the truth."""

    found: Backtest
    truth: float

    @property
    def covers(self) -> bool:
        """Whether the interval holds the truth."""
        claims = self.found.rankings[PROBABILITY].found[ALL].claims
        return claims.low <= self.truth <= claims.high


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the first seed; a world takes about three minutes")
    parser.add_argument("--orders", type=int, default=30_000, help="of the year")
    parser.add_argument("--world", default="common")
    parser.add_argument("--capacity", type=int, default=16)
    parser.add_argument("--months", type=int, default=3)
    arguments = parser.parse_args()
    began = time.time()
    print(f"World `{arguments.world}` (simulated), {arguments.orders:,} orders a year, last {arguments.months} months, "
          f"{arguments.capacity} orders a day.\n")  # fmt: skip
    print("| seed | claims | found | 90 % interval | truth | covers | z | chance | verdict | without signal: claims |"
          " found | 90 % interval | chance | verdict |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    told = []
    for seed in range(arguments.first, arguments.first + arguments.worlds):
        real, idle = (judged(arguments, seed, has_signal=signal) for signal in (True, False))
        told.append((real, idle.found))
        print(line(seed, real, idle.found), flush=True)
    print(summary([real for real, _ in told], [idle for _, idle in told]), f"{time.time() - began:.0f} s.")


def judged(arguments: argparse.Namespace, seed: int, *, has_signal: bool) -> Told:
    """The back-test of one world beside its truth (NaN without signal)."""
    world = load_world(arguments.world)
    year = simulate(world, arguments.orders, seed, truth=False)
    until = year.orders["placed_at"].dt.epoch("us").max() / 1e6
    outcomes = year.outcomes if has_signal else without_signal(year.orders, year.outcomes, seed)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        year.orders.write_parquet(Path(folder) / "orders.parquet")
        outcomes.write_parquet(Path(folder) / "outcomes.parquet")
        data = read_dataset(Path(folder) / "orders.parquet", Path(folder) / "outcomes.parquet", observed_until=until)
        window = window_before(until, data.coverage.since, arguments.months)
        models = Refits(data, Recipe(WINDOW_DAYS, (), frozenset(), seed), quiet, fixed_fit)
        found = backtest(data, window, models, quiet, months=arguments.months, capacity=arguments.capacity,
                         window_days=WINDOW_DAYS, seed=seed)  # fmt: skip
    truth = true_claims(world, arguments.orders, seed, year.orders, found) if has_signal else float("nan")
    return Told(found, truth)


def fixed_fit(ready: Prepared, recipe: Recipe, progress: Progress) -> Scorer:  # noqa: ARG001 - the shape of a fit
    """A scorer with the number of trees of this file."""
    rows, until = ready.rows, ready.dataset.observed_until
    curve, features = curve_of(rows, until, recipe.window_days), ready.pipeline.features_
    return scorer_of(ready, learned_without_search(rows, curve, features, until=until, seed=recipe.seed, trees=TREES))


def without_signal(orders: pl.DataFrame, outcomes: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The claims at their moments, each given to another order that was open then."""
    rng = np.random.default_rng([seed, 99])
    placed = orders["placed_at"].dt.epoch("us").to_numpy()
    closes = orders["latest_delivery_at"].dt.epoch("us").to_numpy() + WINDOW_DAYS * DAY * 1e6
    is_free = np.ones(orders.height, dtype=np.bool_)
    drawn = np.empty(outcomes.height, dtype=np.int64)
    for i, at in enumerate(outcomes["claim_opened_at"].dt.epoch("us").to_numpy()):
        drawn[i] = rng.choice(np.flatnonzero(is_free & (placed < at) & (at < closes)))
        is_free[drawn[i]] = False
    return outcomes.with_columns(order_id=orders["order_id"].gather(drawn))


def true_claims(world: World, orders: int, seed: int, frame: pl.DataFrame, found: Backtest) -> float:
    """The claims that the lists of a back-test find on average: Σ of the true probabilities of the orders worked."""
    entities, shocks = draw_entities(world, seed), draw_shocks(world, seed, 0)
    basket = baskets.place_orders(world, entities, shocks, orders, seed, 0)
    hazards = hazards_of(world, entities, basket)
    journey = travel(world, hazards, seed, 0)
    placed = frame["placed_at"].dt.epoch("us").to_numpy() / 1e6
    place = {order_id: i for i, order_id in enumerate(frame["order_id"])}
    entry = np.flatnonzero(~np.isnan(found.first_worked))
    order = np.array([place[o] for o in found.book.order_id[entry]], dtype=np.int64)
    as_of = np.zeros(orders)
    as_of[order] = (found.window.first + found.first_worked[entry] * DAY - placed[order]) / DAY
    observed: Floats = np.minimum(hazards.close, (found.window.until - placed) / DAY)
    state = state_at(hazards, journey, as_of)[order]
    moments = Moments(order, as_of[order], state, np.zeros(len(order), dtype=np.int64))
    ahead = replace(hazards, close=observed)
    return float(probabilities(world, ahead, journey, moments, paths=PATHS, stream=(seed, 0)).sum())


def line(seed: int, real: Told, idle: Backtest) -> str:
    """One row of the table."""
    ours, theirs = (f.rankings[PROBABILITY].found[ALL].claims for f in (real.found, idle))
    z = (ours.value - real.truth) / np.sqrt(real.truth)
    return (
        f"| {seed} | {real.found.claims} | {ours.value:.0f} | {ours.low:.1f}–{ours.high:.1f} | {real.truth:.1f} "
        f"| {'yes' if real.covers else 'NO'} | {z:+.2f} | {real.found.chance:.1f} | {real.found.verdict} "
        f"| {idle.claims} | {theirs.value:.0f} | {theirs.low:.1f}–{theirs.high:.1f} | {idle.chance:.1f} "
        f"| {idle.verdict} |"
    )


def summary(real: list[Told], idle: list[Backtest]) -> str:
    """How often the interval covers, and how often the verdict is right."""
    n = len(real)
    found = np.array([t.found.rankings[PROBABILITY].found[ALL].claims.value for t in real])
    truth = np.array([t.truth for t in real])
    idle_found = sum(f.rankings[PROBABILITY].found[ALL].claims.value for f in idle)
    better = sum(t.found.verdict == "better" for t in real)
    no_better = sum(f.verdict == "no_better" for f in idle)
    return (
        f"\nThe interval covers the truth in {sum(t.covers for t in real)} of {n} worlds; found ÷ truth over all "
        f"{found.sum() / truth.sum():.3f}; “better than chance” in {better} of {n} worlds with signal, “no better” in "
        f"{no_better} of {n} without (found ÷ chance over all {idle_found / sum(f.chance for f in idle):.2f})."
    )


def quiet(message: str) -> None:
    """Progress is not shown here."""


if __name__ == "__main__":
    main()
