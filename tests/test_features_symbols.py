"""Code that is written out for one order: the bits of numpy, whatever the values, and no branch that could hide one."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.columns import Columns, Floats
from features.symbols import at, each
from features.tracing import Written, written

FLOATS = st.floats(-1e12, 1e12) | st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.5, np.nan])
NAMES = ("item_price", "order_total", "insured_value")
TABLE = np.array([0.1, 0.2, 0.3])


def _many_things(columns: Columns) -> list[Floats]:
    a, b, c = (columns[name] for name in NAMES)
    known = columns.known("carrier") & ~np.isnan(a)
    with np.errstate(all="ignore"):
        quotient = a / b
    return [
        a + b * c - 3.5, quotient, np.maximum(a, b), np.minimum(b, c), np.fmin(a, b), np.fmax(b, c), np.rint(a),
        np.floor(b), np.clip(c, -2.0, 7.0), np.nan_to_num(a), -b, np.where(known | (b > c), a, np.nan),
        np.log1p(np.maximum(a, 0.0)) + np.exp(np.minimum(b, 1.0)), np.sqrt(np.maximum(c, 0.0)) / 7.0,
        (columns["carrier"] == "DHL").astype(np.float64),
        at(TABLE, np.clip(np.nan_to_num(a), 0.0, 2.0).astype(np.int64)),
        each(lambda text: float(len(text or "")), columns["carrier"]), np.hypot(a, b),
        each(lambda value: 1.0 / value, b, where=b > 1.0),
    ]  # fmt: skip


OF_ONE = written(_many_things)


@given(st.tuples(FLOATS, FLOATS, FLOATS), st.sampled_from([None, "DHL", "UPS"]))
def test_one_order_gets_the_bits_that_a_table_gets(values: tuple[float, ...], carrier: str | None) -> None:
    order = {name: np.array([value]) for name, value in zip(NAMES, values, strict=True)}
    one = Columns(1, order | {"carrier": np.array([carrier], dtype=object)})
    two = one.take(np.zeros(2, dtype=np.int64))
    got, wanted = np.array(OF_ONE(one.each[0])), np.array([found[0] for found in _many_things(two)])
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    assert same.all(), np.flatnonzero(~same)


def test_a_column_that_an_order_lacks_is_unknown() -> None:
    told = written(lambda columns: [columns.known("sku"), columns["ship_by"] + 1.0])
    known, later = told(Columns(1, {}).each[0])
    assert not known
    assert np.isnan(later)


def test_a_branch_on_what_an_order_has_is_refused() -> None:
    def branching(columns: Columns) -> list[Floats]:
        return [columns["ship_by"] if columns["ship_by"] > 0.0 else columns["as_of"]]

    with pytest.raises(TypeError, match=r"np\.where"):
        written(branching)


def test_what_was_written_is_neither_copied_nor_pickled() -> None:
    held = Written()
    held.of("x", lambda columns: [columns["ship_by"]])
    again = pickle.loads(pickle.dumps(held))
    assert again.of("x", lambda columns: [columns["as_of"]])({"as_of": 3.0}) == [3.0]


def test_no_text_of_a_file_is_ever_source() -> None:
    hostile = "x_'); raise SystemExit('"
    told = written(lambda columns: [columns[hostile] == hostile], extras={hostile: "category"})
    assert told({hostile: hostile}) == [True]
    code = told.__code__
    texts = {*code.co_names, *code.co_varnames, *(c for c in code.co_consts if isinstance(c, str))}
    assert not any(hostile in text for text in texts)
