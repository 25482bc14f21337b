"""Reasons and advice for a part of a file: the right orders, and what they would be told anyway."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from features.tables import TableOptions
from model.artefact import Bundle
from service.batch import Wish, score_file
from service.decide import BANDS
from service.explained import Explained, explained, riskiest
from service.means import Means
from service.result_columns import EXPLAINED, PREFIX

WISH = Wish(workers=1, piece_rows=64)
TOLD = [PREFIX + name for name in EXPLAINED]


@pytest.fixture(scope="module")
def orders(documents: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("given") / "orders.parquet"
    pl.DataFrame(documents[:200], infer_schema_length=None).write_parquet(path)
    return path


@pytest.fixture(scope="module")
def full(orders: Path, bundle: Bundle) -> pl.DataFrame:
    """The result in which every order is explained."""
    return scored(orders, bundle, WISH)


def scored(orders: Path, bundle: Bundle, wish: Wish) -> pl.DataFrame:
    out = orders.with_name("out.parquet")
    score_file(orders, out, TableOptions(), Means(bundle), wish)
    return pl.read_parquet(out)


def expect_told(found: pl.DataFrame, full: pl.DataFrame, where: pl.Series) -> None:
    """The orders of `where` are told what the full result tells them, the others nothing; all else is equal."""
    assert found.drop(TOLD).equals(full.drop(TOLD))
    assert found.filter(where).equals(full.filter(where))
    assert found.filter(~where).select(pl.col(TOLD).is_null().all()).row(0) == (True,) * len(TOLD)


@pytest.mark.parametrize("band", BANDS[1:])
def test_from_a_band_on(orders: Path, full: pl.DataFrame, bundle: Bundle, band: str) -> None:
    found = scored(orders, bundle, replace(WISH, explained=explained(None, band)))
    where = full[PREFIX + "band"].is_in(BANDS[BANDS.index(band) :])
    assert where.any()
    expect_told(found, full, where)


@pytest.mark.parametrize(("top", "orders_told"), [("0%", 0), ("12.5%", 25), ("0.1%", 1)])
def test_the_riskiest_share(orders: Path, full: pl.DataFrame, bundle: Bundle, top: str, orders_told: int) -> None:
    found = scored(orders, bundle, replace(WISH, explained=explained(top, None)))
    probability = full[PREFIX + "probability"]
    where = probability.rank("ordinal", descending=True) <= orders_told
    assert where.sum() == orders_told
    expect_told(found, full, where.fill_null(value=False))


@given(st.lists(st.lists(st.sampled_from([0.1, 0.2, 0.3, np.nan]), max_size=5), min_size=1), st.integers(0, 12))
def test_of_equal_orders_the_first_are_riskiest(parts: list[list[float]], most: int) -> None:
    found = riskiest([np.array(part) for part in parts], most)
    together = [(-p, k, i) for k, part in enumerate(parts) for i, p in enumerate(part) if p == p]
    expected = sorted(together)[:most]
    assert sorted((k, i) for k, places in enumerate(found) for i in places) == sorted((k, i) for _, k, i in expected)


@pytest.mark.parametrize(("top", "band"), [("10", None), ("101%", None), ("-1%", None), (None, "red"), ("1%", "high")])
def test_what_cannot_be_meant_is_refused(top: str | None, band: str | None) -> None:
    with pytest.raises(InputError, match="expected"):
        explained(top, band)


def test_all_orders_are_explained_unless_said() -> None:
    assert explained(None, None) == explained("100%", None) == Explained()
