"""Landmarks: moments at which an order is at risk, rows that know nothing later, weights that tell no future."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.columns import Columns, Floats
from features.moments import DAY, claim_window_closes, facts, reached_states
from features.order import State, attributes
from features.pipeline import Extra
from training.dataset import Dataset, read_dataset
from training.landmarks import Landmarks, known_rows, landmarks, snapshot_landmarks
from training.rows import chosen_landmarks, curve_of, sampled
from training.train import Recipe, prepare

WINDOW, SEED = 90.0, 3
CONTACT_DAYS = {"contact": 0.0, "contact_24h": 1.0, "contact_48h": 2.0}


@pytest.fixture(scope="module")
def dataset(bundle_folder: Path) -> Dataset:
    history = bundle_folder.parent / "history"
    return read_dataset(history / "orders.parquet", history / "outcomes.parquet")


@pytest.fixture(scope="module")
def marks(dataset: Dataset) -> Landmarks:
    return of(dataset.orders, dataset.claimed_at, dataset.observed_until)


def of(orders: Columns, claimed_at: Floats, until: float, seed: int = SEED) -> Landmarks:
    return landmarks(orders, claimed_at, WINDOW, until=until, seed=seed)


def keys(orders: Columns, marks: Landmarks) -> list[tuple[str, str, float]]:
    """(order_id, moment, as_of) of every row."""
    ids = orders["order_id"][marks.order].tolist()
    return list(zip(ids, marks.name.tolist(), marks.as_of.tolist(), strict=True))


def test_no_landmark_lies_after_a_claim_outside_the_window_or_after_the_observation(
    dataset: Dataset, marks: Landmarks
) -> None:
    until = float(np.quantile(dataset.orders["placed_at"], 0.8))
    for rows, end in ((marks, dataset.observed_until), (of(dataset.orders, dataset.claimed_at, until), until)):
        orders = dataset.orders.take(rows.order)
        assert not (dataset.claimed_at[rows.order] <= rows.as_of).any()
        assert (rows.as_of >= orders["placed_at"]).all()
        assert (rows.as_of < claim_window_closes(orders, WINDOW)).all()
        assert rows.as_of.max() <= end


def test_each_order_is_placed_once_with_its_plan_unknown_and_once_with_it_known(
    dataset: Dataset, marks: Landmarks
) -> None:
    known = known_rows(dataset.orders, marks, (), is_snapshots=False)
    for name, plan in (("placed", False), ("placed_planned", True)):
        mine = marks.name == name
        assert sorted(marks.order[mine].tolist()) == list(range(dataset.orders.n))
        assert (marks.plan_known[mine] == plan).all()
        assert known.known("carrier")[mine].any() == plan
        assert known.known("signature_service")[mine].any() == plan
    assert known.known("sku")[marks.name == "placed"].all()


def test_a_row_knows_nothing_later_than_its_as_of(dataset: Dataset, marks: Landmarks) -> None:
    known = known_rows(dataset.orders, marks, (), is_snapshots=False)
    for name in facts():
        assert not (known[name] > marks.as_of).any(), name
    reached = reached_states(known)
    for name, declared in attributes().items():
        if declared.role == "value" and declared.known in ("shipped", "in_transit", "delivered"):
            assert not known.known(name)[~reached[State(declared.known)]].any(), name
        for fact in declared.since[:1] if declared.known == "contact" else ():
            assert not known.known(name)[~known.known(fact)].any(), name


def test_rows_of_a_file_that_tells_the_hand_over_have_its_states_whatever_else_is_told(
    dataset: Dataset, marks: Landmarks
) -> None:
    known = known_rows(dataset.orders, marks, (), is_snapshots=False)
    reached = reached_states(known)
    shipped, scanned, delivered = (known[n] <= marks.as_of for n in ("shipped_at", "first_scan_at", "delivered_at"))
    np.testing.assert_array_equal(reached[State.SHIPPED], shipped | scanned | delivered)
    due = known["latest_delivery_at"] <= marks.as_of
    np.testing.assert_array_equal(reached[State.IN_TRANSIT], scanned | (shipped & due))
    np.testing.assert_array_equal(reached[State.DELIVERED], delivered)


@pytest.mark.parametrize("state", ["shipped", "in_transit", "delivered", "contact"])
def test_a_state_is_entered_at_the_first_moment_it_is_reached(dataset: Dataset, marks: Landmarks, state: str) -> None:
    mine = marks.take(marks.name == state)
    at, before = (
        reached_states(known_rows(dataset.orders, replace(mine, as_of=as_of), (), is_snapshots=False))
        for as_of in (mine.as_of, mine.as_of - 1e-3)
    )
    assert mine.m > 100
    assert at[State(state)].all()
    assert not before[State(state)].any()


@pytest.mark.parametrize(("name", "fact"), [("ship_by", "first_scan_at"), ("due", "delivered_at")])
def test_moments_of_waiting_count_only_while_the_order_waits(
    dataset: Dataset, marks: Landmarks, name: str, fact: str
) -> None:
    mine = marks.take(marks.name == name)
    assert mine.m > 10
    assert not (dataset.orders[fact][mine.order] <= mine.as_of).any()


def test_contact_is_looked_at_again_after_one_and_two_days(dataset: Dataset, marks: Landmarks) -> None:
    orders = dataset.orders.take(marks.order)
    first = np.fmin(orders["first_message_at"], orders["return_requested_at"])
    for name, days in CONTACT_DAYS.items():
        mine = marks.name == name
        assert mine.any()
        np.testing.assert_array_equal(marks.as_of[mine], first[mine] + days * DAY)


def test_random_moments_hang_on_order_and_seed_alone_and_spread_over_the_window(dataset: Dataset) -> None:
    nobody = np.full(dataset.orders.n, np.nan)
    full = of(dataset.orders, nobody, np.inf)
    half = dataset.orders.take(np.arange(0, dataset.orders.n, 2))
    part = of(half, nobody[: half.n], np.inf)
    told = {(o, n): at for o, n, at in keys(dataset.orders, full)}
    assert all(told[o, n] == at for o, n, at in keys(half, part))
    mine = full.name == "random_1"
    placed = dataset.orders["placed_at"][full.order[mine]]
    closes = claim_window_closes(dataset.orders, WINDOW)[full.order[mine]]
    share = (full.as_of[mine] - placed) / (closes - placed)
    assert abs(np.sort(share) - np.linspace(0, 1, len(share))).max() < 1.63 / np.sqrt(len(share))  # Kolmogorov, 1 %
    other = of(dataset.orders, nobody, np.inf, seed=SEED + 1)
    assert (other.as_of[other.name == "random_1"] != full.as_of[mine]).all()


def test_events_after_a_moment_change_no_row_before_it(dataset: Dataset) -> None:
    """What was recorded up to a cut gives, up to the cut, the rows that the final file gives."""
    orders, claimed_at = dataset.orders, dataset.claimed_at
    cut = float(np.quantile(orders["placed_at"], 0.6))
    instants = [name for name in facts() if name in orders and name != "placed_at"]
    early = orders.replacing({name: np.where(orders[name] <= cut, orders[name], np.nan) for name in instants})
    then = of(early, np.where(claimed_at <= cut, claimed_at, np.nan), cut)
    now = of(orders, claimed_at, cut)
    assert sorted(keys(early, then)) == sorted(keys(orders, now))
    seen, again = (known_rows(o, r, (), is_snapshots=False) for o, r in ((early, then), (orders, now)))
    one, other = (np.lexsort((r.name.astype(str), r.order)) for r in (then, now))
    for name in (n for n in orders if attributes()[n].settled is None):
        np.testing.assert_array_equal(seen[name][one], again[name][other], err_msg=name)


def test_an_extra_is_unknown_before_its_state(dataset: Dataset, marks: Landmarks) -> None:
    orders = dataset.orders.replacing({"x_scale": np.ones(dataset.orders.n)})
    known = known_rows(orders, marks, (Extra("x_scale", "number", "shipped"),), is_snapshots=False)
    np.testing.assert_array_equal(known.known("x_scale"), reached_states(known)[State.SHIPPED])


def test_all_landmarks_of_equal_orders_weigh_the_same_whatever_becomes_of_them(dataset: Dataset) -> None:
    marks, importance = chosen_landmarks(dataset, WINDOW, SEED)
    assert len(set(importance.tolist())) == 1
    orders = len(np.unique(marks.order))
    assert importance.sum() == pytest.approx(orders)


def test_sampled_orders_keep_every_claim_and_stand_for_all(dataset: Dataset) -> None:
    copies = 12
    many = dataset.orders.take(np.repeat(np.arange(dataset.orders.n), copies))
    ids = np.array([f"{order}-{i}" for i, order in enumerate(many["order_id"])], dtype=object)
    claimed_at = np.where(np.arange(many.n) % copies == 0, np.repeat(dataset.claimed_at, copies), np.nan)
    large = replace(dataset, orders=many.replacing({"order_id": ids}), claimed_at=claimed_at)
    places, stands_for = sampled(large, SEED)
    claimed = np.isfinite(large.claimed_at[places])
    assert claimed.sum() == np.isfinite(claimed_at).sum()
    assert (stands_for[claimed] == 1.0).all()
    assert len(places) < many.n
    assert stands_for.sum() == pytest.approx(many.n, rel=0.03)


def test_snapshots_are_their_own_moments_while_at_risk(dataset: Dataset) -> None:
    rng = np.random.default_rng(0)
    shown = dataset.orders["placed_at"] + rng.uniform(0.0, 150.0, dataset.orders.n) * DAY
    orders = dataset.orders.replacing({"as_of": shown})
    rows = snapshot_landmarks(orders, dataset.claimed_at, WINDOW, until=dataset.observed_until)
    at_risk = (shown < claim_window_closes(orders, WINDOW)) & ~(dataset.claimed_at <= shown)
    at_risk &= shown <= dataset.observed_until
    np.testing.assert_array_equal(rows.order, np.flatnonzero(at_risk))
    np.testing.assert_array_equal(rows.as_of, shown[at_risk])


def test_labels_are_claims_after_as_of_in_the_window_seen_by_then(dataset: Dataset) -> None:
    rows = prepare(dataset, Recipe(WINDOW, (), frozenset(), SEED), lambda _: None).rows
    until = dataset.observed_until - 60 * DAY
    expected = [
        as_of < claim <= min(closes, until)
        for as_of, claim, closes in zip(rows.as_of, rows.claimed_at, rows.closes, strict=True)
    ]
    np.testing.assert_array_equal(rows.labels(until), expected)
    weight = rows.weights(curve_of(rows, until, WINDOW), until)
    assert (weight[rows.as_of > until] == 0.0).all()
    assert (weight <= rows.importance).all()
    mature = (rows.closes <= until) & (rows.as_of <= until)
    np.testing.assert_array_equal(weight[mature], rows.importance[mature])
