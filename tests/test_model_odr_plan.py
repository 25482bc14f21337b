"""The cheapest plan against an exhaustive search, and what it does where it cannot reach its bound."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from model.odr_plan import cheapest
from model.odr_task import Options, Task


def small(seed: int, orders: int = 7) -> tuple[Task, Options]:
    """A shop so small that every plan can be tried: up to three options an order."""
    rng = np.random.default_rng(seed)
    chance = rng.gamma(1.0, 0.06, orders).clip(0.005, 0.5)
    multiple = np.exp(0.4 * rng.standard_normal((orders, 256)) - 0.08).astype(np.float32)
    order = np.repeat(np.arange(orders), 3)[rng.random(3 * orders) < 0.8]
    fall = chance[order] * rng.uniform(0.1, 0.9, len(order))
    cost = np.exp(rng.normal(1.0, 0.7, len(order))) * (0.3 + fall / fall.mean())
    options = Options(order, fall, cost, rng.random((len(order), 1)))
    rest = rng.uniform(0.02, 0.4)
    mean = chance @ multiple + rest
    squares = (chance**2) @ multiple**2
    task = Task(mean, squares, multiple, chance, int(rng.integers(1, 3)), 0.0, np.inf, np.array([np.inf]))
    best = task.breach(options, np.array([max(np.flatnonzero(order == o), key=lambda j: fall[j]) for o in set(order)]))
    return replace(task, alpha=best + rng.uniform(0.2, 0.7) * (task.breach(options, np.empty(0, int)) - best)), options


def exhaustive(task: Task, options: Options) -> float:
    """The cost of the best plan, by trying all."""
    choices = [[-1, *np.flatnonzero(options.order == o)] for o in np.unique(options.order)]
    plans = (np.array([c for c in plan if c >= 0], dtype=np.int64) for plan in product(*choices))
    priced = sorted((float(options.cost[p].sum()), i, p) for i, p in enumerate(plans) if task.fits(options, p))
    return next((cost for cost, _, p in priced if task.breach(options, p) <= task.alpha), np.inf)


@pytest.mark.parametrize("seed", range(12))
def test_the_plan_costs_hardly_more_than_the_best_there_is(seed: int) -> None:
    task, options = small(seed, 5)
    found = cheapest(task, options)
    assert task.breach(options, found) <= task.alpha
    assert len(set(options.order[found].tolist())) == len(found)
    assert options.cost[found].sum() <= 1.15 * exhaustive(task, options)


def test_a_limit_is_kept_and_makes_the_plan_dearer() -> None:
    task, options = small(3, 5)
    free = cheapest(task, options)
    tight = replace(task, room=np.array([0.6 * options.uses[free].sum()]))
    kept = cheapest(tight, options)
    assert tight.fits(options, kept)
    assert options.cost[kept].sum() > options.cost[free].sum() or tight.breach(options, kept) > task.alpha


def test_within_a_budget_that_is_too_small_the_chance_falls_as_far_as_it_can() -> None:
    task, options = small(4, 5)
    need = float(options.cost[cheapest(task, options)].sum())
    poor = replace(task, budget=0.5 * need)
    found = cheapest(poor, options)
    assert options.cost[found].sum() <= 0.5 * need
    assert task.alpha < poor.breach(options, found) < poor.breach(options, np.empty(0, int))


def test_nothing_is_done_where_nothing_needs_to_be() -> None:
    task, options = small(5)
    assert len(cheapest(replace(task, alpha=1.0), options)) == 0


def test_half_the_effect_takes_more_or_does_less() -> None:
    task, options = small(6, 5)
    whole, half = cheapest(task, options), cheapest(task, options.halved())
    assert task.breach(options.halved(), whole) > task.breach(options, whole)
    reaches = task.breach(options.halved(), half) <= task.alpha
    assert not reaches or options.cost[half].sum() >= options.cost[whole].sum()
