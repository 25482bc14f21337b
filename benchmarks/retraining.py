"""Does acting on advice spoil the next model? A simulated year, retrained every month, judged on orders left alone.

    python -m benchmarks.retraining --orders 60000 --seed 1

A model is made of one simulated year in which nobody acts. In the next year the shop acts on most of the orders that
the model of the day holds for the riskiest when they are placed, and what it does works. Every month a model is made of
all that is known, with the orders that were acted on (`train --actions`, as `train --from-store` has it): the promoted
one. The naive one is made at the end of the year without. All are judged by the true probabilities of a third year that
nobody acts on, at many moments of its orders, beside the first model, which stays as it was.
    gain     share of the truth's log-loss gain over the constant
    O/E      mean truth ÷ mean prediction, of all moments, and of the tenth that the model holds for the riskiest
    claims   of the year as it was acted on, and as it would have been
Models are fitted without the search for their size (60 trees a state), all in the same way. Simulated orders.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from benchmarks.learning_curve import later_rows, loss
from features.columns import Columns, Floats
from model.scorer import Scorer
from training import basket as baskets
from training.dataset import Dataset, read_dataset
from training.entities import draw_entities, draw_shocks
from training.hazards import hazards_of
from training.hindsight import as_it_stood
from training.journey import travel
from training.landmarks import first_looks, known_rows
from training.learn import learned_without_search
from training.ledger import orders_frame
from training.rows import curve_of
from training.simulate import World, load_world, simulate
from training.story import Story
from training.train import Recipe, prepare, scorer_of
from training.verdicts import judge, outcomes_frame

WINDOW_DAYS, TREES, MONTHS, PIECE = 90.0, 60, 12, 50_000
DONE = ("better_carrier", "tracking", "hand_over", "refund_fast")  # training/basket.py
AFTER = 3_600.0  # seconds from an order to what is done about it


@dataclass(frozen=True)
class Year:
    """What the seller holds of one year, and what became of it."""

    orders: pl.DataFrame
    outcomes: pl.DataFrame

    def where(self, acted: pl.Series) -> Year:
        """Those of some orders (ids)."""
        return Year(
            *(frame.filter(pl.col("order_id").is_in(acted.implode())) for frame in (self.orders, self.outcomes))
        )

    def beside(self, other: Year) -> Year:
        """Both."""
        return Year(*(pl.concat(pair) for pair in ((self.orders, other.orders), (self.outcomes, other.outcomes))))


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", default="reference", help="one of `claimrisk simulate --world`")
    parser.add_argument("--orders", type=int, default=60_000, help="of each year")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.1, help="of a month's orders that are to be acted on")
    parser.add_argument("--adherence", type=float, default=0.8, help="share of these that are")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; simulated orders\n")
    with threadpool_limits(limits=1):
        run(load_world(given.world), given.orders, given.seed, given.share, given.adherence)


def run(world: World, orders: int, seed: int, share: float, adherence: float) -> None:
    """Live through the year and print what each model is worth afterwards."""
    began = time.time()
    before, alone, done = (lived(world, orders, seed, *of) for of in ((0, ()), (1, ()), (1, DONE)))
    later, truth = judged_by(world, orders // 2, seed)
    first = learned(dataset(before, ()), seed)
    promoted, acted, borders = first, alone.orders["order_id"].head(0), months(alone)
    drawn = np.random.default_rng([seed, 99]).random(alone.orders.height) < adherence
    for begin, end in pairwise(borders):
        risk = at_placing(promoted, alone)
        placed = alone.orders["placed_at"].dt.epoch("us").to_numpy() / 1e6
        here = (placed >= begin) & (placed < end)
        chosen = here & drawn & (risk >= np.quantile(risk[here], 1.0 - share))
        acted = acted.append(alone.orders["order_id"].filter(pl.Series(chosen)))
        known = before.beside(alone.where(_others(alone, acted))).beside(done.where(acted))
        promoted = learned(as_it_stood(dataset(known, acted), end), seed)
        print(
            f"# month to {np.datetime64(int(end), 's')}: {len(acted):,} acted on so far, {time.time() - began:.0f} s",
            flush=True,
        )
    naive = learned(as_it_stood(dataset(known, None), borders[-1]), seed)
    year = alone.where(_others(alone, acted)).beside(done.where(acted))
    print(f"\nclaims: {year.outcomes.height:,} as it was acted on, {alone.outcomes.height:,} as it would have been")
    print("\n| model | gain | O/E | O/E of the riskiest tenth |\n|---|---|---|---|")
    for name, scorer in (("first, frozen", first), ("promoted after a year", promoted), ("naive after a year", naive)):
        print(f"| {name} | {worth(scorer, later, truth)} |", flush=True)


def lived(world: World, orders: int, seed: int, part: int, done: Sequence[str]) -> Year:
    """One part of a world in which all shops do these things."""
    entities, shocks = draw_entities(world, seed), draw_shocks(world, seed, part)
    basket = baskets.place_orders(world, entities, shocks, orders, seed, part)
    for name in done:
        basket = baskets.intervene(basket, entities, name)
    hazards = hazards_of(world, entities, basket)
    story = Story(world, entities, basket, travel(world, hazards, seed, part), seed, part)
    verdicts = judge(story)
    frame = orders_frame(story, verdicts.decided, verdicts.seller_paid)
    return Year(frame, outcomes_frame(story, verdicts, frame))


def months(year: Year) -> Floats:
    """Instants that cut the year into months of equal length."""
    placed = year.orders["placed_at"].dt.epoch("us").to_numpy() / 1e6
    return np.linspace(placed.min(), placed.max() + 1.0, MONTHS + 1)


def _others(year: Year, acted: pl.Series) -> pl.Series:
    return year.orders["order_id"].filter(~year.orders["order_id"].is_in(acted.implode()))


def dataset(year: Year, acted: pl.Series | Sequence[str] | None) -> Dataset:
    """By way of files, as a user would give them. acted: ids of orders; None where nobody says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        year.orders.write_parquet(folder / "orders.parquet")
        year.outcomes.write_parquet(folder / "outcomes.parquet")
        if acted is None or not len(acted):
            return read_dataset(folder / "orders.parquet", folder / "outcomes.parquet")
        at = (pl.col("placed_at") + pl.duration(seconds=AFTER)).alias("at")
        rows = year.orders.filter(pl.col("order_id").is_in(acted.implode()))  # type: ignore[union-attr]
        rows.select("order_id", at).write_parquet(folder / "actions.parquet")
        files = (folder / "orders.parquet", folder / "outcomes.parquet")
        return read_dataset(*files, actions=folder / "actions.parquet")


def learned(past: Dataset, seed: int) -> Scorer:
    """A model, without the search for its size."""
    ready = prepare(past, Recipe(WINDOW_DAYS, (), frozenset(), seed), lambda _: None)
    rows, until = ready.rows, past.observed_until
    curve = curve_of(rows, until, WINDOW_DAYS)
    found = learned_without_search(rows, curve, ready.pipeline.features_, until=until, seed=seed, trees=TREES)
    return scorer_of(ready, found)


def at_placing(scorer: Scorer, year: Year) -> Floats:
    """(n,) the probability of a claim of each order as it is placed, in the order of its rows."""
    past = dataset(year, ())
    looks = first_looks(past.orders, past.claimed_at, WINDOW_DAYS, until=np.inf, is_snapshots=False)
    told = scorer.score(known_rows(past.orders, looks, (), is_snapshots=False)).probability
    found = dict(zip(past.orders["order_id"][looks.order], told, strict=True))
    return np.array([found.get(name, 0.0) for name in year.orders["order_id"]])


def judged_by(world: World, orders: int, seed: int) -> tuple[Columns, Floats]:
    """Orders of the third year as they were known at many moments, and the true probability of a claim at each."""
    made = simulate(world, orders, seed, part=2, truth=True)
    truth = made.truth.filter(pl.col("cell") != "random")  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as folder:
        made.orders.write_parquet(Path(folder) / "orders.parquet")
        return later_rows(Path(folder) / "orders.parquet", truth), truth["probability"].to_numpy()


def worth(scorer: Scorer, later: Columns, truth: Floats) -> str:
    """What a model says of later orders beside the truth."""
    said = np.concatenate([
        scorer.score(later.part(begin, begin + PIECE)).probability for begin in range(0, later.n, PIECE)
    ])  # fmt: skip
    base = loss(truth, np.full(len(truth), truth.mean()))
    gain = (base - loss(truth, said)) / (base - loss(truth, truth))
    riskiest = np.argsort(-said, kind="stable")[: len(said) // 10]
    return f"{gain:.2f} | {truth.mean() / said.mean():.2f} | {truth[riskiest].mean() / said[riskiest].mean():.2f}"


if __name__ == "__main__":
    main()
