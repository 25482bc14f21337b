"""The claim window's one end, that of the fact of the order's marketplace: of one order, and whether it is past."""

from __future__ import annotations

import math

import numpy as np

from features.columns import Bools, Columns
from features.order import attributes
from features.policy.book import Book, book
from features.policy.due import QUARTER, due
from features.symbols import each

TOPIC = "claim.window"


def window_closes(marketplace: str, promised: float, as_of: float, facts: Book) -> float | None:
    """When nothing can be claimed any more of an order promised by an instant; None where the marketplace has no such
    fact at as_of. All epoch seconds."""
    fact = facts.fact(marketplace, TOPIC, as_of)
    return None if fact is None else due(fact, promised, facts.zones[marketplace])


def is_window_over(columns: Columns) -> Bools:
    """(n,) bool: whether that lies before as_of; never where marketplace, promise or fact is unknown."""
    code, promised, as_of = columns["marketplace"], columns["latest_delivery_at"], columns["as_of"]
    asked = ~np.isnan(code) & (promised < as_of)
    # A fact begins with a day, and none does inside a quarter of an hour: so orders of one file share their answers.
    closes = each(_closes, code, promised, np.floor(as_of / QUARTER) * QUARTER, where=asked)
    over: Bools = as_of > closes
    return over


def _closes(code: float, promised: float, as_of: float) -> float:
    found = window_closes(attributes()["marketplace"].choices[int(code)], promised, as_of, book())
    return math.nan if found is None else found
