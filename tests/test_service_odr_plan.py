"""The plan of a defect budget: what is done about which orders, within limits, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_service_odr import NOW, Shop, evenly, order, outcomes

from model.coldstart import cold_bundle
from service.means import Means
from service.odr import Official
from service.odr_options import offers
from service.odr_plan import Wanted, plans
from service.odr_plan_told import plans_told

MEANS = Means(cold_bundle())


def troubled(n: int, **more: Any) -> list[dict[str, Any]]:
    """Overdue orders whose buyers wrote and got no answer yet, among quiet ones."""
    wrote = {"first_message_at": (NOW - timedelta(hours=30)).isoformat(), "message_topic": "not_received"}
    shipped = {"shipped_at": (NOW - timedelta(days=17)).isoformat(), "has_tracking": True}
    return [*evenly(280), *(order(1000 + i, 18.0, **wrote, **shipped, **more) for i in range(n))]


def test_the_plan_answers_the_buyers_who_wait_and_keeps_to_the_bound() -> None:
    found = Shop(troubled(12)).ask()
    nothing = float(found.final.breach[0])
    made = plans(found, MEANS, Wanted(0.8 * nothing))
    assert made.before == pytest.approx(nothing)
    assert made.plan.reaches
    assert made.plan.breach <= 0.8 * nothing < made.plan.breach_if_half
    assert {found.window.columns["order_id"][o.row][:2] for o in made.plan.chosen} == {"o1"}
    assert made.cautious.cost > made.plan.cost


def test_the_budget_is_kept_and_the_answer_says_that_the_bound_is_out_of_reach() -> None:
    found = Shop(troubled(12)).ask()
    made = plans(found, MEANS, Wanted(0.0001, 3.0))
    answer = plans_told(made, found, "en")
    assert answer["plan"]["cost"] <= 3.0
    assert not answer["plan"]["reaches"]
    assert "out of reach" in answer["text"]
    assert "达不到要求的" in plans_told(made, found, "zh")["text"]


def test_the_chance_told_of_each_order_falls_by_what_its_actions_do() -> None:
    found = Shop(troubled(12)).ask()
    answer = plans_told(plans(found, MEANS, Wanted(0.1)), found, "en")
    for told in answer["plan"]["actions"]:
        assert 0.0 <= told["p_defect_after"] < told["p_defect_before"]
        assert len(told["text"]) == len(told["actions"]) >= 1


def test_what_worsens_a_metric_is_bounded_by_what_the_metric_still_bears() -> None:
    orders = [o | {"seller_late_shipment_rate_30d": 0.029} for o in evenly(300)]
    of = offers(Shop(orders).ask(), MEANS)
    late = 0.75 * 0.04 - 0.029  # of what is allowed three quarters may be used
    assert of.room[0] == pytest.approx(late * 300 / 60 * 30)
    assert np.isinf(of.room[1])


def test_nothing_helps_where_the_known_defects_are_too_many(tmp_path: Path) -> None:
    found = Shop(evenly(150)).ask(Official(4, 150))
    answer = plans_told(plans(found, MEANS, Wanted(0.05)), found, "en")
    assert answer["plan"]["actions"] == []
    assert not answer["plan"]["reaches"]
    assert answer["text"].startswith("No action brings the rate below the target")


def test_no_plan_is_made_where_none_is_needed() -> None:
    found = Shop(evenly(400)).ask()
    made = plans(found, MEANS, Wanted(0.5))
    assert made.plan.cost == 0.0
    assert made.plan.reaches
    assert "No action is needed" in plans_told(made, found, "en")["text"]


def test_an_order_with_a_claim_is_not_acted_on(tmp_path: Path) -> None:
    told = outcomes(tmp_path, {"order_id": "o1003"})
    orders = troubled(6)
    claimed = {"claim_opened_at": (NOW - timedelta(days=1)).isoformat()}
    orders = [o | claimed if o["order_id"] == "o1003" else o for o in orders]
    found = replace(Shop(orders, told)).ask()
    assert "o1003" not in {found.window.columns["order_id"][row] for row in offers(found, MEANS).rows}
