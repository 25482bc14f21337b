"""What past orders tell of an action: the effect where it can be told, and why not where it cannot."""

from __future__ import annotations

import dataclasses
import math
from copy import copy

import numpy as np
import pytest

from features.errors import SettingError
from features.feature import Feature
from model.effects import Z_90, Evidence, Finding
from training.confounders import confounders
from training.dataset import read_dataset
from training.effects import Choice, Past, compared, effects_told, evidence_of, findings
from training.rows import curve_of
from training.simulate import load_world, simulate
from training.train import Recipe, prepare
from training.treatments import loaded, treatments

TYPE = "not_received"


def chosen(orders: int = 40_000, effect: float = 0.5, lean: float = 1.5, seed: int = 1) -> Choice:
    """Orders that are treated the more often, the riskier they are; an action multiplies their risk by `effect`."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=orders)
    treated = rng.random(orders) < 1.0 / (1.0 + np.exp(1.0 - lean * risk))
    claimed = rng.random(orders) < 0.01 * np.exp(0.8 * risk) * np.where(treated, effect, 1.0)
    Y = np.stack([claimed, np.zeros(orders), np.zeros(orders)], axis=1).astype(np.float64)
    nth = np.arange(orders)
    return Choice(np.stack([np.ones(orders), risk], axis=1), treated, Y, np.ones(orders), nth // 100, nth % 2)


def naive(choice: Choice) -> float:
    """Claims of treated orders ÷ of others, as they stand."""
    return float(choice.Y[choice.treated, 0].mean() / choice.Y[~choice.treated, 0].mean())


def test_an_effect_is_found_although_risky_orders_are_treated_more_often() -> None:
    choice = chosen()
    finding = compared(choice)[TYPE]
    assert naive(choice) > 1.0
    assert abs(finding.log_rr - math.log(0.5)) < 2.0 * finding.sd < 0.5


def test_the_interval_covers_the_effect_as_often_as_it_says() -> None:
    told = [compared(chosen(30_000, 0.7, 0.8, seed))[TYPE] for seed in range(24)]
    covered = np.mean([abs(f.log_rr - math.log(0.7)) < Z_90 * f.sd for f in told])
    assert 0.75 <= covered < 1.0


def test_a_choice_that_was_never_free_is_not_identified() -> None:
    choice = chosen()
    side = np.sign(choice.C[:, 1])
    forced = dataclasses.replace(choice, treated=side > 0.0, C=np.stack([choice.C[:, 0], side], axis=1))
    assert {f.status for f in compared(forced).values()} == {"not_identified"}
    assert "could have gone either way" in compared(forced)[TYPE].reason


def test_few_claims_are_not_identified_and_say_how_many_there_were() -> None:
    finding = compared(chosen(3_000))[TYPE]
    assert finding.status == "not_identified"
    assert min(finding.claims) < treatments().refuse.fewest_claims
    assert f"{finding.claims[0]} claims with the action" in finding.reason


def test_equal_choices_give_equal_bits() -> None:
    one, other = (compared(chosen())[TYPE] for _ in range(2))
    assert (one.log_rr, one.sd) == (other.log_rr, other.sd)


@pytest.fixture(scope="module")
def past(tmp_path_factory) -> Past:
    """A shop of many claims, as training sees it."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "world.toml").write_text('extends = "common"\n[claim]\nshift_log_odds = 2.0\n')
    made = simulate(load_world(folder / "world.toml"), 20_000, 7, truth=False)
    made.orders.write_parquet(folder / "orders.parquet")
    made.outcomes.write_parquet(folder / "outcomes.parquet")
    ready = prepare(
        read_dataset(folder / "orders.parquet", folder / "outcomes.parquet"),
        Recipe(90.0, (), frozenset(), 7),
        lambda _: None,
    )
    curve = curve_of(ready.rows, ready.dataset.observed_until, 90.0)
    return Past(ready.dataset, ready.pipeline, ready.marks, ready.rows, curve)


def test_hand_over_in_time_is_seen_to_help_and_terms_of_a_whole_shop_are_not_identified(past: Past) -> None:
    evidence = evidence_of(past)
    in_time, address = evidence.of("HAND_OVER_IN_TIME", TYPE), evidence.of("ADD_RETURN_ADDRESS", "return_or_refund")
    assert in_time is not None
    assert address is not None
    assert in_time.status == "evidence"
    assert in_time.interval[2] < 1.0
    assert (address.status, address.reason != "") == ("not_identified", True)
    assert "HAND_OVER_IN_TIME" in effects_told(evidence)


def test_what_was_dropped_by_the_leak_checks_tells_of_no_action(past: Past) -> None:
    signature = next(t for t in treatments().treatment if t.action == "ADD_SIGNATURE")
    blind = copy(past.pipeline)
    blind.ignored = (*blind.ignored, "signature_service")
    found = findings(dataclasses.replace(past, pipeline=blind), signature, None)[TYPE]
    assert found.reason == "signature_service cannot be trusted in past orders"
    assert "handled alike" in findings(past, signature, None)[TYPE].reason


def test_no_confounder_speaks_for_the_choice_itself_or_for_what_came_later(past: Past) -> None:
    rows, features = past.rows, past.pipeline.features_
    at = np.flatnonzero(rows.name == "placed_planned")
    shop = past.dataset.orders["shop_id"][rows.order[at]]
    found = confounders(rows.X[at], features, shop, rows.placed_at[at], treatments().fit)
    used = set(found.attributes.tolist())
    assert {"signature_service", "has_tracking", "order_total"} <= used
    assert not used & {"delivered_at", "first_message_at", "first_reply_at", "delivery_place", "shipped_at"}
    kept = found.without(("signature_service",), np.ones(len(at), dtype=np.bool_))
    assert kept.shape[1] == (found.attributes != "signature_service").sum()


def test_gaps_are_filled_and_told_and_shops_compared_with_themselves() -> None:
    X = np.array([[1.0], [np.nan], [3.0], [5.0]] * 50)
    feature = Feature("value_log", "order_total", "log", "placed", "size")
    shop = np.array(["a", "b"] * 100, dtype=object)
    found = confounders(X, (feature,), shop, np.zeros(200), treatments().fit)
    assert np.isfinite(found.C).all()
    assert (found.attributes == "order_total").sum() >= 2
    assert (found.attributes == "").sum() == 3  # the constant and two shops


def test_a_treatment_told_two_ways_is_refused(tmp_path) -> None:
    file = tmp_path / "treatments.toml"
    text = 'valid_from = 2026-11-25\n[[treatment]]\naction = "A_B"\nat = "placed"\napart = []\ncluster = "week"\n'
    file.write_text(text)
    with pytest.raises(SettingError, match="expected either done, or treated and control"):
        loaded(file)


def test_evidence_without_findings_says_that_nothing_is_told() -> None:
    untold = Finding("not_identified", math.nan, math.nan, (0, 0), 0.0, "no")
    assert effects_told(Evidence({"ADD_SIGNATURE": {TYPE: untold}})) == "effects of actions: past orders tell of 0 of 1"
