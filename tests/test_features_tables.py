"""The table door: a file is refused with advice, a bad row set aside with a reason, a good one kept as it stood."""

from __future__ import annotations

import contextlib
import csv
import random
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import delimited
from features.columns import Columns
from features.delimited import Reject
from features.errors import FileRefused, SettingError
from features.keys import Keys
from features.order import attributes
from features.parsing import parsed
from features.tables import UNKNOWN_COLUMN, Chunk, TableOptions, read_orders, read_raw, unknown_columns

BERLIN = ZoneInfo("Europe/Berlin")


def chunks(path: Path, options: TableOptions | None = None) -> list[Chunk]:
    return list(read_orders(path, options or TableOptions()))


def of_csv(folder: Path, text: str, options: TableOptions | None = None) -> Chunk:
    path = folder / "orders.csv"
    path.write_text(text, encoding="utf-8", newline="")
    (chunk,) = chunks(path, options)
    return chunk


def of_parquet(folder: Path, frame: pl.DataFrame, options: TableOptions | None = None) -> Chunk:
    path = folder / "orders.parquet"
    frame.write_parquet(path)
    (chunk,) = chunks(path, options)
    return chunk


def told(rejects: list[Reject]) -> list[tuple[int, str, str]]:
    return [(reject.line, reject.column, reject.code) for reject in rejects]


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("orders.docx", "x", r"expected a file ending in \.csv"), ("orders", "x", "no ending"),
        ("none.csv", None, "no such file"),
        ("orders.csv", "", "the file is empty"), ("orders.csv", "order_id,sku\n", "no rows"),
        ("orders.tsv", "order_id\n\n", "no rows"),
        ("orders.csv", "sku,asin\nA,B\n", "expected a column order_id, got sku, asin$"),
        ("orders.csv", "Order ID,sku\n1,A\n", "rename 'Order ID' to order_id"),
        ("orders.parquet", "PAR1 and no more", "not a readable Parquet file"),
        ("orders.parquet", "", "not a readable Parquet file"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_with_advice(
    tmp_path: Path, name: str, content: str | None, advice: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(FileRefused, match=advice) as refusal:
        chunks(path)
    assert str(path) in str(refusal.value)


def test_a_parquet_file_without_rows_or_columns_is_refused(tmp_path: Path) -> None:
    for frame in (pl.DataFrame({"order_id": []}, schema={"order_id": pl.String}), pl.DataFrame()):
        with pytest.raises(FileRefused, match=r"no rows|no columns"):
            of_parquet(tmp_path, frame)


def test_a_name_with_glob_letters_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "orders[1]*.parquet"
    pl.DataFrame({"order_id": ["1"]}).write_parquet(path)
    assert chunks(path)[0].columns.n == 1


def test_a_damaged_parquet_file_is_read_or_refused(tmp_path: Path) -> None:
    path, chance = tmp_path / "orders.parquet", random.Random(7)
    pl.DataFrame({"order_id": ["1", "2"], "quantity": [1, 2]}).write_parquet(path)
    sound = path.read_bytes()
    for _ in range(60):
        damaged = bytearray(sound[: chance.randint(0, len(sound))] if chance.random() < 0.2 else sound)
        if damaged:
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        with contextlib.suppress(FileRefused):
            chunks(path)


def test_unknown_columns_are_told_with_the_nearest_names_and_carried_through(tmp_path: Path) -> None:
    chunk = of_csv(tmp_path, "order_id,carier,x_note,备注\n1,UPS,a,b\n")
    assert chunk.frame.row(0) == ("1", "UPS", "a", "b")
    assert set(chunk.columns) <= {*attributes()}
    (near, far) = unknown_columns(chunk.frame.columns)
    assert (near.attribute, near.code, far.attribute) == ("carier", UNKNOWN_COLUMN, "备注")
    assert '"carrier"' in near.detail
    assert "did you mean" not in far.detail


def test_the_users_columns_stay_as_they_stood(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"n": [1, None], "order_id": [" a ", "b"], "l": [[1], [2]], "order_total": ["1.50", None], "currency": "USD"}
    )
    chunk = of_parquet(tmp_path, frame)
    assert chunk.frame.equals(frame)
    assert chunk.columns["order_id"].tolist() == ["a", "b"]


def test_rows_are_set_aside_with_line_column_code_and_text(tmp_path: Path) -> None:
    text = 'order_id,quantity,order_total,currency\n1,1,2,USD\n2,x,2,USD\n,1,,\n4,1,2,\n5,1\n"6,\n7,0,"1,5",USD\n'
    chunk = of_csv(tmp_path, text)
    assert chunk.columns["order_id"].tolist() == ["1"]
    assert chunk.lines == [2]
    assert told(chunk.rejects) == [
        (3, "quantity", "not_a_count"), (4, "order_id", "missing"), (5, "currency", "money_without_currency"),
        (6, "", "wrong_cell_count"), (7, "", "damaged_record"), (8, "order_total", "not_a_money"),
    ]  # fmt: skip
    assert [reject.raw for reject in chunk.rejects] == text.splitlines()[2:]
    assert "quantity: expected" in chunk.rejects[-1].reason


def test_a_value_that_cannot_be_read_is_not_told_as_missing_too(tmp_path: Path) -> None:
    chunk = of_csv(tmp_path, "order_id,order_total,currency\n1,2,usd\n" + "x" * 65 + ",,\n")
    assert [reject.reason.count("expected") for reject in chunk.rejects] == [1, 1]


def test_a_row_corrected_in_the_rejects_can_be_given_once_more(tmp_path: Path) -> None:
    header = "order_id,quantity,note"
    bad = of_csv(tmp_path, f'{header}\n1,x,"a, ""b""\nc"\n').rejects[0].raw
    again = of_csv(tmp_path, f"{header}\n{bad.replace('x', '2')}\n")
    assert again.frame.row(0) == ("1", "2", 'a, "b"\nc')


def test_the_same_key_may_stand_once_and_the_first_good_row_keeps_it(tmp_path: Path) -> None:
    later = "2026-11-20T08:15:00Z"
    chunk = of_csv(tmp_path, f"order_id,as_of,quantity\n1,,x\n1,,1\n1,,2\n 1,{later},3\n1,{later},4\n２,,5\n2,,6\n")
    assert chunk.lines == [3, 5, 7]
    assert told(chunk.rejects)[1:] == [
        (4, "order_id", "repeated"),
        (6, "order_id", "repeated"),
        (8, "order_id", "repeated"),
    ]


def test_keys_are_remembered_over_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "CHUNK_ROWS", 40)
    monkeypatch.setattr(delimited, "BLOCK_LINES", 10)
    chance = random.Random(0)
    ids = [str(chance.randint(1, 300)) for _ in range(600)]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(["order_id", *ids]), encoding="utf-8")
    read = chunks(path)
    assert len(read) > 10
    assert [i for chunk in read for i in chunk.columns["order_id"]] == list(dict.fromkeys(ids))
    assert sum(len(chunk.rejects) for chunk in read) == len(ids) - len(set(ids))


def test_a_local_time_needs_a_zone(tmp_path: Path) -> None:
    text = (
        "order_id,placed_at\n1,2026-07-01 10:00\n2,2026-07-01T10:00:00\n3,2026-01-01 10:00:00\n4,2026-07-01T10:00:00Z\n"
    )
    without = of_csv(tmp_path, text)
    assert [code for _, _, code in told(without.rejects)] == ["not_an_instant"] * 3
    assert "--time-zone" in without.rejects[0].reason
    with_zone = of_csv(tmp_path, text, TableOptions(zone=BERLIN))
    oracle = [datetime(2026, 7, 1, 10, tzinfo=BERLIN)] * 2 + [
        datetime(2026, 1, 1, 10, tzinfo=BERLIN),
        datetime(2026, 7, 1, 10, tzinfo=UTC),
    ]
    assert with_zone.columns["placed_at"].tolist() == [at.timestamp() for at in oracle]


def test_an_hour_that_comes_twice_is_its_first_and_one_that_never_comes_is_refused(tmp_path: Path) -> None:
    chunk = of_csv(tmp_path, "order_id,placed_at\n1,2026-10-25 02:30\n2,2026-03-29 02:30\n", TableOptions(zone=BERLIN))
    assert chunk.columns["placed_at"].tolist() == [datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0).timestamp()]
    assert told(chunk.rejects) == [(3, "placed_at", "not_an_instant")]


def test_typed_local_times_need_a_zone_too(tmp_path: Path) -> None:
    frame = pl.DataFrame({"order_id": ["1"], "placed_at": [datetime(2026, 7, 1, 10)]})
    assert told(of_parquet(tmp_path, frame).rejects) == [(1, "placed_at", "not_an_instant")]
    for unit in ("ms", "us", "ns"):
        typed = frame.with_columns(pl.col("placed_at").dt.cast_time_unit(unit))
        columns = of_parquet(tmp_path, typed, TableOptions(zone=BERLIN)).columns
        assert columns["placed_at"] == [datetime(2026, 7, 1, 10, tzinfo=BERLIN).timestamp()]


def test_a_zone_that_is_no_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Area/City"):
        of_csv(tmp_path, "order_id,placed_at\n1,2026-07-01 10:00\n", TableOptions(zone=ZoneInfo("Factory")))


def test_contradictions_set_the_row_aside(tmp_path: Path) -> None:
    day = "2026-07-0{}T00:00:00Z".format
    header = "order_id,placed_at,shipped_at,delivered_at,as_of"
    rows = [f"1,{day(1)},{day(3)},{day(2)},", f"2,{day(5)},,,{day(4)}", f"3,{day(1)},{day(2)},{day(3)},{day(2)}"]
    chunk = of_csv(tmp_path, "\n".join([header, *rows]))
    assert told(chunk.rejects) == [(2, "delivered_at", "before_shipped_at"), (3, "placed_at", "after_as_of")]
    assert chunk.columns["delivered_at"].tolist() == [datetime(2026, 7, 3, tzinfo=UTC).timestamp()]


def test_a_row_without_as_of_takes_that_of_the_call(tmp_path: Path) -> None:
    text = "order_id,as_of\n1,\n2,2026-07-01T00:00:00Z\n"
    assert of_csv(tmp_path, text, TableOptions(as_of=1.8e9)).columns["as_of"].tolist() == [
        1.8e9,
        datetime(2026, 7, 1, tzinfo=UTC).timestamp(),
    ]
    assert np.isnan(of_csv(tmp_path, text).columns["as_of"][0])


WRONG = {
    "sku": [[["a"]], [{"a": 1}], [b"a"], [1.5], [True], [date(2026, 1, 1)], [time(1)]],
    "order_total": [[[1]], [True], [b"1"], [date(2026, 1, 1)], [float("nan")], [-1]],
    "is_gift": [[[True]], [2], [0.5], [b"true"], [date(2026, 1, 1)]],
    "placed_at": [
        [date(2026, 7, 1)],
        [1_790_000_000],
        [1.79e9],
        [[datetime(2026, 7, 1, tzinfo=UTC)]],
        [True],
        [time(1)],
    ],
    "marketplace": [[1], [["US"]], [True], [b"US"]],
    "currency": [[1], [["USD"]], [False]],
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_column_of_a_type_that_cannot_hold_the_kind_is_refused_row_by_row(tmp_path: Path, name: str) -> None:
    for (value,) in WRONG[name]:
        frame = pl.DataFrame({"order_id": ["1", "2"], "currency": "USD"} | {name: pl.Series([value, None])})
        chunk = of_parquet(tmp_path, frame)
        assert [(r.line, r.column) for r in chunk.rejects] == [(1, name)], value
        assert chunk.columns["order_id"].tolist() == ["2"]


RIGHT = {
    "sku": [pl.Series([7]), pl.Series(["7"], dtype=pl.Categorical), pl.Series(["7"], dtype=pl.Enum(["7"]))],
    "quantity": [
        pl.Series([7], dtype=pl.UInt8), pl.Series([7.0], dtype=pl.Float32), pl.Series([Decimal("7.00")]),
        pl.Series(["7"]),
    ],
    "order_total": [pl.Series([0.29]), pl.Series([Decimal("0.29")]), pl.Series(["0.29"])],
    "is_gift": [pl.Series([True]), pl.Series([1]), pl.Series([1.0]), pl.Series(["true"])],
    "marketplace": [pl.Series(["US"]), pl.Series(["US"], dtype=pl.Categorical)],
}  # fmt: skip


@pytest.mark.parametrize("name", list(RIGHT))
def test_a_value_is_the_same_in_every_type_that_can_hold_it(tmp_path: Path, name: str) -> None:
    read = []
    for series in RIGHT[name]:
        chunk = of_parquet(tmp_path, pl.DataFrame({"order_id": ["1"], "currency": ["USD"], name: series}))
        assert chunk.rejects == []
        read.append(chunk.columns[name].tolist())
    assert all(values == read[0] for values in read)


@settings(max_examples=30, deadline=None)
@given(st.decimals(0, 10**6, places=10))
def test_a_decimal_is_the_nearest_double(number: Decimal) -> None:
    cells = pl.Series([number], dtype=pl.Decimal(30, 10))
    assert parsed(cells, attributes()["distance_km"], None).array.tolist() == [float(number)]


def test_a_column_of_nulls_is_unknown_in_every_kind(tmp_path: Path) -> None:
    names = [name for name in attributes() if name != "order_id"]
    chunk = of_parquet(tmp_path, pl.DataFrame({"order_id": ["1"], **{name: [None] for name in names}}))
    assert {name for name in names if chunk.columns.known(name)[0]} == {"shop_id"}


def test_declared_columns_of_the_shop_are_read_and_others_carried_through(tmp_path: Path) -> None:
    options = TableOptions(extras={"x_site": "category", "x_rush": "flag", "x_load": "number", "x_none": "category"})
    chunk = of_csv(tmp_path, "order_id,x_site,x_rush,x_load,x_own\n1, Ａ ,1,-2.5,a\n2,,,,\n3,B,2,1,\n", options)
    columns: Columns = chunk.columns
    assert columns["x_site"].tolist() == ["A", None]
    assert np.array_equal(columns["x_rush"], [1.0, np.nan], equal_nan=True)
    assert np.array_equal(columns["x_load"], [-2.5, np.nan], equal_nan=True)
    assert columns["x_none"].tolist() == [None, None]
    assert "x_own" not in columns
    assert told(chunk.rejects) == [(4, "x_rush", "not_a_flag")]
    assert chunk.frame["x_own"].to_list() == ["a", None]


def test_a_file_of_bad_rows_alone_gives_rejects_and_no_error(tmp_path: Path) -> None:
    chunk = of_csv(tmp_path, "order_id,quantity\n1,x\n2\n")
    assert (chunk.columns.n, chunk.frame.height, len(chunk.rejects)) == (0, 0, 2)


def test_raw_rows_are_those_of_a_csv_reader(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text('a,"b c"\n1,"x\ny"\n', encoding="utf-8")
    (raw,) = read_raw(path)
    with path.open(newline="", encoding="utf-8") as file:
        assert [tuple(raw.frame.columns), *raw.frame.rows()] == [tuple(row) for row in csv.reader(file)]


@given(st.lists(st.lists(st.integers(0, 60), max_size=20), max_size=12), st.sampled_from([4, 16, 1 << 20]))
def test_a_key_is_repeated_where_it_stood_before(parts: list[list[int]], longest_run: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("features.keys.LONGEST_RUN", longest_run)
        keys, seen = Keys(), set[int]()
        for part in parts:
            expected = [key in seen or key in part[:place] for place, key in enumerate(part)]
            assert keys.repeated(np.array(part, dtype=np.uint64)).tolist() == expected
            seen |= set(part)
