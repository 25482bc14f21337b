"""Training rows: landmarks with their features, labels and weights, built in pieces that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from features.columns import Array, Bools, Columns, Floats, Ints
from features.moments import DAY, claim_window_closes, contact_at, states
from features.phases import STATE_OF_PHASE, phases
from features.pipeline import FeaturePipeline
from model.delay import DelayCurve
from training.dataset import Dataset
from training.landmarks import Landmarks, known_rows, landmarks, snapshot_landmarks, staleness
from training.maturity import delay_curve, shown_share
from training.settings import fit_settings

PIECE_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Rows:
    """m training rows of d features. X: (m, d); all else (m,).

    order: row of the data set; group: which order that is; placed_at, as_of, closes, claimed_at (NaN none): instants;
    importance: what one row stands for, in orders (the same for all rows but for sampled orders without a claim).
    """

    X: Floats
    phase: Ints
    order: Ints
    group: Ints
    placed_at: Floats
    as_of: Floats
    closes: Floats
    claimed_at: Floats
    importance: Floats
    name: Array

    @property
    def state(self) -> Ints:
        """(m,) int64: the place in STATES."""
        return np.asarray(STATE_OF_PHASE[self.phase])

    def take(self, index: Array) -> Rows:
        """The rows at `index`."""
        return Rows(*(getattr(self, name)[index] for name in self.__slots__))

    def labels(self, until: float) -> Bools:
        """(m,) bool: a claim opened in (as_of, close], as known at `until`."""
        return (self.claimed_at > self.as_of) & (self.claimed_at <= np.minimum(self.closes, until))

    def weights(self, curve: DelayCurve, until: float) -> Floats:
        """(m,) float64: importance × what could have shown by `until`; 0 for rows that are not there yet."""
        share = shown_share(curve, self.state, self.as_of, self.closes, until)
        enters = (self.as_of <= until) & (share >= fit_settings().rows_least_shown)
        return np.where(enters, self.importance * np.where(self.labels(until), 1.0, share), 0.0)


def sampled(dataset: Dataset, seed: int) -> tuple[Ints, Floats]:
    """Places of the orders used, and what each stands for: all with a claim or a contact, a share of the others."""
    settings = fit_settings()
    claimed = ~np.isnan(dataset.claimed_at)
    kept = claimed | ~np.isnan(contact_at(dataset.orders))
    others = int((~kept).sum())
    wanted = max(settings.rows_fewest_negatives, settings.rows_negatives_per_claim * int(claimed.sum()))
    share = min(1.0, wanted / max(others, 1))
    hashed = pl.Series(dataset.orders["order_id"].tolist(), dtype=pl.String).hash(seed=seed).to_numpy()
    drawn = (hashed >> np.uint64(11)) / 2.0**53 < share
    places = np.flatnonzero(kept | drawn)
    return places, np.where(kept[places], 1.0, 1.0 / share)


def chosen_landmarks(dataset: Dataset, window_days: float, seed: int) -> tuple[Landmarks, Floats]:
    """The landmarks of the orders used, and the importance of each row.

    Every landmark weighs the same, one over the mean number per order: sharing an order's weight among its own rows
    would tell the future, because how many rows an order gets depends on whether a claim ends it.
    """
    places, stands_for = sampled(dataset, seed)
    orders, claimed_at = dataset.orders.take(places), dataset.claimed_at[places]
    if dataset.is_snapshots:
        rows = snapshot_landmarks(orders, claimed_at, window_days, until=dataset.observed_until)
    else:
        rows = landmarks(orders, claimed_at, window_days, until=dataset.observed_until, seed=seed)
    per_order = max(rows.m / max(len(np.unique(orders["order_id"][rows.order].astype(str))), 1), 1.0)
    importance = stands_for[rows.order] / per_order
    return Landmarks(places[rows.order], rows.as_of, rows.name, rows.plan_known), importance


def built_rows(dataset: Dataset, pipeline: FeaturePipeline, marks: Landmarks, importance: Floats) -> Rows:
    """The features and facts of every landmark."""
    X = np.empty((marks.m, len(pipeline.features_)))
    phase = np.empty(marks.m, dtype=np.int64)
    for piece, of_piece, phases_of_piece in pieces_of(dataset, pipeline, marks):
        X[piece], phase[piece] = of_piece, phases_of_piece
    closes = claim_window_closes(dataset.orders, pipeline.window_days)
    return Rows(
        X, phase, marks.order, dataset.order_codes[marks.order], dataset.orders["placed_at"][marks.order],
        marks.as_of, closes[marks.order],
        dataset.claimed_at[marks.order], importance, marks.name,
    )  # fmt: skip


def pieces_of(dataset: Dataset, pipeline: FeaturePipeline, marks: Landmarks) -> Iterator[tuple[slice, Floats, Ints]]:
    """The landmarks in pieces that fit in memory: which they are, their features and their phases."""
    for start in range(0, marks.m, PIECE_ROWS):
        piece = slice(start, start + PIECE_ROWS)
        columns = known_piece(dataset, pipeline, marks, piece)
        stale = staleness(dataset.orders, marks.take(np.arange(marks.m)[piece]))
        yield piece, pipeline.transform_past(columns, stale), phases(columns, states(columns))


def known_piece(dataset: Dataset, pipeline: FeaturePipeline, marks: Landmarks, piece: slice) -> Columns:
    """The orders of some landmarks as they were known then."""
    rows = marks.take(np.arange(marks.m)[piece])
    return known_rows(dataset.orders, rows, pipeline.extras, is_snapshots=dataset.is_snapshots)


def curve_of(rows: Rows, until: float, window_days: float) -> DelayCurve:
    """The delay curve per state as known at `until`."""
    seen = rows.as_of <= until
    ended = np.minimum(rows.closes[seen], until)
    claimed = rows.labels(until)[seen]
    delay = np.where(claimed, (rows.claimed_at[seen] - rows.as_of[seen]) / DAY, np.nan)
    followed = (ended - rows.as_of[seen]) / DAY
    return delay_curve(rows.state[seen], delay, followed, longest_days=2.0 * window_days)
