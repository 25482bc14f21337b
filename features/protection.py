"""Protection: whether a Claims Protected label protects an order, as the facts of its marketplace say.

Where it does, Amazon funds a claim about a parcel that did not arrive, and it is no order defect. It takes the badge
without Late Delivery Risk, the carrier's first scan by ship-by, answers to the buyer's questions about delivery within
the hours of `protection.reply`, and that the seller refunds nothing himself; a parcel that comes back is not covered.
"""

from __future__ import annotations

from functools import cached_property, reduce
from typing import Literal

import numpy as np

from features.columns import Bools, Columns, Floats
from features.handover import is_returning
from features.moments import HOUR
from features.named_moments import has_come
from features.scope import is_under_all, value_under

# What can be said of a label. Each order has one of the first six; what `voids` it, it may have several of.
Label = Literal[
    "protects", "seems_to_protect", "awaits_scan", "void", "none", "unknown",
    "late_risk", "late_scan", "late_reply", "refunded", "returning",
]  # fmt: skip
VOIDS: tuple[Label, ...] = ("late_risk", "late_scan", "late_reply", "refunded", "returning")
CONDITIONS = ("protection.badge", "protection.scan_by_ship_by", "protection.amazon_refunds", "protection.reply")
ABOUT_DELIVERY = ("not_received", "other")  # or unknown: topics of a message that may ask where the parcel is


def labelled(columns: Columns, *labels: Label) -> Bools:
    """(n,) bool: where any of these can be said of the label, as known at as_of.

    protects: all that the protection takes is known to be given. seems_to_protect: but for Late Delivery Risk, which
    nobody told. awaits_scan: the first scan may still come in time, nothing else speaks against it. void: a badge that
    does not hold, for a known reason (the last five). none: no badge. unknown: any other, also where the marketplace
    has no facts on it.
    """
    if "is_claims_protected" not in columns:
        return np.full(columns.n, "unknown" in labels)
    looked = _Looked(columns)
    return reduce(np.logical_or, [getattr(looked, label) for label in labels])


class _Looked:
    """What can be said of the labels of n orders, each thing looked at once; (n,) bool each, named as in `Label`."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    @cached_property
    def badge(self) -> Bools:
        """The badge is there, in a marketplace with all facts on what it takes."""
        return self._is("is_claims_protected", 1.0) & is_under_all(self.columns, CONDITIONS, self.columns["as_of"])

    @cached_property
    def late_risk(self) -> Bools:
        return self.badge & self._is("is_late_delivery_risk", 1.0)

    @cached_property
    def late_scan(self) -> Bools:
        late: Bools = self.columns["first_scan_at"] > self.columns["ship_by"]
        return self.badge & late

    @cached_property
    def late_reply(self) -> Bools:
        return self.badge & reduce(np.logical_or, [late & is_sure for late, is_sure in self._replies])

    @cached_property
    def refunded(self) -> Bools:
        return self.badge & has_come(self.columns, "refunded_at")

    @cached_property
    def returning(self) -> Bools:
        is_excluded: Bools = self._covers_returning == 0.0
        return self.badge & self._is_returning & is_excluded

    @cached_property
    def void(self) -> Bools:
        return reduce(np.logical_or, [getattr(self, reason) for reason in VOIDS])

    @cached_property
    def none(self) -> Bools:
        return self._is("is_claims_protected", 0.0)

    @cached_property
    def protects(self) -> Bools:
        return self._in_time & self._is("is_late_delivery_risk", 0.0)

    @cached_property
    def seems_to_protect(self) -> Bools:
        return self._in_time & np.isnan(self.columns["is_late_delivery_risk"])

    @cached_property
    def awaits_scan(self) -> Bools:
        """Where ship_by is unknown too, until the promised delivery: what is not scanned by then was scanned late."""
        ship_by = self.columns["ship_by"]
        is_over: Bools = self.columns["as_of"] > np.where(
            np.isnan(ship_by), self.columns["latest_delivery_at"], ship_by
        )
        moved = np.fmin(self._scanned, self.columns["delivered_at"])
        return self._unspoilt & np.isnan(moved) & ~is_over

    @cached_property
    def unknown(self) -> Bools:
        known = (self.protects, self.seems_to_protect, self.awaits_scan, self.void, self.none)
        return ~reduce(np.logical_or, known)

    @cached_property
    def _unspoilt(self) -> Bools:
        """Nothing is against the badge but, perhaps, the first scan or an unknown risk; nor may it be."""
        is_answered = ~reduce(np.logical_or, [late for late, _ in self._replies])
        is_covered: Bools = ~self._is_returning | (self._covers_returning == 1.0)
        return self.badge & ~self.void & is_answered & is_covered

    @cached_property
    def _in_time(self) -> Bools:
        in_time: Bools = self._scanned <= self.columns["ship_by"]
        return self._unspoilt & in_time

    @cached_property
    def _scanned(self) -> Floats:
        """(n,) instants: the earliest scan that is told, which the first one was not after."""
        return np.fmin(self.columns["first_scan_at"], self.columns["last_scan_at"])

    @cached_property
    def _is_returning(self) -> Bools:
        return is_returning(self.columns)

    @cached_property
    def _covers_returning(self) -> Floats:
        return value_under(self.columns, "protection.covers_returning", self.columns["as_of"])

    @cached_property
    def _replies(self) -> tuple[tuple[Bools, Bools], ...]:
        """For the buyer's first and last question: the answer came or is late; and whether that is sure.

        Only the seller's first and last reply are told. Where the first came before the question, another than the last
        may have answered it. Only of the first message is told what it is about; a later one may be thanks.
        """
        hours = value_under(self.columns, "protection.reply", self.columns["as_of"])
        is_other: Bools = self.columns.chosen("message_topic", *ABOUT_DELIVERY) == 0.0
        limit = np.where(is_other, np.nan, hours * HOUR)
        first, last = self.columns["first_message_at"], self.columns["last_message_at"]
        late, is_sure = self._reply(last, limit)
        is_only: Bools = ~(first < last)
        return self._reply(first, limit), (late, is_sure & is_only)

    def _reply(self, asked: Floats, limit: Floats) -> tuple[Bools, Bools]:
        first, last = self.columns["first_reply_at"], self.columns["last_reply_at"]
        is_first: Bools = first >= asked
        replied = np.where(is_first, first, last)
        is_answered: Bools = replied >= asked
        late: Bools = np.where(is_answered, replied, self.columns["as_of"]) > asked + limit
        return late, is_first | ~is_answered

    def _is(self, name: str, value: float) -> Bools:
        equals: Bools = self.columns[name] == value
        return equals
