"""How many trees: those of least loss, or the fewest that their loss cannot be told from."""

from __future__ import annotations

import numpy as np
import pytest

from features.columns import Floats
from features.order import STATES
from training.choice import STAGE_TREES, Stage, chosen_trees, least_loss


def stage(gains: Floats, m: int, seed: int, spread: float) -> Stage:
    """m rows of m orders in the first state, without claims; log-odds fall by gains[k] with the k-th stage, give or
    take `spread`."""
    rng = np.random.default_rng(seed)
    steps = np.concatenate([np.zeros((1, m)), gains[:, None] + spread * rng.normal(size=(len(gains), m))])
    nothing = np.zeros(m, dtype=np.bool_)
    return Stage(-1.0 - steps.cumsum(axis=0), nothing, np.ones(m), np.zeros(m, dtype=np.int64), np.arange(m))


def test_trees_of_least_loss_are_taken_where_claims_are_many() -> None:
    trees = chosen_trees([stage(np.array([0.1, 0.001, -0.2]), 500, seed=1, spread=0.0)], fewest=False)
    assert trees.tolist() == [2 * STAGE_TREES] + [0] * (len(STATES) - 1)


def test_trees_that_help_by_less_than_chance_are_left_out_where_claims_are_few() -> None:
    found = [stage(np.array([0.3, 0.002, -0.2]), 500, seed=k, spread=0.2) for k in (2, 3)]
    assert chosen_trees(found, fewest=True)[0] == STAGE_TREES


def test_trees_that_help_by_more_than_chance_are_kept_however_few_the_claims() -> None:
    found = [stage(np.full(3, 0.1), 500, seed=k, spread=0.2) for k in (4, 5)]
    assert chosen_trees(found, fewest=True)[0] == 3 * STAGE_TREES


def test_the_error_counts_orders_and_not_their_rows() -> None:
    one = stage(np.array([0.03]), 60, seed=6, spread=0.2)
    alone, often = (
        Stage(*(np.repeat(getattr(one, name), n, axis=-1) for name in Stage.__slots__)) for n in (1, 30)
    )  # fmt: skip
    assert chosen_trees([alone], fewest=True).tolist() == chosen_trees([often], fewest=True).tolist()


def test_a_fold_whose_trees_stopped_early_stands_with_its_last() -> None:
    long, short = stage(np.full(3, 0.1), 50, seed=7, spread=0.0), stage(np.full(1, 0.1), 50, seed=8, spread=0.0)
    trees = chosen_trees([long, short], fewest=False)
    assert trees[0] == 3 * STAGE_TREES
    assert least_loss([long, short]) == pytest.approx(least_loss([long]) + least_loss([short]))
