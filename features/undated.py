"""What is known to have happened though nobody tells when: a refund by its amount, a delivery by the carrier's word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from features.columns import Bools, Columns, Floats
from features.handover import READ, handed_over_at, is_called_delivered, is_seen
from features.symbols import Value
from features.tracing import written

# Instants, and the flags that say of them that they have come.
SAID_BY = {
    "refunded_at": "has_refund",
    "return_authorised_at": "has_return_authorisation",
    "return_label_sent_at": "has_return_label",
}
UNDATED = (*SAID_BY, "delivered_at")  # a delivery is said by `tracking_status`


def undated(columns: Columns, name: str) -> Bools:
    """(n,) bool: what the instant `name` is about had happened by as_of, at a moment that is not told. An amount that
    was refunded says so too. Later facts must be masked already."""
    said: Bools = is_called_delivered(columns) if name == "delivered_at" else columns[SAID_BY[name]] == 1.0
    if name == "refunded_at":
        said = said | (columns["refund_amount"] > 0.0)
    return said & np.isnan(columns[name])


def denied(columns: Columns, name: str) -> Bools:
    """(n,) bool: the flag says that what `name` is about has not happened, its date or amount that it has."""
    told: Bools = ~np.isnan(columns[name])
    if name == "refunded_at":  # a refund of nothing is none
        told = (told & ~(columns["refund_amount"] == 0.0)) | (columns["refund_amount"] > 0.0)
    against: Bools = told & (columns[SAID_BY[name]] == 0.0)
    return against


def undated_of(columns: Columns, i: int, name: str) -> bool:
    """The same of order i alone; false of other instants."""
    if name not in UNDATED:
        return False
    if columns.is_few:
        return bool(_undated_of_one(name)(columns.each[i])[0])
    names = (name, SAID_BY.get(name, "tracking_status"), "refund_amount")
    return bool(undated(Columns(1, {of: columns[of][i : i + 1] for of in names if of in columns}), name)[0])


@cache
def _undated_of_one(name: str) -> Callable[[Mapping[str, Value]], list[bool]]:
    return written(lambda columns: [undated(columns, name)])


def is_hand_over_undated(columns: Columns, i: int) -> bool:
    """Whether order i was handed over, and neither that nor the first scan has a date; a later sign only bounds it."""
    if columns.is_few:
        return bool(_hand_over_of_one()(columns.each[i])[0])
    return bool(_hand_over_undated(Columns(1, {of: columns[of][i : i + 1] for of in READ if of in columns}))[0])


@cache
def _hand_over_of_one() -> Callable[[Mapping[str, Value]], list[bool]]:
    return written(lambda columns: [_hand_over_undated(columns)])


def _hand_over_undated(columns: Columns) -> Bools:
    is_dated = ~np.isnan(np.fmin(columns["shipped_at"], columns["first_scan_at"]))
    return (~np.isnan(handed_over_at(columns)) | is_seen(columns)) & ~is_dated


def arrived_at(columns: Columns) -> Floats:
    """(n,) float64 instants: by when the parcel had come: its delivery, or the last scan of what tracking calls
    delivered where nobody tells when; NaN unknown."""
    return np.where(undated(columns, "delivered_at"), columns["last_scan_at"], columns["delivered_at"])
