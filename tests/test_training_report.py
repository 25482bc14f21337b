"""The training report and the model card: what they say, and that nothing but their arguments enters them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import lightgbm
import numpy as np
import pytest
from scipy.stats import chi2

from features.order import STATES
from features.phases import PHASES
from features.pipeline import Extra
from model.booster import Booster, booster_text
from model.calibration import Calibrator, probability_of
from model.consequences import Consequences, Tilt
from model.effects import Evidence, Finding
from model.margin import Margin
from training import evaluate, plots
from training.calibrate import Said
from training.card import HIDDEN, by_order, card, facts, judged
from training.dataset import read_dataset
from training.evaluate import OURS
from training.leaks import Dropped, Ratio
from training.learn import Learned
from training.report import DAY, daily, effects, report, stands_for, workload, workload_by_chance
from training.simulate import load_world, simulate
from training.train import Recipe, train

RECIPE = Recipe(90.0, (), frozenset({"insured_value"}), 7)
MADE_ON = date(2026, 11, 23)
SUSPECT = Ratio("insured_value", "placed", 40.0, 20.0, 19.0, 2.0)


@pytest.fixture(scope="module")
def unlearned(tmp_path_factory):
    """A shop with too few claims to learn from."""
    folder = tmp_path_factory.mktemp("shop")
    made = simulate(load_world("common"), 900, 7, truth=False)
    made.orders.write_parquet(folder / "orders.parquet")
    made.outcomes.write_parquet(folder / "outcomes.parquet")
    dataset = read_dataset(folder / "orders.parquet", folder / "outcomes.parquet")
    return train(dataset, RECIPE, lambda _: None)


@pytest.fixture(scope="module")
def trained(unlearned):
    """A small model on the same shop, and a test whose claims are drawn from the probabilities themselves."""
    rows = unlearned.prepared.rows
    columns = np.flatnonzero(np.isfinite(rows.X).all(axis=0) & (np.ptp(rows.X, axis=0) > 0.0))[:6]
    known, none = rows.X[:, columns], np.empty(0)
    margin = Margin(columns, known.min(axis=0), known.max(axis=0), known.mean(axis=0), known.std(axis=0),
                    np.full(len(columns), 0.5), np.empty(0, dtype=np.int64), none, none, -3.0)  # fmt: skip
    drawn = np.random.default_rng(3).random(int(rows.order.max()) + 1)
    y = drawn[rows.order] < probability_of(margin.log_odds(rows.X))
    params = {"num_leaves": 4, "verbosity": -1, "num_threads": 1, "deterministic": True, "objective": "binary"}
    grown = lightgbm.train(params, lightgbm.Dataset(rows.X, label=y.astype(float)), num_boost_round=3)
    booster = Booster(booster_text(dict.fromkeys(STATES, grown.model_to_string())))
    calibrator = Calibrator(np.zeros(len(PHASES)), np.ones(len(PHASES)), np.full((len(PHASES), 3), 0.01))
    said = {OURS: probability_of(margin.log_odds(rows.X)), "constant": np.full(len(y), y.mean())}
    test = evaluate.Test(rows.order, rows.state, rows.placed_at, rows.as_of, y, rows.importance, rows.name, said)
    fold = Said(margin.log_odds(rows.X), rows.phase, y, rows.importance, rows.placed_at, np.zeros_like(rows.order))
    scorer = replace(unlearned.scorer, margin=margin, booster=booster, calibrator=calibrator, standing="fitted")
    return replace(unlearned, scorer=scorer, learned=Learned(margin, booster, calibrator, 3, fold), test=test)


@pytest.fixture(scope="module")
def suspicious(trained):
    """The same model with an attribute that looks recorded because of a claim, trusted by name, and one dropped."""
    dropped = [Dropped("x_investigated", "recorded <b>after</b> the claim")]
    return replace(trained, prepared=replace(trained.prepared, ratios=[SUSPECT], dropped=dropped))


def page(make, trained, recipe=RECIPE, *, simulated=False):
    return " ".join(make(trained, recipe, simulated=simulated, made_on=MADE_ON).decode().split())


@pytest.fixture(scope="module")
def pages(trained):
    return {make: page(make, trained) for make in (report, card)}


@pytest.fixture(scope="module")
def suspicious_report(suspicious):
    """Its report on simulated data, with the quality that it has when the suspect is hidden."""
    hidden = suspicious.test.probability | {HIDDEN: np.sqrt(suspicious.test.probability["constant"] * 0.3)}
    test = replace(suspicious.test, probability=hidden)
    return page(report, replace(suspicious, test=test), simulated=True)


def test_equal_arguments_give_equal_bytes(trained, pages):
    untested = replace(trained, test=None)
    assert page(card, trained) == pages[card]
    assert page(report, untested) == page(report, untested)
    assert str(plots.gain(trained.test, [OURS, "constant"])) in pages[report]


@pytest.mark.parametrize("make", [report, card])
def test_the_page_needs_nothing_from_outside_and_runs_nothing(make, pages):
    assert not re.search(r"<script|<link|@import|<img|https?://|\bon[a-z]+=", pages[make])
    assert all(target.startswith("#") for target in re.findall(r'(?:href|src)="([^"]*)"', pages[make]))
    assert "2026-11-23" in pages[make]


@pytest.mark.parametrize("make", [report, card])
def test_the_page_tells_what_was_learned_of_who_pays_and_from_how_many_claims(make, trained):
    shift = tuple((0.5 if place == 4 else 0.0,) * 3 for place in range(len(STATES)))
    learned = Consequences(Tilt(-0.31, 0.87, 61.0, 30.0, shift), Tilt(0.0, 1.0, 59.0, 30.0))
    told = page(make, replace(trained, scorer=replace(trained.scorer, consequences=learned)))
    assert '<td>61</td><td>30</td> <td>−0.31</td><td>0.87</td><td class="text">contact</td>' in told
    assert '<td>59</td><td>30</td> <td>0.00</td><td>1.00</td><td class="text">none</td>' in told
    assert "Who pays was not learned" not in told


def test_simulated_data_is_said_in_capitals_and_only_then(trained, pages, suspicious_report):
    assert "SIMULATED DATA" in suspicious_report
    assert "SIMULATED DATA" in page(card, trained, simulated=True)
    assert not any("SIMULATED DATA" in html for html in pages.values())


def test_the_report_tells_what_actions_did_and_why_not_where_it_cannot(trained, pages):
    told = Finding("evidence", np.log(0.5), 0.1, (120, 480), 0.6)
    untold = Finding("not_identified", np.nan, np.nan, (3, 480), 0.6, "3 claims with the action")
    evidence = Evidence({"ADD_SIGNATURE": {"not_received": told, "not_as_described": untold}})
    html = page(report, replace(trained, scorer=replace(trained.scorer, evidence=evidence)))
    assert "What actions did" in html
    assert "0.50 <small>(0.37 to 0.67)" in html
    assert "not identified: 3 claims with the action" in html
    assert "What actions did" not in pages[report]


@pytest.mark.parametrize("make", [report, card])
def test_a_shop_with_too_few_claims_gets_a_page_that_says_so(make, unlearned):
    assert unlearned.learned is None
    assert unlearned.test is None
    assert "Too few claims to learn from" in page(make, unlearned)


@pytest.mark.parametrize("make", [report, card])
def test_a_model_without_a_test_is_called_not_tested(make, trained):
    assert "Not tested" in page(make, replace(trained, test=None))


def test_a_test_of_few_claims_is_too_few_to_tell(trained, pages):
    claimed = np.unique(trained.test.order[trained.test.y])[:20]
    few = replace(trained.test, y=trained.test.y & np.isin(trained.test.order, claimed))
    assert "Too few to tell" in page(card, replace(trained, test=few))
    assert all("is better than a constant" in html for html in pages.values())


def test_a_good_model_is_told_from_a_constant_and_from_a_bad_one(trained):
    test, everything = trained.test, np.ones(len(trained.test.y), dtype=bool)
    rate = test.weight @ test.y / test.weight.sum()
    constant, bad = np.full(len(test.y), rate), 1.0 - test.probability[OURS]
    test = replace(test, probability={OURS: test.probability[OURS], "constant": constant, "bad": bad})
    found = {model: judged(test, model, everything) for model in test.probability}
    assert {model: j.verdict for model, j in found.items()} == {OURS: "better", "constant": "untold", "bad": "worse"}
    assert {model: j.is_calibrated for model, j in found.items()} == {OURS: True, "constant": True, "bad": False}


def test_trusted_suspects_are_listed_and_the_quality_without_them_is_the_one_to_expect(suspicious_report):
    assert "Trusted attributes that look recorded because of a claim" in suspicious_report
    assert "<code>insured_value</code>" in suspicious_report
    assert f"The quality to expect is that of “{HIDDEN}”" in suspicious_report
    assert "kept: trusted by name" in suspicious_report


def test_suspects_without_a_test_that_hides_them_take_the_trust_from_the_summary(suspicious):
    assert "not to be relied on" in page(card, suspicious)
    assert "not to be relied on" not in page(card, suspicious, replace(RECIPE, trusted=frozenset()))


def test_dropped_attributes_stand_with_their_reason_and_text_is_escaped(suspicious_report):
    assert "<code>x_investigated</code>" in suspicious_report
    assert "recorded &lt;b&gt;after&lt;/b&gt; the claim" in suspicious_report


def test_the_card_says_for_whom_what_not_and_which_attributes_the_shop_added(trained):
    html = page(card, trained, replace(RECIPE, extras=(Extra("x_warehouse", "category", "placed"),)))
    for heading in ("Intended use", "Out of scope", "Metrics", "Data", "Ethical considerations", "Limits"):
        assert heading in html
    assert "not to be used to refuse buyers" in html
    assert "Not causal" in html
    assert "<code>x_warehouse</code>" in html


def test_facts_count_orders_rather_than_rows(trained):
    found = facts(trained, RECIPE)
    assert (found.orders, found.kept) == (900, 900)
    assert found.claims == int(np.isfinite(trained.prepared.dataset.claimed_at).sum())
    assert found.suspects == ()


def test_snapshots_of_one_order_count_as_one_order(trained):
    orders = trained.prepared.dataset.orders
    twice = orders.replacing({"order_id": np.array([f"o{i // 2}" for i in range(orders.n)], dtype=object)})
    dataset = replace(trained.prepared.dataset, orders=twice, is_snapshots=True)
    snapshots = replace(trained, prepared=replace(trained.prepared, dataset=dataset))
    assert facts(snapshots, RECIPE).orders == 450
    assert set(by_order(snapshots.prepared, trained.test).order % 2) == {0}
    assert "latest 450 orders" in page(card, snapshots)


def test_workload_equals_a_search_day_by_day(trained):
    test = trained.test
    found = {k: set() for k in (1, 3, 10)}
    for day in np.unique(test.as_of // DAY):
        today = np.flatnonzero(test.as_of // DAY == day)
        latest = {test.order[i]: i for i in today[np.argsort(test.as_of[today], kind="stable")]}
        ranked = sorted(latest.values(), key=lambda i: -test.probability[OURS][i])
        for k, orders in found.items():
            orders |= {test.order[i] for i in ranked[:k] if test.y[i]}
    claimed = {test.order[i] for i in daily(test).at if test.y[i]}
    shares = workload(test, OURS, np.ones(len(test.y)))
    assert {k: len(orders) / len(claimed) for k, orders in found.items()} == {k: shares[k - 1] for k in found}


def small_test(day, order, y, probability):
    n = len(day)
    at, state, said = np.array(day) * DAY, np.zeros(n, dtype=np.int64), {OURS: np.array(probability)}
    return evaluate.Test(np.array(order), state, at, at, np.array(y), np.ones(n), np.full(n, "placed"), said)


def test_chance_finds_an_order_on_any_of_its_days():
    test = small_test([0, 0, 1, 1, 1, 1], [1, 2, 1, 2, 3, 4], [True, False, True, False, False, False], np.ones(6) / 9)
    chance = workload_by_chance(test, np.ones(6))
    assert chance[:4] == pytest.approx([1 - 1 / 2 * 3 / 4, 1.0, 1.0, 1.0])


def test_an_order_that_stands_for_ten_takes_ten_places_in_the_list():
    test = small_test([0, 0, 0], [1, 2, 3], [False, True, False], [0.9, 0.8, 0.1])
    found = workload(test, OURS, np.array([10.0, 1.0, 10.0]))
    assert found.tolist() == [0.0] * 10 + [1.0] * 40


def test_a_sampled_order_stands_for_more_than_one_with_a_claim(trained):
    rows = trained.prepared.handled
    sampled = replace(rows, importance=np.where(rows.order % 2 == 0, 0.1, 0.4))
    size = stands_for(replace(trained.prepared, handled=sampled), trained.test)
    assert np.array_equal(size, np.where(trained.test.order % 2 == 0, 1.0, 4.0))


def test_counting_limits_are_those_of_the_chi_square_distribution():
    claims = np.array([1, 5, 40])
    low, high = plots.counting_limits(claims)
    assert low == pytest.approx(chi2.ppf(0.05, 2 * claims) / 2)
    assert high == pytest.approx(chi2.ppf(0.95, 2 * claims + 2) / 2)
    assert plots.counting_limits(np.array([0]))[0] == [0.0]


def test_reliability_bins_hold_equal_expected_claims_and_lose_none():
    n = 4000
    p = np.linspace(0.001, 0.1, n)
    y = np.random.default_rng(5).random(n) < p
    bins = plots.reliability_bins(small_test(np.zeros(n), np.arange(n), y, p), OURS, np.ones(n, dtype=bool))
    exposed = p.sum() / len(bins.foretold) / bins.foretold
    assert len(bins.foretold) == plots.MOST_BINS
    assert exposed.sum() == pytest.approx(n, rel=0.01)
    assert exposed @ bins.observed == pytest.approx(y.sum(), rel=0.01)
    assert ((bins.low <= p.mean() * 10) & (bins.low <= bins.observed) & (bins.observed <= bins.high)).all()


def test_the_interval_of_the_gain_is_that_of_drawing_orders_again(trained):
    test, everything = trained.test, np.ones(len(trained.test.y), dtype=bool)
    found, random = judged(test, OURS, everything), np.random.default_rng(11)
    rows = [np.flatnonzero(test.order == o) for o in np.unique(test.order)]
    again = []
    for _ in range(60):
        at = np.concatenate([rows[i] for i in random.integers(0, len(rows), len(rows))])
        y, p, w = test.y[at], test.probability[OURS][at], test.weight[at]
        rate = w @ y / w.sum()
        loss = [w @ -np.where(y, np.log(q), np.log1p(-q)) for q in (p, np.full(len(p), rate))]
        again.append(1.0 - loss[0] / loss[1])
    assert found.gain_high - found.gain_low == pytest.approx(2 * 1.645 * np.std(again), rel=0.35)


def test_importance_adds_up_to_the_spread_of_the_trees_and_is_sorted(trained):
    found = effects(trained)
    trees = trained.scorer.booster.log_odds(trained.prepared.rows.X, trained.prepared.rows.state)
    weight = trained.prepared.rows.importance / trained.prepared.rows.importance.sum()
    assert found.trees.sum() == pytest.approx(weight @ np.abs(trees - weight @ trees))
    assert (np.diff(found.margin + found.trees) <= 0.0).all()
    assert len(set(found.attributes)) == len(found.attributes)
