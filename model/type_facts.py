"""Facts that move the type of a claim whatever was learned: who sends the goods back has received them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from features.columns import Columns, Floats
from features.conditions import Truths
from model.priors import TypeFact


def moved(shares: Sequence[Floats], columns: Columns, facts: Sequence[TypeFact]) -> list[Floats]:
    """The share of each type of claim, (n,) float64 each, types as in CLAIM_TYPES, with the odds of "not received"
    against the goods multiplied by every fact that holds. An order without any keeps its shares, bit for bit."""
    truths, everyone = Truths(columns), np.ones(columns.n, dtype=np.bool_)
    multiples = [np.where(truths.all_of(fact.when, everyone), fact.received, 1.0) for fact in facts]
    odds = reduce(np.multiply, multiples, np.ones(columns.n))
    missing, *goods = shares
    left = np.where(odds == 1.0, missing, missing * odds / (missing * odds + (1.0 - missing)))
    rest = np.where(odds == 1.0, 1.0, (1.0 - left) / (1.0 - missing))
    return [left, *(share * rest for share in goods)]
