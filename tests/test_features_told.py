"""What an order tells of its contact and arrival reaches a trained model, though it learned from final states alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.columns import Columns, concatenated
from features.completion import completed
from features.document import columns_of, read_order
from features.moments import as_known
from features.pipeline import FeaturePipeline
from model.artefact import Bundle

QUIET: dict[str, Any] = {
    "order_id": "1", "marketplace": "US", "placed_at": "2026-11-02T03:12:00Z", "ship_by": "2026-11-04T23:59:59Z",
    "latest_delivery_at": "2026-11-16T23:59:59Z", "shipped_at": "2026-11-03T09:00:00Z", "has_tracking": True,
    "first_scan_at": "2026-11-03T20:00:00Z", "order_total": 64.9, "currency": "USD", "as_of": "2026-11-20T08:15:00Z",
}  # fmt: skip
ARRIVED = QUIET | {"delivered_at": "2026-11-14T10:00:00Z"}


def known(order: dict[str, Any]) -> Columns:
    return as_known(completed(columns_of([read_order(order)])))


def chance(bundle: Bundle, order: dict[str, Any]) -> float:
    """Alone, and beside so many others that the table's path is gone: to the same bits."""
    columns = known(order)
    alone = bundle.scorer.score(columns).probability[0]
    assert bundle.scorer.score(concatenated([columns] * 40)).probability[0] == alone
    return float(alone)


@pytest.mark.parametrize("topic", ["damaged", "not_received"])
def test_a_last_message_alone_is_a_message_to_a_trained_model(bundle: Bundle, topic: str) -> None:
    assert "last_message_at" in bundle.scorer.pipeline.ignored
    at = "2026-11-18T09:00:00Z"
    by_last, by_first = (
        chance(bundle, ARRIVED | {name: at, "message_topic": topic}) for name in ("last_message_at", "first_message_at")
    )
    assert by_last == by_first > 2.0 * chance(bundle, ARRIVED)


def test_what_tracking_calls_delivered_has_come_to_a_trained_model(bundle: Bundle) -> None:
    assert {"tracking_status", "last_scan_at"} <= set(bundle.scorer.pipeline.ignored)
    asked = {"first_message_at": "2026-11-18T10:00:00Z", "message_topic": "not_received"}
    told = {"tracking_status": "delivered", "last_scan_at": ARRIVED["delivered_at"]}
    for more in ({}, asked):
        by_status, dated, on_the_way = (chance(bundle, o | more) for o in (QUIET | told, ARRIVED, QUIET))
        assert by_status == dated != on_the_way
        assert chance(bundle, QUIET | more | {"tracking_status": "delivered"}) != on_the_way


@pytest.mark.parametrize("status", ["pre_transit", "in_transit", None])
def test_what_tells_neither_of_a_contact_nor_of_an_arrival_stays_out(bundle: Bundle, status: str | None) -> None:
    told = {"last_reply_at": "2026-11-18T09:00:00Z", "last_scan_at": "2026-11-04T09:00:00Z", "delivery_attempts": 1}
    assert chance(bundle, QUIET | told | {"tracking_status": status}) == chance(bundle, QUIET)


def test_an_attribute_that_was_recorded_because_of_a_claim_does_not_come_back_as_a_moment() -> None:
    blind = FeaturePipeline(90.0, (), ("has_refund", "refund_amount", "tracking_status")).without_history()
    asked = ARRIVED | {"return_requested_at": "2026-11-15T09:00:00Z", "return_delivered_at": "2026-11-18T09:00:00Z"}
    plain, refunded = (
        blind.transform(known(asked | more)) for more in ({}, {"has_refund": True, "refund_amount": 64.9})
    )
    np.testing.assert_array_equal(plain, refunded)
