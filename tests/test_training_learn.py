"""Learning: deterministic, never worse than a constant, signs kept, levels that a direct minimisation finds too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from features.columns import Floats
from features.feature import Feature
from features.moments import DAY
from features.order import STATES
from features.phases import PHASES
from features.pipeline import FeaturePipeline
from model.artefact import dumps
from model.calibration import Z_90, Calibrator, probability_of
from training.calibrate import Said, fitted_calibrator
from training.dataset import read_dataset
from training.learn import Learned, known_at, learn, learned_without_search, rolling_folds
from training.margin import fitted, prepared
from training.rows import Rows, curve_of, known_piece
from training.served import as_served
from training.settings import fit_settings
from training.train import Recipe, assumed_beside, prepare, train

NAMES, WINDOW = ("up", "down", "free", "noise", "other"), 90.0
FEATURES = tuple(
    Feature(name, name, "number", "placed", "made up", sign) for name, sign in zip(NAMES, (1, -1, 0, 0, 0), strict=True)
)


def rows(m: int, effects: tuple[float, ...], seed: int, level: float = -3.0) -> Rows:
    """Orders over two years, one row each, whose log-odds of a claim are linear in the first features."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0.0, 1.0, (m, len(FEATURES)))
    placed = np.sort(rng.uniform(0.0, 700.0, m)) * DAY
    claimed = rng.random(m) < probability_of(level + X[:, : len(effects)] @ np.array(effects))
    at = np.where(claimed, placed + rng.gamma(3.0, 8.0, m) * DAY, np.nan)
    at[at > placed + WINDOW * DAY] = np.nan
    return Rows(
        X, rng.integers(0, 3, m), np.arange(m), np.arange(m), placed, placed, placed + WINDOW * DAY, at, np.ones(m),
        np.full(m, "placed", dtype=object),
    )  # fmt: skip


def learned(made: Rows, seed: int = 1) -> Learned:
    until = 800.0 * DAY
    return learn(made, curve_of(made, until, WINDOW), FEATURES, until=until, seed=seed, progress=lambda _: None)


@pytest.fixture(scope="module")
def telling() -> Rows:
    return rows(3_000, (1.2, -0.8, 0.6), seed=1)


@pytest.fixture(scope="module")
def model(telling: Rows) -> Learned:
    return learned(telling)


def spread(log_odds: Floats, weight: Floats) -> float:
    return float(np.sqrt(np.cov(log_odds, aweights=weight, ddof=0)))


def loss(y: Floats, log_odds: Floats, weight: Floats) -> float:
    return float(weight @ np.logaddexp(0.0, np.where(y, -1.0, 1.0) * log_odds) / weight.sum())


def state_bytes(found: Learned) -> tuple[str, bytes, bytes]:
    return found.booster.text, dumps(found.margin.to_state()), dumps(found.calibrator.to_state())


def test_the_same_seed_twice_gives_equal_bytes(telling: Rows, model: Learned) -> None:
    assert state_bytes(learned(telling)) == state_bytes(model)


def test_what_was_learned_finds_the_direction_of_each_effect(telling: Rows, model: Learned) -> None:
    steps = np.eye(len(FEATURES))[:3]
    up, down, free = (
        (model.raw(telling.X + step, telling.state) - model.raw(telling.X - step, telling.state)).mean()
        for step in steps
    )
    assert up > 0.5
    assert down < -0.3
    assert free > 0.2


def constant(made: Rows, found: Learned) -> tuple[float, float]:
    """Log-loss on the rolling folds: of what was learned, and of the rate known at each fold's origin."""
    until, curve = 800.0 * DAY, curve_of(made, 800.0 * DAY, WINDOW)
    said, levels = found.out_of_fold, []
    for fold in rolling_folds(made, curve, until):
        rate = fold.fit.weight @ fold.fit.y / fold.fit.weight.sum()
        levels.append(np.full(len(fold.judge.at), np.log(rate / (1.0 - rate))))
    return loss(said.y, said.raw, said.weight), loss(said.y, np.concatenate(levels), said.weight)


def test_it_beats_a_constant_on_its_rolling_folds_where_there_is_something_to_learn(
    telling: Rows, model: Learned
) -> None:
    ours, theirs = constant(telling, model)
    assert ours < 0.9 * theirs


@pytest.mark.parametrize("seed", [2, 3])
def test_it_is_hardly_worse_than_a_constant_where_there_is_nothing_to_learn(seed: int) -> None:
    made = rows(2_000, (), seed)
    ours, theirs = constant(made, learned(made))
    assert ours < 1.01 * theirs


def test_folds_fit_on_what_was_known_before_and_judge_what_was_placed_after(telling: Rows) -> None:
    until = 800.0 * DAY
    folds = rolling_folds(telling, curve_of(telling, until, WINDOW), until)
    assert len(folds) == len(fit_settings().rolling_origins)
    judged = np.concatenate([fold.judge.at for fold in folds])
    assert len(set(judged.tolist())) == len(judged)
    for fold in folds:
        origin = telling.placed_at[fold.judge.at].min()
        assert telling.placed_at[fold.fit.at].max() < origin
        assert (telling.claimed_at[fold.fit.at][fold.fit.y] <= origin).all()


def test_a_row_counts_for_no_more_than_what_was_known(telling: Rows) -> None:
    moment = 400.0 * DAY
    known = known_at(telling, curve_of(telling, 800.0 * DAY, WINDOW), moment, np.ones(len(telling.order), np.bool_))
    assert (telling.as_of[known.at] <= moment).all()
    assert not (telling.claimed_at[known.at][known.y] > moment).any()
    assert ((known.weight > 0.0) & (known.weight <= 1.0)).all()
    assert (known.weight[known.y] == 1.0).all()


@pytest.mark.parametrize("penalty", [*fit_settings().margin_penalties, 50.0])
def test_the_margin_keeps_signs_that_the_data_contradict(penalty: float) -> None:
    made = rows(4_000, (-1.0, 1.0, 0.5), seed=4)
    y, weight = np.isfinite(made.claimed_at), np.ones(4_000)
    margin = fitted(made.X, y, weight, FEATURES, penalty, prepared(made.X, FEATURES))
    signs = np.array([FEATURES[j].sign for j in margin.columns])
    assert (margin.weights * signs >= 0.0).all()
    assert (margin.weights[signs != 0] == 0.0).all()
    assert margin.weights[signs == 0].max() > 0.1


def test_a_topic_that_hardly_ever_leads_to_a_claim_is_told_so() -> None:
    topics = tuple(Feature(name, "message_topic", "flag", "contact", name) for name in ("damaged", "cancel"))
    X = np.repeat(np.array([[1.0, 0.0], [0.0, 1.0]]), 2_000, axis=0)
    y = np.arange(4_000) % 2_000 < np.where(X[:, 0] > 0.0, 200, 8)
    margin = fitted(X, y, np.ones(4_000), topics, 1_000.0, prepared(X, topics))
    told = 1.0 / (1.0 + np.exp(-margin.log_odds(X)))
    np.testing.assert_allclose(told[[0, -1]], [0.1, 0.004], rtol=0.3)


def test_the_margin_is_the_least_penalised_log_loss() -> None:
    made = rows(3_000, (1.0, -0.5, 0.5), seed=5)
    y, weight = np.isfinite(made.claimed_at), np.random.default_rng(0).uniform(0.2, 1.0, 3_000)
    margin = fitted(made.X, y, weight, FEATURES, 12.0, prepared(made.X, FEATURES))
    design = margin.design(made.X)

    def objective(beta: Floats) -> float:
        z = design @ beta[:-1] + beta[-1]
        return float(weight @ np.logaddexp(0.0, np.where(y, -z, z)) + 6.0 * beta[:-1] @ beta[:-1])

    begin = np.append(margin.weights, margin.intercept)
    direct = minimize(objective, begin, method="BFGS")
    assert objective(begin) == pytest.approx(direct.fun, rel=1e-5)
    np.testing.assert_allclose(begin, direct.x, atol=0.02)


def said(m: int, level: Floats, slope: float, seed: int) -> Said:
    """Rows in all states whose claims follow level[state] + slope · raw."""
    rng = np.random.default_rng(seed)
    raw, state = rng.normal(-3.0, 1.2, m), rng.integers(0, len(STATES), m)
    y = rng.random(m) < probability_of(level[state] + slope * raw)
    return Said(raw, state, y, np.ones(m), rng.uniform(0.0, 300.0, m) * DAY, np.arange(m) % 4)


LEVEL = np.array([0.3, -0.1, 0.0, 0.2, -0.3])


def test_the_calibrator_finds_a_simulated_truth() -> None:
    seen = said(60_000, LEVEL, 0.8, seed=6)
    found = fitted_calibrator(seen, seen)
    np.testing.assert_allclose(found.slopes, 0.8, atol=0.1)
    raw, state = np.tile(np.linspace(-4.0, -1.5, 6), 5), np.repeat(np.arange(5), 6)
    np.testing.assert_allclose(found.log_odds(raw, state), LEVEL[state] + 0.8 * raw, atol=0.25)


def test_nine_in_ten_intervals_hold_the_simulated_truth() -> None:
    raw, state = np.repeat([-4.0, -3.0, -2.0], 5), np.tile(np.arange(5), 3)
    held = []
    for seed in range(16):
        seen = said(8_000, LEVEL, 0.9, seed=100 + seed)
        found = fitted_calibrator(seen, seen)
        gap = np.abs(found.log_odds(raw, state) - (LEVEL[state] + 0.9 * raw))
        held.append(gap <= Z_90 * found.deviation(raw, state))
    assert 0.8 <= np.mean(held) <= 0.99


def test_with_few_claims_the_slope_is_one_and_the_level_is_drawn_to_what_the_model_says() -> None:
    seen = said(900, np.full(len(STATES), -0.4), 1.0, seed=7)
    assert 0 < seen.y.sum() < fit_settings().calibration_fewest_for_slope
    found = fitted_calibrator(seen, seen)

    def objective(level: Floats) -> float:
        return loss(seen.y, seen.raw + level[0], seen.weight)

    direct = minimize(objective, np.zeros(1), method="BFGS").x[0]
    np.testing.assert_array_equal(found.slopes, 1.0)
    assert 0.9 * direct < found.intercepts[: len(STATES)].mean() < 0.3 * direct < 0.0


def test_more_claims_make_the_calibrator_surer() -> None:
    def width(m: int) -> float:
        seen = said(m, np.zeros(len(STATES)), 1.0, seed=8)
        found: Calibrator = fitted_calibrator(seen, seen)
        return float(found.deviation(np.full(5, -3.0), np.arange(5)).mean())

    assert width(50_000) < 0.8 * width(5_000) < 0.7 * width(1_500)


def test_the_carriers_word_is_assumed_until_snapshots_tell_it(bundle_folder: Path) -> None:
    history = bundle_folder.parent / "history"
    final = read_dataset(history / "orders.parquet", history / "outcomes.parquet")
    ready = prepare(final, Recipe(WINDOW, (), frozenset(), 1), lambda _: None)
    assert assumed_beside(ready).log_odds["lost"] > 0.0
    assert assumed_beside(replace(ready, dataset=replace(final, is_snapshots=True))).log_odds  # it was ignored
    pipeline = FeaturePipeline(WINDOW)
    told = replace(ready, dataset=replace(final, is_snapshots=True), pipeline=pipeline)
    assert not assumed_beside(told).log_odds
    silent = final.orders.without(["tracking_status"])
    assert assumed_beside(replace(told, dataset=replace(told.dataset, orders=silent))).log_odds


def test_rows_are_told_the_same_mean_with_the_history_that_is_served(bundle_folder: Path) -> None:
    history = bundle_folder.parent / "history"
    final = read_dataset(history / "orders.parquet", history / "outcomes.parquet")
    ready = prepare(final, Recipe(WINDOW, (), frozenset(), 1), lambda _: None)
    rows, until = ready.handled, final.observed_until
    curve = curve_of(rows, until, WINDOW)
    learned = learned_without_search(rows, curve, ready.pipeline.features_, until=until, seed=1, trees=5)
    served = as_served(learned, dataset=final, pipeline=ready.pipeline, marks=ready.marks, rows=rows)
    X = ready.pipeline.transform(known_piece(final, ready.pipeline, ready.marks, slice(None)))
    age = [f.name for f in ready.pipeline.features_].index("history_age_days")
    X[:, age] = rows.X[:, age]
    known_then = learned.calibrator.log_odds(learned.raw(rows.X, rows.state), rows.phase)
    known_now = served.log_odds(learned.raw(X, rows.state), rows.phase)
    as_it_was = learned.calibrator.log_odds(learned.raw(X, rows.state), rows.phase)
    wanted, told = probability_of(known_then), probability_of(known_now)
    for phase in range(len(PHASES)):
        at = rows.phase == phase
        before, after = (spread(told_of[at], rows.importance[at]) for told_of in (as_it_was, known_now))
        assert after <= before * (1.0 + 1e-9)
        assert after >= min(before, spread(known_then[at], rows.importance[at])) * (1.0 - 1e-9)
        assert np.average(told[at], weights=rows.importance[at]) == pytest.approx(
            np.average(wanted[at], weights=rows.importance[at]), rel=1e-6
        )
    assert not np.allclose(served.intercepts, learned.calibrator.intercepts)
    assert (served.slopes <= learned.calibrator.slopes).all()
    assert (served.slopes < learned.calibrator.slopes).any()


def test_that_a_topic_is_unknown_sets_the_level_of_contacts() -> None:
    made = (
        Feature("value", "value", "number", "placed", "made up"),
        Feature("wait", "reply", "hours", "contact", "made up"),
        Feature("cancel", "message_topic", "flag", "contact", "cancel"),
    )
    rng = np.random.default_rng(4)
    is_unknown = rng.random(4_000) < 0.3
    X = np.stack([*rng.normal(size=(2, 4_000)), (rng.random(4_000) < 0.5).astype(np.float64)], axis=1)
    X[is_unknown, 1:] = np.nan
    y = rng.random(4_000) < np.where(is_unknown, 0.4, 0.1)
    margin = fitted(X, y, np.ones(4_000), made, 1_000.0, prepared(X, made))
    assert [made[j].name for j in margin.unknown_columns] == ["cancel"]
    told = probability_of(margin.log_odds(X))
    assert told[is_unknown].mean() == pytest.approx(y[is_unknown].mean(), abs=0.03)


def test_below_twenty_claims_the_shrunk_rate_is_kept_and_nothing_is_fitted(bundle_folder: Path) -> None:
    history = bundle_folder.parent / "history"
    full = read_dataset(history / "orders.parquet", history / "outcomes.parquet")
    few = np.flatnonzero(np.isfinite(full.claimed_at))[: fit_settings().target_fewest_claims - 1]
    claimed_at = np.full(full.orders.n, np.nan)
    claimed_at[few] = full.claimed_at[few]
    found = train(replace(full, claimed_at=claimed_at), Recipe(WINDOW, (), frozenset(), 1), lambda _: None)
    assert found.scorer.standing == "insufficient_data"
    assert found.learned is None
    assert found.test is None
    scores = found.scorer.score(full.orders.take(np.arange(200)).replacing({"as_of": full.orders["placed_at"][:200]}))
    np.testing.assert_allclose(scores.probability, scores.baseline)
    assert (scores.low < scores.probability).all()
    assert (scores.probability < scores.high).all()
