"""Hand-over: whether and by when an order was sent, as its instants and the carrier's word say.

*Carried*: the carrier's own signs of the parcel, by which states go. *Handed over*: carried, or told by what comes
only after that: a proof of delivery, goods that come back. *Dispatched*: handed over, or confirmed to the marketplace
as shipped. *Left*: the same, unless the carrier says that it has no more than the label: a confirmation is the seller's
own word and may come before the parcel leaves, so it ends what is done to a label but is no state of the parcel. Later
facts must be masked already (`features/moments.py:as_known`).
"""

from __future__ import annotations

from functools import cache, reduce

import numpy as np

from features.columns import Bools, Columns, Floats
from features.order import attributes

CARRIED = ("shipped_at", "first_scan_at", "last_scan_at", "delivered_at")
HANDED_OVER = (*CARRIED, "proof_of_delivery_at", "return_shipped_at", "return_delivered_at")
# All that the functions below look at.
READ = ("ship_confirmed_at", *HANDED_OVER, "tracking_status", "delivery_place", "delivery_attempts")
NOT_YET = "pre_transit"  # the carrier knows of the label alone
DELIVERED = "delivered"
RETURNING = ("refused", "returning", "undeliverable")
LOST = ("damaged", "lost")


def carried_at(columns: Columns) -> Floats:
    """(n,) instants: by when the carrier had it at the latest, by its own signs alone; NaN where none says so."""
    return reduce(np.fmin, [columns[name] for name in CARRIED])


def handed_over_at(columns: Columns) -> Floats:
    """(n,) instants: by when the carrier had it at the latest, NaN where no instant says so."""
    return reduce(np.fmin, [columns[name] for name in HANDED_OVER])


def dispatched_at(columns: Columns) -> Floats:
    """(n,) instants: by when it was handed over or confirmed at the latest, NaN where no instant says so."""
    return np.fmin(columns["ship_confirmed_at"], handed_over_at(columns))


def left_at(columns: Columns) -> Floats:
    """(n,) instants: the same, but for a confirmation beside a carrier who has the label alone."""
    is_label_alone: Bools = columns["tracking_status"] == _place(NOT_YET)
    return np.fmin(np.where(is_label_alone, np.nan, columns["ship_confirmed_at"]), handed_over_at(columns))


def is_handed_over(columns: Columns) -> Bools:
    """(n,) bool: handed over, be it at a moment that nobody tells."""
    return ~np.isnan(handed_over_at(columns)) | is_seen(columns)


def is_dispatched(columns: Columns) -> Bools:
    """(n,) bool: handed over or confirmed, be it at a moment that nobody tells."""
    return ~np.isnan(dispatched_at(columns)) | is_seen(columns)


def is_seen(columns: Columns) -> Bools:
    """(n,) bool: the carrier has the parcel or had it, as its status says, where it was left, or a tried delivery."""
    place = columns["delivery_place"]
    was_left: Bools = place == place
    return is_under_way(columns) | is_called_delivered(columns) | was_left | (columns["delivery_attempts"] >= 1.0)


def is_under_way(columns: Columns) -> Bools:
    """(n,) bool: the carrier's status says that it has the parcel, or lost it, or is bringing it back."""
    status = columns["tracking_status"]
    under_way: Bools = (status == status) & (status != _place(NOT_YET)) & (status != _place(DELIVERED))
    return under_way


def is_called_delivered(columns: Columns) -> Bools:
    """(n,) bool: the carrier's status says that it is delivered."""
    called: Bools = columns["tracking_status"] == _place(DELIVERED)
    return called


def is_returning(columns: Columns) -> Bools:
    """(n,) bool: the carrier brings it back, undelivered. Such a status of a parcel that came is older than its
    delivery, or of what the buyer sends back."""
    return _has_status(columns, RETURNING) & np.isnan(columns["delivered_at"])


def is_lost(columns: Columns) -> Bools:
    """(n,) bool: the carrier lost or damaged it, and has not delivered it since."""
    return _has_status(columns, LOST) & np.isnan(columns["delivered_at"])


def _has_status(columns: Columns, statuses: tuple[str, ...]) -> Bools:
    has: Bools = columns.chosen("tracking_status", *statuses) == 1.0
    return has


@cache
def _place(status: str) -> float:
    return float(attributes()["tracking_status"].choices.index(status))
