"""A shop's own files go in without editing: both roads give the same orders, which train and score take as they are."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from seller_fixture import SHOP, ZONE, Shop, simulated_shop, write_amazon, write_claims, write_erp

from features.outcome import OUTCOME
from service import cli
from service.cli_import import import_files
from service.import_words import texts
from training.coverage import Coverage, read_coverage
from training.dataset import read_dataset, read_outcomes

ORDERS, SEED = 1_400, 3
# Many claims, so that few orders are enough.
WORLD = 'extends = "common"\n[claim]\nshift_log_odds = 5.0\n'
BOTH = [
    "order_id", "marketplace", "placed_at", "sku", "asin", "quantity", "line_count", "item_price", "shipping_price",
    "order_total", "currency", "ship_to_country", "ship_to_region",
]  # fmt: skip

Run = Callable[..., str]


@pytest.fixture
def claimrisk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The entry point in this process; what it says."""

    def run(*words: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["claimrisk", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.run()
        said = capsys.readouterr().err
        assert int(left.value.code or 0) == code, said
        return said

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def shop(folder: Path) -> Shop:
    (folder / "world.toml").write_text(WORLD)
    found = simulated_shop(folder / "world.toml", ORDERS, SEED)
    write_amazon(found, folder / "amazon")
    write_erp(found, folder / "erp" / "orders.xlsx")
    write_claims(found, folder / "erp" / "claims.csv")
    write_erp(found, folder / "gb" / "orders.csv")
    return found


@pytest.fixture(scope="module")
def everything(shop: Shop, folder: Path) -> Path:
    """All of Amazon's reports and the ERP's sheet, imported at once."""
    import_files([folder / "amazon", folder / "gb"], folder / "all", time_zone=ZONE)
    return folder / "all"


def orders_of(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "orders.parquet")


def report_of(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "import_report.json").read_bytes())
    return found


def test_both_roads_give_the_same_orders(claimrisk: Run, shop: Shop, folder: Path) -> None:
    claimrisk("import", folder / "amazon", "--out", folder / "a", "--shop", SHOP)
    claimrisk("import", folder / "erp", "--out", folder / "e", "--time-zone", ZONE)
    claimrisk("import", folder / "gb", "--out", folder / "g", "--time-zone", ZONE)
    one, other, third = (orders_of(folder / name) for name in "aeg")
    assert_frame_equal(one.select(BOTH), other.select(BOTH))
    shared = [c for c in third.columns if c in other.columns and not c.startswith("claim_")]
    assert_frame_equal(third.select(shared), other.select(shared))
    truth = shop.orders.sort("order_id")
    assert_frame_equal(other.select(BOTH), truth.select(BOTH).with_columns(sku=other["sku"], asin=other["asin"]))
    facts = ["shipped_at", "delivered_at", "ship_by", "latest_delivery_at"]
    assert_frame_equal(other.select(facts), truth.select(facts))
    tracked = truth.select(pl.when(pl.col("shipped_at").is_not_null()).then("has_tracking").alias("has_tracking"))
    assert_frame_equal(other.select("has_tracking"), tracked)


def test_a_shop_is_imported_trained_looked_back_on_and_scored_without_editing(
    claimrisk: Run, shop: Shop, everything: Path
) -> None:
    out, model, scored = everything, everything.with_name("model"), everything.with_name("scored.csv")
    said = (out / "import_report.md").read_text("utf-8")
    assert f"{ORDERS:,} order numbers in, {ORDERS:,} orders out, 0 set aside" in said
    report = report_of(out)
    assert (report["target"], report["conflicts"], report["orphans"]) == ("claim_debited", [], {})
    for file in report["files"]:
        assert file["rows"] == file["taken"] + file["rejected"] + sum(file["left_out"].values())
    found = {r["kind"]: r for r in report["reconciliation"]}["a_to_z"]
    assert found["gap"] == found["told"] - found["found"] <= 2
    claimrisk("train", out / "orders.parquet", out / "outcomes.parquet", "--out", model)
    back = everything.with_name("back")
    claimrisk(
        "backtest", out / "orders.parquet", out / "outcomes.parquet", "--model", "none", "--months", "1", "--out", back
    )
    assert (back / "backtest.html").read_text("utf-8").count("<svg") > 0
    claimrisk(
        "score",
        out / "orders.parquet",
        "--model",
        model,
        "--out",
        scored,
        "--as-of",
        f"{shop.until:%Y-%m-%dT%H:%M:%SZ}",
    )
    rows = pl.read_csv(scored)
    assert rows.height == ORDERS
    assert rows["claimrisk_probability"].is_not_null().sum() > 100
    assert set(rows.filter(pl.col("claim_opened_at").is_not_null())["claimrisk_status"]) == {"claim_open"}
    assert not everything.with_name("scored.csv.rejects.csv").exists()


def test_the_claims_are_those_that_the_sources_can_show(claimrisk: Run, shop: Shop, folder: Path) -> None:
    claimrisk("import", folder / "amazon", "--out", folder / "c")
    seen = pl.read_parquet(folder / "c" / "outcomes.parquet")
    paid = shop.claims.filter(pl.col("seller_paid") & pl.col("decided_at").is_not_null())
    returned = shop.orders.filter(pl.col("return_requested_at").is_not_null())["order_id"]
    linked = shop.claims.filter(pl.col("order_id").is_in(returned.implode()))
    assert set(seen.filter("seller_paid")["order_id"]) == set(paid["order_id"])
    assert set(seen["order_id"]) == set(paid["order_id"]) | set(linked["order_id"])
    default = Coverage(0.0, 4e9, "claim_filed")
    assert read_coverage(folder / "c" / "outcomes.parquet", default).target == "claim_debited"
    assert read_outcomes(folder / "c" / "outcomes.parquet", None).n == seen.height
    assert set(OUTCOME) < set(seen.columns)


def test_a_list_of_all_claims_teaches_filed_ones(claimrisk: Run, shop: Shop, folder: Path) -> None:
    claimrisk("import", folder / "erp", "--out", folder / "f", "--time-zone", ZONE)
    dataset = read_dataset(folder / "f" / "orders.parquet", folder / "f" / "outcomes.parquet")
    assert dataset.coverage.target == "claim_filed"
    seen = shop.orders.filter(pl.col("placed_at") <= shop.claims["claim_opened_at"].max())
    assert seen.height <= dataset.orders.n <= shop.orders.height
    assert dataset.claims == shop.claims["order_id"].n_unique()


def test_no_personal_data_comes_through(everything: Path) -> None:
    out = everything
    written = b"".join(path.read_bytes() for path in out.iterdir() if path.suffix != ".parquet")
    cells = orders_of(out).select(pl.col(pl.String)).to_dict(as_series=False).values()
    texts_out = "\n".join(cell for column in cells for cell in column if cell)
    for personal in ("A Buyer", "marketplace.example", "某人", "10001", "YT1"):
        assert personal.encode() not in written
        assert personal not in texts_out


ROW = "A-1,2026-01-05 10:00,2026-01-09 10:00,5.00,USD\n"
HEAD = "订单号,下单时间,发货时间,订单金额,币种\n"


def sheet(path: Path, text: str) -> Path:
    path.write_text(HEAD + text, "utf-8")
    return path


def test_bad_rows_are_listed_with_file_line_and_reason(claimrisk: Run, tmp_path: Path) -> None:
    bad = ROW.replace("A-1", "A-2").replace("2026-01-09", "2026-13-09") + "A-3,2026-01-05 10:00,,x,USD\n"
    path = sheet(tmp_path / "erp.csv", ROW + bad + "A-4,2026-01-05 10:00,,5.00,\n")
    claimrisk("import", path, "--out", tmp_path / "out", "--time-zone", ZONE)
    with (tmp_path / "out" / "rejects.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {(Path(r["file"]).name, r["line"]) for r in rows} == {("erp.csv", "3"), ("erp.csv", "4"), ("erp.csv", "5")}
    assert {"money_without_currency"} < {r["code"] for r in rows}
    assert all(r["reason"] for r in rows)


def said_of_sheet(claimrisk: Run, folder: Path, text: str) -> str:
    """What an import into `out` says of a sheet of that text."""
    path = folder / "erp.csv"
    path.write_text(text, "utf-8")
    return claimrisk("import", path, "--out", folder / "out", "--time-zone", ZONE)


def test_a_sign_that_means_one_currency_says_it_and_one_that_may_mean_several_is_asked_for(
    claimrisk: Run, tmp_path: Path
) -> None:
    said = said_of_sheet(
        claimrisk, tmp_path, "订单号,下单时间,订单金额\n1,2026-10-10 10:00,US$39.90\n2,2026-10-10 10:00,$12.00\n"
    )
    assert orders_of(tmp_path / "out").select("order_id", "currency").rows() == [("1", "USD")]
    assert "订单金额: no column names the currency; of 1 rows it is the one that the sign means: USD" in said
    assert re.search(r"1 rows have money, .*\$ = USD/CAD.*constants = { currency = \"USD\" } below kind", said)


def test_what_the_files_tell_is_not_said_to_be_missing_though_no_order_can_be_used(
    claimrisk: Run, tmp_path: Path
) -> None:
    said = said_of_sheet(
        claimrisk, tmp_path, "订单号,下单时间,订单金额,SKU\n1,2026-10-10 10:00,39.90,A\n2,2026-10-10 10:00,$1.00,A\n"
    )
    missing = re.findall(r"Told by no file: (.*?)\.", said)[0].split(", ")
    assert "ship_by" in missing
    assert not {"placed_at", "order_total", "sku"} & {*missing}
    assert "No order can be used" in said
    assert "claimrisk worklist" not in said


def test_orders_that_lose_the_moment_they_were_placed_are_told_with_what_follows(
    claimrisk: Run, tmp_path: Path
) -> None:
    path, claims = tmp_path / "erp.csv", tmp_path / "claims.csv"
    path.write_text("订单号,付款时间,SKU\n1,2026-10-10 10:00,A\n2,2026-10-10 10:00,B\n", "utf-8")
    claims.write_text("order_id,claim_opened_at\n1,2026-10-12T10:00:00Z\n")
    said = claimrisk("import", path, claims, "--out", tmp_path / "out", "--time-zone", ZONE)
    assert "Told by no file: placed_at, " in said
    assert "2 orders have no placed_at" in said
    assert "claimrisk worklist" in said
    assert "claimrisk train" not in said


def test_a_time_zone_that_is_wrong_shows_as_a_steady_difference(claimrisk: Run, tmp_path: Path) -> None:
    erp = sheet(tmp_path / "erp.csv", ROW + ROW.replace("A-1", "A-2"))
    own = tmp_path / "own.csv"
    own.write_text("num,when\nA-1,2026-01-05T02:00:00Z\nA-2,2026-01-05T02:00:00Z\n")
    (tmp_path / "own.toml").write_text('kind = "orders"\n[columns]\norder_id = "num"\nplaced_at = "when"\n')
    said = claimrisk("import", own, "--map", tmp_path / "own.toml", "--out", tmp_path / "one")
    assert "2 orders out" in said
    (tmp_path / "all.toml").write_text(
        'kind = "orders"\n[columns]\norder_id = ["num", "订单号"]\nplaced_at = ["when", "下单时间"]\n'
    )
    said = claimrisk(
        "import", own, erp, "--map", tmp_path / "all.toml", "--time-zone", "UTC", "--out", tmp_path / "two"
    )
    assert "always 8 h apart" in said


RETURNS = 'report = "mine"\nkind = "returns"\n[columns]\norder_id = "订单号"\nreturn_requested_at = "退回日"\n'
DESK = 'report = "desk"\nkind = "orders"\n[columns]\norder_id = "订单号"\nsku = "货品"\ncarrier = "快递"\n'


def test_each_file_is_read_by_the_map_that_is_meant_for_it(claimrisk: Run, tmp_path: Path) -> None:
    erp, back, desk = sheet(tmp_path / "erp.csv", ROW), tmp_path / "back.csv", tmp_path / "desk.csv"
    back.write_text("订单号,退回日\nA-1,2026-01-20 10:00\n", "utf-8")
    desk.write_text("订单号,货品,快递\nA-1,X,云途\n", "utf-8")
    for name, text in (("mine", RETURNS), ("desk", DESK)):
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    maps = ("--map", tmp_path / "mine.toml", "--map", tmp_path / "desk.toml", "--time-zone", ZONE)
    said = claimrisk("import", erp, back, desk, *maps, "--out", tmp_path / "out")
    files = {(f["file"], f["report"]) for f in report_of(tmp_path / "out")["files"]}
    assert files == {("erp.csv", "erp.generic_zh"), ("back.csv", "mine"), ("desk.csv", "desk")}
    assert "erp.csv: no given map reads as much of this file as erp.generic_zh" in said
    order = orders_of(tmp_path / "out").to_dicts()[0]
    assert (order["order_total"], order["sku"], order["return_requested_at"] is None) == (5.0, "X", False)


def test_a_map_for_the_only_file_is_meant_though_a_built_in_one_fits(claimrisk: Run, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        'report = "mine"\nkind = "orders"\n[columns]\norder_id = "订单号"\norder_total = "订单金额"\nsku = "货品"\n'
        "[constants]\ncurrency = 'USD'\n", "utf-8",
    )  # fmt: skip
    claimrisk("import", sheet(tmp_path / "e.csv", ROW), "--map", tmp_path / "m.toml", "--out", tmp_path / "out")
    assert [f["report"] for f in report_of(tmp_path / "out")["files"]] == ["mine"]


def test_a_file_of_which_a_map_reads_the_order_number_alone_is_refused(claimrisk: Run, tmp_path: Path) -> None:
    strange = tmp_path / "strange.csv"
    strange.write_text("订单号,颜色\nA-1,红\n", "utf-8")
    (tmp_path / "mine.toml").write_text(RETURNS, "utf-8")
    (tmp_path / "desk.toml").write_text(DESK, "utf-8")
    erp = sheet(tmp_path / "erp.csv", ROW)
    words = ("--map", tmp_path / "mine.toml", "--time-zone", ZONE, "--out", tmp_path / "out")
    said = claimrisk("import", erp, strange, *words, code=1)
    assert "strange.csv: expected columns that the map mine names, got the number of its rows alone" in said
    said = claimrisk("playbook", strange, "--map", tmp_path / "desk.toml", code=1)
    assert "the map desk names" in said


def test_a_folder_that_is_no_import_is_never_replaced(claimrisk: Run, tmp_path: Path) -> None:
    path = sheet(tmp_path / "erp.csv", ROW)
    (tmp_path / "mine").mkdir()
    said = claimrisk("import", path, "--out", tmp_path / "mine", "--time-zone", ZONE, code=1)
    assert "expected a new folder or an earlier import" in said
    for _ in range(2):
        claimrisk("import", path, "--out", tmp_path / "out", "--time-zone", ZONE)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["erp.csv", "mine", "out"]
    (tmp_path / "out" / "model").mkdir()
    assert "got model too" in claimrisk("import", path, "--out", tmp_path / "out", "--time-zone", ZONE, code=1)


@pytest.mark.parametrize("words", [("--time-zone", "Mars/Base"), ("--map", "none.toml")])
def test_what_cannot_be_done_is_said_in_one_line(claimrisk: Run, tmp_path: Path, words: tuple[str, str]) -> None:
    said = claimrisk("import", sheet(tmp_path / "erp.csv", ROW), "--out", tmp_path / "out", *words, code=1)
    assert len([line for line in said.splitlines() if line.startswith("claimrisk: ")]) == 1
    assert not (tmp_path / "out").exists()


def test_every_text_stands_in_both_languages_with_the_same_places() -> None:
    for table in texts().values():
        for key, text in table.items():
            assert set(text) == {"en", "zh"}, key
            assert set(re.findall(r"\{\w+\}", text["en"])) == set(re.findall(r"\{\w+\}", text["zh"])), key


def test_lists_of_one_report_are_told_apart(everything: Path) -> None:
    told = (everything / "import_report.md").read_text("utf-8")
    for of in ("shipment", "refund", "a_to_z", "order_defect_rate"):
        assert re.search(rf"\| amazon\.\w+ \({of}\) \|", told), of


def test_what_to_type_next_can_be_typed(everything: Path) -> None:
    told = (everything / "import_report.md").read_text("utf-8")
    commands = re.findall(r"^    claimrisk (\w+) (\S+orders\.parquet)", told, re.MULTILINE)
    assert [name for name, _ in commands] == ["backtest", "train", "score"]
    assert all(Path(path).is_file() for _, path in commands)


def test_one_unknown_file_leaves_the_known_ones_imported_and_is_named_with_what_to_do(
    claimrisk: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    (folder / "2025").mkdir(parents=True)
    sheet(folder / "erp.csv", ROW)
    sheet(folder / "2025" / "erp.csv", ROW)
    (folder / "strange.csv").write_text("foo,bar\n1,2\n")
    (folder / "old.xls").write_text("x")
    words = ("import", folder, "--out", tmp_path / "out", "--time-zone", ZONE)
    said = claimrisk(*words, code=1)
    assert "3 of 4 files were left out" in said
    assert orders_of(tmp_path / "out")["order_id"].to_list() == ["A-1"]
    left_out = report_of(tmp_path / "out")["files_left_out"]
    for reason, name, what in zip(
        left_out, ("2025", "old.xls", "strange.csv"), ("named to it", "save it as", "claimrisk map"), strict=True
    ):
        assert name in reason
        assert what in reason
        assert reason in said
    assert "无法识别这些列" in claimrisk(*words, "--lang", "zh", code=1)
    (folder / "erp.csv").unlink()
    said = claimrisk(*words, code=1)
    assert len([line for line in said.splitlines() if line.startswith("claimrisk: ")]) == 3
