"""What an order says of the goods moves the type of a claim, with a model and without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.document import checked_columns, read_order
from features.moments import as_known
from model.artefact import Bundle
from model.coldstart import cold_scorer
from model.scorer import Scorer

DELIVERED: dict[str, Any] = {
    "order_id": "1", "marketplace": "US", "placed_at": "2026-11-02T09:00:00Z", "has_tracking": True,
    "latest_delivery_at": "2026-11-16T09:00:00Z", "delivered_at": "2026-11-14T20:00:00Z",
    "shipped_at": "2026-11-03T10:00:00Z", "as_of": "2026-11-26T11:00:00Z",
}  # fmt: skip
ASKED = {"return_requested_at": "2026-11-20T10:00:00Z"}
SENT = ASKED | {"return_shipped_at": "2026-11-22T20:00:00Z"}
BACK = ASKED | {"return_delivered_at": "2026-11-25T10:00:00Z"}


def missing(scorer: Scorer, *given: dict[str, Any]) -> list[float]:
    """The share of claims that would be "not received"."""
    columns = [as_known(checked_columns(read_order(DELIVERED | one), 0.0)) for one in given]
    return [float(scorer.score(one).type_shares[0, 0]) for one in columns]


@pytest.mark.parametrize(
    "back", [SENT, BACK, SENT | BACK, SENT | {"delivered_at": None}, BACK | {"delivered_at": None}]
)
def test_a_claim_is_hardly_ever_not_received_once_the_buyer_sent_the_goods_back(
    bundle: Bundle, back: dict[str, Any]
) -> None:
    for scorer in (bundle.scorer, cold_scorer(None)):
        before, after = missing(scorer, back | dict.fromkeys(("return_shipped_at", "return_delivered_at")), back)
        assert after < 0.03 < before


@pytest.mark.parametrize(
    "carried",
    [{"return_delivered_at": "2026-11-25T10:00:00Z"}, {"return_shipped_at": "2026-11-20T10:00:00Z"}],
)
def test_what_the_carrier_brings_back_may_still_be_claimed_as_not_received(carried: dict[str, Any]) -> None:
    way = {"delivered_at": None, "tracking_status": "returning", "last_scan_at": "2026-11-20T10:00:00Z"}
    before, after = missing(cold_scorer(None), way, way | carried)
    assert after == before


def test_without_a_model_a_message_about_the_goods_is_no_claim_of_a_lost_parcel() -> None:
    wrote = {"first_message_at": "2026-11-20T10:00:00Z"}
    topics = [wrote | {"message_topic": topic} for topic in ("damaged", "other", "not_received")]
    damaged, other, lost = missing(cold_scorer(None), *topics)
    assert damaged < 0.2 < other < 0.8 < lost


def test_without_a_model_a_return_request_for_a_delivered_order_is_about_the_goods() -> None:
    delivered, away = missing(cold_scorer(None), ASKED, ASKED | {"delivered_at": None})
    assert delivered < 0.25 < away


def test_shares_stay_a_whole_and_an_order_reads_alone_as_in_a_table(bundle: Bundle) -> None:
    given = [DELIVERED | one for one in ({}, ASKED, SENT, BACK)]
    alone = [as_known(checked_columns(read_order(one), 0.0)) for one in given]
    for scorer in (bundle.scorer, cold_scorer(None)):
        shares = [scorer.score(one).type_shares[0] for one in alone]
        assert np.sum(shares, axis=1) == pytest.approx(1.0)
        arrays = {name: np.concatenate([one[name] for one in alone] * 20) for name in alone[2] if name in alone[0]}
        for name in ("return_requested_at", "return_shipped_at", "return_delivered_at"):
            arrays[name] = np.concatenate([one[name] for one in alone] * 20)
        table = type(alone[0])(80, arrays)
        assert np.array_equal(scorer.score(table).type_shares[:4], np.array(shares))
