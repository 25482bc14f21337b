"""Returns "not as described" by SKU, and flags put onto orders: nothing from later, nothing measured overwritten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import FileRefused
from features.listings.fill import filled, read_flags
from features.listings.lexicon import number
from features.listings.record import FLAGS
from features.listings.returns import not_as_described_rate, read_returns, says_not_as_described

events = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 9), st.booleans()), max_size=25)
asked = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 10)), min_size=1, max_size=10)


def table(rows: list[tuple[str, int, bool]]) -> pl.DataFrame:
    schema = {"sku": pl.String, "at": pl.Float64, "is_wrong": pl.Boolean}
    return pl.DataFrame([(s, float(t), w) for s, t, w in rows], schema=schema, orient="row")


def rates(orders: list[tuple[str, int]], rows: list[tuple[str, int, bool]]) -> list[float]:
    skus, at = pl.Series([s for s, _ in orders]), np.array([float(t) for _, t in orders])
    return not_as_described_rate(skus, at, table(rows)).tolist()


def by_hand(sku: str, at: int, rows: list[tuple[str, int, bool]]) -> float:
    past = [(s, w) for s, t, w in rows if t < at]
    own = [w for s, w in past if s == sku]
    base, prior = (sum(w for _, w in past) + 1) / (len(past) + 2), number("return_reasons.toml", "prior_returns")
    return (sum(own) + prior * base) / (len(own) + prior) if own else float("nan")


@settings(max_examples=50)
@given(asked, events)
def test_the_rate_is_that_of_a_count_by_hand(orders: list[tuple[str, int]], rows: list[tuple[str, int, bool]]) -> None:
    assert rates(orders, rows) == pytest.approx([by_hand(s, t, rows) for s, t in orders], nan_ok=True)


@settings(max_examples=30)
@given(asked, events, events)
def test_no_later_return_changes_a_rate(
    orders: list[tuple[str, int]], rows: list[tuple[str, int, bool]], later: list[tuple[str, int, bool]]
) -> None:
    after = [(s, t + 10, w) for s, t, w in later]
    assert rates(orders, rows + after) == pytest.approx(rates(orders, rows), nan_ok=True)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("CR-NOT_AS_DESCRIBED", True), ("AMZ-PG-BAD-DESC", True), ("CR-DEFECTIVE(存在瑕疵)", True), ("货不对板", True),
     ("CR-UNWANTED_ITEM", False), ("AMZ-PG-APP-TOO-SMALL", False), ("CR-DAMAGED_BY_CARRIER", False), ("", False)],
)  # fmt: skip
def test_a_reason_says_not_as_described_or_not(reason: str, expected: bool) -> None:
    assert says_not_as_described(reason) is expected


def test_a_return_with_an_unreadable_instant_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "returns.csv"
    file.write_text("sku,return_reason,return_requested_at\nA,CR-DEFECTIVE,2026-01-02T00:00:00Z\nA,CR-DEFECTIVE,soon\n")
    returns, rejects = read_returns(file)
    assert returns.height == 1
    assert [(r.line, r.column) for r in rejects] == [(3, "return_requested_at")]


def test_returns_without_a_column_are_refused_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "returns.csv"
    file.write_text("sku,reason,return_requested_at\nA,x,2026-01-02T00:00:00Z\n")
    with pytest.raises(FileRefused, match="return_reason is not there"):
        read_returns(file)


def test_only_empty_cells_are_filled_and_other_columns_stay() -> None:
    orders = pl.DataFrame({"sku": ["A", "A", "Z"], "mismatch_colour": ["0", None, ""], "note": ["x", "y", "z"]})
    flags = pl.DataFrame({"sku": ["A"], "mismatch_colour": [True], "mismatch_parts": [False]})
    found = filled(orders, flags)
    assert found["mismatch_colour"].to_list() == ["0", "true", None]
    assert found["mismatch_parts"].to_list() == [False, False, None]
    assert found["note"].to_list() == ["x", "y", "z"]


def test_of_several_listings_of_a_sku_any_mismatch_counts(tmp_path: Path) -> None:
    file = tmp_path / "flags.csv"
    file.write_text(f"sku,{FLAGS[0]},{FLAGS[1]}\nA,false,\nA,true,\nB,,false\n")
    found = read_flags(file)
    assert found.rows() == [("A", True, None), ("B", None, False)]
