"""Answers to a return request: what says or implies that it was authorised, and that the buyer had a way to return.

A label, or a parcel on its way back or arrived, tells that the request was authorised by then, and stands for a way to
return; a refund in full takes the place of both (a refund of unknown size is none here).
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from features.columns import Bools, Columns, Floats
from features.refunds import is_surely_in_full, surely_in_full_at
from features.undated import undated

_ON_ITS_WAY = ("return_shipped_at", "return_delivered_at")


def answered_at(columns: Columns) -> Floats:
    """(n,) instants: by when the request was authorised, or settled by a refund; NaN unknown."""
    implied = [columns["return_authorised_at"], columns["return_label_sent_at"], on_its_way_at(columns)]
    answered: Floats = reduce(np.fmin, [*implied, surely_in_full_at(columns)])
    return answered


def is_answered_undated(columns: Columns) -> Bools:
    """(n,) bool: it was authorised at a moment that nobody tells, perhaps before a later one that is told."""
    implied = [~np.isnan(on_its_way_at(columns)), ~np.isnan(columns["return_label_sent_at"])]
    is_implied = reduce(np.logical_or, [*implied, undated(columns, "return_label_sent_at")])
    return (
        (is_implied & np.isnan(columns["return_authorised_at"]))
        | undated(columns, "return_authorised_at")
        | _is_refund_undated(columns)
    )


def way_given_at(columns: Columns) -> Floats:
    """(n,) instants: when the buyer had a label, the authorisation of a shop with an address in the marketplace, a way
    that the shop says it gave, or a refund in full; at the latest when the parcel was on its way. NaN unknown."""
    given = [columns["return_method_given_at"], columns["return_label_sent_at"], on_its_way_at(columns)]
    by_address = np.where(_has_address(columns), columns["return_authorised_at"], np.nan)
    way: Floats = reduce(np.fmin, [*given, by_address, surely_in_full_at(columns)])
    return way


def is_way_given_undated(columns: Columns) -> Bools:
    """(n,) bool: the buyer had one at a moment that nobody tells, perhaps before a later one that is told."""
    by_address = _has_address(columns) & undated(columns, "return_authorised_at")
    return by_address | undated(columns, "return_label_sent_at") | _is_refund_undated(columns)


def on_its_way_at(columns: Columns) -> Floats:
    """(n,) instants: by when the goods were on their way back; NaN unknown. An arrival from before the request is that
    of a former return."""
    return reduce(np.fmin, [_of_this_return(columns, name) for name in _ON_ITS_WAY])


def _of_this_return(columns: Columns, name: str) -> Floats:
    return np.where(columns[name] < columns["return_requested_at"], np.nan, columns[name])


def _is_refund_undated(columns: Columns) -> Bools:
    return is_surely_in_full(columns) & undated(columns, "refunded_at")


def _has_address(columns: Columns) -> Bools:
    has: Bools = columns["has_return_address_in_marketplace"] == 1.0
    return has
