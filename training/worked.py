"""The work of a window: each day the top of a list is worked, and a claim is found if its order was worked before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from features.columns import Array, Floats, Ints
from training.book import Book
from training.looks import Looks, replayed
from training.occasions import OVERDUE
from training.window import Window

PROBABILITY, AMOUNT = "probability", "amount"
Key = Callable[[Looks, Book], Floats]


def _by_probability(looks: Looks, book: Book) -> Floats:  # noqa: ARG001 - one shape for all
    return looks.probability


def _by_amount(looks: Looks, book: Book) -> Floats:
    """Probability × value; an unknown value counts as the median of the known ones."""
    dollars = book.dollars
    known = dollars[~np.isnan(dollars)]
    typical = float(np.median(known)) if len(known) else 1.0
    return looks.probability * np.where(np.isnan(dollars), typical, dollars)[looks.entry]


def _largest(looks: Looks, book: Book) -> Floats:
    return np.nan_to_num(book.dollars, nan=-1.0)[looks.entry]


def _overdue(looks: Looks, book: Book) -> Floats:
    """What became overdue last stands first: old ones are mostly parcels without tracking that came long ago."""
    return np.where(looks.occasion == OVERDUE, book.latest[looks.entry], -np.inf)


RANKINGS: Mapping[str, Key] = {
    PROBABILITY: _by_probability, AMOUNT: _by_amount, "largest": _largest, "overdue": _overdue,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Worked:
    """w orders worked, by day; all (w,). look: the place of the look that put it there; entry: of the book; day: of
    the list; place: on the list, from 1; is_first: whether the order had not been worked before in the window."""

    look: Ints
    entry: Ints
    day: Ints
    place: Ints
    is_first: Array

    def first_day(self, n: int) -> Floats:
        """(n,) float64: the day on which each entry was first worked, NaN never."""
        day = np.full(n, np.nan)
        day[self.entry[self.is_first]] = self.day[self.is_first]
        return day


def worked(looks: Looks, book: Book, window: Window, key: Floats, capacity: int) -> Worked:
    """The top `capacity` of the open orders each day, largest key first ((m,), of each look).

    An order that was worked rests until its occasion changes: nobody looks at the same order daily for nothing, and a
    list that could not move on would make simple rules look worse than they are. Ties are drawn by `book.draw`.
    """
    current, occasion = np.full(book.n, -np.inf), np.full(book.n, -1)
    latest, is_resting = np.zeros(book.n, dtype=np.int64), np.zeros(book.n, dtype=np.bool_)
    chosen, days = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    look, place = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for day, fresh, is_open in replayed(looks, book, window):
        entry = looks.entry[fresh]
        is_resting[entry] &= occasion[entry] == looks.occasion[fresh]
        occasion[entry], current[entry], latest[entry] = looks.occasion[fresh], key[fresh], fresh
        top = _top(np.flatnonzero(is_open & ~is_resting), current, book.draw, capacity)
        is_resting[top] = True
        chosen.append(top)
        days.append(np.full(len(top), day))
        look.append(latest[top])
        place.append(np.arange(1, len(top) + 1))
    entry = np.concatenate(chosen)
    is_first = np.zeros(len(entry), dtype=np.bool_)
    is_first[np.unique(entry, return_index=True)[1]] = True
    return Worked(np.concatenate(look), entry, np.concatenate(days), np.concatenate(place), is_first)


def _top(candidates: Ints, key: Floats, draw: Array, most: int) -> Ints:
    """The `most` candidates of largest key, largest first."""
    if len(candidates) > most:
        least = -np.partition(-key[candidates], most - 1)[most - 1]
        candidates = candidates[key[candidates] >= least]
    return candidates[np.lexsort((draw[candidates], -key[candidates]))][:most]
