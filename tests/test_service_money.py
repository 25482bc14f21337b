"""Money: what a claim would cost, in which currency, by whose profile, and what of it was assumed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.columns import Columns
from features.completion import completed
from features.document import read_order
from features.errors import SettingError
from features.moments import states
from features.order_columns import columns_of
from model.consequences import Outlook, from_policy_alone
from service.cost_profile import Costs, default_costs, read_costs, template
from service.money import prices, rounded
from service.stakes import stakes
from training.dearest import Scored

BASE = {"order_id": "1", "marketplace": "US", "placed_at": "2026-11-02T08:00:00Z", "as_of": "2026-11-03T08:00:00Z"}
MONEY = {"order_total": 100.0, "unit_cost": 40.0, "quantity": 2, "currency": "USD"}


def orders(*given: dict[str, Any]) -> Columns:
    return completed(columns_of([read_order(BASE | one) for one in given]))


def profile(tmp_path: Path, text: str) -> Costs:
    (tmp_path / "costs.toml").write_text(text, "utf-8")
    return read_costs(tmp_path / "costs.toml")


def test_a_claim_costs_the_refund_the_way_back_and_the_defect_less_what_the_goods_are_worth() -> None:
    found = prices(orders(MONEY), default_costs())
    assert found.refund[0].tolist() == pytest.approx([100.0, 100 + 0.5 * (9 - 40), 100 + 0.75 * (9 - 40)])
    claim = found.per_claim(Outlook(np.array([[0.5, 0.5, 0.5]]), np.array([[0.2, 0.4, 1.0]])))
    assert claim.defect[0].tolist() == pytest.approx([6.0, 12.0, 30.0])
    cost = claim.expected(np.array([[0.01, 0.0, 0.0]]))
    assert cost.amount[0] == pytest.approx(0.01 * (0.5 * 100 + 6 + 25 * 0.4))


def test_what_the_order_does_not_say_is_assumed_and_named() -> None:
    found = prices(orders(MONEY, {"order_total": 100.0, "currency": "USD"}, {}), default_costs())
    assert found.value.tolist() == [100.0, 100.0, 40.0]
    assert found.goods.tolist() == pytest.approx([80.0, 45.0, 18.0])
    assert found.value_assumed.tolist() == [False, False, True]
    assert found.goods_assumed.tolist() == [False, True, True]


def test_goods_that_come_back_are_worth_no_more_than_the_refund_so_that_a_claim_is_never_a_gain() -> None:
    dear = MONEY | {"unit_cost": 4_000.0}
    found = prices(orders(dear, dear | {"refunded_at": "2026-11-02T20:00:00Z", "refund_amount": 60.0}), default_costs())
    assert found.goods_back.tolist() == [100.0, 40.0]
    assert found.refund.tolist() == [[100.0, 50.0, 25.0], [40.0, 20.0, 10.0]]


PART = MONEY | {"refunded_at": "2026-11-02T20:00:00Z"}


def test_a_claim_can_only_cost_what_is_still_to_be_refunded() -> None:
    shares = [None, 1.0, 50.0, 99.0, 100.0]
    given = [MONEY if amount is None else PART | {"refund_amount": amount} for amount in shares]
    found = prices(orders(*given), default_costs())
    assert found.outstanding.tolist() == [100.0, 99.0, 50.0, 1.0, 0.0]
    assert found.refund[:, 0].tolist() == [100.0, 99.0, 50.0, 1.0, 0.0]
    assert found.refund[2].tolist() == pytest.approx((found.refund[0] / 2).tolist())
    assert not found.refund_assumed.any()


@pytest.mark.parametrize("refund", [{}, {"has_refund": True, "refunded_at": None}])
def test_where_nobody_tells_how_much_went_back_all_of_it_counts_and_that_is_named(refund: dict[str, Any]) -> None:
    found = prices(orders(PART | refund), default_costs())
    assert found.refund[0].tolist() == prices(orders(MONEY), default_costs()).refund[0].tolist()
    assert found.refund_assumed.tolist() == [True]


def test_what_is_outstanding_is_told_in_the_profiles_currency(tmp_path: Path) -> None:
    rate = '[[rate]]\ncurrency = "GBP"\non = 2026-10-01\nvalue = 1.5\n'
    found = prices(orders(PART | {"currency": "GBP", "refund_amount": 40.0}), profile(tmp_path, rate))
    assert found.outstanding.tolist() == pytest.approx([90.0])


def test_a_free_replacement_has_nothing_to_refund() -> None:
    found = prices(orders(MONEY | {"order_total": 0.0}, PART | {"order_total": 0.0}), default_costs())
    assert found.outstanding.tolist() == [0.0, 0.0]


def test_an_order_alone_is_priced_as_among_many() -> None:
    given = [PART | {"refund_amount": k + 0.25} for k in range(40)] + [PART, MONEY, MONEY | {"order_total": 60.0}]
    many = prices(orders(*given), default_costs())
    for k, one in enumerate(given):
        alone = prices(orders(one), default_costs())
        for name in ("outstanding", "refunded", "goods_back", "refund", "refund_assumed", "goods_exceed_value"):
            assert getattr(alone, name)[0].tolist() == getattr(many, name)[k].tolist()


def test_goods_that_cost_more_than_was_paid_are_noticed_where_both_are_known() -> None:
    given = [MONEY, MONEY | {"order_total": 79.99}, MONEY | {"order_total": 80.0}, {"unit_cost": 500.0}]
    assert prices(orders(*given), default_costs()).goods_exceed_value.tolist() == [False, True, False, False]


def test_costs_are_told_in_the_profiles_currency_by_the_rate_that_stood_then(tmp_path: Path) -> None:
    rate = '[[rate]]\ncurrency = "GBP"\non = {}\nvalue = {}\n'
    rates = rate.format("2026-10-01", 1.2) + rate.format("2026-11-03", 1.5)
    pounds = MONEY | {"currency": "GBP"}
    early, late = "2026-11-02T23:59:59Z", "2026-11-03T00:00:00Z"
    found = prices(orders(pounds | {"as_of": early}, pounds | {"as_of": late}), profile(tmp_path, rates))
    assert found.value.tolist() == [120.0, 150.0]
    assert found.currency.tolist() == ["USD", "USD"]
    assert not found.rate_assumed.any()


def test_without_a_rate_costs_stay_in_the_orders_currency_and_that_is_said() -> None:
    found = prices(orders(MONEY | {"currency": "GBP"}, MONEY | {"currency": "XAF"}), default_costs())
    assert found.currency.tolist() == ["GBP", "XAF"]
    assert found.value.tolist() == [100.0, 100.0]
    assert found.defect[0] == pytest.approx(30.0 / 1.3)
    assert np.isnan(found.defect[1])
    assert found.rate_assumed.all()


IN_YEN = re.sub(r"(?m)^(value|return_shipping|shadow_price|minute|label_upgrade|signature_fee|return_label|[A-Z_]+|"
                r"elevated|high|critical) = ", r"\1 = 1", template().replace('"USD"', '"JPY"'))  # fmt: skip


@pytest.mark.parametrize("table", ["", '[shop."jp"]\n'])
def test_a_profile_in_another_currency_without_its_amounts_is_refused(tmp_path: Path, table: str) -> None:
    with pytest.raises(SettingError, match=r"JPY in place of USD needs every amount in it; add order\.value, .*claim"):
        profile(tmp_path, f'{table}currency = "JPY"\n')
    with pytest.raises(SettingError, match=r"add side_effect.RETURN_RATE$"):
        profile(tmp_path, IN_YEN.replace("RETURN_RATE", "# RETURN_RATE"))
    assert profile(tmp_path, f'{table}currency = "USD"\n').of("jp").currency == "USD"


def test_a_profile_in_another_currency_with_its_amounts_takes_shares_but_no_rates(tmp_path: Path) -> None:
    rate = '[[rate]]\ncurrency = "JPY"\non = 2026-11-01\nvalue = 0.0065\n'
    shop = re.sub(r"(?m)^\[", '[shop."jp".', IN_YEN).replace("currency =", '[shop."jp"]\ncurrency =', 1)
    found = profile(tmp_path, rate + re.sub(r"(?m)^goods_share.*", "", shop))
    assert (found.of("jp").order.value, found.of("jp").order.goods_share, found.of("jp").rate) == (140.0, 0.45, ())
    assert found.of("other").rate[0].value == 0.0065
    yen = prices(orders(MONEY | {"currency": "JPY", "shop_id": "jp"}, MONEY | {"currency": "JPY"}), found)
    assert (yen.value.tolist(), yen.currency.tolist()) == ([100.0, 0.65], ["JPY", "USD"])


def test_a_rate_of_the_profiles_own_currency_changes_nothing(tmp_path: Path) -> None:
    found = prices(orders(MONEY), profile(tmp_path, '[[rate]]\ncurrency = "USD"\non = 2026-09-01\nvalue = 0.5\n'))
    assert (found.value.tolist(), found.rate_assumed.any(), found.rate_is_old.any()) == ([100.0], False, False)


def test_a_rate_is_old_after_sixty_days(tmp_path: Path) -> None:
    rates = '[[rate]]\ncurrency = "GBP"\non = 2026-09-04\nvalue = 1.2\n'
    pounds = MONEY | {"currency": "GBP"}
    days = [{"as_of": "2026-11-03T00:00:00Z"}, {"as_of": "2026-11-03T00:00:01Z"}]
    found = prices(orders(*(pounds | day for day in days)), profile(tmp_path, rates))
    assert found.rate_is_old.tolist() == [False, True]


def test_every_shop_has_its_own_profile(tmp_path: Path) -> None:
    costs = profile(tmp_path, '[defect]\nshadow_price = 50.0\n[shop."B".defect]\nshadow_price = 400.0\n')
    found = prices(orders(MONEY | {"shop_id": "A"}, MONEY | {"shop_id": "B"}), costs)
    assert found.defect.tolist() == [50.0, 400.0]
    assert costs.version != "default"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[claim]\nrefund_share = 1.5\n", r"costs.toml: claim.refund_share"),
        ("[claims]\nminutes = 3\n", r"costs.toml: claims: Unexpected"),
        ('[shop."B".band]\nhigh = 9.0\n', r"shop.B: band.*elevated < high < critical"),
        ("[defect\n", r"expected TOML"),
        ("shop = 3\n", r"expected tables"),
        ('[[rate]]\ncurrency = "pounds"\non = 2026-01-01\nvalue = 1.0\n', r"rate.0.currency"),
    ],
)
def test_a_wrong_profile_is_refused_by_its_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        profile(tmp_path, text)


def test_a_debited_target_is_not_multiplied_by_who_pays_again() -> None:
    columns = orders(MONEY)
    chances = Scored(states(columns), np.array([0.1]), np.array([[1.0, 0.0, 0.0]]))
    told = stakes(columns, chances, from_policy_alone(), "claim_debited", default_costs())
    assert told.seller_pays.tolist() == [1.0]
    assert told.defect[0] == pytest.approx(0.75 / 0.85)
    assert told.expected.refund_and_goods[0] == pytest.approx(0.1 * 100.0)


def test_who_pays_is_worked_out_once_for_all_orders() -> None:
    columns = orders(*[MONEY] * 3)
    chances = Scored(states(columns), np.full(3, 0.1), np.full((3, 3), 1.0 / 3.0))
    told = stakes(columns, chances, from_policy_alone(), "claim_filed", default_costs())
    assert told.seller_pays is told.seller_pays
    assert told.defect is told.defect


def test_amounts_have_the_decimals_of_their_currency() -> None:
    found = rounded(np.array([1.005, 12.5, 1.23456]), np.array(["USD", "JPY", "KWD"], dtype=object))
    assert found.tolist() == [1.0, 12.0, 1.235]
