"""Looks: every open order scored on the days on which something about it may have changed, as it was known then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from features.columns import Bools, Columns, Floats, Ints
from features.moments import DAY, contact_at, facts
from features.pipeline import Extra
from model.scorer import Scorer
from training.book import Book
from training.dataset import Dataset
from training.landmarks import Landmarks, known_rows
from training.occasions import occasions
from training.rows import PIECE_ROWS
from training.window import Window, backtest_settings

ScorerAt = Callable[[float], Scorer]


@dataclass(frozen=True, slots=True)
class Looks:
    """m looks, by day; all (m,). entry: of the book; day: of the window; probability: of a claim in the rest of the
    claim window; expected: of one by the end of observation; occasion: place in OCCASIONS."""

    entry: Ints
    day: Ints
    probability: Floats
    expected: Floats
    occasion: Ints

    def take(self, index: Ints | Bools) -> Looks:
        """The looks at `index`."""
        return Looks(*(getattr(self, name)[index] for name in self.__slots__))


def replayed(looks: Looks, book: Book, window: Window) -> Iterator[tuple[int, Ints, Bools]]:
    """Day after day: its number, the places of the looks taken on it, and which entries are open, (n,) bool."""
    edges = np.searchsorted(looks.day, np.arange(window.days + 1))
    for day in range(window.days):
        yield day, np.arange(edges[day], edges[day + 1]), book.is_open(day)


def looked(dataset: Dataset, book: Book, window: Window, scorer_at: ScorerAt) -> Looks:
    """All looks of a window, each by the model of its origin."""
    entry, day = look_days(dataset, book, window)
    parts = [Looks(*(np.empty(0, t) for t in (np.int64, np.int64, float, float, np.int64)))]
    for k, origin in enumerate(window.origins):
        start, end = window.period(k)
        scorer = scorer_at(window.instant(origin))
        here = slice(*np.searchsorted(day, [start, end]).tolist())
        parts += _scored(dataset, book, window, scorer, (entry[here], day[here]))
    return Looks(*(np.concatenate([getattr(part, name) for part in parts]) for name in Looks.__slots__))


def _scored(dataset: Dataset, book: Book, window: Window, scorer: Scorer, at: tuple[Ints, Ints]) -> Iterator[Looks]:
    """Looks at entries on days, in pieces that fit in memory."""
    for start in range(0, len(at[0]), PIECE_ROWS):
        entry, day = (a[start : start + PIECE_ROWS] for a in at)
        columns = known_on(dataset, book, window, scorer.pipeline.extras, (entry, day))
        scores = scorer.score(columns)
        left = (window.until - columns["as_of"]) / DAY
        shown = scorer.delay.share(scores.state, left, scorer.remaining_days(columns))
        yield Looks(entry, day, scores.probability, scores.probability * shown, occasions(columns))


def known_on(dataset: Dataset, book: Book, window: Window, extras: tuple[Extra, ...], at: tuple[Ints, Ints]) -> Columns:
    """(m orders) Entries as they were known when the lists of some days were made. at: (m,) entries, (m,) days."""
    as_of = window.instants(at[1])
    rows = _snapshots_then(dataset, book, at[0], as_of) if dataset.is_snapshots else book.row[at[0]]
    plan = np.ones(len(rows), dtype=np.bool_)
    marks = Landmarks(rows, as_of, np.full(len(rows), "list", dtype=object), plan)
    return known_rows(dataset.orders, marks, extras, is_snapshots=dataset.is_snapshots)


def _snapshots_then(dataset: Dataset, book: Book, entry: Ints, as_of: Floats) -> Ints:
    """(m,) int64: the row of the latest snapshot of each entry at its moment."""
    codes = dataset.order_codes
    taken = pl.DataFrame({"code": codes, "at": dataset.orders["as_of"], "row": np.arange(len(codes))}).sort("at")
    asked = pl.DataFrame({"code": codes[book.row[entry]], "at": as_of, "place": np.arange(len(entry))}).sort("at")
    found = asked.join_asof(taken, on="at", by="code", strategy="backward", check_sortedness=False)
    return np.asarray(found.sort("place")["row"].to_numpy(), dtype=np.int64)


def look_days(dataset: Dataset, book: Book, window: Window) -> tuple[Ints, Ints]:
    """(m,) entries and (m,) days, each pair once, by day: when an entry enters, when it changed, and every week."""
    codes = [_code(book, np.arange(book.n), book.first.astype(np.float64))]
    for entry, at in _changes(dataset, book):
        codes.append(_code(book, entry, window.day_after(at)))
    for day in range(0, window.days, backtest_settings().every_days):
        codes.append(_code(book, np.arange(book.n), np.full(book.n, float(day))))
    code = np.unique(np.concatenate(codes))
    return code % max(book.n, 1), code // max(book.n, 1)


def _code(book: Book, entry: Ints, day: Floats) -> Ints:
    """Pairs of entry and day in one number, where the entry is open on the day."""
    here = (day >= book.first[entry]) & (day <= book.last[entry])
    return np.asarray(day[here].astype(np.int64) * book.n + entry[here])


def _changes(dataset: Dataset, book: Book) -> Iterator[tuple[Ints, Floats]]:
    """Entries, and instants at which something about them may have changed (NaN none)."""
    settings, everyone = backtest_settings(), np.arange(book.n)
    if dataset.is_snapshots:
        place = np.full(int(dataset.order_codes.max()) + 1, -1)
        place[dataset.order_codes[book.row]] = everyone
        entry = place[dataset.order_codes]
        known = entry >= 0
        yield entry[known], dataset.orders["as_of"][known]
        return
    orders = dataset.orders.take(book.row)
    for name in facts():
        if name in orders:
            yield everyone, orders[name]
    for days in settings.after_promise_days:
        for name in ("ship_by", "latest_delivery_at"):
            yield everyone, orders[name] + days * DAY
    for days in settings.after_fact_days:
        yield everyone, orders["delivered_at"] + days * DAY
        yield everyone, contact_at(orders) + days * DAY
