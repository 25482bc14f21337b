from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.cold_start import Looked, looked, rank
from features.columns import Columns, concatenated
from features.document import checked_columns, read_order
from features.errors import SettingError
from model.coldstart import ShopNumbers, cold_bundle, cold_scorer
from model.priors import loaded, priors, priors_file

ORDER = {"order_id": "A", "as_of": "2026-11-20T08:15:00Z", "marketplace": "US", "placed_at": "2026-11-02T03:12:00Z",
         "latest_delivery_at": "2026-11-16T23:59:59Z", "shipped_at": "2026-11-03T06:40:00Z"}  # fmt: skip


@pytest.fixture(scope="module")
def shops() -> list[Looked]:
    return looked("common", 6_000, 3)


def columns(**changed: object) -> Columns:
    return checked_columns(read_order({**ORDER, **changed}), 0.0)


def probability(numbers: ShopNumbers | None = None, **changed: object) -> float:
    return float(cold_scorer(numbers).score(columns(**changed)).probability[0])


@pytest.mark.parametrize("cell", ["placed", "in_transit", "delivered", "contact", "random"])
def test_it_ranks_simulated_shops_better_than_chance(shops: list[Looked], cell: str) -> None:
    truth, told = (np.concatenate([getattr(s, name)[s.cell == cell] for s in shops]) for name in ("truth", "told"))
    assert rank(truth, told) > 0.55


def test_with_two_numbers_its_sum_is_within_a_factor_of_two(shops: list[Looked]) -> None:
    truth, told = (np.concatenate([getattr(s, name)[s.cell == "random"] for s in shops]) for name in ("truth", "told"))
    assert 0.5 < told.sum() / truth.sum() < 2.0


def test_the_rate_is_the_priors_shrunk_with_the_shops_numbers() -> None:
    base = priors().base
    told = cold_scorer(ShopNumbers(9, 1_500)).score(columns(shipped_at=None, as_of="2026-11-02T03:12:00Z"))
    expected = (base.prior_claims + 9) / (base.prior_claims / base.rate + 1_500 * base.shown)
    assert told.baseline[0] == pytest.approx(expected)


def test_an_order_may_tell_its_shops_numbers_itself() -> None:
    of_order = probability(seller_orders_60d=1_500, seller_defects_60d=18)
    assert of_order == pytest.approx(probability(ShopNumbers(9, 1_500)))
    assert of_order > probability(seller_orders_60d=1_500, seller_defects_60d=0)


def test_numbers_of_the_shop_go_before_those_of_its_orders() -> None:
    shop = ShopNumbers(1, 5_000)
    assert probability(shop, seller_orders_60d=100, seller_defects_60d=50) == probability(shop)


def test_the_interval_is_wide_and_narrows_with_claims() -> None:
    few, many = (cold_scorer(n).score(columns()) for n in (None, ShopNumbers(50, 10_000)))
    assert few.high[0] / few.low[0] > 10.0
    assert many.high[0] / many.low[0] < few.high[0] / few.low[0]


@pytest.mark.parametrize(
    "worse",
    [
        {"as_of": "2026-11-21T08:15:00Z", "has_tracking": True},
        {"first_message_at": "2026-11-18T08:15:00Z"},
        {"mismatch_colour": True},
        {"tracking_status": "lost"},
    ],
)
def test_what_policy_and_sense_call_worse_is_worse(worse: dict[str, object]) -> None:
    same = {"has_tracking": True} if "has_tracking" in worse else {}
    assert probability(**worse) > probability(**same)


def test_a_missing_scan_of_an_untracked_parcel_tells_nothing() -> None:
    pipeline = cold_scorer(None).pipeline
    names = [f.name for f in pipeline.features_]
    untracked, tracked = (pipeline.transform(columns(has_tracking=t))[0] for t in (False, True))
    assert np.isnan(untracked[names.index("unscanned_days_log")])
    assert tracked[names.index("unscanned_days_log")] > 0.0


def test_an_order_alone_scores_as_beside_others() -> None:
    orders = [columns(), columns(has_tracking=False), columns(delivered_at="2026-11-10T00:00:00Z")]
    together = cold_scorer(None).score(concatenated(orders)).probability
    assert together.tolist() == [cold_scorer(None).score(order).probability[0] for order in orders]


def test_a_version_names_the_priors_and_the_numbers() -> None:
    versions = [cold_bundle(n).version for n in (None, ShopNumbers(1, 100), ShopNumbers(2, 100))]
    assert len(set(versions)) == 3
    assert cold_bundle(ShopNumbers(1, 100)).version == versions[1]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('unit = "hours"\nlow = 0.0\nhigh = 72.0', 'unit = "days"\nlow = 0.0\nhigh = 72.0', "expected hours, in which"),
        ('"days_overdue_log", "unscanned', '"days_overdeu_log", "unscanned', "days_overdeu_log"),
        ("return_or_refund = 0.15", "return_or_refund = 0.25", "add up to 1"),
        ('reason = "breaks on the way"', "", "reason"),
        ('["silent_days"]\nunit = "days"', '["days_late"]\nunit = "days"', "two for days_late"),
        ("usual = 0.85", "usual = 1.85", "low <= usual <= high"),
    ],
)
def test_priors_without_reason_unit_or_sense_are_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = priors_file().read_text("utf-8")
    assert old in text
    (tmp_path / "priors.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SettingError, match=complaint):
        cold_scorer(None, loaded(tmp_path / "priors.toml"))


RETURNED = {
    "order_total": 100.0, "currency": "USD", "delivered_at": "2026-11-10T10:00:00Z",
    "return_requested_at": "2026-11-12T10:00:00Z", "return_authorised_at": "2026-11-12T12:00:00Z",
    "return_label_sent_at": "2026-11-12T12:00:00Z", "return_delivered_at": "2026-11-15T20:00:00Z",
}  # fmt: skip


def test_a_cent_refunded_leaves_the_risk_as_it_was_and_it_falls_as_more_goes_back() -> None:
    nothing = probability(**RETURNED)
    cent, half, most = (
        probability(**RETURNED, refunded_at="2026-11-16T00:00:00Z", refund_amount=amount)
        for amount in (0.01, 50.0, 99.0)
    )
    unknown = probability(**RETURNED, refunded_at="2026-11-16T00:00:00Z")
    assert cent == pytest.approx(nothing, rel=1e-3)
    assert cent > half > most > unknown


def test_a_return_request_that_a_label_answered_is_no_longer_waiting() -> None:
    asked = {"return_requested_at": "2026-11-15T10:00:00Z", "delivered_at": "2026-11-10T10:00:00Z"}
    answer = {"return_label_sent_at": "2026-11-15T11:00:00Z"}
    told = probability(**asked, **answer)
    assert told < probability(**asked)
    assert told == pytest.approx(probability(**asked, **answer, return_authorised_at="2026-11-15T11:00:00Z"))


def test_parts_refunded_read_the_same_alone_as_among_many() -> None:
    some = [columns(**RETURNED, refunded_at="2026-11-16T00:00:00Z", refund_amount=k + 0.5) for k in range(40)]
    scorer = cold_scorer(None)
    alone = [scorer.score(one).probability[0] for one in some]
    assert scorer.score(concatenated(some)).probability.tolist() == alone
