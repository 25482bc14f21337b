"""Types of claims: what leans a state's shares, fitted and told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from features.order import STATES
from features.pipeline import FeaturePipeline
from model.types import Leaning
from training.types import Claimed, fitted, leaning, state_shares, type_settings

PIPELINE = FeaturePipeline()
PIPELINE.levels_ = {}
FEATURES = PIPELINE._declare().features_
NAMES = [feature.name for feature in FEATURES]


def claimed(n: int, seed: int = 1) -> Claimed:
    """n claims of one row each; what the buyer wrote tells the type of most."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    X = np.where(rng.random((n, len(NAMES))) < 0.2, np.nan, rng.random((n, len(NAMES))))
    X[:, NAMES.index("topic_not_received")] = (kind == 0) ^ (rng.random(n) < 0.1)
    return Claimed(X, rng.integers(0, len(STATES), n), kind, np.arange(n), np.ones(n))


def told(claims: Claimed, of: Claimed) -> np.ndarray:
    """Shares of `of` as learned from `claims`."""
    base = state_shares(claims)
    return leaning(claims, base, FEATURES).shares(base[of.state], of.X)


def loss(shares: np.ndarray, claims: Claimed) -> float:
    """Mean log-loss of the types that came."""
    return float(-np.log(shares[np.arange(len(claims.kind)), claims.kind]).mean())


def test_the_weights_are_those_of_a_penalised_logistic_regression():
    rng = np.random.default_rng(2)
    design, y, weight = rng.normal(size=(300, 4)), rng.integers(0, 2, 300).astype(float), rng.random(300)
    oracle = LogisticRegression(C=1 / 30.0, fit_intercept=False, tol=1e-10).fit(design, y, sample_weight=weight)
    ours = fitted(design, y, weight, offset=np.zeros(300), penalty=np.full(4, 30.0), sign=np.zeros(4))
    np.testing.assert_allclose(ours, oracle.coef_[0], atol=1e-5)


def test_a_weight_never_takes_the_sign_it_must_not_have():
    x = np.linspace(-1.0, 1.0, 50)[:, None]
    y, ones = (x[:, 0] > 0).astype(float), np.ones(50)
    up, down = (
        fitted(x, y, ones, offset=np.zeros(50), penalty=np.ones(1), sign=np.array([sign])) for sign in (1.0, -1.0)
    )
    assert up[0] > 0.5
    assert down[0] == 0.0


def test_shares_sum_to_one_and_a_row_alone_equals_the_row_in_a_table():
    claims, rows = claimed(200), claimed(50, seed=3)
    base = state_shares(claims)
    found = leaning(claims, base, FEATURES)
    table = found.shares(base[rows.state], rows.X)
    np.testing.assert_allclose(table.sum(axis=1), 1.0, rtol=1e-14)
    for i in range(50):
        assert (found.shares(base[rows.state[i : i + 1]], rows.X[i : i + 1]) == table[i]).all()


def test_what_the_buyer_wrote_leans_the_shares_and_few_claims_lean_less():
    rows = claimed(400, seed=4)
    losses = [loss(told(claimed(n), rows), rows) for n in (5, 50, 500)]
    assert losses[2] < losses[1] < losses[0] < np.log(3.0) + 0.1


def test_an_order_of_which_nothing_is_known_has_the_shares_of_its_state():
    claims = claimed(200)
    base = state_shares(claims)
    found = leaning(claims, base, FEATURES)
    nothing = np.full((len(STATES), len(NAMES)), np.nan)
    np.testing.assert_allclose(found.shares(base, nothing), base, rtol=1e-12)


def test_how_late_a_lane_is_leans_nothing_once_the_parcel_is_there():
    claims = claimed(400)
    late, since = NAMES.index("lane_late_history"), NAMES.index("days_since_delivery_log")
    claims.X[:, late] = (claims.kind == 0) + 0.1 * np.arange(400) / 400.0
    claims.X[::2, since] = np.nan
    base = state_shares(claims)
    found = leaning(claims, base, FEATURES)
    on_its_way, there = (np.full((2, len(NAMES)), np.nan) for _ in range(2))
    on_its_way[:, late] = there[:, late] = (0.0, 1.0)
    there[:, since] = 1.0
    usual = base[[0, 0]]
    assert np.diff(found.shares(usual, on_its_way)[:, 0]) > 0.1
    assert np.diff(found.shares(usual, there)[:, 0]) == 0.0


def test_a_late_lane_leans_no_delivered_order_though_every_claim_came_before_delivery():
    claims = claimed(400)
    late, since = NAMES.index("lane_late_history"), NAMES.index("days_since_delivery_log")
    claims.X[:, late], claims.X[:, since] = claims.kind == 0, np.nan
    base = state_shares(claims)
    found = Leaning.from_state(leaning(claims, base, FEATURES).to_state())
    there = np.full((2, len(NAMES)), np.nan)
    there[:, late], there[:, since] = (0.0, 1.0), 1.0
    assert np.diff(found.shares(base[[0, 0]], there)[:, 0]) == 0.0
    there[:, since] = np.nan
    assert np.diff(found.shares(base[[0, 0]], there)[:, 0]) > 0.1


def test_no_claims_lean_nothing():
    none = claimed(0)
    base = state_shares(none)
    assert (leaning(none, base, FEATURES).shares(base, np.ones((len(STATES), len(NAMES)))) == base).all()


def test_the_rows_of_a_claim_share_its_weight():
    once, thrice = claimed(60), claimed(60)
    rows = np.repeat(np.arange(60), 3)
    thrice = Claimed(*(getattr(thrice, name)[rows] for name in Claimed.__slots__))
    base = state_shares(once)
    found, again = (leaning(claims, base, FEATURES) for claims in (once, thrice))
    i = found.columns.tolist().index(NAMES.index("topic_not_received"))
    assert again.received[i] == pytest.approx(found.received[i], rel=0.02)


def test_what_leans_survives_json_and_a_bundle_without_it_leans_nothing():
    claims = claimed(100)
    base = state_shares(claims)
    found = leaning(claims, base, FEATURES)
    back = Leaning.from_state(json.loads(json.dumps(found.to_state())))
    assert (back.shares(base[claims.state], claims.X) == found.shares(base[claims.state], claims.X)).all()
    assert (Leaning.from_state({}).shares(base, claims.X[: len(STATES)]) == base).all()


def test_every_column_that_may_lean_exists():
    assert {leaner.name for leaner in type_settings().leaners} <= set(NAMES)
