"""What is known to have happened though nobody tells when: a refund by its amount, a return by its status."""

from __future__ import annotations

import numpy as np

from features.columns import Bools, Columns

# Instants, and the flags that say of them that they have come.
SAID_BY = {
    "refunded_at": "has_refund",
    "return_authorised_at": "has_return_authorisation",
    "return_label_sent_at": "has_return_label",
}


def undated(columns: Columns, name: str) -> Bools:
    """(n,) bool: what the instant `name` is about had happened by as_of, at a moment that is not told. An amount that
    was refunded says so too. Later facts must be masked already."""
    said: Bools = columns[SAID_BY[name]] == 1.0
    if name == "refunded_at":
        said = said | (columns["refund_amount"] > 0.0)
    return said & np.isnan(columns[name])


def denied(columns: Columns, name: str) -> Bools:
    """(n,) bool: the flag says that what `name` is about has not happened, its date or amount that it has."""
    told: Bools = ~np.isnan(columns[name])
    if name == "refunded_at":
        told = told | (columns["refund_amount"] > 0.0)
    against: Bools = told & (columns[SAID_BY[name]] == 0.0)
    return against


def undated_of(columns: Columns, i: int, name: str) -> bool:
    """The same of order i alone; false of other instants."""
    if name not in SAID_BY:
        return False
    names = (name, SAID_BY[name], "refund_amount")
    return bool(undated(Columns(1, {of: columns[of][i : i + 1] for of in names if of in columns}), name)[0])
