"""First advice: chosen by the case, never against the marketplace's rules, with an effect by claim type."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import Columns, concatenated
from features.completion import completed
from features.document import checked_columns, read_order
from features.errors import SettingError
from features.moments import HOUR, as_known, states
from features.order import attributes
from features.order_columns import columns_of
from features.refunds import is_surely_in_full
from model.consequence_rules import expectations
from model.consequences import from_policy_alone
from model.effects import Evidence
from service import wording
from service.advice_catalogue import catalogue, loaded
from service.advice_page import advice_page
from service.cost_profile import default_costs
from service.events_known import Life, Sent, order_known
from service.instants import instant_text
from service.recommend import Advice, Recommendation, recommended
from service.ruling import ruling
from service.stakes import Stakes, stakes
from service.store.work import Event
from service.worth import after_action, changes
from training.dearest import Scored

CASES = tomllib.loads((Path(__file__).parent / "golden" / "advice_cases.toml").read_text("utf-8"))
DIRECTIONS: tuple[wording.Direction, ...] = ("up", "down")
LANGS: tuple[wording.Lang, ...] = ("en", "zh")
SHARES = (0.6, 0.25, 0.15)
RISK = 0.5
RULE_BREAKING = [
    "微信|QQ|电话|短信|邮件|站外|线下|撤销|撤诉|好评|差评|返现|红包",
    r"\boff[- ]?(amazon|platform)|outside amazon|wechat|whatsapp|e-?mail|phone",
    r"withdraw|in exchange|incentive|reward|feedback|leave a review",
    r"(ask|invite|urge|persuade)\w* .{0,20}cancel",
]


def orders(*given: dict[str, Any], without: tuple[str, ...] = ()) -> Columns:
    base = {name: value for name, value in CASES["base"].items() if name not in without}
    return as_known(completed(columns_of([read_order(base | extra) for extra in given])))


def advice(columns: Columns, probability: float = RISK, limit: int = 30) -> Advice:
    return recommended(at_stake(columns, probability), catalogue(), Evidence(), limit=limit)


def at_stake(columns: Columns, probability: float, shares: tuple[float, ...] = SHARES) -> Stakes:
    chances = Scored(states(columns), np.full(columns.n, probability), np.tile(shares, (columns.n, 1)))
    return stakes(columns, chances, from_policy_alone(), "claim_filed", default_costs())


def ids(columns: Columns, **options: Any) -> list[str]:
    return [r.action.id for r in advice(columns, **options)[0].recommendations]


@pytest.mark.parametrize("case", CASES["case"], ids=lambda case: case["name"])
def test_a_seller_is_advised_as_the_case_says(case: dict[str, Any]) -> None:
    columns = orders(case.get("given", {}), without=tuple(case.get("without", ())))
    told = advice(columns, probability=case.get("probability", RISK))[0]
    got = [r.action.id for r in told.recommendations]
    assert case.get("rejected", {}).items() <= {r.action.id: r.why for r in told.rejected}.items()
    planned = set() if told.plan is None else {action.id for action in told.plan.actions}
    assert set(case.get("plan", planned)) == planned
    assert set(case.get("expected", ())) <= set(got)
    assert not set(case.get("not_expected", ())) & set(got)
    assert not (case.get("nothing") and got)
    assert case.get("first", got[0] if got else None) == (got[0] if got else None)


def case_of(action: str) -> dict[str, Any]:
    return next(case for case in CASES["case"] if action in case.get("expected", ()))


# LEAVE_REFUND_TO_AMAZON asks for nothing to be done, but for no refund as long as the label protects;
# SETTLE_LOST_PARCEL for one of two things, and which it was the order tells (a refund, or what the label's page says).
LASTING = {"LEAVE_REFUND_TO_AMAZON", "SETTLE_LOST_PARCEL"}


@pytest.mark.parametrize("action", sorted({a.id for a in catalogue().actions} - LASTING))
def test_what_is_reported_as_done_is_not_advised_again_at_once(action: str) -> None:
    case = case_of(action)
    order = {n: v for n, v in CASES["base"].items() if n not in case.get("without", ())} | case.get("given", {})
    at = order["as_of"].timestamp()
    sent = json.dumps(order, default=lambda day: day.isoformat())
    said = {"event_id": "e", "order_id": order["order_id"], "shop_id": "s", "kind": "action_taken", "action": action}
    body = json.dumps(said | {"at": instant_text(at + 60.0)})
    event = Event("s", "e", order["order_id"], "action_taken", at + 60.0, at, body)
    known = order_known(Life((Sent("1", at, at, sent),), (event,)), at + HOUR, at + HOUR)
    assert known is not None
    told = advice(checked_columns(read_order(known | {"as_of": instant_text(at + HOUR)}), at))[0]
    # A refund on advice is not to be looked up either, though the event does not tell how much it was.
    asked_next = {"CHECK_REFUND_OF_RETURN", "CHECK_REFUND_OF_LOST_PARCEL"} if action.startswith("REFUND_") else set()
    assert not {action, *asked_next} & {one.action.id for one in (*told.recommendations, *told.rejected)}


def test_every_action_is_expected_by_some_case() -> None:
    expected = {name for case in CASES["case"] for name in case.get("expected", ())}
    assert expected == {action.id for action in catalogue().actions}


def test_an_order_without_a_probability_is_given_no_advice() -> None:
    assert ids(orders({"has_tracking": False}), probability=float("nan")) == []


def test_the_effect_is_the_sum_over_claim_types() -> None:
    found = next(
        r for r in advice(orders({"has_tracking": False}))[0].recommendations if r.action.id == "USE_TRACKED_SERVICE"
    )
    effect = found.action.effect.not_received
    assert found.probability_after == pytest.approx(RISK * (SHARES[0] * effect.median + SHARES[1] + SHARES[2]))
    assert found.effect_low == pytest.approx(SHARES[0] * effect.low + SHARES[1] + SHARES[2])
    assert found.effect_high == pytest.approx(SHARES[0] * effect.high + SHARES[1] + SHARES[2])


def test_a_limit_keeps_what_pays_most() -> None:
    busy = orders({"has_tracking": False, "is_signature_recommended": True, "mismatch_image": True})
    ranked = [r for r in advice(busy)[0].recommendations if r.action.helps == "this_order"]
    assert [r.net_benefit for r in ranked] == sorted((r.net_benefit for r in ranked), reverse=True)
    assert [r.action.id for r in advice(busy, limit=2)[0].recommendations] == [r.action.id for r in ranked[:2]]


def test_without_a_rate_advice_is_told_by_what_it_does_to_the_risk() -> None:
    told = advice(orders({"has_tracking": False, "currency": "XAF"}))[0]
    found = [r.action.id for r in told.recommendations]
    assert found[0] == "USE_TRACKED_SERVICE"
    assert told.recommendations[0].net_benefit != told.recommendations[0].net_benefit
    assert told.plan is None


def test_advice_in_a_batch_is_the_advice_of_each_order_alone() -> None:
    given = [case.get("given", {}) for case in CASES["case"]]
    together = advice(orders(*given), limit=5)
    assert list(together) == [advice(orders(one), limit=5)[0] for one in given]


def test_action_is_judged_by_the_version_valid_at_as_of() -> None:
    early = {"placed_at": "2022-01-03T08:00:00Z", "ship_by": "2022-01-05T08:00:00Z", "as_of": "2022-01-03T09:00:00Z",
             "latest_delivery_at": "2022-01-10T08:00:00Z", "signature_service": "none"}  # fmt: skip
    assert "ADD_SIGNATURE" not in ids(orders(early))


def test_claim_protection_changes_who_pays_even_where_it_hardly_changes_the_claim() -> None:
    place, action = next((i, a) for i, a in enumerate(catalogue().actions) if a.id == "BUY_PROTECTED_LABEL")
    done = after_action(orders({"is_claims_protected": False}), changes(catalogue())[place])
    assert done["is_claims_protected"].tolist() == [1.0]
    assert "seller_pays" in action.lowers


LOST = {"shipped_at": "2026-11-03T08:00:00Z", "first_scan_at": "2026-11-03T12:00:00Z", "tracking_status": "lost",
        "is_claims_protected": False, "as_of": "2026-11-12T08:00:00Z"}  # fmt: skip


@pytest.mark.parametrize(("amount", "cost"), [(None, 120.0), (30.0, 90.0), (119.0, 1.0)])
def test_refunding_a_lost_parcel_takes_what_is_still_to_be_refunded(amount: float | None, cost: float) -> None:
    part = {} if amount is None else {"refunded_at": "2026-11-11T08:00:00Z", "refund_amount": amount}
    found = advice(orders(LOST | part))[0].recommendations
    assert next(r.cost for r in found if r.action.id == "REFUND_LOST_PARCEL") == pytest.approx(cost)


def test_after_the_rest_is_refunded_a_return_is_no_longer_late() -> None:
    place = next(i for i, a in enumerate(catalogue().actions) if a.id == "REFUND_RETURNED")
    part = {"delivered_at": "2026-11-05T08:00:00Z", "return_requested_at": "2026-11-06T08:00:00Z",
            "return_delivered_at": "2026-11-08T08:00:00Z", "refunded_at": "2026-11-08T09:00:00Z", "refund_amount": 1.0,
            "return_authorised_at": "2026-11-06T09:00:00Z", "as_of": "2026-11-20T08:00:00Z"}  # fmt: skip
    before = orders(part)
    many = concatenated([before] * 40)
    done = after_action(many, changes(catalogue())[place])
    pays = [from_policy_alone().of(columns).seller_pays[0, 2] for columns in (before, done)]
    assert pays[1] < pays[0]
    assert recommended(at_stake(before, RISK), catalogue(), Evidence(), limit=30)[0] == advice(many)[0]


@pytest.mark.parametrize("price", [{}, {"order_total": None, "item_price": 100.0, "shipping_price": 20.0}])
def test_a_refund_is_in_full_however_the_price_is_told(price: dict[str, Any]) -> None:
    place = next(i for i, a in enumerate(catalogue().actions) if a.id == "REFUND_LOST_PARCEL")
    done = after_action(concatenated([orders(LOST | price)] * 40), changes(catalogue())[place])
    assert is_surely_in_full(done).all()
    alone, many = orders(LOST | price), concatenated([orders(LOST | price)] * 40)
    assert advice(many)[0] == advice(alone)[0]


def test_one_action_has_one_probability_where_only_debited_claims_are_known() -> None:
    columns = orders({"has_tracking": False, "order_total": 500.0, "unit_cost": 900.0})
    chances = Scored(states(columns), np.full(1, 0.05), np.tile(SHARES, (1, 1)))
    at = stakes(columns, chances, from_policy_alone(), "claim_debited", default_costs())
    found = recommended(at, catalogue(), Evidence(), limit=30)[0]
    assert found.plan is not None
    assert len(found.plan.actions) == 1
    same = next(r for r in found.recommendations if r.action == found.plan.actions[0])
    assert same.probability_after == pytest.approx(found.plan.probability_after)
    assert same.effect_low <= same.probability_after / 0.05 <= same.effect_high


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CASES["case"]), st.integers(-200, 2000), st.floats(1e-6, 1.0), st.data())
def test_no_advice_holds_a_parcel_raises_a_probability_or_leaves_its_range(
    case: dict[str, Any], hours: int, probability: float, data: st.DataObject
) -> None:
    columns = orders(case.get("given", {}))
    columns = columns.replacing({"as_of": columns["as_of"] + hours * HOUR})
    share = data.draw(st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
    stake = at_stake(columns, probability, tuple(share))
    found = recommended(stake, catalogue(), Evidence(), limit=30)[0]
    for r in found.recommendations:
        assert 0 < r.probability_after <= stake.probability[0]  # the one that is told: its types added up
        assert r.effect_low * probability <= r.probability_after * (1 + 1e-12)
        assert r.probability_after <= r.effect_high * probability * (1 + 1e-12) <= 1 + 1e-9
        if r.action.holds_parcel:
            assert r.deadline is not None
            assert columns["as_of"][0] <= r.deadline <= columns["ship_by"][0] - 12 * HOUR


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"has_tracking", is = false',
            '"has_trackin", is = false',
            r"shipping.toml: USE_TRACKED_SERVICE: when",
        ),
        ('is = ["US", "CA"]', 'is = ["US", "XX"]', r"shipping.toml: BUY_PROTECTED_LABEL: when.*'XX'"),
        ("median = 0.5,", "median = 1.5,", r"effect.not_received.median"),
        ('source = "tracked_defects"', 'source = "hearsay"', r"'hearsay' is not in sources.toml"),
        ("plus_hours = -12", "plus_hours = -6", r"12 h before ship_by"),
        ('en = "Ship this', 'en = "Contact the buyer by WhatsApp and ship this', r"may not say"),
        ("version = 1", "version = 1\nfunny = 2", r"funny"),
        ('fact = "trigger.untracked"', 'fact = "trigger.tracked"', r"no marketplace has 'trigger.tracked'"),
        ("[[action]]", "[[action]", r"shipping.toml: expected TOML"),
    ],
)
def test_wrong_advice_is_refused_by_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    for file in (Path(wording.__file__).parent / "advice").glob("*.toml"):
        text = file.read_text("utf-8")
        (tmp_path / file.name).write_text(text.replace(old, new) if file.name == "shipping.toml" else text, "utf-8")
    with pytest.raises(SettingError, match=message):
        loaded(tmp_path)


ASKED = {"shipped_at": "2026-11-03T10:00:00Z", "first_message_at": "2026-11-09T08:00:00Z", "message_topic": "damaged",
         "return_requested_at": "2026-11-09T08:00:00Z", "as_of": "2026-11-09T20:00:00Z"}  # fmt: skip
ON_RETURNS = ("REPLY_NOW", "AUTHORISE_RETURN", "SEND_RETURN_LABEL")


def of_returns(marketplace: str | None) -> dict[str, Recommendation]:
    found = advice(orders(ASKED | {"marketplace": marketplace}))[0].recommendations
    return {r.action.id: r for r in found if r.action.id in ON_RETURNS}


@pytest.mark.parametrize("marketplace", ["SG", "MX", None])
def test_a_marketplace_without_facts_is_told_no_rule_and_no_clock_of_another(marketplace: str | None) -> None:
    found = of_returns(marketplace)
    assert set(found) == set(ON_RETURNS)
    assert {r.basis for r in found.values()} == {"prior"}
    assert found["SEND_RETURN_LABEL"].deadline is None
    for told in found.values():
        texts = [wording.text(told.action, lang, told.rules) for lang in LANGS]
        assert texts == [told.action.text.en, told.action.text.zh]


@pytest.mark.parametrize(
    ("marketplace", "due", "span"), [("US", "2026-11-15T07:59:59Z", "5 days"), ("UK", "2026-11-11T08:00:00Z", "48 h")]
)
def test_a_return_label_is_due_when_the_marketplace_s_own_clock_says(marketplace: str, due: str, span: str) -> None:
    found = of_returns(marketplace)
    assert {r.basis for r in found.values()} == {"policy"}
    label = found["SEND_RETURN_LABEL"]
    clocks = {c["code"]: c["due"] for c in ruling(orders(ASKED | {"marketplace": marketplace}), 0, "en").clocks}
    assert [instant_text(label.deadline), clocks["RETURN_METHOD"]] == [due, due]
    assert f"due within {span} of the request" in wording.text(label.action, "en", label.rules)


def test_a_number_of_policy_in_a_text_is_that_of_a_fact() -> None:
    for action in catalogue().actions:
        for told in action.policy if action.facts else action.texts:
            assert not re.search(r"[0-9]", told.en + told.zh), action.id
        assert all(("{span}" in told.en) is ("{span}" in told.zh) for told in action.policy)


def all_texts() -> list[tuple[str, str]]:
    texts = [(told.en, told.zh) for a in catalogue().actions for told in a.texts]
    for name in wording.wording().attributes:
        for direction in DIRECTIONS:
            en, zh = (wording.reason_text(name, direction, "5", lang) for lang in LANGS)
            texts.append((en, zh))
    return texts


def test_every_text_is_there_in_both_languages_and_breaks_no_rule() -> None:
    for en, zh in all_texts():
        assert re.search("[一-鿿]", zh)
        assert not re.search("[一-鿿]", en)
        assert not any(re.search(pattern, en + zh, re.IGNORECASE) for pattern in RULE_BREAKING)


def test_every_attribute_that_can_matter_has_a_wording_of_its_own() -> None:
    without = {a.name for a in attributes().values() if a.role in ("afterwards", "done")} | {"order_id", "as_of"}
    assert set(wording.wording().attributes) == set(attributes()) - without


def test_a_reason_is_fixable_exactly_if_some_action_addresses_its_attribute() -> None:
    fixable = {name for name, reason in wording.wording().attributes.items() if reason.is_fixable}
    assert fixable == catalogue().addressed()


def test_the_page_of_advice_is_fresh() -> None:
    page = (Path(__file__).parent.parent / "docs" / "advice.md").read_text("utf-8")
    assert page == advice_page(catalogue(), expectations()), "claimrisk advice > docs/advice.md"


def test_every_choice_has_a_chinese_name() -> None:
    named = {c for a in attributes().values() if a.name not in ("marketplace", "claim_type") for c in a.choices}
    assert named <= set(wording.wording().choices)


@pytest.mark.parametrize(
    ("given", "attribute", "en", "zh"),
    [
        ({"as_of": "2026-11-15T03:48:00Z"}, "latest_delivery_at", "4.2 days overdue", "已逾期 4.2 天"),
        ({}, "latest_delivery_at", "due in 8.6 days", "距承诺时间还有 8.6 天"),
        ({"shipped_at": "2026-11-02T08:30:00Z"}, "ship_by", "handed over 2.6 days early", "提前 2.6 天交运"),
        ({"first_message_at": "2026-11-02T08:00:00Z", "as_of": "2026-11-03T15:00:00Z"}, "first_reply_at",
         "unanswered for 31 h", "已 31 小时未回复"),
        ({"first_message_at": "2026-11-02T08:10:00Z", "first_reply_at": "2026-11-02T08:30:00Z"}, "first_reply_at",
         "answered after 20 min", "20 分钟后回复"),
        ({}, "first_reply_at", "unknown", "未知"),
        ({}, "has_tracking", "yes", "是"),
        ({"carrier_late_rate": 0.1234}, "carrier_late_rate", "12.3%", "12.3%"),
        ({"signature_service": "adult_signature"}, "signature_service", "adult signature", "成人签名签收"),
        ({"order_total": 1234.5, "currency": "USD"}, "order_total", "1,234.50 USD", "1,234.50 USD"),
        ({"distance_km": 120.0}, "distance_km", "120 km", "120 公里"),
        ({}, "quantity", "unknown", "未知"),
        ({}, "x_warehouse", "unknown", "未知"),
        ({"carrier": "UPS"}, "carrier", "UPS", "UPS"),
    ],
)  # fmt: skip
def test_a_value_is_rendered_as_a_person_says_it(given: dict[str, Any], attribute: str, en: str, zh: str) -> None:
    columns = orders({}, given)
    assert wording.rendered_value(columns, 1, attribute, "en") == en
    assert wording.rendered_value(columns, 1, attribute, "zh") == zh


def test_the_shops_own_attribute_is_told_by_its_name() -> None:
    columns = orders({}).replacing({"x_warehouse": np.array(["{east}"], dtype=object)})
    value = wording.rendered_value(columns, 0, "x_warehouse", "en")
    assert "warehouse”: {east}." in wording.reason_text("x_warehouse", "up", value, "en")
    assert wording.reason("x_warehouse").code == "OWN_ATTRIBUTE"


def test_a_duty_is_told_and_planned_first_whatever_pays_more() -> None:
    asked = {"shipped_at": "2026-11-03T08:00:00Z", "delivered_at": "2026-11-09T08:00:00Z",
             "return_requested_at": "2026-11-10T08:00:00Z", "message_topic": "damaged",
             "as_of": "2026-11-10T09:00:00Z"}  # fmt: skip
    duties = ["AUTHORISE_RETURN", "SEND_RETURN_LABEL"]
    told = advice(orders(asked), probability=0.001, limit=1)[0]
    assert all(r.net_benefit < 0.0 for r in told.recommendations)
    assert sorted(r.action.id for r in told.recommendations) == duties
    assert told.plan is not None
    assert [action.id for action in told.plan.actions] == duties
    assert told.plan.net_benefit < 0.0


def test_without_a_rate_a_plan_holds_the_duties() -> None:
    told = advice(orders({"cancel_requested_at": "2026-11-02T08:30:00Z", "currency": "XAF"}))[0]
    assert told.plan is not None
    assert [action.id for action in told.plan.actions] == ["HONOUR_CANCEL_REQUEST"]
    assert np.isnan([told.plan.net_benefit, told.plan.cost]).all()


def test_proof_of_delivery_is_not_due_before_the_delivery() -> None:
    asked = {"shipped_at": "2026-11-03T08:00:00Z", "first_message_at": "2026-11-07T08:00:00Z",
             "delivered_at": "2026-11-09T08:00:00Z", "message_topic": "not_received",
             "as_of": "2026-11-09T09:00:00Z"}  # fmt: skip
    told = next(r for r in advice(orders(asked))[0].recommendations if r.action.id == "GET_PROOF_OF_DELIVERY")
    assert told.deadline == orders(asked)["delivered_at"][0] + 24 * HOUR
