"""The benchmark of advice: plans keep to their budget and come near the best there is; the truth is what was done."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks.advice_plan import Options, chosen, judged
from benchmarks.advice_truth import DEEDS, later_orders, lived
from service.advice_catalogue import catalogue
from training.simulate import load_world
from training.treatments import treatments


def options(orders: int, seed: int) -> Options:
    rng = np.random.default_rng(seed)
    row, cost = np.repeat(np.arange(orders), 2), rng.uniform(0.5, 2.0, 2 * orders)
    saves = rng.uniform(-0.5, 3.0, 2 * orders)
    return Options(row, row, cost, saves + rng.normal(size=2 * orders), saves, saves, saves)


def brute_force(of: Options, budget: float) -> float:
    picks = itertools.product(*[[None, 2 * i, 2 * i + 1] for i in range(len(of.row) // 2)])
    taken = [[p for p in pick if p is not None] for pick in picks]
    return max(float(of.true[t].sum()) for t in taken if of.cost[t].sum() <= budget)


@pytest.mark.parametrize("seed", range(5))
def test_a_plan_keeps_to_its_budget_and_to_one_action_an_order(seed: int) -> None:
    some = options(400, seed)
    taken = chosen(some, some.told, 60.0)
    assert some.cost[taken].sum() <= 60.0
    assert len(np.unique(some.row[taken])) == len(taken)
    assert judged(some, some.told, 60.0).regret > 0.0
    assert judged(some, some.true, 60.0).regret == 0.0


def test_the_best_plan_comes_near_brute_force() -> None:
    gaps = []
    for seed in range(5):
        some = options(7, seed)
        gaps.append(1.0 - some.true[chosen(some, some.true, 6.0)].sum() / brute_force(some, 6.0))
    assert min(gaps) >= -1e-9
    assert np.mean(gaps) < 0.1


def test_every_treatment_has_an_action_in_the_catalogue_and_a_deed_in_the_simulator() -> None:
    names = {t.action for t in treatments().treatment}
    assert names <= {action.id for action in catalogue().actions}
    assert names == set(DEEDS)
    assert len({deed.do for deed in DEEDS.values() if deed.do}) >= 10


def test_true_probabilities_of_later_orders_agree_with_their_claims_and_fall_where_a_parcel_is_tracked() -> None:
    later = later_orders(load_world("common"), 6_000, 5)
    placed = np.flatnonzero(later.name == "placed")
    as_is = later.true_probabilities(None, placed, paths=16)
    came = np.isfinite(lived(later.world, 6_000, 5, 1).journey.claimed)
    assert abs(came.sum() - as_is.sum()) < 3.0 * np.sqrt(as_is.sum())
    untracked = placed[~later.story.basket.has_tracking]
    assert later.true_probabilities("tracking", untracked, paths=16).mean() < 0.9 * as_is[untracked].mean()
