"""The book of a back-test: orders that were open in its window, one entry each, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from features.columns import Array, Bools, Floats, Ints
from features.goods import dollar_scale, order_value
from features.moments import claim_window_closes
from training.dataset import Dataset
from training.window import Window


@dataclass(frozen=True, slots=True)
class Book:
    """n entries; all (n,). row: the row of the data set that knows most of the order; first, last: the days on whose
    lists it can stand (last < first: on none); closes, latest, claimed_at: instants, NaN none; value in `currency`,
    dollars on a rough common scale, NaN unknown; draw: uint64 of order and seed alone, by which ties are drawn."""

    row: Ints
    order_id: Array
    first: Ints
    last: Ints
    closes: Floats
    latest: Floats
    claimed_at: Floats
    value: Floats
    currency: Array
    dollars: Floats
    draw: Array

    @property
    def n(self) -> int:
        """How many entries."""
        return len(self.row)

    def claimed_in(self, window: Window) -> Bools:
        """(n,) bool: whether a claim opened after the first list and by the end of observation."""
        return np.asarray((self.claimed_at > window.first) & (self.claimed_at <= window.until))

    def is_open(self, day: int) -> Bools:
        """(n,) bool: placed, no claim yet and the claim window open when the list of a day is made."""
        return np.asarray((self.first <= day) & (day <= self.last))


def book_of(dataset: Dataset, window: Window, window_days: float, seed: int) -> Book:
    """The entries of a window. An order enters when it is placed, or with its first snapshot."""
    rows = dataset.last_rows
    orders, claimed_at = dataset.orders.take(rows), dataset.claimed_at[rows]
    seen_at = first_seen(dataset)
    closes = claim_window_closes(orders, window_days)
    first = np.maximum(window.day_after(seen_at), 0.0)
    gone = window.day_after(np.fmin(closes, claimed_at)) - 1.0
    last = np.minimum(np.where(np.isnan(gone), window.days - 1.0, gone), window.days - 1.0)
    value, ids = order_value(orders), orders["order_id"]
    draw = pl.Series(ids.tolist(), dtype=pl.String).hash(seed=seed).to_numpy()
    everything = Book(
        rows, ids, first.astype(np.int64), last.astype(np.int64), closes, orders["latest_delivery_at"], claimed_at,
        value, orders["currency"], value * dollar_scale(orders), draw,
    )  # fmt: skip
    kept = (everything.first <= everything.last) | everything.claimed_in(window)
    return Book(*(getattr(everything, name)[kept] for name in Book.__slots__))


def first_seen(dataset: Dataset) -> Floats:
    """(orders,) float64 instants: since when each order is known of."""
    rows, placed = dataset.last_rows, dataset.orders["placed_at"]
    if not dataset.is_snapshots:
        return np.asarray(placed[rows])
    codes = dataset.order_codes
    seen = np.full(int(codes.max()) + 1, np.inf)
    np.minimum.at(seen, codes, dataset.orders["as_of"])
    return np.asarray(np.maximum(seen[codes[rows]], placed[rows]))
