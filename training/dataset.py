"""The data set: past orders in their final state (or as snapshots) joined with their claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints, concatenated
from features.delimited import RawChunk, Reject
from features.errors import FileRefused, TrainingError
from features.moments import facts
from features.outcome import CLAIM, OUTCOME
from features.parsing import parsed
from features.pipeline import Extra
from features.scope import is_out_of_scope
from features.spread import Spread, here
from features.tables import TableOptions, read_orders, read_raw
from training.actions import first_acted
from training.coverage import Coverage, read_coverage
from training.decisions import Decisions, decisions_of


@dataclass(frozen=True, slots=True)
class Dataset:
    """n orders with what became of them.

    orders: final state, or one row per (order_id, as_of) where `is_snapshots`; claimed_at: (n,) instants of the first
    claim, NaN none; claim_type: (n,) place in CLAIM_TYPES, NaN none or unknown; decisions: n, on those claims; rejects:
    rows of the orders that were set aside; orphans: claims of orders that are not there; acted_at: (n,) instants at
    which an order was first acted on, NaN where it was not, None where nobody says; out_of_scope: rows left out because
    the guarantee does not cover them, whatever becomes of them.
    """

    orders: Columns
    claimed_at: Floats
    claim_type: Floats
    decisions: Decisions
    coverage: Coverage
    is_snapshots: bool
    rejects: list[Reject]
    orphans: int
    acted_at: Floats | None = None
    out_of_scope: int = 0

    @property
    def order_codes(self) -> Ints:
        """(n,) int64: which order a row belongs to; several rows of one order only where the file holds snapshots."""
        return np.unique(self.orders["order_id"].astype(str), return_inverse=True)[1]

    @property
    def last_rows(self) -> Ints:
        """(orders,) int64: the row of each order that knows most; all rows where there is one each."""
        if not self.is_snapshots:
            return np.arange(self.orders.n)
        by_time = np.argsort(self.orders["as_of"], kind="stable")
        codes = self.order_codes[by_time][::-1]
        return np.sort(by_time[::-1][np.unique(codes, return_index=True)[1]])

    @property
    def claims(self) -> int:
        """How many orders have a claim."""
        return int(np.isfinite(self.claimed_at[self.last_rows]).sum())

    @property
    def observed_until(self) -> float:
        """Epoch seconds up to which outcomes are complete."""
        return self.coverage.until


@dataclass(frozen=True, slots=True)
class Claims:
    """First claim per order: order_id text, opened_at instants, type places (NaN unknown), decisions."""

    order_id: Array
    opened_at: Floats
    type: Floats
    decisions: Decisions


def read_outcomes(path: Path, zone: ZoneInfo | None) -> Columns:
    """The outcomes as they stand, by column; one damaged or undated row refuses the file, lest a claim be lost."""
    return concatenated([_outcome_columns(chunk, path, zone) for chunk in read_raw(path)] or [Columns(0, {})])


def first_claims(outcomes: Columns, coverage: Coverage) -> Claims:
    """A-to-z claims that were not retracted, the first of each order; only debited ones where that is the target."""
    if not outcomes.n:
        nothing = np.empty(0)
        return Claims(np.empty(0, dtype=object), nothing, nothing, Decisions(nothing, nothing, nothing))
    kept = outcomes.take(_is_claim(outcomes))
    if coverage.target == "claim_debited":
        kept = kept.take(decisions_of(kept, coverage).seller_paid == 1.0)
    first = np.lexsort((kept["claim_opened_at"],))
    _, earliest = np.unique(kept["order_id"][first].astype(str), return_index=True)
    kept = kept.take(first[np.sort(earliest)])
    decisions = decisions_of(kept, coverage)
    return Claims(kept["order_id"], kept["claim_opened_at"], kept["claim_type"], decisions)


def _is_claim(outcomes: Columns) -> Bools:
    kind = OUTCOME["kind"].choices.index(CLAIM)
    is_claim = (outcomes["kind"] == kind) | np.isnan(outcomes["kind"])
    return np.asarray(is_claim & ~(outcomes["retracted"] == 1.0))


def _outcome_columns(chunk: RawChunk, path: Path, zone: ZoneInfo | None) -> Columns:
    frame = chunk.frame
    if chunk.rejects:
        worst = chunk.rejects[0]
        raise FileRefused(f"{path}: line {worst.line}: {worst.reason}; correct the row, lest a claim be lost")
    for needed in ("order_id", "claim_opened_at"):
        if needed not in frame.columns:
            raise FileRefused(f"{path}: expected a column {needed}, got {', '.join(frame.columns[:8])}")
    arrays: dict[str, Array] = {name: np.full(frame.height, np.nan) for name in OUTCOME}
    for name in frame.columns:
        if name in OUTCOME:
            result = parsed(frame[name], OUTCOME[name], zone)
            if result.bad.any():
                line = chunk.lines[int(np.flatnonzero(result.bad)[0])]
                raise FileRefused(f"{path}: row {line}: {name}: {result.problem.detail}")
            arrays[name] = result.array
    columns = Columns(frame.height, arrays)
    undated = _is_claim(columns) & np.isnan(columns["claim_opened_at"])
    for name, missing in (("order_id", ~columns.known("order_id")), ("claim_opened_at", undated)):
        if missing.any():
            raise FileRefused(
                f"{path}: row {chunk.lines[int(np.flatnonzero(missing)[0])]}: expected {name} in every claim"
            )
    return columns


def read_dataset(
    orders: Path, outcomes: Path, *, extras: Sequence[Extra] = (), observed_until: float | None = None,
    zone: ZoneInfo | None = None, actions: Path | None = None, spread: Spread = here,
) -> Dataset:  # fmt: skip
    """Orders and outcomes from files, joined by order_id; `observed_until` defaults to the latest instant in them.

    orders: a file, or a folder of Parquet files; spread: where these are read. actions: a file of actions taken.
    """
    options = TableOptions(zone=zone, extras={e.name: e.kind for e in extras})
    chunks = list(read_orders(orders, options, spread))
    columns = concatenated([chunk.columns for chunk in chunks])
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    placed = columns.known("placed_at")
    if not placed.any():
        why = f" (line {rejects[0].line}: {rejects[0].reason})" if rejects else ""
        raise TrainingError(f"{orders}: expected placed_at, which training needs, in at least one good row{why}")
    joined = _joined(columns.take(placed), read_outcomes(outcomes, zone), outcomes, observed_until, rejects)
    if actions is None:
        return joined
    return replace(joined, acted_at=first_acted(actions, zone, joined.orders["order_id"]))


def _joined(
    columns: Columns, events: Columns, outcomes: Path, observed_until: float | None, rejects: list[Reject]
) -> Dataset:
    as_of_known = columns.known("as_of")
    is_snapshots = bool(as_of_known.all()) and "as_of" in columns
    if not is_snapshots and as_of_known.any():
        raise TrainingError("as_of: expected it in all rows (snapshots) or in none (final state); fill or drop it")
    until = latest_instant(columns, events["claim_opened_at"]) if observed_until is None else observed_until
    coverage = read_coverage(outcomes, Coverage(float(np.min(columns["placed_at"])), until, "claim_filed"))
    claims = first_claims(events, coverage)
    places = {order_id: i for i, order_id in enumerate(claims.order_id)}
    place = np.fromiter((places.get(o, -1) for o in columns["order_id"]), np.int64, columns.n)
    found = place >= 0
    claimed_at, claim_type = np.full(columns.n, np.nan), np.full(columns.n, np.nan)
    claimed_at[found], claim_type[found] = claims.opened_at[place[found]], claims.type[place[found]]
    inside: Bools = (columns["placed_at"] >= coverage.since) & (columns["placed_at"] <= coverage.until)
    orphans = len(places) - len(np.unique(place[found]))
    place[found & ~(claimed_at <= coverage.until)] = -1
    claimed_at = np.where(claimed_at <= coverage.until, claimed_at, np.nan)
    outside = inside & is_out_of_scope(columns, columns["placed_at"])
    inside &= ~outside
    if not inside.any() and outside.any():
        raise TrainingError(
            "fulfilment_channel: expected orders that the shop sent, got only such as the guarantee leaves out"
        )
    decisions = claims.decisions.take(place[inside]).known_by(coverage.until)
    return Dataset(
        columns.take(inside),
        claimed_at[inside],
        claim_type[inside],
        decisions,
        coverage,
        is_snapshots,
        rejects,
        orphans,
        out_of_scope=int(outside.sum()),
    )


def latest_instant(orders: Columns, opened_at: Floats) -> float:
    """The latest thing that is known to have happened, epoch seconds."""
    moments = [orders[name] for name in (*facts(), "as_of") if name in orders] + [opened_at]
    return float(max(np.nanmax(m) for m in moments if np.isfinite(m).any()))
