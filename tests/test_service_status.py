"""Orders about which nothing is left to claim: paid back, called off, outside the guarantee, or past its window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.columns import Columns
from features.document import checked_columns, read_order
from features.eligibility import eligibility
from features.policy.book import book
from features.ruled import ruled_order
from model.artefact import Bundle
from model.coldstart import ShopNumbers, cold_bundle
from model.margin import Margin
from service.decide import Decisions, decide
from service.means import Means

ORDER = {"order_id": "A", "as_of": "2026-11-20T08:15:00Z", "marketplace": "US", "placed_at": "2026-11-02T03:12:00Z",
         "ship_by": "2026-11-05T00:00:00Z", "latest_delivery_at": "2026-11-16T23:59:59Z", "order_total": 60.0,
         "currency": "USD"}  # fmt: skip
SHIPPED = {"shipped_at": "2026-11-03T06:40:00Z"}
REFUNDED = {"refunded_at": "2026-11-19T00:00:00Z", "refund_amount": 60.0}
CANCELLED = {"cancelled_at": "2026-11-04T00:00:00Z"}


def columns(**changed: Any) -> Columns:
    return checked_columns(read_order({**ORDER, **changed}), 0.0)


def decided(bundle: Bundle, **changed: Any) -> Decisions:
    return decide(columns(**changed), Means(bundle))


def codes(decisions: Decisions) -> set[str]:
    return {warned.code for warned in decisions.warnings}


def test_where_no_fact_leaves_an_order_out_it_is_assessed_and_warned_of(bundle: Bundle) -> None:
    found = decided(bundle, **SHIPPED, is_digital=True, marketplace="JP")
    assert found.status.tolist() != ["not_eligible"]
    assert "OUT_OF_SCOPE" in codes(found)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (SHIPPED | REFUNDED, "REFUNDED_IN_FULL"),
        (SHIPPED | {"chargeback_filed_at": "2026-11-18T00:00:00Z"}, "CHARGEBACK_FILED"),
        (SHIPPED | {"fulfilment_channel": "marketplace"}, "OUT_OF_SCOPE"),
        (SHIPPED | {"is_digital": True}, "OUT_OF_SCOPE"),
        (SHIPPED | {"is_service": True, "marketplace": "CA"}, "OUT_OF_SCOPE"),
        (SHIPPED | {"is_seller_fulfilled_prime": True}, "SELLER_FULFILLED_PRIME"),
        (CANCELLED, "ORDER_CANCELLED"),
        (CANCELLED | {"marketplace": "JP"}, "ORDER_CANCELLED"),
        (CANCELLED | {"marketplace": None}, "ORDER_CANCELLED"),
    ],
)
def test_an_order_that_is_paid_back_has_no_probability_and_says_why(
    bundle: Bundle, facts: dict[str, Any], code: str
) -> None:
    found = decided(bundle, **facts)
    assert found.status.tolist() == ["not_eligible"]
    assert (found.scores.probability != found.scores.probability).all()
    assert code in codes(found)
    assert {g.status for g in eligibility(ruled_order(found.columns, 0), book())} == {"excluded"}


@pytest.mark.parametrize(
    ("facts", "is_warned"),
    [
        (CANCELLED, False),
        (SHIPPED, False),
        (CANCELLED | SHIPPED, True),
        (CANCELLED | {"ship_confirmed_at": "2026-11-03T06:40:00Z"}, True),
        (CANCELLED | {"tracking_status": "in_transit"}, True),
        (CANCELLED | {"return_delivered_at": "2026-11-15T00:00:00Z"}, True),
        (CANCELLED | {"tracking_status": "pre_transit"}, False),
    ],
)
def test_an_order_that_was_cancelled_and_yet_sent_is_warned_of(
    bundle: Bundle, facts: dict[str, Any], is_warned: bool
) -> None:
    assert ("CANCELLED_YET_SENT" in codes(decided(bundle, **facts))) == is_warned


@pytest.mark.parametrize(
    "facts",
    [
        SHIPPED,
        SHIPPED | REFUNDED | {"refund_amount": 59.0},
        SHIPPED | REFUNDED | {"refund_amount": None},
        SHIPPED | {"is_seller_fulfilled_prime": True, "marketplace": "UK"},  # no such fact is known there
        SHIPPED | {"is_service": True},  # the US pages name eligible services
        SHIPPED | REFUNDED | {"marketplace": "JP"},  # no such fact is known there
        SHIPPED | CANCELLED | {"cancelled_at": "2026-11-08T00:00:00Z"},
        CANCELLED | {"ship_confirmed_at": "2026-11-03T06:40:00Z"},  # charged
        CANCELLED | {"last_scan_at": "2026-11-19T00:00:00Z", "tracking_status": "in_transit"},
    ],
)
def test_an_order_that_may_still_be_claimed_has_a_probability(bundle: Bundle, facts: dict[str, Any]) -> None:
    found = decided(bundle, **facts)
    assert found.status.tolist() != ["not_eligible"]
    assert found.scores.probability[0] > 0.0


def test_what_a_table_says_is_what_its_orders_are_told_alone(bundle: Bundle) -> None:
    claimed = SHIPPED | REFUNDED | {"claim_opened_at": "2026-11-18T00:00:00Z"}
    closed, prime = SHIPPED | {"as_of": "2027-06-20T08:15:00Z"}, SHIPPED | {"is_seller_fulfilled_prime": True}
    service, edge = SHIPPED | {"is_service": True}, SHIPPED | {"as_of": "2027-02-15T03:00:00Z"}
    told = (SHIPPED, SHIPPED | REFUNDED, CANCELLED, SHIPPED | CANCELLED, claimed, closed, prime, service, edge)
    few = [columns(**facts, marketplace=where) for facts in told for where in ("US", "JP", None)] * 20
    names = {name for one in few for name in one}
    table = Columns.of_values([{name: one.value(name, 0) for name in names} for one in few])
    assert decide(table, Means(bundle)).status.tolist() == [decide(one, Means(bundle)).status[0] for one in few]


@pytest.mark.parametrize(("as_of", "is_over"), [("2027-02-15T07:59:59Z", False), ("2027-02-15T08:00:00Z", True)])
def test_the_window_is_over_at_the_one_end_that_policy_gives_it(bundle: Bundle, as_of: str, is_over: bool) -> None:
    found = decided(bundle, **SHIPPED, as_of=as_of, latest_delivery_at="2026-11-17T07:00:00Z")
    assert (found.status.tolist() == ["not_eligible"]) is is_over
    assert ("WINDOW_CLOSED" in codes(found)) is is_over
    grounds = eligibility(ruled_order(found.columns, 0), book())
    assert {ground.why == "window_over" for ground in grounds} == {is_over}


@pytest.mark.parametrize("marketplace", ["DE", "SG", None])
def test_the_window_of_one_marketplace_closes_no_other_s_and_that_is_said(
    bundle: Bundle, marketplace: str | None
) -> None:
    found = decided(bundle, **SHIPPED, as_of="2027-02-20T00:00:00Z", marketplace=marketplace)
    assert found.status.tolist() != ["not_eligible"]
    assert "WINDOW_UNKNOWN" in codes(found)
    assert "WINDOW_UNKNOWN" not in codes(decided(bundle, **SHIPPED, marketplace=marketplace))


KINDS = ("is_digital", "is_service", "is_stored_value", "is_seller_fulfilled_prime")


@given(
    flags=st.fixed_dictionaries(dict.fromkeys(KINDS, st.sampled_from([None, True, False]))),
    channel=st.sampled_from([None, "seller", "marketplace"]),
    charged_back=st.booleans(),
    refund_amount=st.sampled_from([None, 59.0, 60.0]),
    marketplace=st.sampled_from(["US", "CA", "UK", "JP", None]),
)
def test_no_probability_is_told_exactly_where_every_ground_is_excluded(
    bundle: Bundle, flags: dict[str, Any], channel: str | None, charged_back: bool, refund_amount: float | None,
    marketplace: str | None,
) -> None:  # fmt: skip
    facts = flags | {"fulfilment_channel": channel, "marketplace": marketplace, "refund_amount": refund_amount}
    filed = {"chargeback_filed_at": "2026-11-18T00:00:00Z"} if charged_back else {}
    found = decided(bundle, **SHIPPED, **facts, **filed)
    statuses = {ground.status for ground in eligibility(ruled_order(found.columns, 0), book())}
    assert (found.status[0] == "not_eligible") is (statuses == {"excluded"})


HANDED = ("shipped_at", "ship_confirmed_at", "last_scan_at")


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"debited_at": "2026-11-18T00:00:00Z"}, "claim_open"),
        ({"claim_decided_at": "2026-11-18T00:00:00Z"}, "claim_open"),
        ({"appeal_decided_at": "2026-11-18T00:00:00Z"}, "claim_open"),
        ({"claim_opened_at": "2026-11-17T00:00:00Z", "claim_withdrawn_at": "2026-11-18T00:00:00Z"}, "not_eligible"),
        ({"claim_opened_at": "2026-11-18T00:00:00Z", "claim_withdrawn_at": "2026-11-17T00:00:00Z"}, "claim_open"),
    ],
)
def test_what_became_of_a_claim_is_its_status(bundle: Bundle, facts: dict[str, str], status: str) -> None:
    found = decided(bundle, **SHIPPED, **facts)
    assert found.status.tolist() == [status]
    assert ("CLAIM_WITHDRAWN" in codes(found)) is (status == "not_eligible")
    whys = {ground.why for ground in eligibility(ruled_order(found.columns, 0), book())}
    assert whys == {"claim_filed" if status == "claim_open" else "claim_withdrawn"}


@pytest.mark.parametrize(
    ("sign", "disposition"),
    [
        ({}, "hold"),
        ({"tracking_status": "pre_transit"}, "hold"),
        *(({name: "2026-11-02T20:00:00Z"}, "review") for name in (*HANDED, "first_scan_at", "delivered_at")),
        ({"tracking_status": "in_transit"}, "review"),
    ],
)
def test_only_a_parcel_of_which_there_is_no_sign_is_held(sign: dict[str, str], disposition: str) -> None:
    cold = cold_bundle(ShopNumbers(4, 1200))
    fitted = replace(cold, scorer=replace(cold.scorer, standing="fitted"))
    dear = {"as_of": "2026-11-03T00:00:00Z", "has_tracking": False, "order_total": 9000.0, "unit_cost": 900.0}
    found = decided(fitted, **dear, **sign)
    many = decide(Columns.of_values([found.columns.each[0]] * 40), Means(fitted))
    assert {*found.disposition, *many.disposition} == {disposition}


day = st.none() | st.integers(3, 19).map(lambda d: f"2026-11-{d:02}T00:00:00Z")


@given(
    facts=st.fixed_dictionaries(dict.fromkeys((*HANDED, "refunded_at", "cancelled_at"), day)),
    refund_amount=st.sampled_from([None, 59.0, 60.0, 61.0]),
    marketplace=st.sampled_from(["US", "JP", None]),
)
def test_no_probability_is_told_where_policy_excludes_every_ground_by_what_was_paid_back(
    bundle: Bundle, facts: dict[str, Any], refund_amount: float | None, marketplace: str | None
) -> None:
    found = decided(bundle, **facts, refund_amount=refund_amount, marketplace=marketplace)
    grounds = {ground.why for ground in eligibility(ruled_order(found.columns, 0), book())}
    assert (found.status[0] == "not_eligible") is (grounds <= {"cancelled", "full_refund"})


@pytest.mark.parametrize(
    ("facts", "warned"),
    [
        (REFUNDED | {"has_refund": False}, {("SAID_OTHERWISE", "has_refund")}),
        ({"refund_amount": 5.0, "has_refund": False}, {("SAID_OTHERWISE", "has_refund")}),
        (REFUNDED | {"has_refund": True}, set()),
        ({"has_refund": False, "has_return_label": False}, set()),
        (
            {"return_authorised_at": "2026-11-17T00:00:00Z", "has_return_authorisation": False},
            {("SAID_OTHERWISE", "has_return_authorisation")},
        ),
        (
            {"return_requested_at": "2026-11-18T00:00:00Z", "return_authorised_at": "2026-11-17T00:00:00Z"},
            {("OUT_OF_SEQUENCE", "return_authorised_at")},
        ),
        ({"return_requested_at": "2026-11-17T00:00:00Z", "return_authorised_at": "2026-11-17T00:00:00Z"}, set()),
        (
            {"claim_opened_at": "2026-11-18T00:00:00Z", "claim_decided_at": "2026-11-17T00:00:00Z"},
            {("OUT_OF_SEQUENCE", "claim_decided_at")},
        ),
    ],
)
def test_what_the_facts_say_against_each_other_is_believed_in_part_and_told(
    bundle: Bundle, facts: dict[str, Any], warned: set[tuple[str, str]]
) -> None:
    few = decided(bundle, **SHIPPED, **facts)
    many = decide(few.columns.take(np.zeros(40, dtype=np.int64)), Means(bundle))
    for found in (few, many):
        told = {(w.code, w.attribute) for w in found.warnings if w.where.all()}
        assert {w for w in told if w[0] in ("SAID_OTHERWISE", "OUT_OF_SEQUENCE")} == warned


def ignored(found: Decisions) -> set[str | None]:
    return {w.attribute for w in found.warnings if w.code == "ATTRIBUTE_IGNORED" and w.where.all()}


def test_a_figure_of_the_shop_that_the_model_has_not_learned_from_is_told(bundle: Bundle) -> None:
    rates = {"sku_claim_rate": 1.0, "carrier_late_rate": 1.0, "seller_on_time_rate_14d": 1.0}
    plain, rated = decided(bundle, **SHIPPED), decided(bundle, **SHIPPED, **rates)
    assert ignored(plain) == set()
    assert ignored(rated) == set(rates)
    assert rated.scores.probability[0] == plain.scores.probability[0]


def test_a_figure_of_the_shop_that_the_model_looks_at_is_not_told_as_ignored(bundle: Bundle) -> None:
    names = [feature.name for feature in bundle.scorer.pipeline.features_]
    column = np.array([names.index("sku_claim_rate")])
    one = np.ones(1)
    margin = Margin(column, 0 * one, one, 0 * one, one, one, column[:0], one[:0], one[:0], 0.0)
    looking = replace(bundle, scorer=replace(bundle.scorer, margin=margin))
    assert ignored(decided(looking, **SHIPPED, sku_claim_rate=1.0)) == set()
    weightless = replace(bundle, scorer=replace(bundle.scorer, margin=replace(margin, weights=0 * one)))
    assert ignored(decided(weightless, **SHIPPED, sku_claim_rate=1.0)) == {"sku_claim_rate"}


def test_without_a_model_what_its_priors_look_at_is_not_told_as_ignored() -> None:
    rates = {"carrier_late_rate": 1.0, "sku_claim_rate": 1.0, "seller_orders_60d": 500, "seller_defects_60d": 2}
    assert ignored(decided(cold_bundle(), **SHIPPED, **rates)) == {"sku_claim_rate"}
    told = cold_bundle(ShopNumbers(4, 1200))
    assert ignored(decided(told, **SHIPPED, **rates)) == {"sku_claim_rate", "seller_defects_60d"}
