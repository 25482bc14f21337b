"""Leaks: what was recorded because of a claim is found and dropped; what is unknown by chance is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.columns import Columns, Floats
from features.moments import DAY
from features.order import shop_computed
from features.pipeline import Extra, FeaturePipeline
from training.dataset import Dataset, read_dataset
from training.leaks import (
    Ratio,
    known_ratios,
    overwritten,
    recorded_because_of_claim,
    shop_computed_rates,
)
from training.rows import chosen_landmarks
from training.settings import fit_settings
from training.train import Recipe, prepare

WINDOW, SEED = 90.0, 5
NOTE = Extra("x_note", "number", "placed")


@pytest.fixture(scope="module")
def dataset(bundle_folder: Path) -> Dataset:
    history = bundle_folder.parent / "history"
    return read_dataset(history / "orders.parquet", history / "outcomes.parquet")


def holding(dataset: Dataset, **arrays: Floats) -> Dataset:
    return replace(dataset, orders=dataset.orders.replacing(arrays))


def recorded(dataset: Dataset, share_claimed: float, share_others: float, seed: int = 0) -> Floats:
    """A flag that is 0 or 1 by chance, recorded for a share of the orders with a claim and of those without."""
    rng, n = np.random.default_rng(seed), dataset.orders.n
    share = np.where(np.isfinite(dataset.claimed_at), share_claimed, share_others)
    return np.where(rng.random(n) < share, rng.integers(0, 2, n).astype(np.float64), np.nan)


def ratios(dataset: Dataset, *extras: Extra) -> list[Ratio]:
    marks, importance = chosen_landmarks(dataset, WINDOW, SEED)
    return known_ratios(dataset, FeaturePipeline(WINDOW, extras), marks, importance)


def dropped(dataset: Dataset, *trusted: str) -> set[str]:
    return {d.attribute for d in recorded_because_of_claim(ratios(dataset, NOTE), trusted)}


@pytest.mark.parametrize("name", ["is_gift", "distance_km", "x_note"])
def test_what_is_recorded_because_of_a_claim_is_dropped(dataset: Dataset, name: str) -> None:
    found = dropped(holding(dataset, **{name: recorded(dataset, 0.95, 0.05)}))
    assert name in found
    assert found - {name} == dropped(dataset) - {name}


def test_what_is_lost_because_of_a_claim_is_dropped(dataset: Dataset) -> None:
    assert "is_gift" in dropped(holding(dataset, is_gift=recorded(dataset, 0.05, 0.95)))


@pytest.mark.parametrize("share", [0.03, 0.5, 0.97])
def test_what_is_recorded_by_chance_is_kept(dataset: Dataset, share: float) -> None:
    for seed in range(3):
        chance = recorded(dataset, share, share, seed)
        assert not {"is_gift", "x_note"} & dropped(holding(dataset, is_gift=chance, x_note=chance))


def test_what_is_trusted_by_name_is_kept(dataset: Dataset) -> None:
    leaking = holding(dataset, is_gift=recorded(dataset, 0.95, 0.05), x_note=recorded(dataset, 0.95, 0.05))
    assert {"is_gift", "x_note"} <= dropped(leaking)
    assert dropped(leaking, "is_gift") & {"is_gift", "x_note"} == {"x_note"}


def test_an_honest_file_of_the_simulator_loses_nothing(dataset: Dataset) -> None:
    assert dropped(dataset) == set()


def test_the_ratio_is_that_of_claims_by_rows_counted_by_hand(dataset: Dataset) -> None:
    leaking = holding(dataset, is_gift=recorded(dataset, 0.9, 0.3))
    marks, importance = chosen_landmarks(leaking, WINDOW, SEED)
    told = {(r.attribute, r.state): r for r in ratios(leaking)}["is_gift", "placed"]
    shipped = np.fmin(leaking.orders["shipped_at"], leaking.orders["first_scan_at"])[marks.order]
    placed = ~(np.fmin(shipped, leaking.orders["delivered_at"][marks.order]) <= marks.as_of)
    contact = np.fmin(leaking.orders["first_message_at"], leaking.orders["return_requested_at"])[marks.order]
    placed &= ~(contact <= marks.as_of)
    known = ~np.isnan(leaking.orders["is_gift"])[marks.order]
    claimed = leaking.claimed_at[marks.order] > marks.as_of
    rate = [
        (importance[placed & k & claimed].sum() + 0.5) / (importance[placed & k].sum() + 1.0) for k in (known, ~known)
    ]
    assert told.ratio == pytest.approx(rate[0] / rate[1])
    assert told.claims == pytest.approx(importance[placed & claimed].sum())


def test_a_few_claims_alone_do_not_make_an_attribute_suspicious() -> None:
    few = Ratio("a", "placed", 50.0, 2.0, 2.0, 0.05)
    assert not few.is_suspicious
    assert not Ratio("a", "placed", 0.9, 200.0, 100.0, 105.0).is_suspicious
    assert Ratio("a", "placed", 50.0, 200.0, 150.0, 20.0).is_suspicious
    assert Ratio("a", "placed", 0.05, 200.0, 20.0, 150.0).is_suspicious


def test_rates_the_shop_computed_are_dropped_unless_trusted_or_snapshots(dataset: Dataset) -> None:
    n = dataset.orders.n
    rated = holding(dataset, sku_claim_rate=np.full(n, 0.1), seller_defects_60d=np.full(n, 3.0))
    dropped = {d.attribute for d in shop_computed_rates(rated, ())}
    assert dropped >= {"seller_defects_60d", "sku_claim_rate", "buyer_prior_claims"}
    assert {d.attribute for d in shop_computed_rates(rated, {"sku_claim_rate"})} == dropped - {"sku_claim_rate"}
    assert all("--trust NAME" in d.reason for d in shop_computed_rates(rated, ()))
    assert shop_computed_rates(replace(rated, is_snapshots=True), ()) == []
    assert shop_computed() & set(dataset.orders) <= dropped


def test_what_is_overwritten_in_a_final_state_file_is_dropped_but_not_of_snapshots(dataset: Dataset) -> None:
    found = {d.attribute for d in overwritten(dataset)}
    assert {"tracking_status", "message_count", "last_scan_at"} <= found
    assert overwritten(replace(dataset, is_snapshots=True)) == []


def test_what_is_dropped_tells_the_model_nothing(dataset: Dataset) -> None:
    leaking = holding(dataset, is_gift=recorded(dataset, 0.95, 0.05))
    ready = prepare(leaking, Recipe(WINDOW, (), frozenset(), SEED), lambda _: None)
    gift = list(ready.pipeline.get_feature_names_out()).index("is_gift")
    assert "is_gift" in ready.pipeline.ignored
    assert np.isnan(ready.rows.X[:, gift]).all()


def test_in_snapshots_a_value_may_be_known_at_any_moment(dataset: Dataset) -> None:
    orders: Columns = dataset.orders.replacing({"as_of": dataset.orders["placed_at"] + 5 * DAY})
    marks, _ = chosen_landmarks(replace(dataset, orders=orders, is_snapshots=True), WINDOW, SEED)
    assert set(marks.name) == {"snapshot"}
    assert fit_settings().leak_largest_ratio > 1.0
