"""What is known to have happened though nobody tells when: a refund by its amount, a delivery by the tracking."""

from __future__ import annotations

import numpy as np

from features.columns import Bools, Columns, Floats

# Instants, and the flags that say of them that they have come.
SAID_BY = {
    "refunded_at": "has_refund",
    "return_authorised_at": "has_return_authorisation",
    "return_label_sent_at": "has_return_label",
}
MAY_BE_UNDATED = (*SAID_BY, "delivered_at")


def undated(columns: Columns, name: str) -> Bools:
    """(n,) bool: what the instant `name` is about had happened by as_of, at a moment that is not told. An amount that
    was refunded says so too, and so does tracking of the delivery. Later facts must be masked already."""
    if name == "delivered_at":
        said: Bools = columns.chosen("tracking_status", "delivered") == 1.0
    else:
        said = columns[SAID_BY[name]] == 1.0
    if name == "refunded_at":
        said = said | (columns["refund_amount"] > 0.0)
    return said & np.isnan(columns[name])


def undated_of(columns: Columns, i: int, name: str) -> bool:
    """The same of order i alone; false of other instants."""
    if name not in MAY_BE_UNDATED:
        return False
    names = (name, *SAID_BY.values(), "refund_amount", "tracking_status")
    return bool(undated(Columns(1, {of: columns[of][i : i + 1] for of in names if of in columns}), name)[0])


def arrived_at(columns: Columns) -> Floats:
    """(n,) float64 instants: by when the parcel had come: its delivery, or the last scan of what tracking calls
    delivered where nobody tells when; NaN unknown."""
    return np.where(undated(columns, "delivered_at"), columns["last_scan_at"], columns["delivered_at"])
