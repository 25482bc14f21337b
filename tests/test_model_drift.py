"""Drift and counts: silent while months differ as they always did, heard when something changes."""

from __future__ import annotations

import numpy as np
import pytest

from features.feature import Feature
from model.counting import Law, evidence
from model.drift import Drift, drifts
from model.profile import Rows
from model.spread import Spread, spread_of

LAW = Law(1.25, 0.2, (1.25, 1.5, 2.0, 3.0, 5.0))
PRICE = Feature("price", "order_total", "USD", "placed", "what was paid")


def months_of_prices(seed: int, months: int = 12, n: int = 400, up: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Log-normal prices whose level moves from month to month."""
    rng = np.random.default_rng(seed)
    level = rng.normal(up, 0.08, months)
    return np.exp(rng.normal(np.repeat(level, n), 0.75)), np.repeat(np.arange(months), n)


def found(values: np.ndarray, month: np.ndarray, spread: Spread) -> list[Drift]:
    n = len(values)
    rows = Rows(values[:, None], np.full(n, "shipped", dtype=object), np.full(n, 0.01), month, np.ones(n))
    return drifts(rows, (PRICE,), {"shipped": {"price": spread}})


def learned(seed: int) -> Spread:
    values, month = months_of_prices(seed)
    return spread_of(values, month, np.ones(len(values)))


def test_months_that_differ_as_they_always_did_raise_no_alarm() -> None:
    years = [found(*months_of_prices(1_000 + s), learned(s)) for s in range(60)]
    assert sum(any(d.is_alarm for d in year) for year in years) <= 4  # 0.03 a year foretold


@pytest.mark.parametrize("broken", [lambda v: v * 100.0, lambda v: np.full(len(v), np.nan), lambda v: v * 1.5])
def test_a_unit_a_lost_column_and_a_shift_of_prices_are_found_at_once(broken: object) -> None:
    values, month = months_of_prices(7)
    assert found(broken(values), month, learned(3))[0].is_alarm  # type: ignore[operator]


def test_a_spread_is_the_same_out_of_its_state() -> None:
    spread = learned(1)
    again = Spread.from_state(spread.to_state())
    assert again.shares.tolist() == spread.shares.tolist()
    assert (again.unrest, again.freedom, again.months) == (spread.unrest, spread.freedom, 12)


def test_counts_within_the_tolerance_pass_rarely_however_often_they_are_looked_at() -> None:
    rng = np.random.default_rng(5)
    passed = 0
    for _ in range(2_000):
        rate = 1.25 * rng.gamma(25.0, 1 / 25.0, 12)
        more, _ = evidence(rng.poisson(30.0 * rate).astype(float), np.full(12, 30.0), LAW)
        passed += bool((more >= 12 / 0.05).any())
    assert passed <= 2_000 * 0.05


def test_twice_the_claims_are_found_within_three_months() -> None:
    rng = np.random.default_rng(6)
    counts = rng.poisson(np.repeat([60.0, 120.0], [6, 6])).astype(float)
    more, fewer = evidence(counts, np.full(12, 60.0), LAW)
    assert more[:6].max() < 12 / 0.015 < more[6:9].max()
    assert fewer.max() < 12 / 0.015
