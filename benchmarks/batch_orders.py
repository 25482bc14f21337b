"""Files of simulated orders for the batch benchmarks: each order as it was known at a moment of its life.

    python -m benchmarks.batch_orders OUT.parquet --rows 1000000 [--seed 12]

Beyond `SIMULATED` rows the same orders come again under other order numbers. Every order is looked at once, up to
45 days after it was placed; what happened later is blank, as in an export of that day.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from features.moments import DAY, facts
from features.order import attributes
from service.results import Part, write_parts
from training.simulate import load_world, simulate

SIMULATED = 1_000_000
PART = 200_000
LOOKED_AT_DAYS = 45.0


def as_exported(orders: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Orders in their final state as an export of some day in their life shows them."""
    days = np.random.default_rng(seed).uniform(0.0, LOOKED_AT_DAYS, orders.height)
    seconds = pl.Series((days * DAY).astype(np.int64))
    orders = orders.with_columns(as_of=pl.col("placed_at") + pl.duration(seconds=seconds))
    is_late = {name: pl.col(name) > pl.col("as_of") for name in facts() if name in orders.columns}
    known = attributes()
    shown: dict[str, pl.Expr] = {}
    for name in orders.columns:
        since = [is_late[s] for s in (known[name].since if name in known else ()) if s in is_late]
        since += [is_late[name]] if name in is_late else []
        if since:
            shown[name] = pl.when(~pl.any_horizontal(e.fill_null(value=False) for e in since)).then(pl.col(name))
    return orders.with_columns(**shown)


def parts(rows: int, seed: int) -> Iterator[pl.DataFrame]:
    """`rows` orders in parts."""
    made: list[pl.DataFrame] = []
    for start in range(0, rows, PART):
        k, again = start // PART % (SIMULATED // PART), start // SIMULATED
        if not again:
            orders = simulate(load_world("reference"), PART, seed + k, truth=False).orders
            made.append(
                as_exported(orders.with_columns(pl.format("{}-{}", "order_id", pl.lit(k)).alias("order_id")), seed + k)
            )
        yield made[k].head(rows - start).with_columns(pl.format("{}-{}", "order_id", pl.lit(again)).alias("order_id"))


def make(out: Path, rows: int, seed: int) -> None:
    """Write `rows` orders to `out`; nothing is done where it is there."""
    if not out.exists():
        write_parts(map(Part, parts(rows, seed)), out, "utf-8-sig")


def main() -> None:
    """Make one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=SIMULATED)
    parser.add_argument("--seed", type=int, default=12)
    asked = parser.parse_args()
    make(asked.out, asked.rows, asked.seed)


if __name__ == "__main__":
    main()
