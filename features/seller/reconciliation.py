"""Claims counted in the files beside the marketplace's own totals, and the gap between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.outcome import CLAIM
from features.seller.claims import CHARGEBACK
from features.seller.table import SellerTable

# What a total counts, by the name of its metric in the performance report.
_KINDS = {"a_to_z_claims": CLAIM, "chargebacks": CHARGEBACK, "negative_feedback": "negative_feedback"}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One total of the marketplace. window: dates of orders, since ≤ placed_at ≤ until; told: its total; found: orders
    of the window with such an event in the files that is not known to be no defect; orders_told, orders_found: how
    many orders it counts and the files hold; gap: told − found."""

    kind: str
    since: datetime
    until: datetime
    told: int
    found: int
    orders_told: int | None
    orders_found: int

    @property
    def gap(self) -> int:
        """Events that no file shows; below 0 where files show more than the marketplace counts."""
        return self.told - self.found


def reconciled(tables: Sequence[SellerTable], orders: pl.DataFrame, outcomes: pl.DataFrame) -> list[Reconciled]:
    """Every total of claims, chargebacks and negative feedback against what the files show.

    The marketplace counts an event by the date of its order, and once per order (policy sheet, M1).
    """
    frames = [t.frame for t in tables if t.kind == "performance" and t.frame.height]
    if not frames or "placed_at" not in orders.columns:
        return []
    counted = outcomes.filter(
        ~pl.col("retracted").fill_null(value=False) & pl.col("counts_as_defect").fill_null(value=True)
    )
    placed = counted.join(orders.select("order_id", "placed_at"), on="order_id").unique(["order_id", "kind"])
    rows = pl.concat(frames, how="diagonal_relaxed").unique().sort(pl.all(), nulls_last=True)
    return [_one(row, kind, orders, placed) for row in rows.to_dicts() for kind in _kinds(row)]


def _kinds(row: dict[str, object]) -> list[str]:
    name = str(row.get("metric"))
    known = row.get("count") is not None and row.get("window_from") is not None and row.get("window_until") is not None
    return [_KINDS[name]] if known and name in _KINDS else []


def _one(row: dict[str, object], kind: str, orders: pl.DataFrame, placed: pl.DataFrame) -> Reconciled:
    since, until, told, of = row["window_from"], row["window_until"], row["count"], row.get("orders")
    if not isinstance(since, datetime) or not isinstance(until, datetime) or not isinstance(told, int | float):
        raise TypeError(f"performance row: expected instants and a count, got {row}")
    inside = pl.col("placed_at").is_between(pl.lit(since), pl.lit(until))
    return Reconciled(
        kind, since, until, int(told), placed.filter(inside & (pl.col("kind") == kind)).height,
        int(of) if isinstance(of, int | float) else None, orders.filter(inside).height,
    )  # fmt: skip
