"""Orders rebuilt out of the store for the defect budget: every attribute as the JSON door reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import orjson
import pytest

from benchmarks.bodies import bodies
from features.document import checked_together, read_order
from features.extras import ExtraKind
from service.events_known import Life, Sent
from service.odr import Doubts
from service.odr_kept import kept_orders
from service.odr_window import Span
from service.store.work import Event

UNTIL = datetime.fromisoformat("2027-06-01T00:00:00Z").timestamp()
EXTRAS: dict[str, ExtraKind] = {"x_warehouse": "category", "x_weight": "number", "x_fragile": "flag"}
ORDERS: list[dict[str, Any]] = [orjson.loads(body) for body in bodies()]


def check(orders: list[dict[str, Any]]) -> None:
    """What is rebuilt of orders as they were sent, beside what the JSON door reads."""
    sent = [o | {"shop_id": "s", "marketplace": "US"} for o in orders]
    lives = {o["order_id"]: Life([Sent("1", 0.0, 0.0, orjson.dumps(o).decode())]) for o in sent}
    found = kept_orders(lives, Span("s", "US", 0.0, UNTIL), EXTRAS)
    plain = [{n: v for n, v in o.items() if n != "as_of"} for o in sent]
    expected, refused = checked_together([read_order(o) for o in plain], UNTIL, EXTRAS)
    assert found.doubts == Doubts(len(refused))
    for name in set(found.orders) | set(expected):
        np.testing.assert_array_equal(found.orders[name], expected[name], err_msg=name)


def test_the_example_orders_are_rebuilt_as_they_were_read() -> None:
    check(ORDERS)


@pytest.mark.parametrize("more", [
    {"sku": "NA"}, {"sku": "null"}, {"sku": "00123"}, {"sku": "1e5"}, {"sku": "-"}, {"sku": "#N/A"}, {"sku": "nan"},
    {"carrier": "=UPS"}, {"sku": "TRUE"}, {"sku": "数"}, {"sku": "2026-01-01"},
    {"placed_at": "2026-01-05T10:00:00+08:00"},
    {"extra": {"warehouse": "NA", "weight": 3, "fragile": True}}, {"extra": {"warehouse": "7", "weight": 3.5}},
    {"extra": {"warehouse": 7, "weight": "3", "fragile": 1}}, {"extra": {"warehouse": True, "weight": True}},
    {"extra": {"warehouse": " a ", "weight": 1e300, "fragile": "true", "other": 1}}, {"extra": {"fragile": False}},
    {"order_total": 1e12}, {"order_total": 12345678.91}, {"line_count": 3},
])  # fmt: skip
def test_text_that_looks_like_something_else_stays_what_it_was(more: dict[str, Any]) -> None:
    check([{"order_id": "o1", "placed_at": "2026-01-05T10:00:00Z", "order_total": 20.0, "currency": "USD"} | more])


def test_an_event_with_a_wrong_date_hides_no_defect() -> None:
    order = ORDERS[0] | {"shop_id": "s", "marketplace": "US", "order_id": "o1", "as_of": None}
    order = {name: value for name, value in order.items() if value is not None}
    placed = datetime.fromisoformat(order["placed_at"]).timestamp()
    told = [("claim_opened", "2027-04-20T00:00:00Z", {}), ("claim_withdrawn", "2027-04-22T00:00:00Z", {}),
            ("shipped", "2027-05-02T00:00:00Z", {}), ("delivered", "2027-05-01T00:00:00Z", {}),
            ("feedback", "2027-05-03T00:00:00Z", {"rating": 1})]  # fmt: skip
    events = []
    for i, (kind, at, more) in enumerate(told):
        body = {"event_id": str(i), "order_id": "o1", "shop_id": "s", "kind": kind, "at": at} | more
        happened = datetime.fromisoformat(at).timestamp()
        events.append(Event("s", str(i), "o1", kind, happened, UNTIL, orjson.dumps(body).decode()))
    lives = {"o1": Life([Sent("1", placed, placed, orjson.dumps(order).decode())], events)}
    found = kept_orders(lives, Span("s", "US", 0.0, UNTIL), EXTRAS)
    assert (found.doubts, found.orders.n) == (Doubts(as_sent=1), 1)
    assert len(found.known["order_id"]) == 2
    assert found.orders.known("claim_withdrawn_at").all()  # so that the claim is not taken for an open one
