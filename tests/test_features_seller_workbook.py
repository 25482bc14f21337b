"""Workbooks: plain tables are read with their types; everything else is refused or noted."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from features.errors import FileRefused
from features.seller.mapping import Said, mapping_of
from features.seller.maps import built_in
from features.seller.reading import read_seller_file
from features.seller.table import SellerTable

HEADER = ["平台单号", "下单时间", "数量", "订单金额", "币种"]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def made(path: Path, fill: Callable[[Workbook, Worksheet], None]) -> Path:
    with Workbook(str(path)) as book:
        fill(book, book.add_worksheet("订单"))
    return path


def orders(book: Workbook, sheet: Worksheet, top: int = 0) -> None:
    """Two orders with typed cells under a header."""
    day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(top, 0, HEADER)
    for row, (order, at, amount) in enumerate(
        [("114-1", datetime(2025, 3, 4, 14, 5), 1.234), ("114-2", datetime(2025, 3, 5), 1234)], top + 1
    ):
        sheet.write_string(row, 0, order)
        sheet.write_datetime(row, 1, at, day)
        sheet.write_number(row, 2, 1)
        sheet.write_number(row, 3, amount)
        sheet.write_string(row, 4, "USD")


def read(path: Path) -> SellerTable:
    (table,) = read_seller_file(path, said=Said(SHANGHAI))
    assert table.is_complete
    return table


def codes(table: SellerTable) -> list[str]:
    return [note.code for note in table.notes]


def test_typed_cells_leave_nothing_to_guess(tmp_path: Path) -> None:
    table = read(made(tmp_path / "o.xlsx", orders))
    assert table.frame["order_total"].to_list() == [1.234, 1234.0]
    assert table.frame["placed_at"].to_list() == [
        datetime(2025, 3, 4, 6, 5, tzinfo=UTC), datetime(2025, 3, 4, 16, tzinfo=UTC)
    ]  # fmt: skip
    assert table.frame["line"].to_list() == [2, 3]
    assert "dates_without_time" not in codes(table)


def test_a_title_above_the_header_and_a_hidden_sheet_are_told(tmp_path: Path) -> None:
    def fill(book: Workbook, sheet: Worksheet) -> None:
        sheet.merge_range(0, 0, 0, 4, "三月订单")
        orders(book, sheet, 1)
        hidden = book.add_worksheet("备用")
        hidden.write_row(0, 0, HEADER)
        hidden.hide()

    table = read(made(tmp_path / "o.xlsx", fill))
    assert table.frame["line"].to_list() == [3, 4]
    assert {"merged_header", "hidden_sheet", "header_row"} <= set(codes(table))


def test_the_header_is_found_in_each_sheet_of_its_own_row_and_a_sheet_of_something_else_is_told(tmp_path: Path) -> None:
    with Workbook(str(tmp_path / "o.xlsx")) as book:
        for name, rows in {
            "10月": [["订单号", "下单时间"], ["A1", "2026-10-01 10:00"]],
            "11月": [["11月订单"], ["订单号", "下单时间"], ["A2", "2026-11-01 10:00"], ["A3", "2026-11-01 10:00"]],
            "汇总": [["月份", "单数"], ["10月", 1]],
        }.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, row)
    for mapping in (None, built_in()["erp.generic_zh"]):
        tables = read_seller_file(tmp_path / "o.xlsx", mapping=mapping, said=Said(SHANGHAI))
        assert [table.frame["order_id"].to_list() for table in tables] == [["A1"], ["A2", "A3"]]
        told = {(note.code, note.column) for table in tables for note in table.notes}
        assert {("header_row", "11月"), ("sheet_not_used", "汇总")} <= told


SHEETS = {
    "订单": [["订单号", "下单时间", "订单金额", "币种"], ["A1", "2026-10-01 10:00", 30, "USD"]],
    "索赔": [["订单号", "索赔日期", "索赔金额", "币种"], ["A1", "2026-10-20 10:00", 30, "USD"]],
    "退货": [["订单号", "退货日期", "退款金额"], ["A1", "2026-10-20 10:00", ""]],
    "颜色": [["订单号", "颜色"], ["A1", "红"]],
}
OWN_MAP = {"order_id": "订单号", "placed_at": "下单时间", "order_total": "订单金额", "currency": "币种"}


def test_sheets_of_claims_and_returns_beside_orders_are_read_as_such_though_a_map_of_orders_is_given(
    tmp_path: Path,
) -> None:
    with Workbook(str(tmp_path / "o.xlsx")) as book:
        for name, rows in SHEETS.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, row)
    mapping = mapping_of({"kind": "orders", "columns": OWN_MAP}, "mine")
    tables = read_seller_file(tmp_path / "o.xlsx", mapping=mapping, said=Said(SHANGHAI))
    assert [(table.kind, table.report) for table in tables] == [
        ("orders", mapping.report), ("claims", "claims.plain"), ("returns", "returns.plain"),
    ]  # fmt: skip
    told = [(note.code, note.column) for table in tables for note in table.notes]
    assert {("sheet_not_meant", "索赔"), ("sheet_not_meant", "退货"), ("sheet_not_used", "颜色")} <= {*told}
    (alone,) = read_seller_file(
        tmp_path / "o.xlsx",
        said=Said(SHANGHAI),
        mapping=mapping_of({"kind": "orders", "columns": OWN_MAP, "sheet": "索赔"}, "m"),
    )
    assert alone.kind == "orders"


def test_a_merged_cell_says_the_same_of_each_row_but_money_is_not_doubled(tmp_path: Path) -> None:
    def fill(book: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(0, 0, HEADER)
        for row in (1, 2):
            sheet.write_row(row, 0, ["", "2025-03-04 10:00", row, "", "USD"])
        sheet.merge_range(1, 0, 2, 0, "114-1")
        sheet.merge_range(1, 3, 2, 3, 25.5)

    table = read(made(tmp_path / "o.xlsx", fill))
    assert table.frame["order_id"].to_list() == ["114-1", "114-1"]
    assert table.frame["order_total"].to_list() == [25.5, None]
    assert "merged_cells_filled" in codes(table)


def test_a_formula_without_a_stored_value_is_told(tmp_path: Path) -> None:
    def fill(book: Workbook, sheet: Worksheet) -> None:
        orders(book, sheet)
        sheet.write_formula(1, 3, "=1+1", None, "")

    table = read(made(tmp_path / "o.xlsx", fill))
    assert table.frame["order_total"].to_list() == [None, 1234.0]
    (note,) = [note for note in table.notes if note.code == "formulas_without_value"]
    assert note.details == {"count": "1"}


def test_an_order_number_that_excel_has_rounded_is_set_aside(tmp_path: Path) -> None:
    def fill(book: Workbook, sheet: Worksheet) -> None:
        orders(book, sheet)
        sheet.write_number(1, 0, 114123456789012345)
        sheet.write_number(2, 0, 1141234567)

    table = read(made(tmp_path / "o.xlsx", fill))
    assert [(reject.line, reject.code) for reject in table.rejects] == [(2, "digits_lost")]
    assert table.frame["order_id"].to_list() == ["1141234567"]
    assert "numbers_as_names" in codes(table)


def test_a_bare_day_number_in_a_date_column_is_a_date(tmp_path: Path) -> None:
    def fill(book: Workbook, sheet: Worksheet) -> None:
        orders(book, sheet)
        sheet.write_number(1, 1, 45720.5)
        sheet.write_number(2, 1, 45721.25)

    table = read(made(tmp_path / "o.xlsx", fill))
    assert table.frame["placed_at"][0] == datetime(2025, 3, 4, 4, tzinfo=UTC)
    assert "day_numbers" in codes(table)


def with_entry(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("xl/vbaProject.bin", b"macro", "without macros"),
        ("xl/media/zeros.bin", bytes(60_000_000), "unpacks from"),
    ],
)
def test_a_workbook_with_more_than_a_table_is_refused(tmp_path: Path, name: str, content: bytes, advice: str) -> None:
    path = made(tmp_path / "o.xlsx", orders)
    with_entry(path, name, content)
    with pytest.raises(FileRefused, match=advice):
        read_seller_file(path)


@pytest.mark.parametrize(
    ("content", "advice"),
    [(b"", "got an empty file"), (b"<html><table>", "got text or HTML"),
     (b"PK\x03\x04 and no more", "not a readable workbook"),
     (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old or locked workbook")],
)  # fmt: skip
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes, advice: str) -> None:
    (tmp_path / "o.xlsx").write_bytes(content)
    with pytest.raises(FileRefused, match=advice):
        read_seller_file(tmp_path / "o.xlsx")


def test_an_archive_of_something_else_and_an_empty_workbook_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "o.xlsx", "w") as archive:
        archive.writestr("readme.txt", "no table")
    with pytest.raises(FileRefused, match="got another archive"):
        read_seller_file(tmp_path / "o.xlsx")
    with pytest.raises(FileRefused, match="rows below it, got none"):
        read_seller_file(made(tmp_path / "e.xlsx", lambda *_: None))


def test_a_sheet_that_the_map_names_is_read_and_another_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "o.xlsx", orders)
    plain = {"kind": "orders", "columns": {"order_id": "平台单号"}}
    (table,) = read_seller_file(path, mapping=mapping_of(plain | {"sheet": "订单"}, "m.toml"))
    assert table.frame.height == 2
    with pytest.raises(FileRefused, match="expected a sheet 'Orders', got 订单"):
        read_seller_file(path, mapping=mapping_of(plain | {"sheet": "Orders"}, "m.toml"))
