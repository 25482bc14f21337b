"""Does monitoring stay silent while nothing changes, and does it hear what does? On simulated years.

    python -m benchmarks.drift --orders 100000 --seeds 1 2 3

A model is trained on one simulated year; the next year of the same world is looked at month by month, as it is and with
a change from the start of its fifth month on: the busiest carrier takes 2.7 times as long, prices rise by 30 %,
weights come in kilograms instead of grams, claims double.
    alarms   all kinds, in 12 months; false: begun before the change
    delay    months from the change to the end of the month with the first alarm; by: what is told first
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.kinds import Kind
from features.order import attributes
from model.profile import months_of
from model.scorer import Scorer
from training.bundle import profile_of
from training.dataset import Dataset, read_dataset
from training.health import health
from training.health_report import month_name, told
from training.simulate import Simulated, World, load_world, simulate
from training.train import Recipe, fitted_on_all, prepare, scorer_of

CHANGED_MONTH, WINDOW_DAYS = 4, 90.0
MORE_CLAIMS = 1.25  # log-odds that double the claims of the reference world


@dataclass(frozen=True)
class Year:
    """A later year: what the seller holds, and what became of it."""

    orders: pl.DataFrame
    outcomes: pl.DataFrame

    @property
    def changed_month(self) -> int:
        """The fifth whole month, in months since 1970."""
        first = self.orders["placed_at"].dt.epoch("us").min()
        return int(months_of(np.array([first / 1e6]))[0]) + 1 + CHANGED_MONTH  # type: ignore[operator]

    @property
    def changes_at(self) -> pl.Series:
        """Per order whether it was placed after the change."""
        return pl.Series(months_of(self.orders["placed_at"].dt.epoch("us").to_numpy() / 1e6) >= self.changed_month)


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000, help="of each year")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; simulated orders\n")
    print("| seed | year | alarms | false | delay, months | by |\n|---|---|---|---|---|---|")
    with threadpool_limits(limits=1):
        for seed in given.seeds:
            for row in rows(given.orders, seed):
                print(f"| {seed} | {row} |", flush=True)


def rows(orders: int, seed: int) -> Iterator[str]:
    """A line for each year."""
    began, world = time.time(), load_world("reference")
    scorer, profile = learned(world, orders, seed)
    print(f"# trained in {time.time() - began:.0f} s", flush=True)
    for name, change in CHANGES.items():
        year = change(world, _year(simulate(world, orders, seed, part=1, truth=False)), orders, seed)
        with tempfile.TemporaryDirectory() as folder:
            dataset, since = _dataset(year, Path(folder))
        answer = told(health(dataset, scorer, profile, since=since), "", "en")
        changed = month_name(year.changed_month)
        false = [a for a in answer["alarms"] if a["month"] < changed or name == "none"]
        true = [a for a in answer["alarms"] if a["month"] >= changed and name != "none"]
        delay = "–" if name == "none" else "not found"
        if true:
            delay = str(np.arange(changed, true[0]["month"], dtype="datetime64[M]").size + 1)
        by = next((a["text"] for a in [*true, *false]), "–")
        yield f"{name} | {len(answer['alarms'])} | {len(false)} | {delay} | {by}"


def learned(world: World, orders: int, seed: int) -> tuple[Scorer, dict[str, object]]:
    """A model of one year, and its profile."""
    with tempfile.TemporaryDirectory() as folder:
        dataset, _ = _dataset(_year(simulate(world, orders, seed, truth=False)), Path(folder))
    recipe = Recipe(WINDOW_DAYS, (), frozenset(), seed)
    prepared = prepare(dataset, recipe, lambda _: None)
    found = fitted_on_all(prepared, recipe, lambda _: None)
    scorer = scorer_of(prepared, found)
    return scorer, profile_of(prepared, scorer, found)


def _year(made: Simulated) -> Year:
    return Year(made.orders, made.outcomes)


def _dataset(year: Year, folder: Path) -> tuple[Dataset, float]:
    year.orders.write_parquet(folder / "orders.parquet")
    year.outcomes.write_parquet(folder / "outcomes.parquet")
    placed = year.orders["placed_at"].dt.epoch("us").to_numpy() / 1e6
    first, last = float(placed.min()), float(placed.max())
    return read_dataset(folder / "orders.parquet", folder / "outcomes.parquet", observed_until=last), first


def none(_: World, year: Year, __: int, ___: int) -> Year:
    """The year as it is."""
    return year


def carrier(world: World, year: Year, orders: int, seed: int) -> Year:
    """The busiest carrier takes 2.7 times as long (log 1.0) and loses more, week after week; what it promises stays."""
    weeks = replace(world.carrier, bad_week_share=1.0, bad_week_effect=4.0 * world.carrier.bad_week_effect)
    worse = _year(simulate(replace(world, carrier=weeks), orders, seed, part=1, truth=False))
    busiest = year.orders["carrier"].value_counts(sort=True)["carrier"][0]
    return _spliced(year, worse, year.changes_at & (year.orders["carrier"] == busiest))


def prices(_: World, year: Year, __: int, ___: int) -> Year:
    """All money of an order rises by 30 %."""
    money = [n for n, a in attributes().items() if a.kind is Kind.MONEY and n in year.orders.columns]
    return _changed(year, {n: pl.col(n) * 1.3 for n in money})


def weights(_: World, year: Year, __: int, ___: int) -> Year:
    """Weights come in kilograms."""
    return _changed(year, {"item_weight_g": pl.col("item_weight_g") / 1000.0})


def claims(world: World, year: Year, orders: int, seed: int) -> Year:
    """About twice as many orders end in a claim."""
    worse = replace(world, claim=replace(world.claim, shift_log_odds=world.claim.shift_log_odds + MORE_CLAIMS))
    return _spliced(year, _year(simulate(worse, orders, seed, part=1, truth=False)), year.changes_at)


CHANGES: dict[str, Callable[[World, Year, int, int], Year]] = {
    "none": none, "carrier": carrier, "prices": prices, "weights": weights, "claims": claims,
}  # fmt: skip


def _changed(year: Year, columns: dict[str, pl.Expr]) -> Year:
    after = pl.lit(year.changes_at)
    changed = [pl.when(after).then(e).otherwise(pl.col(n)).alias(n) for n, e in columns.items()]
    return Year(year.orders.with_columns(changed), year.outcomes)


def _spliced(year: Year, other: Year, after: pl.Series) -> Year:
    """The orders of `year`, those marked out of the other; both hold the same orders."""
    taken = year.orders.filter(after)["order_id"].implode()
    mine = pl.col("order_id").is_in(taken)
    return Year(*(
        pl.concat([one.filter(~mine), two.filter(mine)], how="vertical_relaxed")
        for one, two in ((year.orders, other.orders), (year.outcomes, other.outcomes))
    ))  # fmt: skip


if __name__ == "__main__":
    main()
