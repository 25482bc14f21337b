"""One order as policy looks at it: its marketplace, its facts, and what puts it outside the guarantee."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from features.columns import Columns
from features.kinds import Kind
from features.order import attributes

RETURNING = frozenset({"undeliverable", "refused", "returning"})


class RuledOrder(NamedTuple):
    """Names as in features/order.py. Instants in epoch seconds, flags 0 or 1, money in the order's currency."""

    as_of: float
    marketplace: str | None = None
    fulfilment_channel: str | None = None
    tracking_status: str | None = None
    is_digital: float | None = None
    is_service: float | None = None
    is_stored_value: float | None = None
    is_seller_fulfilled_prime: float | None = None
    has_return_address_in_marketplace: float | None = None
    order_total: float | None = None
    refund_amount: float | None = None
    ship_by: float | None = None
    latest_delivery_at: float | None = None
    ship_confirmed_at: float | None = None
    shipped_at: float | None = None
    first_scan_at: float | None = None
    last_scan_at: float | None = None
    delivered_at: float | None = None
    cancelled_at: float | None = None
    first_message_at: float | None = None
    last_message_at: float | None = None
    first_reply_at: float | None = None
    last_reply_at: float | None = None
    return_requested_at: float | None = None
    return_authorised_at: float | None = None
    return_label_sent_at: float | None = None
    return_delivered_at: float | None = None
    refunded_at: float | None = None
    refund_charged_at: float | None = None
    chargeback_filed_at: float | None = None
    information_requested_at: float | None = None
    claim_decided_at: float | None = None
    debited_at: float | None = None

    @property
    def contact_at(self) -> float | None:
        """The buyer's first message or return request."""
        return earliest(self.first_message_at, self.return_requested_at)

    @property
    def is_returning(self) -> bool:
        """Whether tracking shows the parcel undeliverable, refused or on its way back."""
        return self.tracking_status in RETURNING

    @property
    def is_outside_goods(self) -> bool:
        """Whether what was sold is digital, a service or stored value."""
        return 1.0 in (self.is_digital, self.is_service, self.is_stored_value)

    @property
    def is_fully_refunded(self) -> bool | None:
        """Whether all was paid back; None where the amounts are unknown."""
        if self.refunded_at is None:
            return False
        if self.refund_amount is None or self.order_total is None:
            return None
        return self.refund_amount >= self.order_total


def earliest(*instants: float | None) -> float | None:
    """The earliest of the instants that are known, or None."""
    return min((at for at in instants if at is not None), default=None)


@cache
def _read() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names to read, each with its choices where it is a closed set."""
    known = attributes()
    names = RuledOrder._fields
    return tuple((name, known[name].choices if known[name].kind is Kind.CHOICE else ()) for name in names)


def ruled_order(columns: Columns, i: int) -> RuledOrder:
    """Order i of columns as known at its as_of (features/moments.py masks later facts)."""
    values = columns.each[i] if columns.is_few else {name: float(columns[name][i]) for name, _ in _read()}
    found: dict[str, float | str] = {}
    for name, choices in _read():
        value = values.get(name, np.nan)
        if value == value:
            found[name] = choices[int(value)] if choices else value  # type: ignore[arg-type, assignment]
    return RuledOrder(**found)  # type: ignore[arg-type]
