"""Maturity: Nelson–Aalen by brute force, and what a row may weigh that was followed for a while only."""

from __future__ import annotations

import numpy as np
import pytest

from features.columns import Floats, Ints
from features.moments import DAY
from features.order import STATES
from training.maturity import delay_curve, shown_share
from training.settings import fit_settings

LONGEST = 120.0


def followed(seed: int, n: int = 300) -> tuple[Ints, Floats, Floats]:
    """States, delays (NaN without a claim) and days followed, claims included where they came in time."""
    rng = np.random.default_rng(seed)
    watched, delay = rng.uniform(0.0, 130.0, n), rng.gamma(2.0, 15.0, n)
    claimed = (rng.random(n) < 0.3) & (delay <= watched)
    return rng.integers(0, len(STATES), n), np.where(claimed, delay, np.nan), watched


def nelson_aalen(delay: list[float], watched: list[float]) -> list[float]:
    """Cumulative hazard at the end of each whole day, ending at 1, with plain loops."""
    total, out = 0.0, [0.0]
    for day in range(int(LONGEST) + 1):
        claims = sum(int(d) == day for d in delay if not np.isnan(d))
        at_risk = sum(int(w if np.isnan(d) else d) >= day for d, w in zip(delay, watched, strict=True))
        total += claims / at_risk if claims else 0.0
        out.append(total)
    return [value / total for value in out]


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_is_nelson_aalen_shrunk_to_that_of_all_states(seed: int) -> None:
    state, delay, watched = followed(seed)
    shown = delay_curve(state, delay, watched, LONGEST).shown
    pooled, prior = np.array(nelson_aalen(delay.tolist(), watched.tolist())), fit_settings().shares_delay_prior_claims
    for place in range(len(STATES)):
        mine = state == place
        claims = int((~np.isnan(delay[mine])).sum())
        own = np.array(nelson_aalen(delay[mine].tolist(), watched[mine].tolist()))
        np.testing.assert_allclose(shown[place], (claims * own + prior * pooled) / (claims + prior), atol=1e-12)


def test_curves_rise_from_none_to_all() -> None:
    shown = delay_curve(*followed(4), LONGEST).shown
    assert (np.diff(shown, axis=1) >= 0.0).all()
    np.testing.assert_array_equal(shown[:, 0], 0.0)
    np.testing.assert_allclose(shown[:, -1], 1.0)


def test_a_state_without_claims_has_the_curve_of_all() -> None:
    state, delay, watched = followed(5)
    delay[state == 2] = np.nan
    shown = delay_curve(state, delay, watched, LONGEST).shown
    np.testing.assert_allclose(shown[2], nelson_aalen(delay.tolist(), watched.tolist()), atol=1e-12)


def test_without_any_claim_the_curve_is_straight() -> None:
    state, _, watched = followed(6)
    shown = delay_curve(state, np.full(len(state), np.nan), watched, LONGEST).shown
    np.testing.assert_allclose(shown, np.tile(np.linspace(0, 1, shown.shape[1]), (len(STATES), 1)))


def test_orders_followed_for_a_while_only_do_not_make_claims_seem_early() -> None:
    """The delays of young orders are cut off; counting them alone would put the middle far too early."""
    rng = np.random.default_rng(7)
    n = 60_000
    watched, delay = rng.uniform(0.0, 180.0, n), rng.uniform(0.0, 90.0, n)
    seen = (rng.random(n) < 0.05) & (delay <= watched)
    shown = delay_curve(np.zeros(n, dtype=np.int64), np.where(seen, delay, np.nan), watched, 90.0).shown[0]
    assert np.median(delay[seen]) < 40.0
    assert np.interp(0.5, shown, np.arange(len(shown))) == pytest.approx(45.0, abs=2.0)


def test_a_row_weighs_what_it_could_have_shown() -> None:
    curve = delay_curve(*followed(8), LONGEST)
    rng = np.random.default_rng(9)
    state, as_of = rng.integers(0, len(STATES), 2_000), rng.uniform(0.0, 100.0, 2_000) * DAY
    closes = as_of + rng.uniform(1.0, 100.0, 2_000) * DAY
    shares = np.array([shown_share(curve, state, as_of, closes, day * DAY) for day in (0, 30, 80, 150, 250)])
    assert ((shares >= 0.0) & (shares <= 1.0)).all()
    assert (np.diff(shares, axis=0) >= 0.0).all()
    assert (shares[0][closes - as_of > 20.0 * DAY] == 0.0).all()
    for k, day in enumerate((0, 30, 80, 150, 250)):
        assert (shares[k][closes <= day * DAY] == 1.0).all()
