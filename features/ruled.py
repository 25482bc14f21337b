"""One order as policy looks at it: its marketplace, its facts, and what puts it outside the guarantee."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, reduce
from typing import Any, NamedTuple

import numpy as np

from features.columns import Array, Bools, Columns, Floats
from features.handover import LOST, RETURNING, dispatched_at, is_dispatched
from features.kinds import Kind
from features.order import attributes
from features.refunds import settled
from features.return_answers import answered_at, is_answered_undated, is_way_given_undated, way_given_at
from features.symbols import Value
from features.tracing import written
from features.undated import undated

# Any of these says that a claim was filed.
OF_CLAIM = ("claim_opened_at", "information_requested_at", "claim_decided_at", "debited_at", "appeal_decided_at")
ABOUT_GOODS = ("damaged", "not_as_described")  # topics of messages of a buyer who has the goods


class RuledOrder(NamedTuple):
    """Names as in features/order.py, the last eight as `_TOLD` says. Instants in epoch seconds, flags 0 or 1."""

    as_of: float
    marketplace: str | None = None
    fulfilment_channel: str | None = None
    tracking_status: str | None = None
    message_topic: str | None = None
    is_digital: float | None = None
    is_service: float | None = None
    is_stored_value: float | None = None
    is_seller_fulfilled_prime: float | None = None
    ship_by: float | None = None
    latest_delivery_at: float | None = None
    ship_confirmed_at: float | None = None
    shipped_at: float | None = None
    first_scan_at: float | None = None
    last_scan_at: float | None = None
    delivered_at: float | None = None
    cancelled_at: float | None = None
    claim_opened_at: float | None = None
    claim_withdrawn_at: float | None = None
    first_message_at: float | None = None
    last_message_at: float | None = None
    first_reply_at: float | None = None
    last_reply_at: float | None = None
    return_requested_at: float | None = None
    return_shipped_at: float | None = None
    return_delivered_at: float | None = None
    refunded_at: float | None = None
    refund_charged_at: float | None = None
    chargeback_filed_at: float | None = None
    information_requested_at: float | None = None
    claim_decided_at: float | None = None
    debited_at: float | None = None
    appeal_decided_at: float | None = None
    is_return_in_policy: float | None = None
    settled: float | None = 0.0
    return_answered_at: float | None = None
    is_return_answered_undated: bool = False
    return_way_given_at: float | None = None
    is_return_way_given_undated: bool = False
    dispatched_at: float | None = None
    is_dispatched: bool = False
    sent_back_at: float | None = None

    @property
    def is_fully_refunded(self) -> bool | None:
        """Whether all was paid back; None where nobody tells how much."""
        return None if self.settled is None else self.settled == 1.0

    @property
    def surely_refunded_in_full_at(self) -> float | None:
        """The refund, if it is known to be in full; None where it is undated."""
        return self.refunded_at if self.is_fully_refunded else None

    @property
    def is_refunded_by_marketplace(self) -> bool:
        """Whether the shop was charged with a refund and tells of none of its own: how much it was is unknown."""
        return self.refund_charged_at is not None and self.refunded_at is None and self.is_fully_refunded is False

    @property
    def is_called_off(self) -> bool:
        """Whether it was cancelled before anything was handed over or confirmed, so that nothing was charged."""
        return self.cancelled_at is not None and not self.is_dispatched

    @property
    def is_claim_withdrawn(self) -> bool:
        """Whether the buyer has withdrawn the claim, and it was neither filed anew, asked about nor decided since."""
        if self.claim_withdrawn_at is None:
            return False
        later = (getattr(self, name) for name in OF_CLAIM)
        return not any(at is not None and at > self.claim_withdrawn_at for at in later)

    @property
    def is_claim_filed(self) -> bool:
        """Whether the buyer has filed a claim and not withdrawn it; one that was asked about or decided was filed."""
        filed = earliest(*(getattr(self, name) for name in OF_CLAIM))
        return filed is not None and not self.is_claim_withdrawn

    @property
    def contact_at(self) -> float | None:
        """The buyer's first message or return request; of messages the earliest that is told."""
        return earliest(self.first_message_at, self.last_message_at, self.return_requested_at)

    @property
    def is_delivered(self) -> bool:
        """Whether the parcel has come, be it at a moment that nobody tells."""
        return self.delivered_at is not None or self.tracking_status == "delivered"

    @property
    def arrived_at(self) -> float | None:
        """By when it had come: its delivery, or the last scan of what tracking calls delivered; None unknown."""
        return self.delivered_at if self.delivered_at is not None or not self.is_delivered else self.last_scan_at

    @property
    def is_sent_back(self) -> bool:
        """Whether the buyer has sent the goods back, and so had them."""
        return self.sent_back_at is not None

    @property
    def is_asked_back(self) -> bool:
        """Whether the buyer of a delivered order wants to return the goods, and does not say that they did not come."""
        return self.is_delivered and self.return_requested_at is not None and self.message_topic != "not_received"

    @property
    def is_about_goods(self) -> bool:
        """Whether the buyer of a delivered order has written about the goods, which so had come."""
        return self.is_delivered and self.message_topic in ABOUT_GOODS

    @property
    def is_returning(self) -> bool:
        """Whether the carrier brings it back, undelivered; what came is not, as `features/handover.py` says."""
        return self.tracking_status in RETURNING and self.delivered_at is None

    @property
    def is_lost(self) -> bool:
        """Whether the carrier lost or damaged it, and has not delivered it since."""
        return self.tracking_status in LOST and self.delivered_at is None


def is_called_off(columns: Columns) -> Bools:
    """(n,) bool: cancelled before anything was handed over or confirmed, so that nothing was charged."""
    called_off: Bools = ~np.isnan(columns["cancelled_at"]) & ~is_dispatched(columns)
    return called_off


def is_claim_withdrawn(columns: Columns) -> Bools:
    """(n,) bool: the claim was withdrawn, and neither filed anew, asked about nor decided since."""
    withdrawn = columns["claim_withdrawn_at"]
    later = [columns[name] > withdrawn for name in OF_CLAIM]
    stands: Bools = ~np.isnan(withdrawn) & ~reduce(np.logical_or, later)
    return stands


def is_claim_filed(columns: Columns) -> Bools:
    """(n,) bool: a claim was filed, asked about or decided, and not withdrawn."""
    stands: Bools = ~np.isnan(claim_filed_at(columns))
    return stands


def claim_filed_at(columns: Columns) -> Floats:
    """(n,) instants: by when a claim was filed that is not withdrawn, NaN where there is none."""
    filed = reduce(np.fmin, [columns[name] for name in OF_CLAIM])
    return np.where(is_claim_withdrawn(columns), np.nan, filed)


def sent_back_at(columns: Columns) -> Floats:
    """(n,) instants: by when the buyer had sent the goods back, and so had them; NaN where nobody says so.

    What comes back was sent by the buyer if the parcel was delivered, or if they sent it or asked to return it, unless
    the carrier's status says that it is the carrier who brings back what nobody took.
    """
    sent, back = columns["return_shipped_at"], columns["return_delivered_at"]
    is_delivered = ~np.isnan(columns["delivered_at"]) | undated(columns, "delivered_at")
    is_returning: Bools = columns.chosen("tracking_status", *sorted(RETURNING)) == 1.0
    by_buyer = np.where(_is_asked_for(columns), np.fmin(sent, back), sent)
    return np.where(is_delivered, np.fmin(sent, back), np.where(is_returning, np.nan, by_buyer))


def _is_asked_for(columns: Columns) -> Bools:
    """(n,) bool: the buyer asked for a return; one that was authorised or labelled was asked for."""
    told = [~np.isnan(columns[f"return_{step}_at"]) for step in ("requested", "authorised", "label_sent")]
    said = [undated(columns, f"return_{step}_at") for step in ("authorised", "label_sent")]
    return reduce(np.logical_or, [*told, *said])


def earliest(*instants: float | None) -> float | None:
    """The earliest of the instants that are known, or None."""
    return min((at for at in instants if at is not None), default=None)


# Told of several attributes, as the fields of `RuledOrder` of these names.
_TOLD: dict[str, Callable[[Columns], Array]] = {
    "settled": settled,
    "return_answered_at": answered_at,
    "is_return_answered_undated": is_answered_undated,
    "return_way_given_at": way_given_at,
    "is_return_way_given_undated": is_way_given_undated,
    "dispatched_at": dispatched_at,
    "is_dispatched": is_dispatched,
    "sent_back_at": sent_back_at,
}
_OWN = tuple(name for name in RuledOrder._fields if name not in _TOLD)


@cache
def _closed() -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Places of what is held as the place of its value in a closed set, each with that set."""
    known = attributes()
    declared = (known[name] for name in _OWN)
    return tuple((place, of.choices) for place, of in enumerate(declared) if of.kind is Kind.CHOICE)


@cache
def _told_of_one() -> Callable[[Mapping[str, Value]], list[Any]]:
    return written(lambda columns: [told(columns) for told in _TOLD.values()])


def ruled_order(columns: Columns, i: int) -> RuledOrder:
    """Order i of columns as known at its as_of (features/moments.py masks later facts)."""
    values = columns.values_of(i)
    given = [*(values.get(name, np.nan) for name in _OWN), *_told_of_one()(values)]
    found: list[Any] = [None if value != value else value for value in given]
    for place, choices in _closed():
        if found[place] is not None:
            found[place] = choices[int(found[place])]
    return RuledOrder._make(found)
