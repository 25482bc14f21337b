"""Sizes of shared shocks as training learns them, beside those that the simulated orders had.

    python -m benchmarks.shocks --orders 30000 --seeds 3

Worlds with log-odds of a claim shifted by 2.5: without bad carrier weeks and lots, with weak ones (as in the reference
world), strong ones (as in the shock world), and medium ones half way between. A size is the standard deviation of the
log of what a group's chance of a claim is multiplied by.
    learned   mean of the posterior and 90 % of it, mean of the seeds (`assumed`: the prior's)
    truth     of the true chances of orders when placed, summed by the product's groups, with and without that kind of
              shock in the same world: deviation of the log of their ratio, groups weighed by claims to be expected
    inside    seeds in which the truth lies in the 90 %; a truth of 0 cannot, as every belief lies above it
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.columns import Floats
from model.defect_priors import SharedKind
from model.shock_groups import GROUPS
from model.shock_sizes import ShockSizes, prior_of
from training.dataset import Dataset, read_dataset
from training.shocks import learned_shocks
from training.simulate import Simulated, load_world, simulate
from training.train import Recipe, fitted_on_all, prepare, scorer_of
from training.world import World

STRENGTHS = {"none": None, "weak": 0.0, "medium": 0.5, "strong": 1.0}  # part of the way from reference to shock
SHIFT_LOG_ODDS, WINDOW_DAYS, HELD = 2.5, 90.0, np.array([0.05, 0.95])


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=30_000)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; simulated,", end=" ")
    print(f"{given.orders:,} orders, {given.seeds} seeds\n")
    print("| world | shock | claims | assumed | learned | truth | inside |")
    print("|---|---|---|---|---|---|---|")
    with threadpool_limits(limits=1):
        for name, way in STRENGTHS.items():
            for line in lines(shocked(way), given.orders, given.seeds):
                print(f"| {name} | {line} |", flush=True)


def shocked(way: float | None) -> World:
    """The reference world with its shocks moved this part of the way to those of the shock world; None: without any."""
    of, to = load_world("reference"), load_world("shock")
    of = replace(of, claim=replace(of.claim, shift_log_odds=SHIFT_LOG_ODDS))
    if way is None:
        return without("sku_lot", without("carrier_week", of))
    for part, names in _SHOCKS.items():
        here, there = getattr(of, part), getattr(to, part)
        moved = {n: (1.0 - way) * getattr(here, n) + way * getattr(there, n) for n in names}
        of = replace(of, **{part: replace(here, **moved)})
    return of


_SHOCKS = {
    "carrier": ("bad_week_share", "bad_week_effect"),
    "loss": ("bad_week_effect",),
    "sku": ("bad_lot_share", "bad_lot_effect"),
}


def without(kind: SharedKind, world: World) -> World:
    """The world without shocks of one kind; all else in it stays as it is."""
    if kind == "carrier_week":
        return replace(world, carrier=replace(world.carrier, bad_week_share=0.0))
    return replace(world, sku=replace(world.sku, bad_lot_share=0.0))


def lines(world: World, orders: int, seeds: int) -> Iterator[str]:
    """One line for each kind of shock."""
    each = [_once(world, orders, seed) for seed in range(seeds)]
    for kind in GROUPS:
        spreads, truth = [sizes.of(kind) for sizes, _ in each], [of[kind] for _, of in each]
        held = [of.at(HELD) for of in spreads]
        low, high = np.mean(held, axis=0)
        inside = sum(of[0] <= t <= of[1] for of, t in zip(held, truth, strict=True))
        mean, claims = np.mean([of.mean for of in spreads]), np.mean([of.claims for of in spreads])
        found = f"{mean:.2f} ({low:.2f}–{high:.2f}) | {np.mean(truth):.2f} | {inside} of {seeds}"
        yield f"{kind.replace('_', ' ')} | {claims:.0f} | {prior_of(kind).mean:.2f} | {found}"


def _once(world: World, orders: int, seed: int) -> tuple[ShockSizes, dict[SharedKind, float]]:
    """What training learns of a simulated year, and the true sizes."""
    made = simulate(world, orders, seed)
    dataset = _dataset(made)
    recipe = Recipe(WINDOW_DAYS, (), frozenset(), seed)
    prepared = prepare(dataset, recipe, lambda _: None)
    found = fitted_on_all(prepared, recipe, lambda _: None)
    sizes = learned_shocks(dataset, prepared.rows, found, scorer_of(prepared, found))
    chance = _chances(made, dataset)
    calm = {kind: _chances(simulate(without(kind, world), orders, seed), dataset) for kind in GROUPS}
    return sizes, {kind: _size(group(dataset.orders), chance, calm[kind]) for kind, group in GROUPS.items()}


def _dataset(made: Simulated) -> Dataset:
    with tempfile.TemporaryDirectory() as folder:
        made.orders.write_parquet(orders := Path(folder) / "orders.parquet")
        made.outcomes.write_parquet(outcomes := Path(folder) / "outcomes.parquet")
        return read_dataset(orders, outcomes)


def _chances(made: Simulated, dataset: Dataset) -> Floats:
    """(n,) float64: true P(claim) of the orders of a data set when they were placed."""
    if made.truth is None:
        raise ValueError("simulated without its truth")
    placed = made.truth.filter(pl.col("state").cast(pl.String) == "placed", pl.col("cell").cast(pl.String) == "entry")
    ids = pl.DataFrame({"order_id": dataset.orders["order_id"].tolist()})
    return ids.join(placed, on="order_id", how="left", maintain_order="left")["probability"].to_numpy()


def _size(place: np.ndarray, chance: Floats, calm: Floats) -> float:
    """Deviation of the log of what groups are multiplied by. All (n,): places of the groups, chances with shocks and
    without."""
    came, expected = np.bincount(place, chance), np.bincount(place, calm)
    log = np.log(came / expected)
    return float(np.sqrt(np.average((log - np.average(log, weights=expected)) ** 2, weights=expected)))


if __name__ == "__main__":
    main()
