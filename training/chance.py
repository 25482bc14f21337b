"""Chance: the probability that lists drawn by lot would have worked an order before its claim.

Of E eligible orders a list of k takes each with q = min(1, k ÷ E). Eligible are open orders that do not rest since
they were drawn (see `worked`). An order that has not been drawn yet is always eligible, so that

    P(drawn on some day from its first to its last) = 1 − Π (1 − q of the day)

E is the mean over all lots: an order whose occasion last changed on day t is eligible on day d with Π (1 − q) over the
days from t until before d. That neglects only how far E strays from its mean, which is small beside E.
"""

from __future__ import annotations

import numpy as np

from features.columns import Floats
from training.book import Book
from training.looks import Looks
from training.window import Window

_LEAST = 1e-12  # in place of 0 for what is surely drawn, so that logarithms stay finite


def drawn_by_chance(looks: Looks, book: Book, window: Window, capacity: int) -> Floats:
    """(n,) float64: P(an entry is worked on some day) if every list is drawn by lot; 0 if it is never open."""
    kept = _log_kept(_spells(looks, book, window), capacity)
    is_open = book.first <= book.last
    first, after = np.where(is_open, book.first, 0), np.where(is_open, book.last + 1, 0)
    return np.asarray(-np.expm1(kept[after] - kept[first]))


def _spells(looks: Looks, book: Book, window: Window) -> Floats:
    """(days, days) float64: on day (row) the open entries whose occasion last changed on day (column)."""
    order = np.lexsort((looks.day, looks.entry))
    entry, day, occasion = looks.entry[order], looks.day[order], looks.occasion[order]
    changes = np.ones(len(entry), dtype=np.bool_)
    changes[1:] = (entry[1:] != entry[:-1]) | (occasion[1:] != occasion[:-1])
    entry, start = entry[changes], day[changes]
    end = book.last[entry]
    same = entry[1:] == entry[:-1]
    end[:-1][same] = start[1:][same] - 1
    spells = np.bincount(start * window.days + end, minlength=window.days**2).reshape(window.days, window.days)
    lasting = np.cumsum(spells[:, ::-1], axis=1)[:, ::-1].T
    return np.asarray(np.tril(lasting), dtype=np.float64)


def _log_kept(lasting: Floats, capacity: int) -> Floats:
    """(days + 1,) float64: the log of the share of orders, eligible throughout, that no list before the day drew."""
    days = len(lasting)
    kept = np.zeros(days + 1)
    for day in range(days):
        eligible = float(lasting[day, : day + 1] @ np.exp(kept[day] - kept[: day + 1]))
        share = min(capacity / eligible, 1.0) if eligible > 0.0 else 0.0
        kept[day + 1] = kept[day] + np.log(max(1.0 - share, _LEAST))
    return kept
