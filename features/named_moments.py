"""Moments by name: an instant of the order, or one derived from several."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features.columns import Bools, Columns, Floats
from features.errors import nearest
from features.moments import contact_at, message_at
from features.order import attributes
from features.undated import MAY_BE_UNDATED, arrived_at, undated


def _handed_over(columns: Columns) -> Floats:
    return np.fmin(columns["shipped_at"], columns["first_scan_at"])


def _contact_once_arrived(columns: Columns) -> Floats:
    """(n,) instants: from when the parcel has come and the buyer has written, the later of both."""
    return np.maximum(contact_at(columns), arrived_at(columns))


def _seller_wrote(columns: Columns) -> Floats:
    return np.fmax(columns["first_reply_at"], columns["last_reply_at"])


def _waiting_since(columns: Columns) -> Floats:
    """(n,) instants: the buyer's message that has no reply yet, NaN where none waits."""
    asked, wrote = np.fmax(columns["first_message_at"], columns["last_message_at"]), _seller_wrote(columns)
    return np.where(np.isnan(wrote), message_at(columns), np.where(wrote < asked, asked, np.nan))


def _return_waiting_since(columns: Columns) -> Floats:
    """(n,) instants: the return request since which the seller has not written, NaN where there is none."""
    asked, wrote = columns["return_requested_at"], _seller_wrote(columns)
    return np.where(wrote >= asked, np.nan, asked)


def _refunded_in_full(columns: Columns) -> Floats:
    """(n,) instants: the refund, NaN where there is none or it is known to be of a part only."""
    return np.where(columns["refund_amount"] < columns["order_total"], np.nan, columns["refunded_at"])


_DERIVED_FROM = (
    "shipped_at", "first_scan_at", "first_message_at", "last_message_at", "return_requested_at", "first_reply_at",
    "last_reply_at", "refunded_at", "refund_amount", "order_total", "delivered_at", "last_scan_at", "tracking_status",
)  # fmt: skip
DERIVED: dict[str, Callable[[Columns], Floats]] = {
    "handed_over_at": _handed_over,
    "arrived_at": arrived_at,
    "message_at": message_at,
    "contact_at": contact_at,
    "contact_once_arrived_at": _contact_once_arrived,
    "seller_wrote_at": _seller_wrote,
    "waiting_since": _waiting_since,
    "return_waiting_since": _return_waiting_since,
    "refunded_in_full_at": _refunded_in_full,
}


def moment(columns: Columns, name: str) -> Floats:
    """(n,) float64 instants: an attribute of the order, or a moment derived from several; NaN unknown."""
    derived = DERIVED.get(name)
    return columns[name] if derived is None else derived(columns)


def moment_of(columns: Columns, i: int, name: str) -> float:
    """The same of order i alone."""
    if name not in DERIVED:
        return float(columns.value(name, i))
    few = {of: columns[of][i : i + 1] for of in _DERIVED_FROM if of in columns}
    return float(DERIVED[name](Columns(1, few))[0])


def has_come(columns: Columns, name: str) -> Bools:
    """(n,) bool: whether the moment lies at or before as_of, or is known to have come though nobody tells when."""
    came: Bools = moment(columns, name) <= columns["as_of"]
    if name == "refunded_in_full_at":
        return came | (undated(columns, "refunded_at") & ~(columns["refund_amount"] < columns["order_total"]))
    return came | undated(columns, name) if name in MAY_BE_UNDATED else came


def is_absent(columns: Columns, name: str) -> bool:
    """Whether no order has the moment, told without looking at any."""
    return name not in DERIVED and name not in MAY_BE_UNDATED and name not in columns


def checked_moment(name: str) -> str:
    """The name, if it is a moment; else a ValueError."""
    known = [*DERIVED, *(a.name for a in attributes().values() if a.is_instant)]
    if name not in known:
        raise ValueError(f"expected a moment, got {name!r}{nearest(name, known)}")
    return name
