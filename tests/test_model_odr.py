"""Counts of defects: against exact sums and brute force; and how large shocks are, learned from groups."""

from __future__ import annotations

import numpy as np
import pytest

from features.columns import Floats
from model.defect_priors import Draws
from model.odr import Rows, Shared, multiples
from model.shocks import Spread, half_normal, learned

DRAWS = Draws(nodes=16, each=64, seed=1, reason="tests")


def fixed(deviation: float) -> Spread:
    return Spread(np.array([deviation]), np.ones(1))


def rows(n: int, groups: int, spread: Spread, seen: float = 0.0, known: Floats | None = None) -> Rows:
    shared = [Shared(np.arange(n) % groups, spread)]
    return Rows(shared, np.full(n, seen), np.zeros(n) if known is None else known, np.ones(n))


def exact(chances: Floats) -> Floats:
    masses = np.ones(1)
    for chance in chances:
        masses = np.convolve(masses, [1.0 - chance, chance])
    return masses


@pytest.mark.parametrize("most", [0.01, 0.2, 0.6])
def test_without_shocks_the_count_is_the_sum_of_independent_orders(most: float) -> None:
    chances = np.random.default_rng(3).uniform(0.0, most, 60)
    counted = multiples(rows(60, 1, fixed(0.0)), DRAWS).counts(chances[:, None], np.zeros(60))
    masses = exact(chances)
    mine = counted.masses(0)
    assert np.abs(np.cumsum(mine) - np.cumsum(masses)[: len(mine)]).max() < 0.004
    assert counted.at_least(np.array([3]))[0] == pytest.approx(masses[3:].sum(), abs=0.004)


def test_orders_that_share_shocks_fail_together_as_brute_force_says() -> None:
    rng, chances = np.random.default_rng(5), np.full(400, 0.01)
    mine = multiples(rows(400, 4, fixed(0.8)), DRAWS).counts(chances[:, None], np.zeros(400))
    shocks = np.exp(0.8 * rng.standard_normal((200_000, 4)) - 0.32)
    counts = rng.poisson(shocks.sum(axis=1))
    for number in (4, 8, 12):
        assert mine.at_least(np.array([number]))[0] == pytest.approx((counts >= number).mean(), abs=0.006)


def test_an_uncertain_size_of_shocks_is_no_plug_in_of_its_mean() -> None:
    prior, chances = half_normal(0.8), np.full((400, 1), 0.01)
    whole = multiples(rows(400, 2, prior), DRAWS).counts(chances, np.zeros(400))
    plugged = multiples(rows(400, 2, fixed(prior.mean)), DRAWS).counts(chances, np.zeros(400))
    assert whole.at_least(np.array([14]))[0] > 1.2 * plugged.at_least(np.array([14]))[0]


def test_a_group_in_which_much_has_shown_is_expected_to_show_more() -> None:
    known = np.zeros(200)
    known[:40:2] = 1.0
    drawn = multiples(rows(200, 2, fixed(0.7), 0.05, known), DRAWS).of(np.array([0, 1]))
    grid = np.linspace(-4.0, 4.0, 4001)  # the posterior itself: 20 seen of 5 expected
    log = -0.5 * grid**2 + 20 * (0.7 * grid - 0.245) - 5.0 * np.exp(0.7 * grid - 0.245)
    weight = np.exp(log - log.max())
    truth = float(weight @ np.exp(0.7 * grid - 0.245) / weight.sum())
    assert drawn[0].mean() == pytest.approx(truth, rel=0.03)
    assert drawn[1].mean() < 0.6


@pytest.mark.parametrize("deviation", [0.0, 0.3, 0.7])
def test_the_size_of_shocks_is_learned_from_groups(deviation: float) -> None:
    rng = np.random.default_rng(11)
    expected = rng.gamma(2.0, 2.0, 600)
    observed = rng.poisson(expected * np.exp(deviation * rng.standard_normal(600) - deviation**2 / 2)).astype(float)
    found = learned(half_normal(0.35), observed, 1.7 * expected)  # a wrong level is no shock
    low, high = found.at(np.array([0.005, 0.995]))
    assert low - 0.05 <= deviation <= high + 0.05
    assert high - low < 0.25


def test_nothing_seen_leaves_the_prior() -> None:
    found, prior = learned(half_normal(0.35), np.zeros(3), np.full(3, 1e-9)), half_normal(0.35)
    assert np.allclose(found.weights, prior.weights)
    assert np.allclose(Spread.from_state(found.to_state()).weights, found.weights)
