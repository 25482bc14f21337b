"""Protection: whether a Claims Protected label protects an order, as the facts of its marketplace say.

Where it does, Amazon funds a claim about a parcel that did not arrive, and it is no order defect. It takes the badge
without Late Delivery Risk, the carrier's first scan by ship-by, answers to the buyer's questions about delivery within
the hours of `protection.reply`, and that the seller refunds nothing himself; a parcel that comes back is not covered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Literal

import numpy as np

from features.columns import Bools, Columns, Floats
from features.moments import HOUR
from features.named_moments import has_come
from features.ruled import RETURNING
from features.scope import is_under, value_under

# What can be said of a label. Each order has one of the first six; what `voids` it, it may have several of.
Label = Literal[
    "protects", "seems_to_protect", "awaits_scan", "void", "none", "unknown",
    "late_risk", "late_scan", "late_reply", "refunded", "returning",
]  # fmt: skip
CONDITIONS = ("protection.badge", "protection.scan_by_ship_by", "protection.amazon_refunds", "protection.reply")
ABOUT_DELIVERY = ("not_received", "other")  # or unknown: topics of a message that may ask where the parcel is


def labelled(columns: Columns, label: Label) -> Bools:
    """(n,) bool: where this can be said of the label, as known at as_of.

    protects: all that the protection takes is known to be given. seems_to_protect: but for Late Delivery Risk, which
    nobody told. awaits_scan: the first scan may still come in time, nothing else speaks against it. void: a badge that
    does not hold, for a known reason (the last five). none: no badge. unknown: any other, also where the marketplace
    has no facts on it.
    """
    if "is_claims_protected" not in columns:
        return np.full(columns.n, label == "unknown")
    return _LABELS[label](columns)


def _badge(columns: Columns) -> Bools:
    """(n,) bool: the badge is there, in a marketplace with all facts on what it takes."""
    held = _equals(columns["is_claims_protected"], 1.0)
    for topic in CONDITIONS:
        held = held & is_under(columns, topic, columns["as_of"])
    return held


def _late_risk(columns: Columns) -> Bools:
    return _badge(columns) & _equals(columns["is_late_delivery_risk"], 1.0)


def _late_scan(columns: Columns) -> Bools:
    late: Bools = columns["first_scan_at"] > columns["ship_by"]
    return _badge(columns) & late


def _late_reply(columns: Columns) -> Bools:
    return _badge(columns) & reduce(np.logical_or, [late & exact for late, exact in _replies(columns)])


def _refunded(columns: Columns) -> Bools:
    return _badge(columns) & has_come(columns, "refunded_at")


def _returning(columns: Columns) -> Bools:
    return _badge(columns) & _is_returning(columns) & _equals(_covers_returning(columns), 0.0)


VOIDS = (_late_risk, _late_scan, _late_reply, _refunded, _returning)


def _void(columns: Columns) -> Bools:
    return reduce(np.logical_or, [voids(columns) for voids in VOIDS])


def _none(columns: Columns) -> Bools:
    return _equals(columns["is_claims_protected"], 0.0)


def _protects(columns: Columns) -> Bools:
    return _in_time(columns) & _equals(columns["is_late_delivery_risk"], 0.0)


def _seems_to_protect(columns: Columns) -> Bools:
    return _in_time(columns) & np.isnan(columns["is_late_delivery_risk"])


def _in_time(columns: Columns) -> Bools:
    scanned: Bools = np.fmin(columns["first_scan_at"], columns["last_scan_at"]) <= columns["ship_by"]
    return _unspoilt(columns) & scanned


def _awaits_scan(columns: Columns) -> Bools:
    moved = np.fmin(np.fmin(columns["first_scan_at"], columns["last_scan_at"]), columns["delivered_at"])
    return _unspoilt(columns) & np.isnan(moved) & (columns["as_of"] <= columns["ship_by"])


def _unknown(columns: Columns) -> Bools:
    known = (_protects, _seems_to_protect, _awaits_scan, _void, _none)
    return ~reduce(np.logical_or, [said(columns) for said in known])


def _unspoilt(columns: Columns) -> Bools:
    """(n,) bool: a badge with nothing against it but, perhaps, the first scan or an unknown risk."""
    answered = ~reduce(np.logical_or, [late for late, _ in _replies(columns)])
    covered = ~_is_returning(columns) | _equals(_covers_returning(columns), 1.0)
    return _badge(columns) & answered & covered & ~_late_risk(columns) & ~_late_scan(columns) & ~_refunded(columns)


def _is_returning(columns: Columns) -> Bools:
    return _equals(columns.chosen("tracking_status", *sorted(RETURNING)), 1.0)


def _covers_returning(columns: Columns) -> Floats:
    return value_under(columns, "protection.covers_returning", columns["as_of"])


def _equals(values: Floats, value: float) -> Bools:
    equals: Bools = values == value
    return equals


def _replies(columns: Columns) -> tuple[tuple[Bools, Bools], ...]:
    """For the buyer's first and last question: (n,) bool, the answer came or is late; and whether that is sure.

    Only the seller's first and last reply are told. Where the first came before the question, another than the last may
    have answered it.
    """
    hours = value_under(columns, "protection.reply", columns["as_of"])
    topic = columns.chosen("message_topic", *ABOUT_DELIVERY)
    limit = np.where(topic == 0.0, np.nan, hours)
    return tuple(_reply(columns, columns[name], limit) for name in ("first_message_at", "last_message_at"))


def _reply(columns: Columns, asked: Floats, hours: Floats) -> tuple[Bools, Bools]:
    is_first: Bools = columns["first_reply_at"] >= asked
    replied = np.where(is_first, columns["first_reply_at"], columns["last_reply_at"])
    is_answered: Bools = replied >= asked
    late: Bools = np.where(is_answered, replied, columns["as_of"]) > asked + hours * HOUR
    return late, is_first | ~is_answered


_LABELS: Mapping[Label, Callable[[Columns], Bools]] = {
    "protects": _protects, "seems_to_protect": _seems_to_protect, "awaits_scan": _awaits_scan, "void": _void,
    "none": _none, "unknown": _unknown, "late_risk": _late_risk, "late_scan": _late_scan, "late_reply": _late_reply,
    "refunded": _refunded, "returning": _returning,
}  # fmt: skip
