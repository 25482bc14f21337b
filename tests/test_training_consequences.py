"""Consequences learned from decided claims: what policy expects stays until claims say otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.columns import Floats
from model.consequence_rules import expectations
from model.consequences import Consequences, Tilt, from_policy_alone
from training.consequences import Decided, decided, learned_consequences, shifted, tilt_of, told_of
from training.dataset import read_dataset
from training.simulate import load_world, simulate
from training.train import Recipe, prepare

PRIOR = expectations().prior
POLICY = Tilt(0.0, 1.0, 0.0, PRIOR.claims)


def claims(n: int, truth: Tilt, seed: int) -> Decided:
    """n claims of which policy expects shares as it does of real ones, decided as `truth` says."""
    rng = np.random.default_rng(seed)
    share = rng.choice([0.04, 0.2, 0.5, 0.65, 0.75, 0.85, 0.92], n, p=[0.05, 0.05, 0.15, 0.25, 0.25, 0.15, 0.1])
    return decided(share, (rng.random(n) < truth.of(share)).astype(float), np.arange(n))


def loss(rows: Decided, tilt: Tilt) -> float:
    p = tilt.of(rows.share)
    return float(-np.mean(rows.y * np.log(p) + (1 - rows.y) * np.log1p(-p)))


def gain(n: int, truth: Tilt) -> Floats:
    """(20,) by seed: log-loss a later claim that is saved by n claims."""
    later = [claims(4_000, truth, 100 + seed) for seed in range(20)]
    learned = [tilt_of(claims(n, truth, seed), PRIOR) if n else POLICY for seed in range(20)]
    return np.array([loss(rows, POLICY) - loss(rows, tilt) for rows, tilt in zip(later, learned, strict=True)])


def test_many_claims_show_how_they_are_decided() -> None:
    found = tilt_of(claims(20_000, Tilt(-0.6, 0.7, 0, 0), seed=1), PRIOR)
    assert (found.intercept, found.slope) == pytest.approx((-0.6, 0.7), abs=0.06)
    assert (found.claims, found.prior_claims) == (20_000, PRIOR.claims)


@pytest.mark.parametrize("n", [0, 20, 100])
@pytest.mark.parametrize("truth", [(-0.3, 1.0), (-1.0, 1.0), (0.8, 1.0), (0.0, 0.4)])
def test_a_few_claims_never_make_it_worse_than_policy_alone(n: int, truth: tuple[float, float]) -> None:
    assert gain(n, Tilt(*truth, 0, 0)).mean() >= 0.0


def test_where_claims_go_just_as_policy_expects_chance_costs_next_to_nothing() -> None:
    assert gain(20, POLICY).mean() > -1e-4
    assert gain(100, POLICY).mean() > -1e-3


def test_a_hundred_claims_that_went_quite_otherwise_are_believed() -> None:
    truth = Tilt(-1.0, 1.0, 0, 0)
    later = claims(4_000, truth, seed=9)
    assert gain(100, truth).mean() > 0.5 * (loss(later, POLICY) - loss(later, truth))


def test_a_claim_weighs_the_same_however_often_it_was_looked_at() -> None:
    once = claims(300, Tilt(-1, 1, 0, 0), seed=2)
    often = np.repeat(np.arange(300), np.random.default_rng(0).integers(1, 9, 300))
    again = tilt_of(decided(once.share[often], once.y[often], often), PRIOR)
    assert (again.intercept, again.slope) == pytest.approx((tilt_of(once, PRIOR).intercept, tilt_of(once, PRIOR).slope))


def test_records_that_show_one_side_alone_teach_nothing() -> None:
    share = np.full(200, 0.7)
    assert tilt_of(decided(share, np.ones(200), np.arange(200)), PRIOR) == POLICY
    assert tilt_of(decided(share, np.full(200, np.nan), np.arange(200)), PRIOR) == POLICY


def test_a_type_of_claim_in_a_state_gets_its_own_level_from_enough_claims_alone() -> None:
    rows = claims(400, POLICY, seed=3)
    y = np.where(np.arange(400) < 200, 0.0, rows.y)
    cell = np.where(np.arange(400) < 200, 12, 0)
    found = shifted(POLICY, (rows.share, y * (np.arange(400) % 9 > 0), np.arange(400)), cell, PRIOR)
    few = shifted(POLICY, (rows.share[:80], np.arange(80) % 9 < 1.0, np.arange(80)), cell[:80], PRIOR)
    assert found.shifted_states == []  # nothing but one side was seen of the cell that went otherwise
    y[:200:5] = 1.0
    assert shifted(POLICY, (rows.share, y, np.arange(400)), cell, PRIOR).shifted_states == ["contact"]
    assert few == POLICY


def learned(folder: Path, coverage: str | None = None) -> Consequences:
    (folder / "world.toml").write_text('extends = "common"\n[claim]\nshift_log_odds = 2.5\n')
    made = simulate(load_world(str(folder / "world.toml")), 3_000, 1, truth=False)
    lenient = pl.col("claim_opened_at").dt.day() % 3 > 0
    shown = made.outcomes.with_columns(seller_paid=pl.col("seller_paid") & lenient, counts_as_defect=lenient)
    shown = shown.with_columns(counts_as_defect=pl.col("counts_as_defect") & pl.col("seller_paid"))
    made.orders.write_parquet(folder / "orders.parquet")
    shown.write_parquet(folder / "outcomes.parquet")
    if coverage:
        (folder / "outcomes.coverage.toml").write_text(coverage)
    dataset = read_dataset(folder / "orders.parquet", folder / "outcomes.parquet")
    ready = prepare(dataset, Recipe(90.0, (), frozenset(), 1), lambda _: None)
    found = learned_consequences(dataset, ready.pipeline, ready.marks, ready.rows)
    assert found == learned_consequences(dataset, ready.pipeline, ready.marks, ready.rows)
    return found


def test_a_shop_whose_claims_are_mostly_denied_expects_to_pay_less(tmp_path: Path) -> None:
    found = learned(tmp_path)
    assert found.seller_pays.claims > 50
    assert found.seller_pays.of(np.array([0.7]))[0] < 0.66
    assert "who pays intercept" in told_of(found, "claim_filed")


def test_labels_of_debited_claims_teach_nothing_of_who_pays(tmp_path: Path) -> None:
    found = learned(tmp_path, '[source.finances]\ncomplete_for = ["debited"]\n')
    assert found.seller_pays == from_policy_alone().seller_pays
    assert "who pays not learned, since the outcomes show debited claims alone" in told_of(found, "claim_debited")
