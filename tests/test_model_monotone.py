"""Monotone: raising a constrained attribute never moves the calibrated probability against its sign."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.columns import Array, Columns, Floats
from features.completion import completed
from features.document import read_order
from features.feature import CONSTRAINED
from features.handover import is_seen
from features.moments import as_known, states
from features.order import STATES, attributes
from features.order_columns import columns_of
from features.phases import PHASES
from model.artefact import Bundle
from model.calibration import probability_of
from model.scorer import Scorer

N = 10_000
# What is derived by comparing instants stays together; all else is drawn value by value.
INSTANTS = tuple(name for name, declared in attributes().items() if declared.is_instant)


@pytest.fixture(scope="module")
def orders(documents: list[dict[str, Any]]) -> Columns:
    """Random orders in all states: the instants of one simulated order, every other value of any, some unknown."""
    rng = np.random.default_rng(0)
    simulated = as_known(completed(columns_of([read_order(document) for document in documents])))
    state = states(simulated)
    pick = np.concatenate([rng.choice(np.flatnonzero(state == s), N // len(STATES)) for s in range(len(STATES))])
    arrays: dict[str, Array] = {name: simulated[name][pick] for name in simulated if name in INSTANTS}
    for name in set(simulated) - set(INSTANTS):
        arrays[name] = simulated[name][rng.integers(0, simulated.n, N)]
    for name in set(CONSTRAINED) - set(arrays):
        arrays[name] = np.where(rng.random(N) < 0.3, np.nan, any_value(name, rng))
    return Columns(N, arrays)


def any_value(name: str, rng: np.random.Generator) -> Floats:
    """(N,) known values of a constrained attribute, on the scale of its kind."""
    declared = attributes()[name]
    if declared.choices or declared.kind == "flag":
        return rng.integers(0, max(len(declared.choices), 2), N).astype(np.float64)
    return rng.integers(0, 9, N).astype(np.float64) if declared.kind == "count" else rng.exponential(0.1, N)


def probabilities(scorer: Scorer, orders: Columns) -> Floats:
    return scorer.score(orders).probability


def raised(orders: Columns, name: str, values: Floats) -> Columns:
    """The orders with other values of an attribute; whether a parcel is tracked stays where it is under way, since its
    silence tells more there (docs/decisions/0020)."""
    if name == "has_tracking":
        handed = orders.known("shipped_at") | orders.known("first_scan_at") | is_seen(orders)
        values = np.where(handed & ~orders.known("delivered_at"), orders[name], values)
    return orders.replacing({name: values})


def test_the_orders_are_in_every_state(orders: Columns) -> None:
    assert np.bincount(states(orders), minlength=len(STATES)).min() > N // 20


def test_raising_a_constrained_attribute_never_moves_the_probability_against_its_sign(
    bundle: Bundle, orders: Columns
) -> None:
    rng, moved = np.random.default_rng(1), set[str]()
    for name, sign in CONSTRAINED.items():
        values = any_value(name, rng), any_value(name, rng)
        low, high = (probabilities(bundle.scorer, raised(orders, name, f(*values))) for f in (np.fmin, np.fmax))
        assert (sign * (high - low) >= 0.0).all(), f"{name} moves the probability by {(sign * (high - low)).min()}"
        moved |= {name} if (high != low).any() else set()
    assert len(moved) >= len(CONSTRAINED) // 2, "too few attributes act at all for this to mean anything"


def test_raising_all_risky_attributes_at_once_never_lowers_the_probability(bundle: Bundle, orders: Columns) -> None:
    rng = np.random.default_rng(2)
    better, worse = dict[str, Array](), dict[str, Array]()
    for name, sign in CONSTRAINED.items():
        one, other = any_value(name, rng), any_value(name, rng)
        better[name], worse[name] = sorted((np.fmin(one, other), np.fmax(one, other)), key=np.sum, reverse=sign < 0)
    tables = []
    for values in (better, worse):
        table = orders
        for name, moved in values.items():
            table = raised(table, name, moved)
        tables.append(table)
    low, high = (probabilities(bundle.scorer, table) for table in tables)
    assert (high >= low).all()
    assert (high > low).mean() > 0.9


def test_higher_signed_features_never_lower_the_raw_log_odds_whatever_else_is_unknown(bundle: Bundle) -> None:
    """The parts alone, over matrices that no order could make."""
    scorer, rng = bundle.scorer, np.random.default_rng(3)
    signs = np.array([f.sign for f in scorer.pipeline.features_], dtype=np.float64)
    X = np.where(rng.random((2_000, len(signs))) < 0.5, np.nan, rng.normal(0.0, 3.0, (2_000, len(signs))))
    riskier = X + signs * rng.exponential(1.0, X.shape)
    assert (scorer.margin.log_odds(riskier) >= scorer.margin.log_odds(X)).all()
    for place in range(len(STATES)):
        state = np.full(len(X), place)
        assert (scorer.booster.log_odds(riskier, state) >= scorer.booster.log_odds(X, state)).all()


def test_calibration_keeps_the_order_of_log_odds_in_every_phase(bundle: Bundle) -> None:
    raw = np.linspace(-12.0, 6.0, 2_001)
    for place in range(len(PHASES)):
        calibrated = bundle.scorer.calibrator.log_odds(raw, np.full(len(raw), place))
        assert (np.diff(probability_of(calibrated)) > 0.0).all()
