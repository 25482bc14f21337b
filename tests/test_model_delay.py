"""The delay curve: shares between 0 and 1 that rise with the days, agree at the ends and never depend on neighbours."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from features.columns import Columns
from features.completion import completed
from features.document import read_order
from features.moments import DAY, as_known
from features.order import STATES
from features.order_columns import columns_of
from model.artefact import Bundle
from model.delay import DelayCurve

DAYS = 60


@pytest.fixture
def curve() -> DelayCurve:
    """Any rising curves from 0 to 1; one state has all its claims on one day."""
    steps = np.random.default_rng(0).exponential(1.0, (len(STATES), DAYS)) ** 3
    steps[1] = np.arange(DAYS) == 20
    shown = np.cumsum(steps, axis=1)
    return DelayCurve(np.pad(shown / shown[:, -1:], ((0, 0), (1, 0))))


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, len(STATES), n), rng.uniform(0.0, 80.0, n), rng.uniform(-5.0, 80.0, n)


def test_shares_lie_between_none_and_all(curve: DelayCurve) -> None:
    share = curve.share(*drawn(5_000, 1))
    assert (share >= 0.0).all()
    assert (share <= 1.0).all()


def test_more_days_never_show_a_smaller_share(curve: DelayCurve) -> None:
    state, days, remaining = drawn(5_000, 2)
    more = days + np.random.default_rng(3).uniform(0.0, 20.0, len(days))
    assert (curve.share(state, more, remaining) >= curve.share(state, days, remaining)).all()


def test_all_has_shown_when_the_days_reach_the_end(curve: DelayCurve) -> None:
    state, _, remaining = drawn(2_000, 4)
    for days in (remaining, remaining + 1.0, np.full(len(state), 1e6)):
        np.testing.assert_array_equal(curve.share(state, days, remaining), 1.0)


def test_no_days_show_nothing_where_something_remains(curve: DelayCurve) -> None:
    state = np.arange(len(STATES))
    none = curve.share(state, np.zeros(len(state)), np.full(len(state), 50.0))
    np.testing.assert_array_equal(none, 0.0)


def test_between_whole_days_the_curve_is_a_straight_line(curve: DelayCurve) -> None:
    state, days, _ = drawn(2_000, 5)
    days = np.minimum(days, DAYS)
    whole = np.full(len(state), float(DAYS))
    expected = [np.interp(d, np.arange(DAYS + 1), curve.shown[s]) for s, d in zip(state, days, strict=True)]
    np.testing.assert_allclose(curve.share(state, days, whole), expected, rtol=0, atol=1e-14)


def test_a_share_is_what_has_shown_over_what_will(curve: DelayCurve) -> None:
    state = np.zeros(4, dtype=np.int64)
    share = curve.share(state, np.array([3.0, 10.0, 25.0, 39.0]), np.full(4, 40.0))
    np.testing.assert_allclose(share, curve.shown[0, [3, 10, 25, 39]] / curve.shown[0, 40])


def test_the_state_comes_back_from_json(curve: DelayCurve) -> None:
    again = DelayCurve.from_state(json.loads(json.dumps(curve.to_state())))
    assert again.shown.tobytes() == curve.shown.tobytes()


def test_probabilities_within_days_never_exceed_those_of_more_days(
    bundle: Bundle, documents: list[dict[str, Any]]
) -> None:
    orders: Columns = as_known(completed(columns_of([read_order(document) for document in documents])))
    scores = bundle.scorer.score(orders)
    assert (scores.within_7 <= scores.within_30).all()
    assert (scores.within_30 <= scores.probability).all()
    assert (scores.within_7 >= 0.0).all()
    soon = bundle.scorer.score(orders.replacing({"as_of": orders["latest_delivery_at"] + 84.0 * DAY}))
    np.testing.assert_array_equal(soon.within_7, soon.probability)
