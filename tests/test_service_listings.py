"""`claimrisk listings`: from two files to flags with what to fix, and on to the orders."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner
from xlsxwriter import Workbook

from features.errors import FileRefused, InputError
from features.listings.files import read_records
from features.listings.record import FLAGS
from service import cli
from service.listings import check

LISTINGS = """sku,title,size,weight,colour
A,Ceramic Mug,10 x 8 cm,350 g,Red
B,=cmd|' /C calc'!A0,,,黑色
C,Lamp,,,
,nothing,,,
"""
PRODUCTS = """sku,name,size,weight,colour
A,陶瓷马克杯,3.9 x 3.1 in,0.5 kg,红色
B,手机壳,,,White
B,again,,,
D,unlisted,,,
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "listings.csv", tmp_path / "products.csv"
    for path, text in zip(paths, (LISTINGS, PRODUCTS), strict=True):
        path.write_text(text, "utf-8")
    return paths


def ran(*arguments: object) -> str:
    result = CliRunner().invoke(cli.app, ["listings", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def sheet(path: Path) -> pl.DataFrame:
    header, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    cells = [[None if cell == "" else cell for cell in row] for row in rows]
    return pl.DataFrame(cells, schema=header, orient="row", strict=False)


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_check_writes_flags_with_both_values_and_what_to_fix(files: tuple[Path, Path], ending: str) -> None:
    out = files[0].with_name(f"found.{ending}")
    ran("check", *files, "--out", out, "--lang", "zh")
    frame = {"csv": pl.read_csv, "xlsx": sheet, "parquet": pl.read_parquet}[ending](out)
    assert frame["sku"].to_list() == ["A", "B", "C"]
    row = frame.row(0, named=True)
    assert (row["mismatch_weight"], row["mismatch_dimensions"], row["mismatch_colour"]) == (True, False, False)
    assert (row["mismatch_weight_listing"], row["mismatch_weight_product"]) == ("350 g", "0.5 kg")
    assert "请修正重量" in row["what_to_fix"]
    assert frame["has_product"].to_list() == [True, True, False]
    assert {frame.row(2, named=True)[flag] for flag in FLAGS} == {None}


def test_rows_that_cannot_be_used_are_set_aside_by_file(files: tuple[Path, Path]) -> None:
    out = files[0].with_name("found.csv")
    ran("check", *files, "--out", out)
    rejects = pl.read_csv(f"{out}.rejects.csv")
    assert rejects.select("line", "code").rows() == [(5, "missing"), (4, "repeated")]
    assert [reason.split(":")[0] for reason in rejects["reason"]] == ["LISTINGS", "PRODUCTS"]


def test_a_total_below_a_file_of_listings_is_no_listing(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("sku,title\nA,Lamp\n合计（1个）,\nTOTAL-1,Box\n", "utf-8")
    found = read_records(tmp_path / "l.csv", "listing")
    assert [record.sku for record in found.records] == ["A", "TOTAL-1"]
    assert [(reject.line, reject.code) for reject in found.rejects] == [(3, "total_row")]


def test_a_sku_that_looks_like_a_total_is_a_listing_where_it_has_a_title(tmp_path: Path) -> None:
    skus = ["小计算器01", "Total Gym XLS", "累计器", "TOTAL CARE 5", "10件", "共3色T恤", "Total 7", "12 items"]
    (tmp_path / "l.csv").write_text("sku,title\n" + "".join(f"{sku},Lamp\n" for sku in skus) + "共8件,\n", "utf-8")
    found = read_records(tmp_path / "l.csv", "listing")
    assert [record.sku for record in found.records] == skus
    assert [(reject.line, reject.code) for reject in found.rejects] == [(10, "total_row")]
    (tmp_path / "l.csv").write_text("sku,colour\n" + "".join(f"{sku},red\n" for sku in skus) + "合计,\n", "utf-8")
    found = read_records(tmp_path / "l.csv", "listing")
    assert [record.sku for record in found.records] == skus
    assert [reject.line for reject in found.rejects] == [10]


def test_a_cell_that_a_spreadsheet_would_run_is_escaped(files: tuple[Path, Path]) -> None:
    out = files[0].with_name("found.csv")
    ran("check", *files, "--out", out)
    assert "'=cmd" in out.read_text("utf-8-sig")


def test_every_flag_has_its_words_in_both_languages(files: tuple[Path, Path]) -> None:
    listings, products = read_records(files[0], "listing"), read_records(files[1], "product")
    english, chinese = (check(listings, products, lang).frame["what_to_fix"] for lang in ("en", "zh"))
    assert "correct the weight" in english[0]
    assert "重量" in chinese[0]


def test_flags_and_returns_reach_the_orders(files: tuple[Path, Path]) -> None:
    folder = files[0].parent
    flags, orders, returns, out = (folder / f"{n}.csv" for n in ("found", "orders", "returns", "filled"))
    ran("check", *files, "--out", flags)
    orders.write_text("order_id,sku,placed_at,mismatch_weight\n1,A,2026-05-01T00:00:00Z,\n2,A,2026-01-01T00:00:00Z,0\n")
    returns.write_text("sku,return_reason,return_requested_at\nA,CR-DEFECTIVE,2026-04-01T00:00:00Z\n")
    ran("fill", orders, flags, "--out", out, "--returns", returns)
    found = pl.read_csv(out, infer_schema=False)
    assert found["mismatch_weight"].to_list() == ["true", "0"]
    assert found["sku_not_as_described_rate"][1] is None
    assert 0.5 < float(found["sku_not_as_described_rate"][0]) < 1


def test_files_in_the_wrong_order_are_told(files: tuple[Path, Path]) -> None:
    with pytest.raises(FileRefused, match="give LISTINGS first"):
        read_records(files[1], "listing")


@pytest.mark.parametrize(
    ("header", "said"),
    [("skuu,title", "rename 'skuu' to sku"), ("sku,other", "at least one of title"), ("a,b", "column sku")],
)
def test_a_missing_column_is_told_with_what_to_do(tmp_path: Path, header: str, said: str) -> None:
    file = tmp_path / "listings.csv"
    file.write_text(f"{header}\nx,y\n")
    with pytest.raises(FileRefused, match=said):
        read_records(file, "listing")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_headers_as_sellers_write_them_are_ours(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "listings.csv"
    text = "SKU,商品标题,颜色 ,color,重量,备注\nA,蓝色水杯,蓝色,,350克,x\nB,蓝色水杯,蓝色,red,350克,x\n"
    file.write_bytes(text.encode(encoding))
    found = read_records(file, "listing", "gb18030" if encoding == "gb18030" else None)
    told = [(record.sku, record.name, record.colour, record.weight) for record in found.records]
    assert told == [("A", "蓝色水杯", "蓝色", "350克"), ("B", "蓝色水杯", "red", "350克")]
    assert [name.split(",")[0] for name in found.unused] == ["备注"]


def test_files_in_the_wrong_order_are_told_by_chinese_headers_too(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("SKU,品名,产品说明\nA,水杯,蓝色\n", "utf-8")
    with pytest.raises(FileRefused, match="give LISTINGS first"):
        read_records(file, "listing")


def test_an_input_is_never_overwritten(files: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="would be lost"):
        ran("check", *files, "--out", files[1])


def test_the_template_can_be_filled_in(tmp_path: Path) -> None:
    listing, product = ran("template").split()
    file = tmp_path / "listings.csv"
    file.write_text(f"{listing}\nA{',x' * listing.count(',')}\n")
    assert read_records(file, "listing").missing == []
    assert product.startswith("sku,name,description,size")


def workbook(path: Path, *sheets: pl.DataFrame) -> Path:
    with Workbook(str(path)) as book:
        for frame in sheets:
            frame.write_excel(workbook=book)
    return path


def test_workbooks_are_read_like_text_and_their_flags_go_onto_orders(files: tuple[Path, Path], tmp_path: Path) -> None:
    books = [workbook(path.with_suffix(".xlsx"), pl.read_csv(path)) for path in files]
    found, orders = tmp_path / "found.xlsx", tmp_path / "orders.csv"
    ran("check", *books, "--out", found)
    orders.write_text("sku\nA\n", "utf-8")
    ran("fill", workbook(tmp_path / "orders.xlsx", pl.read_csv(orders)), found, "--out", tmp_path / "filled.parquet")
    row = pl.read_parquet(tmp_path / "filled.parquet").row(0, named=True)
    assert (row["mismatch_weight"], row["mismatch_colour"], row["mismatch_parts"]) == (True, False, None)


def test_of_a_workbook_with_two_sheets_none_is_taken(files: tuple[Path, Path], tmp_path: Path) -> None:
    frame = pl.read_csv(files[0])
    with pytest.raises(FileRefused, match="expected one visible sheet"):
        read_records(workbook(tmp_path / "two.xlsx", frame, frame), "listing")


def test_a_workbook_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "listings.xlsx"
    path.write_bytes(b"sku,title")
    with pytest.raises(FileRefused, match=r"expected \.xlsx, got text"):
        read_records(path, "listing")
