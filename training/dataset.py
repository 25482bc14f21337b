"""The data set: past orders in their final state (or as snapshots) joined with their claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from features.columns import Array, Bools, Columns, Floats, concatenated
from features.delimited import Reject
from features.errors import FileRefused, TrainingError
from features.moments import facts
from features.outcome import CLAIM, OUTCOME
from features.parsing import parsed
from features.pipeline import Extra
from features.tables import TableOptions, read_orders, read_raw
from training.coverage import Coverage, read_coverage


@dataclass(frozen=True, slots=True)
class Dataset:
    """n orders with what became of them.

    orders: final state, or one row per (order_id, as_of) where `is_snapshots`; claimed_at: (n,) instants of the first
    claim, NaN none; claim_type: (n,) place in CLAIM_TYPES, NaN none or unknown; rejects: rows of the orders that were
    set aside; orphans: claims of orders that are not there.
    """

    orders: Columns
    claimed_at: Floats
    claim_type: Floats
    coverage: Coverage
    is_snapshots: bool
    rejects: list[Reject]
    orphans: int

    @property
    def observed_until(self) -> float:
        """Epoch seconds up to which outcomes are complete."""
        return self.coverage.until


@dataclass(frozen=True, slots=True)
class Claims:
    """First claim per order: order_id text, opened_at instants, type places (NaN unknown)."""

    order_id: Array
    opened_at: Floats
    type: Floats


def read_claims(path: Path, zone: ZoneInfo | None) -> Claims:
    """A-to-z claims that were not retracted, the first of each order."""
    columns = concatenated([_outcome_columns(chunk.frame, path, zone) for chunk in read_raw(path)] or [Columns(0, {})])
    kind = OUTCOME["kind"].choices.index(CLAIM)
    counts = (columns["kind"] == kind) | np.isnan(columns["kind"])
    counts &= ~(columns["retracted"] == 1.0) & ~np.isnan(columns["claim_opened_at"])
    kept = columns.take(counts)
    first = np.lexsort((kept["claim_opened_at"],))
    _, earliest = np.unique(kept["order_id"][first].astype(str), return_index=True)
    kept = kept.take(first[np.sort(earliest)])
    return Claims(kept["order_id"], kept["claim_opened_at"], kept["claim_type"])


def _outcome_columns(frame: pl.DataFrame, path: Path, zone: ZoneInfo | None) -> Columns:
    for needed in ("order_id", "claim_opened_at"):
        if needed not in frame.columns:
            raise FileRefused(f"{path}: expected a column {needed}, got {', '.join(frame.columns[:8])}")
    arrays: dict[str, Array] = {name: np.full(frame.height, np.nan) for name in OUTCOME}
    for name in frame.columns:
        if name in OUTCOME:
            result = parsed(frame[name], OUTCOME[name], zone)
            if result.bad.any():
                line = int(np.flatnonzero(result.bad)[0]) + 2
                raise FileRefused(f"{path}: row {line}: {name}: {result.problem.detail}")
            arrays[name] = result.array
    missing = arrays["order_id"] == None  # noqa: E711 - elementwise
    if missing.any():
        raise FileRefused(f"{path}: row {int(np.flatnonzero(missing)[0]) + 2}: expected an order_id in every row")
    return Columns(frame.height, arrays)


def read_dataset(
    orders: Path, outcomes: Path, *, extras: Sequence[Extra] = (), observed_until: float | None = None,
    zone: ZoneInfo | None = None,
) -> Dataset:  # fmt: skip
    """Orders and outcomes from files, joined by order_id; `observed_until` defaults to the latest instant in them."""
    options = TableOptions(zone=zone, extras={e.name: e.kind for e in extras})
    chunks = list(read_orders(orders, options))
    columns = concatenated([chunk.columns for chunk in chunks])
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    placed = columns.known("placed_at")
    if not placed.any():
        raise TrainingError(f"{orders}: expected placed_at, which training needs, in at least one good row")
    return _joined(columns.take(placed), read_claims(outcomes, zone), outcomes, observed_until, rejects)


def _joined(
    columns: Columns, claims: Claims, outcomes: Path, observed_until: float | None, rejects: list[Reject]
) -> Dataset:
    as_of_known = columns.known("as_of")
    is_snapshots = bool(as_of_known.all()) and "as_of" in columns
    if not is_snapshots and as_of_known.any():
        raise TrainingError("as_of: expected it in all rows (snapshots) or in none (final state); fill or drop it")
    places = {order_id: i for i, order_id in enumerate(claims.order_id)}
    place = np.fromiter((places.get(o, -1) for o in columns["order_id"]), np.int64, columns.n)
    found = place >= 0
    claimed_at, claim_type = np.full(columns.n, np.nan), np.full(columns.n, np.nan)
    claimed_at[found], claim_type[found] = claims.opened_at[place[found]], claims.type[place[found]]
    until = latest_instant(columns, claims.opened_at) if observed_until is None else observed_until
    default = Coverage(float(np.min(columns["placed_at"])), until, "claim_filed")
    coverage = read_coverage(outcomes, default)
    inside: Bools = (columns["placed_at"] >= coverage.since) & (columns["placed_at"] <= coverage.until)
    orphans = len(places) - len(np.unique(place[found]))
    claimed_at = np.where(claimed_at <= coverage.until, claimed_at, np.nan)
    return Dataset(
        columns.take(inside), claimed_at[inside], claim_type[inside], coverage, is_snapshots, rejects, orphans
    )


def latest_instant(orders: Columns, opened_at: Floats) -> float:
    """The latest thing that is known to have happened, epoch seconds."""
    moments = [orders[name] for name in (*facts(), "as_of") if name in orders] + [opened_at]
    return float(max(np.nanmax(m) for m in moments if np.isfinite(m).any()))
