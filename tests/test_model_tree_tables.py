"""Tables of trees against LightGBM itself: the same bits for scores, exact SHAP, and no table where none can be."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from features.columns import Floats
from model.booster import Booster
from model.tree_tables import TreeTables, tabled
from model.tree_text import trees_of

FEATURES = 12


def _rows(n: int, seed: int) -> Floats:
    """Numbers, whole numbers and flags, a fifth unknown in all but the first three columns, which always are known."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, FEATURES))
    X[:, 4:8] = np.round(X[:, 4:8])
    X[:, 8:] = X[:, 8:] > 0.5
    X[:, 3:][rng.random((n, FEATURES - 3)) < 0.2] = np.nan
    return X


def _grown(leaves: int, depth: int, *, categories: object = "auto", **more: object) -> lightgbm.Booster:
    X = np.abs(_rows(3_000, 1))
    y = (np.nan_to_num(X[:, 0] * X[:, 3] + X[:, 5] + X[:, 9]) > 0.7).astype(float)
    told = {"objective": "binary", "num_leaves": leaves, "max_depth": depth, "min_data_in_leaf": 5, "num_threads": 1}
    return lightgbm.train(told | {"verbosity": -1} | more, lightgbm.Dataset(X, y, categorical_feature=categories), 40)


def _tables(bare: lightgbm.Booster) -> TreeTables:
    found = tabled(trees_of(bare.model_to_string()) or (), FEATURES)
    assert found is not None
    return found


@pytest.mark.parametrize(("leaves", "depth"), [(2, 1), (8, 4), (12, 5), (31, 6), (60, 8)])
def test_tables_say_what_lightgbm_says(leaves: int, depth: int) -> None:
    bare = _grown(leaves, depth)
    tables, X = _tables(bare), _rows(1_000, 2)
    assert tables.log_odds(X).tobytes() == bare.predict(X, raw_score=True, num_threads=1).tobytes()
    told = bare.predict(X, pred_contrib=True, num_threads=1)
    np.testing.assert_allclose(tables.contributions(X), told, rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 127, 128, 129])
def test_a_row_reads_alike_in_any_company(size: int) -> None:
    tables, X = _tables(_grown(12, 5)), _rows(300, 3)
    parts = [X[begin : begin + size] for begin in range(0, len(X), size)]
    assert np.concatenate([tables.log_odds(part) for part in parts]).tobytes() == tables.log_odds(X).tobytes()
    told = np.concatenate([tables.contributions(part) for part in parts])
    assert told.tobytes() == tables.contributions(X).tobytes()


def test_trees_without_a_split_say_their_value() -> None:
    bare = _grown(4, 2, min_data_in_leaf=3_000)
    X = _rows(5, 4)
    np.testing.assert_array_equal(_tables(bare).log_odds(X), bare.predict(X, raw_score=True))
    np.testing.assert_allclose(_tables(bare).contributions(X), bare.predict(X, pred_contrib=True), rtol=0, atol=1e-12)


FOREST = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}


@pytest.mark.parametrize("more", [{"categories": [5]}, FOREST, {"linear_tree": True}, {"zero_as_missing": True}])
def test_trees_of_other_kinds_go_through_lightgbm(more: dict[str, object]) -> None:
    bare = _grown(8, 4, **more)
    X, state = np.abs(_rows(50, 5)), np.zeros(50, dtype=np.int64)
    assert trees_of(bare.model_to_string()) is None
    told = Booster("state=placed\n" + bare.model_to_string()).log_odds(X, state)
    assert told.tobytes() == bare.predict(X, raw_score=True, num_threads=1).tobytes()


def test_ways_of_more_conditions_than_a_byte_go_through_lightgbm() -> None:
    bare = _grown(200, 30)
    X, state = _rows(20, 6), np.zeros(20, dtype=np.int64)
    assert tabled(trees_of(bare.model_to_string()) or (), FEATURES) is None
    booster = Booster("state=placed\n" + bare.model_to_string())
    assert booster.contributions(X, state).tobytes() == bare.predict(X, pred_contrib=True, num_threads=1).tobytes()
