"""Make `orders.csv`: SIMULATED orders as an operations person would see them on one morning.

    python examples/make_orders.py

The orders are those of the demo's shops a year on (part 1 of the same world and seed), each with only what is known at
`AS_OF`. They are picked by situation, so that all states and the usual troubles are there; they are no fair sample.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from features.columns import Bools, Columns, Floats, concatenated, epoch_seconds
from features.moments import DAY, HOUR, as_known_from_final, contact_at
from features.order import attributes
from features.tables import TableOptions, read_orders
from service.demo import DEMO_SEED, DEMO_WORLD
from training.simulate import load_world, simulate

AS_OF = datetime(2026, 11, 20, 8, tzinfo=UTC)
SIMULATED_ORDERS = 60_000
OUT = Path(__file__).with_name("orders.csv")
HIDDEN = ("buyer_key", "latest_delivery_basis")


def _age(name: str) -> Callable[[Columns], Floats]:
    return lambda c: (c["as_of"] - c[name]) / HOUR


def _away(c: Columns) -> Bools:
    return np.isnan(c["delivered_at"]) & ~np.isnan(c["shipped_at"])


def _silent(c: Columns) -> Bools:
    return np.isnan(contact_at(c))


def _waiting(c: Columns) -> Bools:
    return np.isnan(c["first_reply_at"])


def _promise(c: Columns) -> Floats:
    return np.asarray(c["latest_delivery_at"])


def _mismatched(c: Columns) -> Bools:
    return (c["mismatch_description"] == 1) & (c["has_return_address_in_marketplace"] == 0)


# Situation, how many, and where it holds.
SITUATIONS: tuple[tuple[str, int, Callable[[Columns], Bools]], ...] = (
    ("buyer unanswered, overdue", 4, lambda c: _waiting(c) & (_age("first_message_at")(c) > 20) & _away(c)),
    ("buyer unanswered, delivered", 3, lambda c: _waiting(c) & (_age("first_message_at")(c) > 20) & ~_away(c)),
    ("buyer wrote today", 2, lambda c: _waiting(c) & (_age("first_message_at")(c) < 20)),
    ("buyer answered", 3, lambda c: (_age("first_reply_at")(c) > 2) & (_age("first_message_at")(c) < 200)),
    ("return not authorised", 3, lambda c: (_age("return_requested_at")(c) > 24) & ~c.known("return_authorised_at")),
    ("return under way", 2, lambda c: (_age("return_authorised_at")(c) > 0) & ~c.known("refunded_at")),
    ("overdue by days", 4, lambda c: _away(c) & _silent(c) & (_age("latest_delivery_at")(c) > 72)),
    ("overdue since yesterday", 2, lambda c: _away(c) & _silent(c) & (np.abs(_age("latest_delivery_at")(c) - 20) < 16)),
    ("handed over, no scan", 2, lambda c: _away(c) & np.isnan(c["first_scan_at"]) & (_age("shipped_at")(c) > 36)),
    ("not shipped in time", 2, lambda c: np.isnan(c["shipped_at"]) & _silent(c) & (np.abs(_age("ship_by")(c)) < 16)),
    ("listing does not match", 3, lambda c: _mismatched(c) & (_age("delivered_at")(c) < 120) & _silent(c)),
    ("delivered late", 2, lambda c: (c["delivered_at"] > c["latest_delivery_at"] + DAY) & _silent(c)),
    ("under way, in time", 4, lambda c: _away(c) & _silent(c) & (_age("latest_delivery_at")(c) < -48)),
    ("freshly placed", 4, lambda c: np.isnan(c["shipped_at"]) & (_age("placed_at")(c) < 20)),
    ("delivered", 3, lambda c: (_age("delivered_at")(c) > 24) & _silent(c) & (c["delivered_at"] < _promise(c))),
)  # fmt: skip


def main() -> None:
    """Simulate, look at one morning, pick, write."""
    frame = simulate(load_world(DEMO_WORLD), SIMULATED_ORDERS, DEMO_SEED, part=1, truth=False).orders
    at = epoch_seconds(AS_OF)
    columns = _read(frame)
    columns = columns.replacing({"as_of": np.full(columns.n, at)})
    known = as_known_from_final(columns, plan_known=np.ones(columns.n, dtype=np.bool_))
    open_orders = (known["placed_at"] < at) & (known["placed_at"] > at - 60 * DAY)
    picked = _picked(known, open_orders & ~known.known("refunded_at"))
    names = [name for name in frame.columns if name in attributes() and name not in HIDDEN]
    told = [name for name in names if known.known(name)[picked].any()]
    out = frame[picked].select(
        pl.when(pl.Series(known.known(name)[picked])).then(pl.col(name)).otherwise(None).alias(name) for name in told
    )
    out = out.with_columns(pl.lit(AS_OF).alias("as_of"), pl.lit(value=True).alias("x_simulated"))
    instants = [name for name, dtype in out.schema.items() if dtype == pl.Datetime]
    out = out.with_columns(pl.col(instants).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    out.select("order_id", "as_of", pl.exclude("order_id", "as_of")).write_csv(OUT)


def _read(frame: pl.DataFrame) -> Columns:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.parquet"
        frame.write_parquet(path)
        return concatenated([chunk.columns for chunk in read_orders(path, TableOptions())])


def _picked(known: Columns, allowed: Bools) -> list[int]:
    """Places of the orders picked, each situation's spread over all that it holds for; shuffled."""
    rng = np.random.default_rng(DEMO_SEED)
    taken: list[int] = []
    for name, most, holds in SITUATIONS:
        found = np.setdiff1d(np.flatnonzero(allowed & holds(known)), taken)
        if len(found) < most:
            raise SystemExit(f"{name}: expected {most} orders, found {len(found)}; simulate more")
        taken += rng.choice(found, most, replace=False).tolist()
    return list(rng.permutation(taken).tolist())


if __name__ == "__main__":
    main()
