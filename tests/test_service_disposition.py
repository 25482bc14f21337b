"""The disposition: an order that is to end never proceeds, and a hold always has something it is held for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.columns import concatenated
from features.document import checked_columns, read_order
from model.artefact import Bundle
from service.decide import BANDS, Decisions, decide
from service.means import Means

PLACED: dict[str, Any] = {
    "order_id": "114-1", "marketplace": "US", "fulfilment_channel": "seller", "placed_at": "2026-11-02T09:00:00Z",
    "ship_by": "2026-11-04T23:59:59Z", "latest_delivery_at": "2026-11-16T23:59:59Z", "order_total": 50.0,
    "currency": "USD", "unit_cost": 18.0, "quantity": 1, "has_tracking": True, "as_of": "2026-11-03T10:00:00Z",
}  # fmt: skip
LAST_HOURS = {"as_of": "2026-11-04T12:30:00Z"}


@pytest.fixture(scope="module")
def means(bundle: Bundle) -> Means:
    """A model of the shop's own orders, so that its answers may be acted on."""
    own = {**bundle.manifest, "simulated": False}
    return Means(replace(bundle, scorer=replace(bundle.scorer), manifest=own))


def decided(means: Means, *given: dict[str, Any], explains: bool = True) -> Decisions:
    columns = concatenated([checked_columns(read_order(PLACED | one), 0.0) for one in given])
    return decide(columns, means, explains=explains)


@pytest.mark.parametrize(
    ("why", "action"),
    [
        ({"cancel_requested_at": "2026-11-03T09:00:00Z"}, "HONOUR_CANCEL_REQUEST"),
        ({"is_out_of_stock": True}, "CANCEL_OUT_OF_STOCK"),
        ({"first_message_at": "2026-11-03T09:00:00Z", "message_topic": "cancel"}, "SETTLE_CANCELLATION"),
    ],
)
def test_an_order_that_is_to_end_is_held_and_in_the_last_hours_shown(
    means: Means, why: dict[str, Any], action: str
) -> None:
    found = decided(means, why, why | LAST_HOURS)
    assert found.disposition.tolist() == ["hold", "review"]
    for told in found.advice:
        assert action in [r.action.id for r in told.recommendations]
        assert told.plan is not None
        assert action in [planned.id for planned in told.plan.actions]


CONFIRMED = {"ship_confirmed_at": "2026-11-03T08:00:00Z"}
LABEL_ALONE = CONFIRMED | {"tracking_status": "pre_transit"}
CANCEL_ASKED = {"cancel_requested_at": "2026-11-03T09:00:00Z"}
PAID_BACK = {"refunded_at": "2026-11-03T09:00:00Z"}
CHARGED_BACK = {"marketplace": "UK", "currency": "GBP", "chargeback_filed_at": "2026-11-03T08:00:00Z"}


@pytest.mark.parametrize(
    "why",
    [
        CANCEL_ASKED | LABEL_ALONE,
        CANCEL_ASKED | CONFIRMED,
        PAID_BACK | {"marketplace": "UK", "currency": "GBP", "refund_amount": 50.0},
        PAID_BACK | {"marketplace": "DE", "currency": "EUR", "refund_amount": 50.0},
        PAID_BACK,
        {"has_refund": True},
        {"cancelled_at": "2026-11-03T09:00:00Z"} | CONFIRMED,
        {"cancelled_at": "2026-11-03T09:00:00Z", "tracking_status": "in_transit"},
        CHARGED_BACK,
        CHARGED_BACK | CANCEL_ASKED,
        CHARGED_BACK | {"is_out_of_stock": True},
    ],
)
def test_what_is_not_to_go_out_never_proceeds_whatever_is_advised(means: Means, why: dict[str, Any]) -> None:
    for explains in (True, False):
        assert decided(means, why, explains=explains).disposition[0] in ("review", "hold")


@pytest.mark.parametrize(
    "why",
    [
        CONFIRMED,
        LABEL_ALONE,
        PAID_BACK | {"refund_amount": 1.0},
        CANCEL_ASKED | {"shipped_at": "2026-11-03T09:30:00Z"},
        {"is_out_of_stock": True, "tracking_status": "in_transit"},
    ],
)
def test_what_may_go_out_or_has_gone_proceeds(means: Means, why: dict[str, Any]) -> None:
    assert decided(means, {"order_total": 5.0, "unit_cost": 1.0} | why).disposition[0] == "proceed"


def test_out_of_stock_and_confirmed_never_proceeds(means: Means) -> None:
    confirmed = {"is_out_of_stock": True, "ship_confirmed_at": "2026-11-03T09:00:00Z"}
    assert decided(means, confirmed).disposition[0] in ("hold", "review")


def test_a_dear_order_is_held_only_beside_an_advice_to_hold_it_for(means: Means) -> None:
    dear = {"order_total": 50_000.0, "unit_cost": 20_000.0}
    found = decided(means, dear, dear | {"has_tracking": False}, dear | {"has_tracking": False} | LAST_HOURS)
    assert [BANDS[int(band)] for band in found.band] == ["critical"] * 3
    assert found.disposition.tolist() == ["review", "hold", "review"]
    assert any(r.action.holds_parcel for r in found.advice[1].recommendations)


def test_it_is_the_same_with_and_without_advice_alone_and_in_a_table(
    means: Means, documents: list[dict[str, Any]]
) -> None:
    more = [PLACED | one for one in ({"is_out_of_stock": True}, {"has_tracking": False, "order_total": 9_000.0})]
    orders = [checked_columns(read_order(one), 0.0) for one in [*documents[:150], *more]]
    table = concatenated(orders)
    told, plain = decide(table, means), decide(table, means, explains=False)
    assert told.disposition.tolist() == plain.disposition.tolist()
    assert told.disposition.tolist() == [decide(one, means, explains=False).disposition[0] for one in orders]
    assert {"hold", "proceed"} <= set(told.disposition.tolist())


def test_a_model_of_others_orders_automates_nothing(bundle: Bundle) -> None:
    assert bundle.is_starter
    assert decided(Means(bundle), {"is_out_of_stock": True}).disposition.tolist() == [None]


def test_without_a_rate_the_band_is_by_the_multiple_of_the_shops_rate(means: Means) -> None:
    waits = {"shipped_at": "2026-11-02T20:00:00Z", "first_message_at": "2026-11-18T09:00:00Z",
             "message_topic": "not_received", "as_of": "2026-11-20T10:00:00Z"}  # fmt: skip
    found = decided(means, *({"currency": "XAF"} | more for more in ({}, LAST_HOURS, {"has_tracking": False}, waits)))
    assert np.isnan(found.stakes.expected.amount).all()
    borders = [0.0, 2.0, 4.0, 10.0, np.inf]
    placed = means.bundle.scorer.baseline.of(found.columns, np.zeros(4, dtype=np.int64))
    multiples = found.scores.probability / placed
    assert found.band[3] > found.band[0]
    for band, multiple, disposition in zip(found.band, multiples, found.disposition, strict=True):
        assert borders[int(band)] <= multiple < borders[int(band) + 1]
        assert disposition == ("review" if band >= 2 else "proceed")
