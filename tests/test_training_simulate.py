"""The simulator: its truth agrees with its outcomes, its facts with the policy's clocks."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.errors import SettingError
from training.basket import INTERVENTIONS
from training.milestones import CELLS, STATES
from training.replicates import foreseen
from training.simulate import Simulated, load_world, simulate

DAY = pl.duration(days=1)


@cache
def made(world: str = "common", intervene: str | None = None, orders: int = 20_000, paths: int = 16) -> Simulated:
    return simulate(load_world(world), orders, seed=5, intervene=intervene, truth_paths=paths)


def truth_with_outcome(simulated: Simulated) -> pl.DataFrame:
    assert simulated.truth is not None
    claims = simulated.outcomes.select("order_id", "claim_opened_at")
    is_claim = (pl.col("claim_opened_at") > pl.col("as_of")).fill_null(value=False)
    return simulated.truth.join(claims, on="order_id", how="left").with_columns(claimed=is_claim)


def surprise(rows: pl.DataFrame) -> float:
    """Observed less expected claims in standard errors."""
    p = rows["probability"].to_numpy()
    return float((rows["claimed"].sum() - p.sum()) / max(np.sqrt((p * (1 - p)).sum()), 0.5))


def mean_truth(simulated: Simulated) -> float:
    assert simulated.truth is not None
    placed = simulated.truth.filter(pl.col("state") == "placed", pl.col("cell") == "entry")
    return float(placed["probability"].to_numpy().mean())


def test_truth_agrees_with_claims_in_every_cell_and_state() -> None:
    told = truth_with_outcome(made(orders=40_000))
    for key, rows in told.group_by("cell", "state"):
        assert abs(surprise(rows)) < 3.0, key


def test_truth_agrees_with_claims_in_deciles_of_itself() -> None:
    told = truth_with_outcome(made(orders=40_000)).filter(pl.col("cell") == "entry")
    for _, rows in told.group_by("state"):
        tenth = rows["probability"].rank("ordinal") * 10 // (len(rows) + 1)
        assert all(abs(surprise(rows.filter(tenth == k))) < 3.5 for k in range(10))


def test_equal_arguments_give_equal_frames() -> None:
    again = simulate(load_world("common"), 20_000, seed=5, truth_paths=16)
    assert_frame_equal(again.orders, made().orders)
    assert_frame_equal(again.outcomes, made().outcomes)
    assert again.truth is not None
    assert made().truth is not None
    assert_frame_equal(again.truth, made().truth)


def test_later_parts_have_the_same_skus_and_other_orders() -> None:
    world = load_world("reference")
    first, later = (simulate(world, 2_000, seed=5, part=part, truth=False).orders for part in (0, 1))
    traits = ["sku", "shop_id", "category", "is_fragile", "mismatch_image"]
    both = pl.concat([first.select(traits), later.select(traits)]).unique()
    assert both["sku"].is_unique().all()
    assert later["placed_at"].min() > first["placed_at"].max()
    assert not set(first["order_id"]) & set(later["order_id"])


def test_no_order_breaks_the_order_of_its_facts() -> None:
    chain = ["placed_at", "shipped_at", "first_scan_at", "delivered_at"]
    orders = made().orders
    for earlier, later in pairwise(chain):
        assert (orders[later] >= orders[earlier]).drop_nulls().all()
    returns = ["return_requested_at", "return_authorised_at", "return_label_sent_at", "return_shipped_at"]
    for earlier, later in pairwise(returns):
        assert (orders[later] >= orders[earlier]).drop_nulls().all()
    assert (orders["first_reply_at"] >= orders["first_message_at"]).drop_nulls().all()


def test_no_claim_is_opened_before_the_policy_allows_or_after_the_window() -> None:
    claims = made().outcomes.join(made().orders, on="order_id")
    opened, promise = pl.col("claim_opened_at"), pl.col("latest_delivery_at")
    contact = pl.min_horizontal("first_message_at", "return_requested_at")
    assert claims.select((opened >= contact + 2 * DAY).drop_nulls().all()).item()
    missing = claims.filter(pl.col("claim_type") == "not_received")
    assert missing.select((opened >= pl.min_horizontal(promise + 3 * DAY, "delivered_at")).all()).item()
    assert claims.select((opened <= promise + 90 * DAY).all()).item()


def test_truth_is_told_only_while_an_order_is_at_risk() -> None:
    told = truth_with_outcome(made()).join(made().orders, on="order_id")
    assert (told["as_of"] < told["claim_opened_at"]).drop_nulls().all()
    assert told.select((pl.col("as_of") < pl.col("latest_delivery_at") + 90 * DAY).all()).item()
    assert told["probability"].is_between(0.0, 1.0).all()


def test_every_state_and_cell_is_told() -> None:
    told = truth_with_outcome(made())
    assert set(told.filter(pl.col("cell") == "entry")["state"]) == set(STATES)
    assert set(told["cell"]) == set(CELLS)


@pytest.mark.parametrize("name", sorted(INTERVENTIONS))
def test_an_intervention_lowers_the_mean_truth(name: str) -> None:
    assert mean_truth(made(intervene=name)) < 0.99 * mean_truth(made())


def test_hidden_causes_move_choices_and_claims_and_leave_all_else() -> None:
    plain, hidden = (
        made("reference", paths=32).orders,
        simulate(load_world("confounded"), 20_000, 5, truth=False).orders,
    )
    same = ["sku", "buyer_key", "carrier", "placed_at", "duties_paid"]
    assert_frame_equal(plain.select(same), hidden.select(same))
    assert not plain["signature_service"].equals(hidden["signature_service"])


def test_nothing_that_a_seller_may_do_counts_in_the_null_world() -> None:
    before = mean_truth(made("null"))
    for name in sorted(INTERVENTIONS):
        assert mean_truth(made("null", name)) == pytest.approx(before, rel=0.01), name


def test_tracking_does_harm_in_the_harmful_world() -> None:
    assert mean_truth(made("harmful", "tracking")) > 1.05 * mean_truth(made("harmful"))


def test_parcels_handed_over_in_time_on_purpose_are() -> None:
    orders = made(intervene="hand_over").orders
    assert orders.select((pl.col("shipped_at") < pl.col("ship_by")).all()).item()
    told = truth_with_outcome(made(intervene="hand_over", orders=40_000)).filter(pl.col("cell") == "entry")
    assert all(abs(surprise(rows)) < 3.0 for _, rows in told.group_by("state"))


def test_an_intervention_leaves_what_it_does_not_cause() -> None:
    caused = ["has_return_address_in_marketplace", "return_address_country", "return_label_sent_at", "refunded_at"]
    travel = ["sku", "buyer_key", "shipped_at", "delivered_at", "first_message_at", "first_reply_at", "item_weight_g"]
    before, after = made().orders, made(intervene="return_address").orders
    assert after["has_return_address_in_marketplace"].all()
    assert_frame_equal(before.select(travel), after.select(travel))
    tracked = made(intervene="tracking").orders
    assert_frame_equal(before.select("shipped_at", "sku"), tracked.select("shipped_at", "sku"))
    assert not before.select(caused).equals(after.select(caused))


def test_mismatch_harms_most_where_goods_cannot_be_sent_back() -> None:
    truth = made("reference", paths=32).truth
    assert truth is not None
    flags = pl.any_horizontal(pl.col("^mismatch_.*$")).alias("mismatch")
    orders = made("reference", paths=32).orders.select("order_id", flags, home="has_return_address_in_marketplace")
    rows = truth.filter(pl.col("state") == "delivered", pl.col("cell") == "entry").join(orders, on="order_id")
    rows = rows.with_columns(log_odds=(pl.col("probability") / (1 - pl.col("probability"))).log()).drop_nulls()
    mean = {key: part["log_odds"].to_numpy().mean() for key, part in rows.group_by("mismatch", "home")}
    assert mean[True, False] - mean[False, False] > mean[True, True] - mean[False, True] + 0.5


@pytest.mark.parametrize(("world", "low", "high"), [("rare", 1e-4, 1e-3), ("low", 1e-3, 3e-3), ("common", 6e-3, 1e-2)])
def test_worlds_have_their_rates(world: str, low: float, high: float) -> None:
    assert low < len(simulate(load_world(world), 40_000, seed=5, truth=False).outcomes) / 40_000 < high


def test_a_leaking_world_fills_attributes_in_because_of_claims() -> None:
    leaky = made("leaky", orders=10_000)
    is_claim = leaky.orders["order_id"].is_in(leaky.outcomes["order_id"].implode())
    for name in ("item_weight_g", "insured_value", "package_volume_cm3", "x_investigated"):
        known = leaky.orders[name].is_not_null()
        assert known.filter(is_claim).to_numpy().mean() > 5 * known.filter(~is_claim).to_numpy().mean()
    assert "x_investigated" not in made().orders.columns


def test_later_truth_has_seen_more_and_ranks_better() -> None:
    told = truth_with_outcome(made(orders=40_000)).filter(pl.col("cell") == "entry")
    lift = {}
    for state in ("placed", "shipped", "contact"):
        p = told.filter(pl.col("state") == state)
        lift[state] = p.filter("claimed")["probability"].to_numpy().mean() / p["probability"].to_numpy().mean()
    assert lift["shipped"] > lift["placed"] > 1.3
    assert lift["contact"] > 1.3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extends = "reference"\n[shop]\ncn_share = 1.5', r"\[shop\] cn_share: 1.5 is out of range"),
        ('extends = "reference"\n[shop]\ncn_shar = 0.5', r'unknown name \'cn_shar\', did you mean "cn_share"'),
        ('extends = "reference"\n[size]\nshops = 0', "expected at least 1, got 0"),
        ('extends = "nowhere"', "expected a world file or one of"),
        ("[shop]\ncn_share = 0.5", "'carrier' is missing"),
        ("shop = 1", "expected a table"),
        ("[shop", "is no TOML"),
    ],
)
def test_a_wrong_world_file_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=message):
        load_world(tmp_path / "mine.toml")


def test_an_unknown_intervention_names_the_known_ones() -> None:
    with pytest.raises(SettingError, match='did you mean "tracking"'):
        simulate(load_world("rare"), 10, seed=1, intervene="trackin")


@pytest.mark.parametrize("state", ["placed", "shipped", "delivered", "contact"])
def test_orders_lived_again_end_in_as_many_claims_as_the_truth_says(state: str) -> None:
    orders = 40_000 if state == "contact" else 10_000
    truth = made(orders=orders, paths=16).truth
    assert truth is not None
    entries = truth.filter(pl.col("cell") == "entry", pl.col("state") == state).select(
        "order_id", "as_of", "probability"
    )
    found = foreseen(load_world("common"), orders, seed=5, part=0, state=state, lives=24)
    counted = pl.DataFrame([found.order_id, found.as_of]).with_columns(
        claims=found.claims.sum(axis=1), lives=found.lives
    )
    both = entries.join(counted, on=["order_id", "as_of"])
    assert both.height == entries.height == len(found.as_of)
    seen, said = (both["claims"] * both["lives"]).sum(), (both["probability"] * both["lives"]).sum()
    assert abs(seen - said) < 4.0 * np.sqrt(said * (6.0 if state == "contact" else 1.5)) + 0.03 * said


def test_of_orders_lived_again_no_more_is_paid_or_a_defect_than_was_claimed() -> None:
    found = foreseen(load_world("common"), 5_000, seed=5, part=0, state="shipped", lives=10)
    assert np.all(found.defects <= found.paid)
    assert np.all(found.paid <= found.claims)
    assert 0.0 < found.defects.sum() < found.paid.sum() < found.claims.sum()
    assert np.array_equal(found.amount > 0.0, found.paid.sum(axis=1) > 0.0)
