"""Landmarks: the moments of an order's life that become training rows, each with what was known then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from features.columns import Array, Bools, Columns, Floats, Ints
from features.history import staleness_of
from features.moments import DAY, HOUR, as_known, as_known_from_final, claim_window_closes, contact_at, reached_states
from features.order import State
from features.pipeline import Extra


@dataclass(frozen=True, slots=True)
class Landmarks:
    """m moments of n orders. order: (m,) place of the order; as_of: (m,) instants; name: (m,) what moment it is;
    plan_known: (m,) bool, whether carrier, label and signature count as chosen."""

    order: Ints
    as_of: Floats
    name: Array
    plan_known: Bools

    @property
    def m(self) -> int:
        """How many rows."""
        return len(self.order)

    def take(self, index: Array) -> Landmarks:
        """The rows at `index`."""
        return Landmarks(self.order[index], self.as_of[index], self.name[index], self.plan_known[index])


def landmarks(orders: Columns, claimed_at: Floats, window_days: float, *, until: float, seed: int) -> Landmarks:
    """Every moment at which an order, held in its final state, is looked at while it is at risk.

    At risk: placed, no claim yet, window open, not after `until` (epoch seconds). Moments that stand for waiting
    (ship_by, latest_delivery_at …) count only while the order still waits, which is known then.
    """
    closes = claim_window_closes(orders, window_days)
    parts = [_at_risk(orders, claimed_at, closes, until, *moment) for moment in _moments(orders, closes, seed)]
    return Landmarks(
        np.concatenate([p.order for p in parts]), np.concatenate([p.as_of for p in parts]),
        np.concatenate([p.name for p in parts]), np.concatenate([p.plan_known for p in parts]),
    )  # fmt: skip


def _moments(orders: Columns, closes: Floats, seed: int) -> list[tuple[str, Floats, bool]]:
    placed, latest, delivered = orders["placed_at"], orders["latest_delivery_at"], orders["delivered_at"]
    shipped = np.fmin(orders["shipped_at"], orders["first_scan_at"])
    in_transit = np.fmin(orders["first_scan_at"], np.where(shipped <= latest, latest, np.nan))
    contact = contact_at(orders)
    ship_by = orders["ship_by"]
    waits_to_ship = np.where(~(shipped <= ship_by), ship_by, np.nan)
    overdue = [np.where(~(delivered <= latest + d * DAY), latest + d * DAY, np.nan) for d in (0.0, 3.0, 7.0)]
    # A moment after delivery or contact says more of the same state, so it is kept whatever follows.
    random = [placed + _uniform(orders["order_id"], seed, k) * (closes - placed) for k in (1, 2)]
    return [
        ("placed", placed, False), ("placed_planned", placed, True), ("ship_by", waits_to_ship, True),
        ("shipped", shipped, True), ("in_transit", in_transit, True), ("due", overdue[0], True),
        ("overdue_3d", overdue[1], True), ("overdue_7d", overdue[2], True), ("delivered", delivered, True),
        ("delivered_3d", delivered + 3 * DAY, True), ("delivered_14d", delivered + 14 * DAY, True),
        ("delivered_30d", delivered + 30 * DAY, True), ("contact", contact, True),
        ("contact_24h", contact + 24 * HOUR, True), ("contact_48h", contact + 48 * HOUR, True),
        ("random_1", random[0], True), ("random_2", random[1], True),
    ]  # fmt: skip


def _uniform(order_ids: Array, seed: int, k: int) -> Floats:
    """(n,) float64 in [0, 1), of the order's id and the seed alone."""
    hashed = pl.Series(order_ids.tolist(), dtype=pl.String).hash(seed=seed * 1_000 + k).to_numpy()
    return np.asarray((hashed >> np.uint64(11)) / 2.0**53)


def _at_risk(
    orders: Columns, claimed_at: Floats, closes: Floats, until: float, name: str, at: Floats, plan: bool
) -> Landmarks:
    keep = (at >= orders["placed_at"]) & (at < closes) & (at <= until) & ~(claimed_at <= at)
    order = np.flatnonzero(keep)
    m = len(order)
    return Landmarks(order, at[order], np.full(m, name, dtype=object), np.full(m, plan))


def snapshot_landmarks(orders: Columns, claimed_at: Floats, window_days: float, *, until: float) -> Landmarks:
    """The rows of a file that holds one row per (order_id, as_of): each is its own moment."""
    closes = claim_window_closes(orders, window_days)
    at = orders["as_of"]
    return _at_risk(orders, claimed_at, closes, until, "snapshot", at, True)


def first_looks(
    orders: Columns, claimed_at: Floats, window_days: float, *, until: float, is_snapshots: bool
) -> Landmarks:
    """Every order once, at the first moment at which it is at risk: as it was placed, or in its first snapshot."""
    at, name = (orders["as_of"], "snapshot") if is_snapshots else (orders["placed_at"], "placed")
    looks = _at_risk(orders, claimed_at, claim_window_closes(orders, window_days), until, name, at, is_snapshots)
    by_time = np.argsort(looks.as_of, kind="stable")
    ids = orders["order_id"][looks.order[by_time]].astype(str)
    return looks.take(by_time[np.unique(ids, return_index=True)[1]])


def known_rows(orders: Columns, rows: Landmarks, extras: tuple[Extra, ...], *, is_snapshots: bool) -> Columns:
    """(m rows) The orders as they were known at each landmark; the shop's own attributes from their state on."""
    taken = orders.take(rows.order).replacing({"as_of": rows.as_of})
    if is_snapshots:
        return as_known(taken)
    known = as_known_from_final(taken, plan_known=rows.plan_known)
    return _extras_masked(known, extras)


def _extras_masked(columns: Columns, extras: tuple[Extra, ...]) -> Columns:
    if not extras:
        return columns
    reached = reached_states(columns)
    arrays: dict[str, Array] = {}
    for extra in extras:
        if extra.name in columns and extra.known != "placed":
            array = columns[extra.name].copy()
            array[~reached[State(extra.known)]] = None if array.dtype == object else np.nan
            arrays[extra.name] = array
    return columns.replacing(arrays)


def staleness(orders: Columns, rows: Landmarks) -> Floats:
    """(m,) float64 days: how old the history of each row is, drawn from its order and moment."""
    return staleness_of(orders["order_id"][rows.order], rows.name)
