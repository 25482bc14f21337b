"""The dearest claims of a window: on which days they stood where, and what was known of them then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Array, Columns, Floats, Ints, concatenated
from features.outcome import CLAIM_TYPES
from training.book import Book
from training.dataset import Dataset
from training.looks import Looks, ScorerAt, known_on, replayed
from training.window import Window, backtest_settings
from training.worked import Worked


@dataclass(frozen=True, slots=True)
class Scored:
    """What a model said of s orders: state and probability (s,), type_shares (s, types)."""

    state: Ints
    probability: Floats
    type_shares: Floats

    @classmethod
    def of_none(cls) -> Scored:
        """That of no order."""
        return cls(np.empty(0, np.int64), np.empty(0), np.empty((0, len(CLAIM_TYPES))))


@dataclass(frozen=True, slots=True)
class Dearest:
    """c claims, the largest value first. entry: (c,) of the book; found: (c,) day first worked, NaN never.

    Their moments, s in all, by claim and day: claim, day, rank (1 is the riskiest), open (orders open that day),
    is_worked: all (s,). columns and scored: the orders as known then, and what the model of the day said of them.
    """

    entry: Ints
    found: Floats
    claim: Ints
    day: Ints
    occasion: Ints
    rank: Ints
    open: Ints
    is_worked: Array
    columns: Columns
    scored: Scored


def dearest(dataset: Dataset, book: Book, window: Window, scorer_at: ScorerAt, looks: Looks, done: Worked) -> Dearest:
    """The dearest claims, each at the look that put it on the list and at the first look on its latest occasions."""
    claimed = np.flatnonzero(book.claimed_in(window))
    by_value = np.lexsort((book.order_id[claimed].astype(str), -np.nan_to_num(book.dollars[claimed], nan=-1.0)))
    entry = claimed[by_value[: backtest_settings().dearest]]
    at = _told(looks, done, entry)
    claim = np.searchsorted(np.sort(entry), looks.entry[at])
    claim = np.argsort(entry)[claim]
    order = np.lexsort((looks.day[at], claim))
    at, claim = at[order], claim[order]
    rank, is_open = _ranks(looks, book, window, at)
    columns, scored = _as_scored(dataset, book, window, scorer_at, looks.take(at))
    return Dearest(
        entry, done.first_day(book.n)[entry], claim, looks.day[at], looks.occasion[at], rank, is_open,
        np.isin(at, done.look), columns, scored,
    )  # fmt: skip


def _told(looks: Looks, done: Worked, entry: Ints) -> Ints:
    """(s,) places of the looks that are told of."""
    own = np.flatnonzero(np.isin(looks.entry, entry))
    told = [np.empty(0, np.int64)]
    worked_at = done.look[done.is_first]
    for one in entry:
        mine = own[looks.entry[own] == one]
        changes = np.append(True, np.diff(looks.occasion[mine]) != 0)[: len(mine)]
        wanted = mine[changes][::-1]
        first = np.intersect1d(mine, worked_at)
        told.append(np.unique(np.concatenate([first, wanted[: backtest_settings().looks - len(first)]])))
    return np.concatenate(told)


def _ranks(looks: Looks, book: Book, window: Window, at: Ints) -> tuple[Ints, Ints]:
    """(s,) place of each look among the open orders of its day by probability, and (s,) how many those were."""
    current = np.full(book.n, -np.inf)
    rank, count = np.zeros(len(at), dtype=np.int64), np.zeros(len(at), dtype=np.int64)
    for day, fresh, is_open in replayed(looks, book, window):
        current[looks.entry[fresh]] = looks.probability[fresh]
        for place in np.flatnonzero(looks.day[at] == day):
            rank[place] = 1 + np.count_nonzero(is_open & (current > looks.probability[at[place]]))
            count[place] = np.count_nonzero(is_open)
    return rank, count


def _as_scored(
    dataset: Dataset, book: Book, window: Window, scorer_at: ScorerAt, looks: Looks
) -> tuple[Columns, Scored]:
    """The orders as known at some looks, by the place of the look, and what the model of the day says of them."""
    origin = np.searchsorted(np.array(window.origins), looks.day, side="right") - 1
    columns, parts, order = list[Columns](), [Scored.of_none()], [np.empty(0, np.int64)]
    for k in np.unique(origin):
        here = np.flatnonzero(origin == k)
        scorer, some = scorer_at(window.instant(window.origins[k])), looks.take(here)
        columns.append(known_on(dataset, book, window, scorer.pipeline.extras, (some.entry, some.day)))
        scores = scorer.score(columns[-1])
        parts.append(Scored(scores.state, scores.probability, scores.type_shares))
        order.append(here)
    back = np.argsort(np.concatenate(order))
    return concatenated(columns).take(back), Scored(
        *(np.concatenate([getattr(part, name) for part in parts])[back] for name in Scored.__slots__)
    )
