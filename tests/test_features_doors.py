"""JSON, CSV and Parquet are doors of one meaning: an order ends in the same columns, bit for bit, or all refuse it."""

from __future__ import annotations

import csv
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import Columns
from features.document import DocumentRefused, checked_columns, read_json, read_order
from features.errors import OrderRefused
from features.kinds import CURRENCY_EXPONENTS, Kind, expected
from features.order import Attribute, attributes
from features.tables import TableOptions, read_orders

AS_OF = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
EXTRAS = {"x_weight": "number", "x_rush": "flag", "x_warehouse": "category"}
OPTIONS = TableOptions(as_of=AS_OF, extras=EXTRAS)
NUMBERS = (Kind.NUMBER, Kind.RATE, Kind.MONEY, Kind.COUNT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("doors")


def by_json(order: dict[str, Any]) -> Columns | None:
    extra = {name.removeprefix("x_"): value for name, value in order.items() if name.startswith("x_")}
    body = {name: value for name, value in order.items() if not name.startswith("x_")} | {"extra": extra}
    try:
        return checked_columns(read_order(read_json(json.dumps(body).encode())), AS_OF, EXTRAS)
    except (OrderRefused, DocumentRefused):
        return None


def by_file(path: Path) -> Columns | None:
    chunk = next(iter(read_orders(path, OPTIONS)))
    assert len(chunk.rejects) + chunk.columns.n == 1
    return chunk.columns if chunk.columns.n else None


def by_csv(order: dict[str, Any], folder: Path) -> Columns | None:
    path = folder / "order.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(order)
        writer.writerow([value if isinstance(value, str) else json.dumps(value) for value in order.values()])
    return by_file(path)


def by_parquet(order: dict[str, Any], folder: Path) -> Columns | None:
    path = folder / "order.parquet"
    pl.DataFrame({name: [value] for name, value in order.items()}).write_parquet(path)
    return by_file(path)


def bits(columns: Columns | None) -> dict[str, Any] | None:
    if columns is None:
        return None
    own = {name: np.array(columns[name]) for name in sorted({*columns, *EXTRAS})}
    return {name: a.tolist() if a.dtype == object else (a.dtype, a.tobytes()) for name, a in own.items()}


def through_all(order: dict[str, Any], folder: Path) -> Columns | None:
    """The order through every door, after checking that they agree."""
    by_body = by_json(order)
    assert bits(by_csv(order, folder)) == bits(by_body)
    assert bits(by_parquet(order, folder)) == bits(by_body)
    return by_body


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=70).filter(
    lambda t: t.strip(" \t\r\n\u3000\u00a0")
)
instants = st.one_of(
    st.datetimes(datetime(1999, 6, 1), datetime(2100, 6, 1), timezones=st.timezones()).map(datetime.isoformat),
    st.from_regex(
        r"20[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ]"
        r"[0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,10})?)?([zZ]|[+-][0-2][0-9]:[0-9]{2})?",
        fullmatch=True,
    ),
)


def values(attribute: Attribute) -> st.SearchStrategy[Any]:
    if attribute.kind is Kind.INSTANT:
        return instants
    if attribute.kind is Kind.FLAG:
        return st.booleans()
    if attribute.kind in NUMBERS:
        near = st.sampled_from([-0.0, 0, 1, 1.0, 2.0, 0.5, 1e9, 1e9 + 1, 1e12, 1e12 + 1, -1, 5e-324, 0.1 + 0.2])
        return near | st.floats() | st.floats(0, 1) | st.integers(-2, 2**62)
    if attribute.kind is Kind.CHOICE:
        return st.sampled_from(attribute.choices) | st.sampled_from(["Card", " card ", "other\n", "ｃａｒｄ"]) | texts
    if attribute.kind in (Kind.COUNTRY, Kind.CURRENCY):
        return st.sampled_from(["US", " CN", "USD", "ＵＳ", "us", "USDX", "U S", "JPY", "KWD"]) | texts
    return texts


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from([n for n in attributes() if n not in ("order_id", "as_of")]), max_size=4))
    return {"order_id": draw(texts)} | {name: draw(values(attributes()[name])) for name in names}


@settings(max_examples=120, deadline=None)
@given(orders())
def test_every_order_means_the_same_at_every_door(folder: Path, order: dict[str, Any]) -> None:
    through_all(order, folder)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(NUMBERS), st.floats(0, 1e12) | st.floats(0, 1), st.sampled_from(["USD", *CURRENCY_EXPONENTS]))
def test_a_number_is_the_nearest_double_of_its_digits(folder: Path, kind: Kind, number: float, currency: str) -> None:
    name = {Kind.NUMBER: "distance_km", Kind.RATE: "sku_return_rate", Kind.MONEY: "order_total"}.get(kind, "quantity")
    columns = through_all({"order_id": "1", name: number, "currency": currency}, folder)
    if columns is not None:
        places = CURRENCY_EXPONENTS.get(currency, 2)
        rounded = number if kind is not Kind.MONEY else float(np.rint(number * 10.0**places) / 10.0**places)
        assert columns[name][0] == rounded


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T08:15:00Z", "2026-11-20t08:15:00z", "2026-11-20 08:15:00+00:00", "2026-11-20T16:15:00+08:00",
        "2026-11-20T08:15Z", "2026-11-20T08:15:00-00:00", " 2026-11-20T08:15:00.000000000Z\t",
        "2026-11-19T08:16:00-23:59", "2026-11-20T08:15:00.0000009Z",
    ],
)  # fmt: skip
def test_one_moment_may_be_written_in_many_ways(folder: Path, text: str) -> None:
    columns = through_all({"order_id": "1", "placed_at": text}, folder)
    assert columns is not None
    assert columns["placed_at"][0] == datetime(2026, 11, 20, 8, 15, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20", "2026-11-20T08:15:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-20T24:00:00Z",
        "2026-11-20T08:60:00Z", "2016-12-31T23:59:60Z", "2026-11-20T08:15:00+24:00", "2026-11-20T08:15:00+08:60",
        "2026-11-20T08:15:00+0800", "20261120T081500Z", "2026-11-20T08:15:00,5Z", "2026-11-20T08:15:00.Z", "now",
        "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-23:59",
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "２０２６-11-20T08:15:00Z", "1763626500",
        "2026-W47-5T08:15:00Z",
    ],
)  # fmt: skip
def test_what_names_no_moment_is_refused_by_all(folder: Path, text: str) -> None:
    assert through_all({"order_id": "1", "placed_at": text}, folder) is None


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))
@settings(max_examples=50, deadline=None)
def test_a_typed_moment_is_its_text(folder: Path, at: datetime) -> None:
    order = {"order_id": "1", "placed_at": at.replace(tzinfo=UTC)}
    written = {"order_id": "1", "placed_at": at.isoformat() + "Z"}
    assert bits(by_parquet(order, folder)) == bits(by_json(written))


@pytest.mark.parametrize("cell", ["1e5", "100000", "1E+5", "+100000.", " 100000 ", "0.1e6"])
def test_a_cell_may_write_a_number_in_many_ways(folder: Path, cell: str) -> None:
    columns = by_csv({"order_id": "1", "distance_km": cell}, folder)
    assert columns is not None
    assert columns["distance_km"][0] == 1e5


@pytest.mark.parametrize(
    "cell",
    ["1_000", "1,000", "NaN", "nan", "inf", "-Infinity", "1e999", "9" * 5000, "0x10", "１２", "true", "1e", "--1", "."],
)
def test_what_is_no_number_is_refused_in_a_cell_and_as_text(folder: Path, cell: str) -> None:
    order = {"order_id": "1", "distance_km": cell, "delivery_attempts": cell}
    assert by_csv(order, folder) is None
    assert by_parquet(order, folder) is None
    assert by_json(order) is None


@pytest.mark.parametrize("value", [True, 10**20, -1, math.nan, math.inf, 2.5])
def test_what_is_no_count_is_refused_by_all(folder: Path, value: float) -> None:
    order = {"order_id": "1", "quantity": value}
    assert by_json(order) is None
    assert by_csv(order, folder) is None
    if not isinstance(value, int) or value < 2**63:
        assert by_parquet(order, folder) is None


def test_a_count_may_be_written_as_a_whole_decimal(folder: Path) -> None:
    columns = through_all({"order_id": "1", "quantity": 2.0, "delivery_attempts": 0}, folder)
    assert columns is not None
    assert columns["quantity"][0] == 2.0


def test_a_flag_is_true_or_false_in_json_and_may_be_1_or_0_in_a_cell(folder: Path) -> None:
    for cell, value in (("TRUE", True), ("False", False), ("1", True), ("0", False), (" true ", True)):
        assert bits(by_csv({"order_id": "1", "is_gift": cell}, folder)) == bits(
            by_json({"order_id": "1", "is_gift": value})
        )
    for value in ("true", 1, 0, 1.0):
        assert by_json({"order_id": "1", "is_gift": value}) is None
    for cell in ("yes", "2", "1.0", "t", "是"):
        assert by_csv({"order_id": "1", "is_gift": cell}, folder) is None


@pytest.mark.parametrize("text", ["美国站-1店", "＃１００１", " #1001\u3000", "ﬁne", "é", "e\u0301", "🛒"])
def test_text_is_held_in_its_nfkc_form(folder: Path, text: str) -> None:
    columns = through_all({"order_id": text, "sku": text}, folder)
    assert columns is not None
    assert (
        columns["sku"][0]
        == columns["order_id"][0]
        == {"＃１００１": "#1001", " #1001\u3000": "#1001", "ﬁne": "fine", "e\u0301": "é"}.get(text, text)
    )


@pytest.mark.parametrize(
    "text", ["a\x00b", "\x1fa", "a\nb", "a\u2028", "a\u200b", "\ufeffa", "a\u202eb", "\u1680a", "x" * 257, "ﷺ" * 20]
)
def test_what_cannot_be_printed_or_is_too_long_is_refused_by_all(folder: Path, text: str) -> None:
    assert through_all({"order_id": "1", "sku": text}, folder) is None or text == "ﷺ" * 20
    assert through_all({"order_id": text}, folder) is None


def test_an_empty_cell_is_unknown_and_an_empty_text_in_json_is_refused(folder: Path) -> None:
    for blank in ("", "  ", "\u3000"):
        order = {
            "order_id": "1",
            **dict.fromkeys(("sku", "is_gift", "quantity", "placed_at", "currency", "payment_type"), blank),
        }
        columns = by_csv(order, folder)
        assert columns is not None
        assert not any(columns.known(name)[0] for name in order if name != "order_id")
        assert bits(by_parquet(order, folder)) == bits(columns)
        assert by_json(order) is None


def test_null_is_unknown_at_every_door(folder: Path) -> None:
    bare = by_json({"order_id": "1"})
    with_null = by_json({"order_id": "1", "sku": None, "quantity": None, "x_rush": None})
    assert bits(with_null) == bits(bare)


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries(
        {"order_id": st.just("1")},
        optional={
            "x_weight": st.floats() | st.integers(-(2**62), 2**62) | st.just(-0.0),
            "x_rush": st.booleans(),
            "x_warehouse": texts,
        },
    )
)
def test_a_declared_attribute_of_the_shop_is_held_alike_at_every_door(folder: Path, order: dict[str, Any]) -> None:
    columns = through_all(order, folder)
    if columns is not None:
        assert {name: columns[name].dtype for name in EXTRAS} == {
            "x_weight": np.float64,
            "x_rush": np.float64,
            "x_warehouse": object,
        }
        assert all(columns.known(name)[0] == (name in order) for name in EXTRAS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weight", True),
        ("weight", "3"),
        ("rush", 1),
        ("rush", "true"),
        ("warehouse", 7),
        ("warehouse", False),
        ("warehouse", "a\x00"),
        ("weight", 1e13),
    ],
)
def test_a_declared_attribute_of_another_type_is_refused_under_its_name(name: str, value: Any) -> None:
    with pytest.raises(OrderRefused) as refusal:
        checked_columns(read_order({"order_id": "1", "extra": {name: value}}), AS_OF, EXTRAS)
    assert [problem.attribute for problem in refusal.value.problems] == [f"extra/{name}"]


def test_undeclared_attributes_of_the_shop_are_left_out(folder: Path) -> None:
    order = {"order_id": "1", "x_note": "a\x00b", "x_other": True}
    columns = through_all(order, folder)
    assert columns is not None
    assert not {"x_note", "x_other"} & set(columns)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantity", -1),
        ("is_gift", "x"),
        ("marketplace", "XX"),
        ("currency", "usd"),
        ("sku", "a\x00"),
        ("sku_return_rate", 2),
        ("order_id", "x" * 65),
    ],
)
def test_a_refusal_has_the_same_code_at_both_doors(folder: Path, name: str, value: Any) -> None:
    order = {"order_id": "1", name: value}
    with pytest.raises(OrderRefused) as refusal:
        read_order(order)
    by_csv(order, folder)
    (reject,) = next(iter(read_orders(folder / "order.csv", OPTIONS))).rejects
    problem = refusal.value.problems[0]
    assert (problem.attribute, problem.code) == (reject.column, reject.code)
    assert problem.code == expected(attributes()[name].kind)[0]


def test_an_order_placed_after_as_of_is_refused_by_all(folder: Path) -> None:
    assert (
        through_all({"order_id": "1", "placed_at": "2026-11-20T08:15:00Z", "as_of": "2026-11-20T08:14:59Z"}, folder)
        is None
    )
