"""Sellers' files on the command line: a look at one, scoring by a map, workbooks in and out."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from features.delimited import Reject
from features.seller.table import Note
from service import cli
from service.seller_notes import note_text, rejects_told, texts

ROOT = Path(__file__).parent.parent
INDIA = ROOT / "examples" / "amazon_india_sale_report.toml"
Claimrisk = Callable[..., tuple[int, str, str]]
SALE = (
    "Order ID,Date,Status,Fulfilment,Sales Channel,ship-service-level,Category,Courier Status,Qty,currency,Amount,"
    "ship-postal-code\n1,04-30-22,Shipped,Merchant,Amazon.in,Standard,Shirt,Shipped,1,INR,406.00,560085\n"
    "2,04-30-22,Cancelled,Merchant,Amazon.in,Standard,Shirt,,0,,,560085\n"
    "3,04-31-22,Shipped,Merchant,Amazon.in,Standard,Shirt,Shipped,1,INR,406.00,560085\n"
)


@pytest.fixture
def claimrisk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Claimrisk:
    """The entry point, run in this process: exit code, stdout, stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["claimrisk", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.run()
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return run


def test_map_shows_the_rows_as_understood_and_writes_a_map_that_scores(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path
) -> None:
    orders, draft, out = tmp_path / "o.csv", tmp_path / "map.toml", tmp_path / "out.csv"
    orders.write_text("Order No,Created at,Amount,Currency\nA1,2025-03-04 10:00,12.50,USD\n")
    code, told, _ = claimrisk("map", orders, "--out", draft, "--time-zone", "Asia/Shanghai")
    assert (code, "2025-03-04 02:00:00 UTC" in told, "Amount: decimal sign guessed" in told) == (0, True, True)
    code, _, err = claimrisk("score", orders, "--map", draft, "--model", bundle_folder, "--out", out)
    assert (code, pl.read_csv(out)["order_id"].to_list()) == (0, ["A1"]), err


def test_a_map_takes_along_what_was_said_and_a_layout_of_ours_needs_none(claimrisk: Claimrisk, tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("订单号,下单时间,订单金额,币种\nA1,2025-03-04 10:00,12.50,USD\n", "utf-8")
    assert claimrisk("map", tmp_path / "o.csv", "--out", tmp_path / "m.toml", "--time-zone", "Asia/Shanghai")[0] == 0
    assert tomllib.loads((tmp_path / "m.toml").read_text("utf-8"))["time_zone"] == "Asia/Shanghai"
    code, _, err = claimrisk("map", ROOT / "examples" / "orders.csv")
    assert (code, "its columns have our names already; no map is needed" in err) == (1, True)


PARCELS = (
    "订单号,站点,下单时间,发货时间,妥投时间,物流状态,物流单号,物流商,订单金额,币种\n"
    "A1,US,2026-10-01 10:00,2026-10-02 09:00,2026-10-10 12:00,已签收,LZ1,云途,25.5,USD\n"
    "A2,US,2026-10-02 10:00,2026-10-03 09:00,,运输中,LZ2,云途,25.5,USD\n"
    "A3,US,2026-10-03 10:00,,,,,,25.5,USD\n"
    "A4,US,2026-10-03 10:00,2026-10-04 99:99,,运输中,LZ4,云途,25.5,USD\n"
    "A5,US,2026-13-03 10:00,,,,,,25.5,USD\n"
)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_a_sheet_tells_of_parcels_is_scored_and_nothing_vanishes(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path, lang: str
) -> None:
    (tmp_path / "o.csv").write_text(PARCELS, "utf-8")
    out = tmp_path / "out.csv"
    words = ("--map", "erp.generic_zh", "--time-zone", "Asia/Shanghai", "--as-of", "2026-10-20T00:00:00Z")
    code, _, err = claimrisk(
        "score", tmp_path / "o.csv", *words, "--model", bundle_folder, "--out", out, "--lang", lang
    )
    scored = pl.read_csv(out)
    assert (code, scored["order_id"].to_list()) == (0, ["A1", "A2", "A3"]), err
    assert scored["claimrisk_state"].to_list() == ["delivered", "in_transit", "placed"]  # 运输中
    rejects = pl.read_csv(f"{out}.rejects.csv")
    assert rejects.select("line", "column").rows() == [(5, "发货时间"), (6, "下单时间")]


AMBIGUOUS = 'order_id,placed_at,order_total,currency,x_mine,name\nA1,03/04/2025 10:00,"1,234",USD,7,某人\n'
SAID = ("--date-order", "dmy", "--decimal", ",", "--time-zone", "Asia/Shanghai", "--file-encoding", "gb18030")


@pytest.mark.parametrize("command", ["score", "worklist", "import"])
def test_a_file_that_can_be_read_in_two_ways_is_read_as_the_options_say(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path, command: str
) -> None:
    (tmp_path / "o.csv").write_bytes(AMBIGUOUS.encode("gb18030"))
    out, model = tmp_path / "out.csv", () if command == "import" else ("--model", bundle_folder)
    code, _, err = claimrisk(command, tmp_path / "o.csv", "--out", out, *model, *SAID[4:])
    assert (code, "expected to know the order of day and month" in err) == (1, True)
    code, _, err = claimrisk(command, tmp_path / "o.csv", "--out", out, *model, *SAID)
    assert code == 0, err
    if command == "score":
        (row,) = pl.read_csv(out, infer_schema_length=0).to_dicts()
        assert (row["placed_at"], row["order_total"], row["x_mine"]) == (
            "2025-04-03T02:00:00Z",
            "1.234",
            "7",
        )
    if command == "import":
        (row,) = pl.read_parquet(out / "orders.parquet").to_dicts()
        assert (f"{row['placed_at']:%Y-%m-%d %H}", row["order_total"], row["x_mine"]) == ("2025-04-03 02", 1.234, "7")


def test_a_worklist_takes_a_report_by_its_map(claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sale.csv").write_text(SALE)
    out = tmp_path / "list.csv"
    code, _, err = claimrisk("worklist", tmp_path / "sale.csv", "--map", INDIA, "--model", bundle_folder, "--out", out)
    assert code == 0, err
    assert "left out: cancelled 1" in err
    assert re.search(r"[Rr]ows read: 2", err), err


def test_a_file_of_nothing_but_rows_left_out_on_purpose_says_so(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "erp.csv"
    sheet.write_text("订单号,下单时间,订单状态\nA,2026-10-10 10:00:00,已取消\n", "utf-8")
    words = ("--map", "erp.generic_zh", "--time-zone", "Asia/Shanghai", "--model", bundle_folder)
    for command in ("score", "worklist"):
        code, _, err = claimrisk(command, sheet, "--out", tmp_path / "out.csv", *words)
        assert (code, err.endswith("leaves out alone: cancelled 1\n")) == (1, True)


def test_map_speaks_chinese_and_asks_what_is_open(claimrisk: Claimrisk, tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("Order No,Order date\nA1,03/04/2025\n")
    _, told, _ = claimrisk("map", tmp_path / "o.csv", "--lang", "zh")
    assert "读取这些列之前需要决定" in told
    assert "先日还是先月" in told


def test_score_reads_a_report_by_a_map_and_counts_what_it_left_out(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "sale.csv").write_text(SALE)
    out = tmp_path / "out.csv"
    code, _, err = claimrisk("score", tmp_path / "sale.csv", "--map", INDIA, "--model", bundle_folder, "--out", out)
    assert code == 0, err
    assert re.search(r"rows read\s+3", err)
    assert re.search(r"left out: cancelled\s+1", err)
    assert pl.read_csv(out)["order_id"].to_list() == [1]
    assert pl.read_csv(f"{out}.rejects.csv").select("line", "column", "code").rows() == [(4, "Date", "not_an_instant")]


def test_score_of_several_rows_an_order_points_to_import(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "sale.csv").write_text(SALE.replace("\n3,04-31", "\n1,04-30"))
    words = ("score", tmp_path / "sale.csv", "--map", INDIA, "--model", bundle_folder, "--out", tmp_path / "o.csv")
    code, _, err = claimrisk(*words)
    assert code == 1
    assert "expected one row an order, got several; claimrisk import joins them first" in err


def test_score_of_a_folder_by_a_map_points_to_import(claimrisk: Claimrisk, tmp_path: Path) -> None:
    code, _, err = claimrisk("score", tmp_path, "--map", INDIA, "--out", tmp_path / "o.csv", "--no-model")
    assert code == 1
    assert "expected a file, got a folder; claimrisk import joins the files in it" in err


@pytest.mark.parametrize(
    ("name", "message"),
    [("amazon.unshiped", "expected a file, or one of amazon.a_to_z_claims"),
     ("amazon.unshiped", 'did you mean "amazon.unshipped"')],
)  # fmt: skip
def test_a_map_that_is_not_there_is_one_clear_line(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path, name: str, message: str
) -> None:
    code, _, err = claimrisk("score", tmp_path, "--map", name, "--model", bundle_folder, "--out", tmp_path / "o.csv")
    assert (code, message in err) == (1, True), err


def test_score_of_a_report_that_we_know_names_its_map(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "o.csv").write_text("平台单号,下单时间\n1,2025-03-04\n", encoding="utf-8")
    _, _, err = claimrisk("score", tmp_path / "o.csv", "--model", bundle_folder, "--out", tmp_path / "out.csv")
    assert "it looks like erp.generic_zh: add --map erp.generic_zh" in err


ROWS = [
    {"order_id": "=1+1", "placed_at": "2026-11-02T09:00:00Z", "order_total": 89.9, "currency": "USD", "quantity": 1},
    {"order_id": "114-2", "placed_at": "2026-11-02T09:00:00Z", "order_total": 12.0, "currency": "USD", "quantity": 2},
]


def test_only_commands_with_a_map_tell_to_give_one(claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path) -> None:
    orders, outcomes = tmp_path / "erp.csv", tmp_path / "outcomes.csv"
    orders.write_text("订单号,下单时间\nA,2026-10-10 10:00:00\n", "utf-8")
    outcomes.write_text("order_id,claim_opened_at\nA,2026-10-12T10:00:00Z\n")
    given = ("--model", bundle_folder, "--out", tmp_path / "out.csv")
    for words in (("score", orders, *given), ("worklist", orders, *given), ("playbook", orders)):
        assert claimrisk(*words)[2].endswith("it looks like erp.generic_zh: add --map erp.generic_zh\n")
    code, _, err = claimrisk("train", orders, outcomes, "--out", tmp_path / "model")
    assert code == 1
    assert err.endswith("it looks like erp.generic_zh: claimrisk import reads it\n")


def test_a_file_of_outcomes_is_refused_where_orders_are_wanted(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path
) -> None:
    row = {"order_id": "A", "event_id": "e", "kind": "a_to_z", "claim_opened_at": "2026-10-12T10:00:00Z"}
    for ending in ("parquet", "csv"):
        path = tmp_path / f"outcomes.{ending}"
        frame = pl.DataFrame([row])
        frame.write_parquet(path) if ending == "parquet" else frame.write_csv(path)
        given = ("--model", bundle_folder, "--out", tmp_path / "out.csv")
        for words in (("playbook", path), ("score", path, *given), ("worklist", path, *given)):
            code, _, err = claimrisk(*words)
            assert code == 1
            assert f"outcomes.{ending}: expected orders, got outcomes" in err


def test_every_form_of_a_file_gets_the_same_scores(claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path) -> None:
    pl.DataFrame(ROWS).write_csv(tmp_path / "o.csv")
    pl.DataFrame(ROWS).write_excel(tmp_path / "o.xlsx")
    (tmp_path / "o.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    scores = []
    for ending in ("csv", "xlsx", "jsonl"):
        out = tmp_path / f"{ending}.parquet"
        words = ("--model", bundle_folder, "--out", out, "--as-of", "2026-11-20T00:00:00Z")
        code, _, err = claimrisk("score", tmp_path / f"o.{ending}", *words)
        assert code == 0, err
        scores.append(pl.read_parquet(out)["claimrisk_probability"].to_list())
    assert scores[0] == scores[1] == scores[2]


def test_a_workbook_of_results_holds_texts_and_no_formulas(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path
) -> None:
    pl.DataFrame(ROWS).write_csv(tmp_path / "o.csv")
    code, _, err = claimrisk("score", tmp_path / "o.csv", "--model", bundle_folder, "--out", tmp_path / "out.xlsx")
    assert code == 0, err
    rows = CalamineWorkbook.from_path(tmp_path / "out.xlsx").get_sheet_by_index(0).to_python()
    assert rows[1][0] == "=1+1"
    assert isinstance(rows[1][rows[0].index("claimrisk_probability")], float)


def test_an_order_number_that_a_workbook_has_rounded_is_not_scored(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path
) -> None:
    rows = [row | {"order_id": number} for row, number in zip(ROWS, (114123456789012345, 1141), strict=True)]
    pl.DataFrame(rows).write_excel(tmp_path / "o.xlsx")
    claimrisk("score", tmp_path / "o.xlsx", "--model", bundle_folder, "--out", tmp_path / "out.csv")
    assert pl.read_csv(tmp_path / "out.csv")["order_id"].to_list() == [1141]
    assert pl.read_csv(tmp_path / "out.csv.rejects.csv")["code"].to_list() == ["digits_lost"]


def test_every_note_that_the_code_gives_has_words_in_both_languages() -> None:
    sources = [path.read_text("utf-8") for of in ("features/seller", "service") for path in (ROOT / of).glob("*.py")]
    given = {code for text in sources for code in re.findall(r'\bNote\(\s*"(\w+)"', text)}
    told = texts()["notes"] | texts()["questions"]
    assert given == set(told)
    assert all(re.search(r"[\u4e00-\u9fff]", text["zh"]) for code, text in told.items() if code != "refused")
    assert note_text(Note("header_row", "", {"row": "2"}), "zh") == "表头在第 2 行，其上各行未读取"


@pytest.mark.parametrize("command", ["odr", "score", "worklist", "map", "monitor"])
def test_a_result_never_takes_the_place_of_a_file_that_was_given(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path, command: str
) -> None:
    orders, alias = tmp_path / "orders.csv", tmp_path / "same.csv"
    orders.write_bytes((ROOT / "examples" / "orders.csv").read_bytes())
    alias.hardlink_to(orders)
    words = {"monitor": [orders, "--model", bundle_folder], "map": []}.get(command, ["--model", bundle_folder])
    code, _, err = claimrisk(command, orders, *words, "--out", alias)
    assert (code, "which would be lost" in err) == (1, True), err
    assert orders.read_bytes() == (ROOT / "examples" / "orders.csv").read_bytes()


def test_what_is_wrong_with_a_file_is_told_with_the_option_that_the_command_takes(
    claimrisk: Claimrisk, bundle_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "o.csv").write_text(
        'order_id,marketplace,placed_at,order_total,currency\n1,US,2026-11-02T09:00:00Z,"8,50",USD\n'
    )
    (tmp_path / "o.csv.gz").write_bytes(b"\x1f\x8b")
    words = ("--model", bundle_folder, "--as-of", "2026-11-20T00:00:00Z")
    assert "--decimal ','" in claimrisk("worklist", tmp_path / "o.csv", *words, "--out", tmp_path / "w.csv")[2]
    code, out, err = claimrisk("odr", tmp_path / "o.csv", *words, "--decimal", ",")
    assert (code, "1 orders in 60 days" in out) == (0, True), err
    assert "unpack it first" in claimrisk("score", tmp_path / "o.csv.gz", *words, "--out", tmp_path / "s.csv")[2]
    assert "claimrisk import" in claimrisk("score", tmp_path, *words, "--out", tmp_path / "s")[2]


@pytest.mark.parametrize("reason", ["quantity: expected a count", "expected a count"])
def test_a_row_that_was_set_aside_names_its_column_once(reason: str) -> None:
    told = rejects_told([Reject(2, "quantity", "not_a_count", reason, "x")], 3, "en")
    assert [*told] == ["rejected: line 2: quantity: expected a count"]


def test_a_row_set_aside_names_its_column_once_and_where_all_of_them_are_listed(
    claimrisk: Claimrisk, tmp_path: Path
) -> None:
    (tmp_path / "o.csv").write_text("order_id,order_total,currency\n1,-4,USD\n2,5,USD\n", "utf-8")
    for lang, listed in (("en", "rejected rows: 1; "), ("zh", "共拒绝 1 行；")):
        code, _, err = claimrisk("playbook", tmp_path / "o.csv", "--out", tmp_path / "c.html", "--lang", lang)
        assert code == 0, err
        assert "order_total: order_total" not in err
        assert f"{listed}{tmp_path / 'c.html.rejects.csv'}" in err


def test_a_column_of_both_decimal_signs_is_refused_with_a_number_of_each(claimrisk: Claimrisk, tmp_path: Path) -> None:
    rows = ("1,US,2026-11-02T09:00:00Z,89.90,USD", '2,US,2026-11-02T09:00:00Z,"1.234,50",USD')
    (tmp_path / "o.csv").write_text("\n".join(("订单号,站点,下单时间,订单金额,币种", *rows, "")), "utf-8")
    _, _, err = claimrisk("import", tmp_path / "o.csv", "--out", tmp_path / "shop")
    assert "got '89.90' and '1.234,50'" in err
