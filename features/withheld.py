"""Withheld: an order that the carrier does not have yet is not to go out, for advice and disposition alike.

The buyer asked to cancel it, it was cancelled, by the marketplace perhaps, its price was paid back, for all that is
known, or it is not there to be sent. A confirmation to the marketplace is no hand-over: the parcel may still be here.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from features.columns import Bools, Columns, Floats
from features.handover import is_dispatched, is_handed_over
from features.policy.ends import ends
from features.refunds import is_perhaps_in_full, perhaps_in_full_at
from features.undated import undated


def withheld_at(columns: Columns) -> Floats:
    """(n,) instants: from when on it is not to go out, NaN where it may, where nobody tells since when it may not, and
    where it has gone."""
    calls = (columns["cancel_requested_at"], columns["cancelled_at"], perhaps_in_full_at(columns))
    return np.where(is_handed_over(columns), np.nan, reduce(np.fmin, [*calls, auto_cancel_at(columns)]))


def is_withheld_undated(columns: Columns) -> Bools:
    """(n,) bool: it is not to go out, and nobody tells since when: it is out of stock, or was paid back some day."""
    out_of_stock: Bools = columns["is_out_of_stock"] == 1.0
    return (out_of_stock | is_perhaps_refunded_undated(columns)) & ~is_handed_over(columns)


def is_perhaps_refunded_undated(columns: Columns) -> Bools:
    """(n,) bool: paid back on a day that nobody tells, in full for all that is known."""
    return undated(columns, "refunded_at") & is_perhaps_in_full(columns)


def auto_cancel_at(columns: Columns) -> Floats:
    """(n,) instants: from when on the marketplace has cancelled what was not dispatched, the second after the span from
    ship_by; NaN for what was, where it has no such fact, where either is unknown, and where the shop has looked since:
    it stands then, unless it is told as cancelled."""
    ship_by = columns["ship_by"]
    cancelled = ends(columns, "ship.auto_cancel", ship_by, ship_by, ~is_dispatched(columns)) + 1.0
    return np.where(columns["cancellation_checked_at"] >= cancelled, np.nan, cancelled)
