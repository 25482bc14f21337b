"""A first look: a draft that reads the file it was made from, every guess told, nothing decided that is open."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from xlsxwriter import Workbook

from features.errors import FileRefused
from features.seller.inspection import Inspection, inspected
from features.seller.mapping import Said, mapping_of
from features.seller.maps import built_in
from features.seller.reading import read_seller_file

SHANGHAI = ZoneInfo("Asia/Shanghai")


def look(path: Path, content: str, encoding: str = "utf-8", zone: ZoneInfo | None = None) -> Inspection:
    path.write_bytes(content.encode(encoding))
    return inspected(path, Said(zone))


def asked(found: Inspection) -> list[tuple[str, str]]:
    return [(note.code, note.column) for note in found.open]


def test_a_draft_reads_the_file_it_was_made_from(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    text = "Order No;Created at;Qty;Amount;Currency;E-Mail\nA1;2025-03-04 10:00;2;1.234,50;EUR;x@y.z\n"
    found = look(path, text, zone=SHANGHAI)
    mapping = mapping_of(tomllib.loads(found.draft), "draft.toml")
    (table,) = read_seller_file(path, mapping=mapping)
    assert table.frame.select("order_id", "quantity", "order_total", "currency").rows() == [("A1", 2, 1234.5, "EUR")]
    assert {note.code for note in found.guesses} >= {
        "delimiter_guessed",
        "column_guessed",
        "decimal_guessed",
        "kind_guessed",
    }
    assert mapping.personal == ("E-Mail",)


def test_what_is_open_is_asked_and_left_out_of_what_is_shown(tmp_path: Path) -> None:
    found = look(
        tmp_path / "o.csv", "Order number,Order date,Total,Shipped date\n1,03/04/2025,1.234,2025-03-04 10:00\n"
    )
    assert asked(found) == [("which_order", "Order date"), ("which_decimal", "Total"), ("which_zone", "Shipped date")]
    (table,) = found.tables
    assert table.frame.columns == ["order_id", "line"]
    assert found.draft.count("# to decide: ") == 3


def test_order_numbers_are_known_by_their_form_and_asked_for_where_there_are_none(tmp_path: Path) -> None:
    assert '\norder_id = "Ref"\n' in look(tmp_path / "a.csv", "Ref,Qty\n114-0000001-0000001,1\n").draft
    assert asked(look(tmp_path / "b.csv", "Ref,Qty\nA-1,1\n")) == [("which_order_id", "")]


def test_encoding_header_row_and_delimiter_are_told(tmp_path: Path) -> None:
    text = "三月销售\n" + "下单编号\tQty\t商品名称\n" + "114-0000001-0000001\t1\t蓝牙耳机红色充电器\n" * 5
    found = look(tmp_path / "o.csv", text, "gb18030")
    assert {"encoding_guessed", "header_row", "delimiter_guessed"} <= {note.code for note in found.guesses}
    assert tomllib.loads(found.draft)["encoding"] == "gb18030"
    assert found.tables[0].frame["item_name"][0] == "蓝牙耳机红色充电器"
    assert tomllib.loads(found.draft)["kind"] == "order_items"


def test_a_report_that_we_know_is_shown_with_its_own_map(tmp_path: Path) -> None:
    text = "平台单号,下单时间,订单金额,币种\n1,2025年3月4日 10:00,￥5.50,CNY\n"
    found = look(tmp_path / "erp.csv", text, zone=SHANGHAI)
    assert tomllib.loads(found.draft)["report"] == "erp.generic_zh"
    assert found.tables[0].frame["order_total"].to_list() == [5.5]
    assert asked(look(tmp_path / "erp.csv", text)) == [("refused", "")]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_map_of_a_report_that_we_know_reads_it_below_a_title_and_so_does_its_name(
    tmp_path: Path, ending: str
) -> None:
    rows, path = [["三月订单", ""], ["订单号", "下单时间"], ["A1", "2026-03-01 10:00"]], tmp_path / f"erp.{ending}"
    if ending == "csv":
        path.write_text("\n".join(",".join(row) for row in rows), "utf-8")
    else:
        with Workbook(str(path)) as book:
            sheet = book.add_worksheet()
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, row)
    said = Said(SHANGHAI)
    found = inspected(path, said)
    assert "header_row = 2\n" in found.draft
    for mapping in (mapping_of(tomllib.loads(found.draft), "m.toml"), built_in()["erp.generic_zh"]):
        table = read_seller_file(path, mapping=mapping, said=said)[0]
        assert table.frame.select("order_id", "line").rows() == [("A1", 3)]


def test_a_draft_names_no_value_of_a_column_that_it_does_not_use(tmp_path: Path) -> None:
    found = look(tmp_path / "o.csv", "Order number,Clerk,Recipient name\n1,Jane Roe,Rick Roe\n")
    assert not re.search("Roe", found.draft)
    assert '# not used: "Clerk" (1 words)' in found.draft


@pytest.mark.parametrize(("name", "content"), [("o.json", '{"a": 1}'), ("o.docx", "x"), ("o.csv", "a,b\n")])
def test_a_file_without_rows_that_can_be_shown_is_refused(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(FileRefused):
        look(tmp_path / name, content)


@pytest.mark.parametrize(
    ("text", "kind", "ours"),
    [
        ("AWB,Courier,Milestone\nYT1,YunExpress,Delivered\n", "parcels", {"parcel_id", "carrier"}),
        ("订单号,索赔时间,备考\nA1,2025-03-04 10:00,x\n", "claims", {"order_id", "claim_opened_at"}),
        ("order no,opened on,result\nA1,2025-03-04T10:00Z,denied\n", "claims", {"order_id", "claim_opened_at"}),
    ],
)
def test_files_of_parcels_and_claims_are_drafted_as_such(tmp_path: Path, text: str, kind: str, ours: set[str]) -> None:
    found = look(tmp_path / "f.csv", text, zone=SHANGHAI)
    (table,) = found.tables
    assert (table.kind, ours <= set(table.frame.columns), table.is_complete) == (kind, True, True)
