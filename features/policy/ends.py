"""When a span ends that a marketplace's fact gives: of one order, and by column."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from features.columns import Bools, Columns, Floats
from features.order import attributes
from features.policy.book import Book, book
from features.policy.due import due
from features.symbols import each


def end(facts: Book, marketplace: str, topic: str, start: float, on: float) -> float | None:
    """The end of a span that starts at an instant, by the fact that applies on the day of another; None where the
    marketplace has none. All epoch seconds."""
    fact = facts.fact(marketplace, topic, on)
    return None if fact is None else due(fact, start, facts.zones[marketplace])


def ends(columns: Columns, topic: str, start: Floats, on: Floats, where: Bools) -> Floats:
    """(n,) float64 instants: the same of each order's marketplace; NaN where any of it is unknown, and elsewhere than
    `where`."""
    code = columns["marketplace"]
    told: Floats = each(partial(_end, topic), code, start, on, where=where & ~np.isnan(code) & (start == start))
    return told


def _end(topic: str, code: float, start: float, on: float) -> float:
    found = end(book(), attributes()["marketplace"].choices[int(code)], topic, start, on)
    return math.nan if found is None else found
