"""One order as policy looks at it: its marketplace, its facts, and what puts it outside the guarantee."""

from __future__ import annotations

from functools import cache, reduce
from typing import Any, NamedTuple

import numpy as np

from features.columns import Bools, Columns
from features.kinds import Kind
from features.order import attributes
from features.undated import undated

# Any of these says that the order has left, or was charged as if it had.
HANDED_OVER = ("ship_confirmed_at", "shipped_at", "first_scan_at", "last_scan_at", "delivered_at")
# Any of these says that a claim was filed.
OF_CLAIM = ("claim_opened_at", "claim_decided_at", "debited_at")
RETURNING = frozenset({"undeliverable", "refused", "returning"})


class RuledOrder(NamedTuple):
    """Names as in features/order.py. Instants in epoch seconds, flags 0 or 1, money in the order's currency."""

    as_of: float
    marketplace: str | None = None
    fulfilment_channel: str | None = None
    tracking_status: str | None = None
    message_topic: str | None = None
    is_digital: float | None = None
    is_service: float | None = None
    is_stored_value: float | None = None
    is_seller_fulfilled_prime: float | None = None
    has_return_address_in_marketplace: float | None = None
    order_total: float | None = None
    refund_amount: float | None = None
    has_refund: float | None = None
    has_return_authorisation: float | None = None
    has_return_label: float | None = None
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
    return_authorised_at: float | None = None
    return_label_sent_at: float | None = None
    return_shipped_at: float | None = None
    return_delivered_at: float | None = None
    refunded_at: float | None = None
    refund_charged_at: float | None = None
    chargeback_filed_at: float | None = None
    information_requested_at: float | None = None
    claim_decided_at: float | None = None
    debited_at: float | None = None

    @property
    def refunded_in_full_at(self) -> float | None:
        """The refund; None where there is none, it is undated, or it is known to be of a part only."""
        return self.refunded_at if self.is_fully_refunded is not False else None

    @property
    def is_called_off(self) -> bool:
        """Whether it was cancelled before anything was handed over or confirmed, so that nothing was charged."""
        return self.cancelled_at is not None and earliest(*(getattr(self, name) for name in HANDED_OVER)) is None

    @property
    def is_claim_withdrawn(self) -> bool:
        """Whether the buyer has withdrawn the claim, and neither filed it anew nor had it decided since."""
        if self.claim_withdrawn_at is None:
            return False
        later = (getattr(self, name) for name in OF_CLAIM)
        return not any(at is not None and at > self.claim_withdrawn_at for at in later)

    @property
    def is_claim_filed(self) -> bool:
        """Whether the buyer has filed a claim and not withdrawn it; a claim that was decided was filed."""
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
        """Whether the buyer has sent the goods back, and so had them; what the carrier brings back is none of it."""
        is_under_way = self.return_shipped_at is not None
        has_come = self.is_delivered and (is_under_way or self.return_delivered_at is not None)
        return has_come or (is_under_way and not self.is_returning)

    @property
    def is_asked_back(self) -> bool:
        """Whether the buyer of a delivered order wants to return the goods, and does not say that they did not come."""
        return self.is_delivered and self.return_requested_at is not None and self.message_topic != "not_received"

    @property
    def is_returning(self) -> bool:
        """Whether tracking shows the parcel undeliverable, refused or on its way back."""
        return self.tracking_status in RETURNING

    @property
    def is_outside_goods(self) -> bool:
        """Whether what was sold is digital, a service or stored value."""
        return 1.0 in (self.is_digital, self.is_service, self.is_stored_value)

    @property
    def is_refunded(self) -> bool:
        """Whether anything was paid back, be it at a moment that nobody tells."""
        return self.refunded_at is not None or self.has_refund == 1.0 or (self.refund_amount or 0.0) > 0.0

    @property
    def is_return_authorised(self) -> bool:
        """Whether the return was authorised, be it at a moment that nobody tells."""
        return self.return_authorised_at is not None or self.has_return_authorisation == 1.0

    @property
    def is_fully_refunded(self) -> bool | None:
        """Whether all was paid back; None where the amounts are unknown."""
        if not self.is_refunded:
            return False
        if self.refund_amount is None or self.order_total is None:
            return None
        return self.refund_amount >= self.order_total


def is_called_off(columns: Columns) -> Bools:
    """(n,) bool: cancelled before anything was handed over or confirmed, so that nothing was charged."""
    left = reduce(np.fmin, [columns[name] for name in HANDED_OVER])
    called_off: Bools = ~np.isnan(columns["cancelled_at"]) & np.isnan(left)
    return called_off


def is_claim_withdrawn(columns: Columns) -> Bools:
    """(n,) bool: the claim was withdrawn, and neither filed anew nor decided since."""
    withdrawn = columns["claim_withdrawn_at"]
    later = [columns[name] > withdrawn for name in OF_CLAIM]
    stands: Bools = ~np.isnan(withdrawn) & ~reduce(np.logical_or, later)
    return stands


def is_claim_filed(columns: Columns) -> Bools:
    """(n,) bool: a claim was filed, or decided, and not withdrawn."""
    filed = reduce(np.fmin, [columns[name] for name in OF_CLAIM])
    stands: Bools = ~np.isnan(filed) & ~is_claim_withdrawn(columns)
    return stands


def is_refunded_in_full(columns: Columns) -> Bools:
    """(n,) bool: refunded, and known to be so in full."""
    refunded = ~np.isnan(columns["refunded_at"]) | undated(columns, "refunded_at")
    in_full: Bools = refunded & (columns["refund_amount"] >= columns["order_total"])
    return in_full


def earliest(*instants: float | None) -> float | None:
    """The earliest of the instants that are known, or None."""
    return min((at for at in instants if at is not None), default=None)


@cache
def _closed() -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Places of what is held as the place of its value in a closed set, each with that set."""
    known = attributes()
    declared = (known[name] for name in RuledOrder._fields)
    return tuple((place, of.choices) for place, of in enumerate(declared) if of.kind is Kind.CHOICE)


def ruled_order(columns: Columns, i: int) -> RuledOrder:
    """Order i of columns as known at its as_of (features/moments.py masks later facts)."""
    values = columns.each[i] if columns.is_few else {name: float(columns[name][i]) for name in RuledOrder._fields}
    given = [values.get(name, np.nan) for name in RuledOrder._fields]
    found: list[Any] = [None if value != value else value for value in given]
    for place, choices in _closed():
        if found[place] is not None:
            found[place] = choices[int(found[place])]
    return RuledOrder._make(found)
