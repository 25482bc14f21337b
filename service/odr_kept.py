"""A shop's orders and the outcomes of its defects out of the store, as the defect budget asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.columns import Columns, ExtraKind
from features.document import checked_together, read_order
from features.errors import OrderRefused
from features.order import Order
from service.events_known import Life, Lives, order_known
from service.odr_window import Span, in_span
from service.outcomes_known import outcomes_known


@dataclass(frozen=True, slots=True)
class KeptOrders:
    """Orders, one row each, and what is known of their defects; set_aside: orders that contradict themselves."""

    orders: Columns
    known: Columns
    set_aside: int

    def within(self, span: Span) -> Columns:
        """The shop's orders placed in the span."""
        return in_span(self.orders, span)

    def outcomes(self, _: Span) -> Columns:
        """The outcomes told so far."""
        return self.known


def kept_orders(lives: Lives, span: Span, extras: Mapping[str, ExtraKind]) -> KeptOrders:
    """The orders of a shop's lives on the marketplace of the span, as known at its end."""
    known: list[tuple[dict[str, Any], Life]] = []
    for life in lives.values():
        order = order_known(life, span.until, float("inf"))
        if life.sent and order is not None and order.get("marketplace") == span.marketplace:
            known.append((order | {"shop_id": span.shop_id}, life))
    read: list[Order] = []
    good: list[tuple[dict[str, Any], Life]] = []
    for order, life in known:
        try:
            read.append(read_order(order))
            good.append((order, life))
        except OrderRefused:  # sound when sent; what came after it, or a newer contract, made it unusable
            continue
    columns, refused = checked_together(read, span.until, extras)
    sound = [of for i, of in enumerate(good) if i not in refused]
    return KeptOrders(columns, outcomes_known(sound), len(known) - len(sound))
