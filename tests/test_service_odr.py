"""The defect budget of a shop: what the rule allows, what is known, what is to come, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from features.columns import Columns, epoch_seconds
from features.completion import completed
from features.document import read_order
from features.order_columns import columns_of
from model.artefact import Bundle
from model.coldstart import cold_bundle
from service.cli import app
from service.decide import decide
from service.means import Means
from service.odr import Forecast, Official, forecast
from service.odr_defects import known_defects
from service.odr_files import FileOrders
from service.odr_rule import odr_rule
from service.odr_told import told
from service.odr_window import Span, window
from training.dataset import read_outcomes

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
AT = epoch_seconds(NOW)


def order(number: int, days_ago: float, **more: object) -> dict[str, Any]:
    placed = NOW - timedelta(days=days_ago)
    of = {"order_id": f"o{number}", "shop_id": "s", "marketplace": "US", "fulfilment_channel": "seller"}
    times = {"placed_at": placed, "latest_delivery_at": placed + timedelta(days=8), "as_of": NOW}
    return of | {name: at.isoformat() for name, at in times.items()} | more


def columns(orders: Sequence[dict[str, Any]]) -> Columns:
    return completed(columns_of([read_order(one) for one in orders]))


def evenly(n: int) -> list[dict[str, Any]]:
    return [order(i, 0.5 + 59.0 * i / n) for i in range(n)]


@dataclass
class Shop:
    """A shop to ask."""

    orders: Sequence[dict[str, Any]]
    outcomes: Columns | None = None

    def ask(self, official: Official | None = None) -> Forecast:
        rule = odr_rule("US", AT)
        assert rule is not None
        bundle = cold_bundle()
        source, span = FileOrders(columns(self.orders), self.outcomes), Span("s", "US", AT - rule.seconds, AT)
        return forecast(window(source, span, Means(bundle)), rule, bundle.scorer, official)


def outcomes(tmp_path: Path, *rows: dict[str, Any]) -> Columns:
    opened = {"claim_opened_at": "2026-11-10T00:00:00Z", "kind": "a_to_z", "counts_as_defect": None}
    table = pl.DataFrame([{"event_id": str(i)} | opened | row for i, row in enumerate(rows)], infer_schema_length=None)
    table.with_columns(pl.col("counts_as_defect").cast(pl.Boolean)).write_parquet(tmp_path / "outcomes.parquet")
    return read_outcomes(tmp_path / "outcomes.parquet", None)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "leaves no room: a single defect is 2.2 %"), ("zh", "没有任何余地：一笔缺陷就是 2.2 %")]
)
def test_forty_five_orders_allow_no_defect_and_the_shop_is_told_so(lang: Any, words: str) -> None:
    found = Shop(evenly(45)).ask()
    answer = told(found, cold_bundle(), lang)
    assert (answer["orders"], answer["allowed"], answer["remaining"]) == (45, 0, 0)
    assert words in answer["text"]
    assert answer["as_it_will_be"]["probability_of_breach"] == pytest.approx(1.0 - found.masses[0], abs=0.002)


def test_an_order_counts_once_whatever_it_has(tmp_path: Path) -> None:
    both = [{"order_id": "o3", "counts_as_defect": True}, {"order_id": "o3", "kind": "negative_feedback"}]
    answer = told(Shop(evenly(300), outcomes(tmp_path, *both)).ask(), cold_bundle(), "en")
    assert answer["known"]["by_kind"] == {"a_to_z": 1, "chargeback": 0, "negative_feedback": 1}
    assert (answer["known"]["defects"], answer["allowed"], answer["remaining"]) == (1, 2, 1)


@pytest.mark.parametrize(
    ("row", "known", "open_"),
    [
        ({"counts_as_defect": True}, 1, 0),
        ({"counts_as_defect": False}, 0, 0),
        ({"counts_as_defect": None}, 0, 1),
        ({"counts_as_defect": None, "funded_by": "marketplace"}, 0, 0),
        ({"counts_as_defect": None, "withdrawn_at": "2026-11-12T00:00:00Z"}, 0, 0),
        ({"counts_as_defect": None, "withdrawn_at": "2026-11-25T00:00:00Z"}, 0, 1),
        ({"counts_as_defect": True, "retracted": True}, 0, 0),
        ({"counts_as_defect": True, "claim_opened_at": "2026-11-21T00:00:00Z"}, 0, 0),
        ({"kind": "chargeback"}, 1, 0),
        ({"kind": "negative_feedback", "counts_as_defect": False}, 0, 0),
    ],
)
def test_what_counts_is_what_policy_and_the_outcome_say(
    tmp_path: Path, row: dict[str, Any], known: int, open_: int
) -> None:
    found = Shop(evenly(120), outcomes(tmp_path, {"order_id": "o5"} | row)).ask()
    assert found.ours.defects == known
    assert int((found.window.known.open > 0).sum()) == open_


def test_a_withdrawn_claim_does_not_count_and_none_is_awaited_any_more(tmp_path: Path) -> None:
    times = {"claim_opened_at": "2026-11-01T00:00:00Z", "claim_withdrawn_at": "2026-11-05T00:00:00Z"}
    found = Shop([order(1, 30.0), order(2, 30.0, **times)], outcomes(tmp_path, {"order_id": "o9"})).ask()
    like, withdrawn = found.coming.final.tolist()
    assert 0.0 < withdrawn < 0.7 * like  # feedback may still come
    assert found.ours.defects == 0


def test_a_claim_that_was_decided_is_weighed_by_who_paid_for_it(tmp_path: Path) -> None:
    decided = {"decided_at": "2026-11-12T00:00:00Z"}
    rows = [{"order_id": "o1"}, {"order_id": "o2", "seller_paid": True} | decided,
            {"order_id": "o3", "seller_paid": False} | decided, {"order_id": "o4", "seller_paid": False}]  # fmt: skip
    chance = Shop(evenly(120), outcomes(tmp_path, *rows)).ask().window.known.open
    undecided, lost, won, not_yet_paid = chance[1:5].tolist()
    assert 0.0 < won < undecided < lost <= 1.0
    assert not_yet_paid == undecided


FILED = {"claim_opened_at": "2026-11-01T00:00:00Z"}
REFUND = {"order_total": 50.0, "currency": "USD", "refund_amount": 50.0, "refunded_at": "2026-11-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("facts", "is_certain"),
    [
        (FILED | REFUND, True),
        (FILED | REFUND | {"refund_amount": 49.0}, False),
        (FILED | REFUND | {"refunded_at": "2026-10-31T00:00:00Z"}, False),
        (FILED | REFUND | {"claim_withdrawn_at": "2026-11-03T00:00:00Z"}, False),
        (REFUND, False),
        (FILED, False),
    ],
)
def test_a_claim_that_the_seller_refunded_in_full_after_it_was_filed_is_a_defect(
    facts: dict[str, Any], is_certain: bool
) -> None:
    found = Shop([order(1, 30.0, **facts), *evenly(20)]).ask().window.known
    assert found.is_defect.tolist() == [is_certain] + [False] * 20
    assert not (is_certain and found.open[0])


def test_what_is_said_of_a_refunded_claim_stands_over_the_rule(tmp_path: Path) -> None:
    said = [{"order_id": "o1", "counts_as_defect": False}, {"order_id": "o2", "funded_by": "marketplace"}]
    orders = [order(1, 30.0, **FILED, **REFUND), order(2, 30.0, **FILED, **REFUND), order(3, 30.0, **REFUND)]
    told_later = {"order_id": "o3", "claim_opened_at": "2026-11-01T00:00:00Z"}
    known = Shop(orders, outcomes(tmp_path, *said, told_later)).ask().window.known
    assert known.is_defect.tolist() == [False, False, True]  # the third claim is known by the outcomes alone


@pytest.mark.parametrize("fact", ["debited_at", "claim_decided_at"])
def test_a_claim_known_by_its_debit_or_decision_alone_may_be_a_defect(fact: str) -> None:
    like, ended = Shop([order(1, 30.0), order(2, 30.0, **{fact: "2026-11-05T00:00:00Z"})]).ask().coming.final.tolist()
    assert ended > 100.0 * like


def test_a_claim_that_was_debited_is_likelier_a_defect_than_one_that_is_open() -> None:
    debit = {"debited_at": "2026-11-05T00:00:00Z"}
    anew = debit | {"claim_opened_at": "2026-11-08T00:00:00Z"}
    orders = [order(1, 30.0, **FILED), order(2, 30.0, **FILED, **debit), order(3, 30.0, **anew)]
    opened, debited, opened_anew = Shop(orders).ask().window.known.open.tolist()
    assert 0.0 < opened < debited <= 1.0
    assert opened_anew == opened


DEBIT = {"debited_at": "2026-11-05T00:00:00Z"}
APPEAL = {"appeal_decided_at": "2026-11-08T00:00:00Z"}


def test_a_debit_that_an_appeal_took_back_is_rarely_a_defect_any_more(tmp_path: Path) -> None:
    won, lost = APPEAL | {"is_debit_upheld": False}, APPEAL | {"is_debit_upheld": True}
    facts = [DEBIT, DEBIT | lost, DEBIT | won, {"debited_at": "2026-11-09T00:00:00Z"} | won]
    orders = [order(i, 30.0, **FILED, **more) for i, more in enumerate(facts)]
    debited, upheld, reversed_, debited_again = Shop(orders).ask().window.known.open.tolist()
    assert 0.0 < reversed_ < 0.2 < debited == upheld == debited_again
    said = outcomes(tmp_path, {"order_id": "o2", "seller_paid": True, "decided_at": "2026-11-05T00:00:00Z"})
    assert Shop(orders, said).ask().window.known.open[2] == reversed_


@pytest.mark.parametrize(("marketplace", "is_certain"), [("UK", True), ("US", False)])
def test_a_claim_on_a_cancelled_order_is_a_defect_where_policy_says_so(marketplace: str, is_certain: bool) -> None:
    cancelled = {"marketplace": marketplace, "cancelled_at": "2026-10-24T00:00:00Z"}
    orders = [order(1, 30.0, **FILED, **cancelled), order(2, 30.0, **cancelled)]
    decisions = decide(columns(orders), Means(cold_bundle()))
    known = known_defects(decisions, None, marketplace, AT, Means(cold_bundle()))
    assert known.is_defect.tolist() == [is_certain, False]
    assert (known.open > 0.0).tolist() == [not is_certain, False]


def test_a_claim_filed_anew_after_it_was_withdrawn_is_an_open_one(tmp_path: Path) -> None:
    times = {"claim_opened_at": "2026-11-08T00:00:00Z", "claim_withdrawn_at": "2026-11-05T00:00:00Z"}
    found = Shop([order(1, 30.0, **times)], outcomes(tmp_path, {"order_id": "o9"})).ask()
    assert found.window.known.open[0] > 0.0


def test_a_decision_stands_over_a_withdrawal(tmp_path: Path) -> None:
    times = {"claim_opened_at": "2026-11-01T00:00:00Z", "claim_withdrawn_at": "2026-11-05T00:00:00Z"}
    decided = {"order_id": "o2", "counts_as_defect": True}
    found = Shop([order(1, 30.0), order(2, 30.0, **times)], outcomes(tmp_path, decided)).ask()
    assert found.ours.defects == 1


def test_claims_that_come_when_the_order_has_left_the_window_are_not_counted() -> None:
    found = Shop([order(1, 59.99), order(2, 30.0)]).ask()
    assert found.coming.final[0] < 0.01 * found.coming.final[1]
    assert found.coming.stays[0].tolist() == [1.0] + [0.0] * 60
    assert found.coming.stays[1].sum() == 30


def test_orders_of_the_marketplace_and_of_another_month_are_left_out() -> None:
    other = [order(1, 5.0, fulfilment_channel="marketplace"), order(2, 61.0), order(3, 5.0, marketplace="DE")]
    assert Shop([*other, order(4, 5.0)]).ask().window.columns["order_id"].tolist() == ["o4"]


def test_one_open_claim_among_few_orders_is_not_taken_for_many_among_those_not_seen(tmp_path: Path) -> None:
    shop, claimed = Shop(evenly(3)), outcomes(tmp_path, {"order_id": "o1", "counts_as_defect": None})
    without = shop.ask(Official(0, 420))
    with_claim = Shop(evenly(3), claimed).ask(Official(0, 420))

    def expected(found: Forecast) -> float:
        return float(np.arange(len(found.masses)) @ found.masses)

    assert expected(without) < expected(with_claim) < expected(without) + 1.5


def test_the_official_count_is_the_anchor_and_the_difference_is_shown(tmp_path: Path) -> None:
    shop = Shop(evenly(380), outcomes(tmp_path, {"order_id": "o3", "counts_as_defect": True}))
    answer = told(shop.ask(Official(3, 420)), cold_bundle(), "en")
    assert answer["official"] == {"defects": 3, "orders": 420, "difference": {"defects": 2, "orders": 40}}
    assert (answer["known"]["defects"], answer["allowed"], answer["remaining"]) == (3, 4, 1)
    assert min(row["defects"] for row in answer["as_it_will_be"]["distribution"]) == 3
    assert [w["code"] for w in answer["warnings"]][-2:] == ["ORDERS_MISSING", "DEFECTS_UNSEEN"]


def test_known_defects_leave_the_window_with_their_orders(tmp_path: Path) -> None:
    known = [{"order_id": f"o{i}", "counts_as_defect": True} for i in range(396, 400)]  # the oldest orders
    found = Shop(evenly(400), outcomes(tmp_path, *known)).ask()
    assert found.reported.breach[0] == 1.0
    assert found.reported.breach[2] < 0.5
    assert found.reported.rate[2] < 0.5 * found.reported.rate[0]


def test_the_whole_distribution_adds_up_and_has_the_expected_mean() -> None:
    found = Shop(evenly(400)).ask()
    answer = told(found, cold_bundle(), "en")
    masses = np.array([row["probability"] for row in answer["as_it_will_be"]["distribution"]])
    assert masses.sum() == pytest.approx(1.0)
    assert answer["to_come"]["expected"] == pytest.approx(sum(answer["to_come"]["by_kind"].values()), rel=0.05)
    assert answer["as_it_will_be"]["expected_rate"] == pytest.approx(answer["to_come"]["expected"] / 400, rel=0.02)


def test_a_marketplace_without_a_target_in_the_book_gets_none_lent() -> None:
    assert odr_rule("DE", AT) is None
    assert odr_rule("IT", AT) is not None


def test_the_command_tells_the_budget_of_a_file(tmp_path: Path, bundle: Bundle) -> None:
    pl.DataFrame(evenly(150)).write_csv(tmp_path / "orders.csv")
    command = ["odr", str(tmp_path / "orders.csv"), "--no-model", "--as-of", NOW.isoformat(), "--official", "2/150"]
    ran = CliRunner().invoke(app, [*command, "--lang", "zh"])
    assert ran.exit_code == 0, ran.output
    assert "150 笔订单最多允许 1 笔缺陷，已知 2 笔" in ran.stdout
    assert CliRunner().invoke(app, [*command[:-1], "4"]).exception is not None


def test_a_file_of_several_marketplaces_needs_to_be_told_which(tmp_path: Path) -> None:
    pl.DataFrame([*evenly(5), order(9, 3.0, marketplace="IT")]).write_csv(tmp_path / "orders.csv")
    ran = CliRunner().invoke(app, ["odr", str(tmp_path / "orders.csv"), "--no-model", "--as-of", NOW.isoformat()])
    assert "--marketplace: expected one of IT, US, got none" in str(ran.exception)
