"""Claims counted in the files beside the marketplace's own totals, and the gap between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.outcome import CLAIM
from features.seller.claims import CHARGEBACK
from features.seller.facts import holding
from features.seller.table import SellerTable

# What a total counts, by the name of its metric in the performance report.
_KINDS = {"a_to_z_claims": CLAIM, "chargebacks": CHARGEBACK, "negative_feedback": "negative_feedback"}

_NEEDED = ("metric", "window_from", "window_until", "count", "orders")


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
    frames = [holding(t.frame, _NEEDED) for t in tables if t.kind == "performance" and t.frame.height]
    if not frames or "placed_at" not in orders.columns:
        return []
    counted = outcomes.filter(
        ~pl.col("retracted").fill_null(value=False) & pl.col("counts_as_defect").fill_null(value=True)
    )
    placed = counted.join(orders.select("order_id", "placed_at"), on="order_id").unique(["order_id", "kind"])
    rows = pl.concat(frames, how="diagonal_relaxed").unique().sort(pl.all(), nulls_last=True)
    whole = rows.filter(pl.col("metric").is_in(_KINDS.keys())).drop_nulls(["window_from", "window_until", "count"])
    return [_one(total, orders, placed) for total in whole.select(_NEEDED).rows()]


def _one(
    total: tuple[str, datetime, datetime, int, int | None], orders: pl.DataFrame, placed: pl.DataFrame
) -> Reconciled:
    metric, since, until, told, orders_told = total
    kind, inside = _KINDS[metric], pl.col("placed_at").is_between(pl.lit(since), pl.lit(until))
    found = placed.filter(inside & (pl.col("kind") == kind)).height
    return Reconciled(kind, since, until, told, found, orders_told, orders.filter(inside).height)
