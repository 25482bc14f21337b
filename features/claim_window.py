"""The claim window's one end, that of the fact of the order's marketplace: of one order, and whether it is past."""

from __future__ import annotations

import numpy as np

from features.columns import Bools, Columns
from features.policy.book import Book
from features.policy.due import QUARTER
from features.policy.ends import end, ends

TOPIC = "claim.window"


def window_closes(marketplace: str, promised: float, as_of: float, facts: Book) -> float | None:
    """When nothing can be claimed any more of an order promised by an instant; None where the marketplace has no such
    fact at as_of. All epoch seconds."""
    return end(facts, marketplace, TOPIC, promised, as_of)


def is_window_over(columns: Columns) -> Bools:
    """(n,) bool: whether that lies before as_of; never where marketplace, promise or fact is unknown."""
    promised, as_of = columns["latest_delivery_at"], columns["as_of"]
    # A fact begins with a day, and none does inside a quarter of an hour: so orders of one file share their answers.
    closes = ends(columns, TOPIC, promised, np.floor(as_of / QUARTER) * QUARTER, where=promised < as_of)
    over: Bools = as_of > closes
    return over
