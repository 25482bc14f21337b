"""The pipeline: scikit-learn's contract, every feature declared and made, one row as in a table, signs that hold."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from features import goods, history, parcel, parties, timing
from features.columns import Array, Columns, Floats
from features.completion import completed
from features.document import read_order
from features.errors import BundleError, InputError
from features.feature import CONSTRAINED
from features.history import Past
from features.kinds import TEXT_KINDS, Kind
from features.moments import DAY, as_known
from features.order import STATES, Attribute, attributes
from features.order_columns import columns_of
from features.pipeline import EXTRA_LEVELS, Extra, FeaturePipeline, declared_extra

AS_OF = 20_000 * DAY
EXTRAS = (Extra("x_warehouse", "category", "placed"), Extra("x_score", "number", "shipped"))
TEXTS = {Kind.COUNTRY: ("US", "CN"), Kind.CURRENCY: ("USD", "EUR")}


def value(declared: Attribute, n: int, rng: np.random.Generator) -> Array:
    """Any known values of an attribute's kind; facts lie before AS_OF."""
    if declared.kind in TEXT_KINDS:
        return np.array(TEXTS.get(declared.kind, ("a", "b", "c")), dtype=object)[rng.integers(0, 2, n)]
    if declared.kind is Kind.CHOICE:
        return rng.integers(0, len(declared.choices), n).astype(np.float64)
    if declared.kind is Kind.INSTANT:
        return AS_OF - rng.uniform(0.0, 40.0, n) * DAY
    whole = declared.kind in (Kind.FLAG, Kind.COUNT)
    low, high = declared.minimum, {Kind.FLAG: 1.0, Kind.RATE: 1.0, Kind.COUNT: 9.0}.get(declared.kind, 500.0)
    return rng.integers(low, high + 1.0, n).astype(np.float64) if whole else rng.uniform(low, high, n)


def all_known(n: int, seed: int = 0) -> Columns:
    """n orders of which every attribute is known, with two of the shop's own."""
    rng = np.random.default_rng(seed)
    arrays = {name: value(declared, n, rng) for name, declared in attributes().items()}
    arrays["as_of"] = np.full(n, AS_OF)
    arrays["x_warehouse"] = np.array(["W1", "W2", "W3"], dtype=object)[rng.integers(0, 3, n)]
    arrays["x_score"] = rng.uniform(-1.0, 1.0, n)
    return Columns(n, arrays)


def some_unknown(columns: Columns, seed: int, share: float = 0.4) -> Columns:
    """The same orders, each value unknown by chance; keys and as_of stay."""
    rng, arrays = np.random.default_rng(seed), dict[str, Array]()
    for name in columns:
        if name not in ("order_id", "as_of"):
            arrays[name] = columns[name].copy()
            arrays[name][rng.random(columns.n) < share] = None if columns[name].dtype == object else np.nan
    return columns.replacing(arrays)


def claims(n: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < 0.2, AS_OF - rng.uniform(0.0, 20.0, n) * DAY, np.nan)


@pytest.fixture(scope="module")
def pipeline() -> FeaturePipeline:
    return FeaturePipeline(90.0, EXTRAS).fit(all_known(500), claims(500), observed_until=AS_OF)


@pytest.fixture(scope="module")
def orders(documents: list[dict[str, Any]]) -> Columns:
    """Orders of the simulator, each as known at its as_of."""
    return as_known(completed(columns_of([read_order(document) for document in documents])))


def assert_same_bits(got: Floats, wanted: Floats) -> None:
    """Equal to the last bit; every NaN is one NaN."""
    np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
    assert np.nan_to_num(got).tobytes() == np.nan_to_num(wanted).tobytes()


def test_it_is_a_transformer_as_scikit_learn_means_it() -> None:
    asked = {"window_days": 60.0, "extras": EXTRAS, "ignored": ("sku",)}
    plain = FeaturePipeline(**asked)
    assert plain.get_params() == asked
    fitted = plain.fit(all_known(50), claims(50), observed_until=AS_OF)
    assert fitted is plain
    fresh = clone(fitted)
    assert fresh.get_params() == asked
    assert not hasattr(fresh, "snapshot_")
    assert fresh.set_params(window_days=30.0).window_days == 30.0
    with pytest.raises(NotFittedError):
        fresh.transform(all_known(1))
    with pytest.raises(ValueError, match="window_days, extras, ignored, got 'window'"):
        fresh.set_params(window=30.0)


def test_it_stands_in_a_pipeline_of_scikit_learn() -> None:
    table, claimed = all_known(20), claims(20)
    alone = FeaturePipeline().fit(table, claimed, observed_until=AS_OF)
    whole = make_pipeline(FeaturePipeline(), "passthrough")
    got = whole.fit_transform(table, claimed, featurepipeline__observed_until=AS_OF)
    assert_same_bits(got, alone.transform(table))
    assert list(whole[:1].get_feature_names_out()) == [f.name for f in alone.features_]


def test_a_matrix_has_one_named_column_a_feature(pipeline: FeaturePipeline) -> None:
    X = pipeline.transform(all_known(20))
    names = pipeline.get_feature_names_out()
    assert X.shape == (20, len(names))
    assert X.dtype == np.float64
    assert len(set(names)) == len(names)
    assert list(names) == [f.name for f in pipeline.features_]


def test_fit_and_transform_leave_the_orders_as_they_were(pipeline: FeaturePipeline) -> None:
    orders = all_known(30)
    before = {name: array.copy() for name, array in orders.items()}
    FeaturePipeline(90.0, EXTRAS).fit(orders, claims(30), observed_until=AS_OF).transform(orders)
    for name, array in before.items():
        np.testing.assert_array_equal(orders[name], array)


def test_each_block_makes_exactly_the_features_it_declares() -> None:
    orders = all_known(40)
    made = {
        goods: goods.goods(orders), parcel: parcel.parcel(orders), parties: parties.parties(orders),
        timing: timing.timing(orders, 90.0), history: Past(orders, claims(40)).snapshot(AS_OF).features(orders),
    }  # fmt: skip
    for block, arrays in made.items():
        assert sorted(arrays) == sorted(f.name for f in block.FEATURES), block.__name__
        assert all(a.shape == (40,) and a.dtype == np.float64 for a in arrays.values())


def test_features_say_what_they_are(pipeline: FeaturePipeline) -> None:
    spoken_for = {*attributes(), "state", "history", *(e.name for e in EXTRAS)}
    for feature in pipeline.features_:
        assert feature.meaning.strip(), feature.name
        assert feature.unit.strip(), feature.name
        assert feature.attribute in spoken_for, feature.name
        assert feature.sign in (-1, 0, 1)


def test_of_an_order_of_which_nothing_is_known_nothing_is_told(pipeline: FeaturePipeline) -> None:
    order = Columns(1, {"order_id": np.array(["1"], dtype=object), "as_of": np.array([AS_OF])})
    told = dict(zip(pipeline.get_feature_names_out(), pipeline.transform(order)[0], strict=True))
    known = {name for name, value in told.items() if not np.isnan(value)}
    stages = {f"has_been_{s}" for s in STATES[1:]} | {"is_cancelled", "is_cancel_requested"}
    assert known - stages - {f.name for f in history.FEATURES} <= {"days_overdue", "days_overdue_log"}


@pytest.mark.parametrize("name", ["item_weight_g", "signature_service", "buyer_prior_orders", "mismatch_image"])
def test_a_value_that_is_unknown_is_nan_in_its_feature(pipeline: FeaturePipeline, name: str) -> None:
    orders = all_known(6)
    blank = orders[name].copy()
    blank[::2] = np.nan
    X = pipeline.transform(orders.replacing({name: blank}))
    mine = next(j for j, f in enumerate(pipeline.features_) if f.attribute == name)
    np.testing.assert_array_equal(np.isnan(X[:, mine]), [True, False] * 3)


@pytest.mark.parametrize("n", [1, 2, 7, 64, 1_000])
def test_a_row_alone_equals_the_row_in_a_table(pipeline: FeaturePipeline, orders: Columns, n: int) -> None:
    rng = np.random.default_rng(n)
    mixed = some_unknown(all_known(n, seed=n), seed=n)
    for table in (mixed, orders.take(rng.permutation(orders.n)[:n])):
        X = pipeline.transform(table)
        mixing = rng.permutation(n)
        assert_same_bits(pipeline.transform(table.take(mixing)), X[mixing])
        for i in rng.permutation(n)[:40]:
            assert_same_bits(pipeline.transform(table.take(np.array([i])))[0], X[i])


def test_an_order_without_the_columns_it_does_not_know_equals_its_row(
    pipeline: FeaturePipeline, orders: Columns
) -> None:
    for table in (orders.take(np.arange(0, 1_000, 10)), some_unknown(all_known(60), seed=3, share=0.8)):
        X = pipeline.transform(table)
        for i in range(table.n):
            row = table.take(np.array([i]))
            sparse = Columns(1, {name: row[name] for name in row if row.known(name)[0]})
            assert_same_bits(pipeline.transform(sparse)[0], X[i])


def test_the_state_comes_back_from_json_with_equal_bits(pipeline: FeaturePipeline, orders: Columns) -> None:
    state = json.loads(json.dumps(pipeline.to_state()))
    again = FeaturePipeline.from_state(state)
    assert again.get_params() == pipeline.get_params()
    assert again.features_ == pipeline.features_
    assert again.to_state() == pipeline.to_state()
    for table in (orders, all_known(100, seed=1)):
        assert_same_bits(again.transform(table), pipeline.transform(table))


@pytest.mark.parametrize("contract", [0, 1, "2", None])
def test_the_state_of_another_contract_is_refused(pipeline: FeaturePipeline, contract: object) -> None:
    with pytest.raises(BundleError, match=f"expected contract 2, got {contract!r}; train the model again"):
        FeaturePipeline.from_state({**pipeline.to_state(), "contract": contract})


def test_a_state_with_other_features_is_refused_with_the_difference(pipeline: FeaturePipeline) -> None:
    state = pipeline.to_state()
    names = ["moon_phase" if name == "value_log" else name for name in state["features"]]
    with pytest.raises(BundleError, match=r"lacks \['value_log'\] and has \['moon_phase'\]"):
        FeaturePipeline.from_state({**state, "features": names})


def test_an_ignored_attribute_changes_no_feature() -> None:
    orders = all_known(80)
    ignored = ("carrier_late_rate", "mismatch_image", "tracking_status")
    fitted = FeaturePipeline(90.0, EXTRAS, ignored).fit(orders, claims(80), observed_until=AS_OF)
    other = all_known(80, seed=9)
    changed = orders.replacing({name: other[name] for name in ignored})
    assert_same_bits(fitted.transform(changed), fitted.transform(orders))


def test_levels_of_a_category_are_its_most_frequent_and_others_are_none_of_them() -> None:
    n = 300
    warehouse = np.array([f"W{min(i % 40, i % 17):02d}" for i in range(n)], dtype=object)
    orders = all_known(n).replacing({"x_warehouse": warehouse})
    fitted = FeaturePipeline(90.0, EXTRAS[:1]).fit(orders, claims(n), observed_until=AS_OF)
    levels = fitted.levels_["x_warehouse"]
    assert len(levels) == EXTRA_LEVELS
    counts = [int((warehouse == level).sum()) for level in levels]
    assert counts == sorted(counts, reverse=True)
    X = fitted.transform(orders)[:, -EXTRA_LEVELS:]
    np.testing.assert_array_equal(X.sum(axis=1), np.isin(warehouse.astype(str), levels))


def test_rows_of_the_past_differ_from_rows_of_today_in_history_alone(pipeline: FeaturePipeline) -> None:
    orders = all_known(50)
    past = pipeline.transform_past(orders, np.full(50, 30.0))
    today = pipeline.transform(orders)
    of_history = np.array([f in history.FEATURES for f in pipeline.features_])
    assert_same_bits(past[:, ~of_history], today[:, ~of_history])
    assert (past[:, of_history] != today[:, of_history]).any()


def steps(name: str, n: int, seed: int) -> tuple[Floats, Floats]:
    """A known value of an attribute and a higher one, for each of n orders."""
    first, second = (value(attributes()[name], n, np.random.default_rng(seed + k)) for k in (0, 1))
    return np.minimum(first, second), np.maximum(first, second)


@pytest.mark.parametrize("name", CONSTRAINED)
def test_raising_a_constrained_attribute_moves_features_by_its_sign_only(
    pipeline: FeaturePipeline, orders: Columns, name: str
) -> None:
    for table in (some_unknown(all_known(400, seed=2), seed=5), orders):
        low, high = steps(name, table.n, seed=11)
        moved = pipeline.transform(table.replacing({name: high})) - pipeline.transform(table.replacing({name: low}))
        signs = np.array([f.sign for f in pipeline.features_])
        touched = (np.nan_to_num(moved) != 0.0).any(axis=0)
        assert touched.any()
        assert (signs[touched] != 0).all(), pipeline.get_feature_names_out()[touched & (signs == 0)]
        assert (np.nan_to_num(moved)[:, touched] * signs[touched] * CONSTRAINED[name] >= 0.0).all()


def test_signs_stand_only_on_features_of_constrained_attributes(pipeline: FeaturePipeline) -> None:
    strangers = {f.name for f in pipeline.features_ if f.sign and f.attribute not in CONSTRAINED}
    assert not strangers
    assert set(CONSTRAINED) <= set(attributes())


@pytest.mark.parametrize(
    "text", ["warehouse:category:placed", "x_a:colour:placed", "x_a:number:now", "x_a", "x_a:flag"]
)
def test_an_extra_that_is_declared_wrongly_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="such as x_warehouse:category:placed"):
        declared_extra(text)


def test_an_ignored_attribute_does_not_come_back_through_history() -> None:
    n = 400
    claimed = np.where(np.arange(n) % 20 == 0, 30.0 * 86_400, np.nan)
    orders = Columns(n, {
        "order_id": np.array([str(i) for i in range(n)], dtype=object), "shop_id": np.full(n, "a", dtype=object),
        "carrier": np.where(np.isnan(claimed), None, "rough"), "placed_at": np.zeros(n),
    })  # fmt: skip
    blind = FeaturePipeline(90.0, (), ("carrier",)).fit(orders, claimed, observed_until=100.0 * 86_400)
    X = blind.transform(orders.replacing({"as_of": np.full(n, 101.0 * 86_400)}))
    place = list(blind.get_feature_names_out()).index("carrier_claim_history")
    assert (X[:, place] == 0.0).all()


OVERDUE = {"order_id": "A", "as_of": "2026-11-20T00:00:00Z", "placed_at": "2026-11-02T00:00:00Z",
           "shipped_at": "2026-11-04T00:00:00Z", "latest_delivery_at": "2026-11-16T00:00:00Z"}  # fmt: skip


@pytest.mark.parametrize(
    ("tracking", "scanned", "unscanned_days", "unseen_days"),
    [(True, False, 16.0, 4.0), (True, True, 0.0, 4.0), (False, False, None, None), (None, False, 16.0, None)],
)
def test_the_silence_of_a_parcel_that_nobody_follows_tells_nothing(
    tracking: bool | None, scanned: bool, unscanned_days: float | None, unseen_days: float | None
) -> None:
    scan = {"first_scan_at": "2026-11-05T00:00:00Z"} if scanned else {}
    document = {**OVERDUE, **scan} | ({} if tracking is None else {"has_tracking": tracking})
    found = timing.timing(completed(columns_of([read_order(document)])), 90.0)
    told = [found[name][0] for name in ("unscanned_days", "unseen_days", "days_overdue")]
    expected = [np.nan if v is None else v for v in (unscanned_days, unseen_days, 4.0)]
    np.testing.assert_array_equal(told, expected)
