"""The worklist: worth × urgency, at most the capacity, every row counted once, one action for many orders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import polars as pl
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from features.completion import completed
from features.document import read_order
from features.errors import FileRefused, InputError
from features.order_columns import columns_of
from model.artefact import Bundle
from service import cli
from service.advice_catalogue import Catalogue, catalogue
from service.cli_worklist import Made, write_worklist
from service.decide import decide
from service.means import Means
from service.worklist import Looked, looked, rules, worklist
from service.worklist_sheets import Told

NOON = 1_795_176_000.0


@pytest.fixture(scope="module")
def advice() -> Catalogue:
    return catalogue()


@pytest.fixture(scope="module")
def part(documents: list[dict[str, Any]], bundle: Bundle, advice: Catalogue) -> Looked:
    orders = completed(columns_of([read_order(document) for document in documents[:300]]))
    return looked(decide(orders, Means(bundle)), Means(bundle), 0)


def made(rows: pl.DataFrame, out: Path, bundle: Bundle, lang: Any = "en", capacity: int = 10) -> Made:
    path = out.with_name("given.csv")
    rows.write_csv(path)
    return write_worklist(path, out, Means(bundle), capacity=capacity, as_of=NOON, told=Told(lang, None))


@pytest.fixture(scope="module")
def rows(documents: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(documents[:120], infer_schema_length=None)


def test_the_list_holds_the_largest_benefits_times_urgency(part: Looked, advice: Catalogue) -> None:
    everything, few = (worklist([part], advice, n) for n in (1_000, 7))
    assert few.orders.equals(everything.orders.head(7))
    pressure = everything.orders["pressure"].to_numpy()
    left = np.nan_to_num(everything.orders["hours_left"].to_numpy(), nan=rules().no_deadline_hours)
    saved, unit = everything.orders["net"].to_numpy(), everything.orders["unit"].to_numpy()
    duty = np.where(everything.orders["has_duty"], everything.orders["defect"].to_numpy() * rules().duty_defects, 0.0)
    worth = np.maximum(saved, duty) / unit
    np.testing.assert_allclose(pressure, worth * rules().half_hours / (rules().half_hours + left))
    assert (np.diff(pressure) <= 0).all()


def test_a_duty_that_does_not_pay_stands_before_a_small_benefit_with_time_left(
    bundle: Bundle, advice: Catalogue
) -> None:
    base = {"marketplace": "US", "order_total": 40.0, "currency": "USD", "has_tracking": True,
            "placed_at": "2026-11-02T03:12:00Z", "ship_by": "2026-11-04T23:59:59Z",
            "latest_delivery_at": "2026-11-16T23:59:59Z", "as_of": "2026-11-04T20:00:00Z"}  # fmt: skip
    duty = base | {"order_id": "duty", "is_out_of_stock": True}
    small = base | {"order_id": "small", "has_tracking": False, "ship_by": "2026-11-14T23:59:59Z"}
    orders = completed(columns_of([read_order(document) for document in (duty, small)]))
    made_of = looked(decide(orders, Means(bundle)), Means(bundle), 0)
    cheap = made_of.orders.with_columns(net=pl.when(pl.col("order_id") == "small").then(0.2).otherwise(pl.col("net")))
    assert cheap["net"].to_list() == [0.0, 0.2]
    listed = worklist([Looked(cheap.with_columns(actions=1), made_of.offers)], advice, 2).orders
    assert listed["order_id"].to_list() == ["duty", "small"]


def test_every_order_is_listed_or_left_out_for_one_reason(part: Looked, advice: Catalogue) -> None:
    found = worklist([part], advice, 7)
    assert found.orders.height + sum(found.left_out.values()) == part.orders.height
    assert found.left_out["beyond_capacity"] > 0
    assert not found.orders["status"].is_in(["claim_open", "not_eligible"]).any()


@settings(max_examples=10)
@given(seed=st.integers(0, 99), pieces=st.integers(1, 5))
def test_neither_the_order_of_rows_nor_pieces_change_the_list(
    part: Looked, advice: Catalogue, seed: int, pieces: int
) -> None:
    shuffled = part.orders.sample(fraction=1.0, shuffle=True, seed=seed)
    size = -(-shuffled.height // pieces)
    parts = [Looked(shuffled[i : i + size], part.offers) for i in range(0, shuffled.height, size)]
    parts = [Looked(p.orders, p.offers.filter(pl.col("place").is_in(p.orders["place"].implode()))) for p in parts]
    one, other = worklist([part], advice, 20), worklist(parts, advice, 20)
    assert one.orders.equals(other.orders)
    assert one.left_out == other.left_out
    assert all(one.groups[sheet].equals(other.groups[sheet]) for sheet in one.groups)


def test_of_several_rows_of_an_order_the_latest_counts(part: Looked, advice: Catalogue) -> None:
    listed = worklist([part], advice, 5).orders
    older = part.orders.with_columns(place=pl.col("place") + 10_000, as_of=pl.col("as_of") - 60.0)
    found = worklist([part, Looked(older, part.offers.clear())], advice, 5)
    assert found.orders.equals(listed)
    assert found.left_out["superseded"] == part.orders.height


def test_a_group_serves_at_least_two_orders_and_sums_their_benefits(part: Looked, advice: Catalogue) -> None:
    sheet, found = max(worklist([part], advice, 5).groups.items(), key=lambda group: group[1].height)
    assert found.height > 0
    orders = part.orders.filter(pl.col("probability").is_not_null())
    for row in found.iter_rows(named=True):
        offered = part.offers.filter((pl.col("action") == row["action"]) & (pl.col("saved") > 0))
        of_key = orders.filter(pl.col(f"key_{sheet}") == row["key"])["place"]
        served = offered.filter(pl.col("place").is_in(of_key.implode()))
        assert row["orders"] == served.height >= 2
        many = served["served"][0] or served.height
        assert row["net"] == pytest.approx(served["saved"].mean() * many - served["once"][0])


def test_a_mismatched_listing_is_one_line_for_all_orders_of_the_sku(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path
) -> None:
    rows = rows.with_columns(shop_id=pl.lit("A"), sku=pl.lit("MUG-1"), mismatch_colour=pl.lit(value=True))
    found = made(rows, tmp_path / "list.csv", bundle).found
    actions = [catalogue().actions[a].id for a in found.groups["sku"]["action"]]
    fixes = found.groups["sku"][[actions.index("FIX_LISTING")]]
    closed = found.left_out["claim_open"] + found.left_out["not_eligible"]
    assert fixes["orders"].item() == rows.height - closed


def test_an_unknown_value_is_assumed_and_said(rows: pl.DataFrame, bundle: Bundle, tmp_path: Path) -> None:
    some = rows.with_columns(
        pl.when(pl.int_range(pl.len()) % 2 == 0).then("order_total").alias("order_total"), item_price=None
    )
    found = made(some, tmp_path / "list.csv", bundle, capacity=50).found.orders
    told = pl.read_csv(tmp_path / "list.csv")["Note"].fill_null("").str.contains("assumed")
    assert told.any()
    assert told.to_list() == found["is_assumed"].to_list()


def test_an_amount_in_a_currency_without_a_rate_is_listed_last(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path
) -> None:
    strange = rows.with_columns(
        currency=pl.when(pl.int_range(pl.len()) % 4 == 0).then(pl.lit("XAF")).otherwise("currency")
    )
    found = made(strange, tmp_path / "list.csv", bundle, capacity=500).found.orders
    unknown = found["expected_cost"].is_null().to_list()
    assert any(unknown)
    assert unknown == sorted(unknown)


def test_the_workbook_and_the_csv_files_tell_the_same(rows: pl.DataFrame, bundle: Bundle, tmp_path: Path) -> None:
    made(rows, tmp_path / "list.xlsx", bundle, "zh")
    files = made(rows, tmp_path / "list.csv", bundle, "zh").files
    book = python_calamine.CalamineWorkbook.from_path(tmp_path / "list.xlsx")
    assert book.sheet_names[:4] == ["待办清单", "按 SKU", "按线路", "按承运商"]
    for title, name in zip(book.sheet_names, files, strict=True):
        frame = pl.read_csv(files[name], infer_schema=False)
        cells = book.get_sheet_by_name(title).to_python()
        assert cells[0] == frame.columns
        assert len(cells) - 1 == frame.height
        assert [str(row[1]) for row in cells[1:]] == frame[:, 1].fill_null("").to_list()
    assert all(re.search(r"[\u4e00-\u9fff]", row[10]) for row in book.get_sheet_by_index(0).to_python()[1:])


def test_no_cell_of_a_workbook_is_a_formula(rows: pl.DataFrame, bundle: Bundle, tmp_path: Path) -> None:
    risky = rows.with_columns(order_id=pl.format("=1+{}", pl.int_range(pl.len())), sku=pl.lit("http://example.com"))
    assert made(risky, tmp_path / "list.xlsx", bundle).found.orders.height == 10
    with ZipFile(tmp_path / "list.xlsx") as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "worksheets" in name]
    assert not any("<f>" in sheet or "hyperlink" in sheet for sheet in sheets)
    made(risky, tmp_path / "list.csv", bundle)
    assert pl.read_csv(tmp_path / "list.csv")["Order"].str.starts_with("'=1+").all()


def test_rejected_rows_are_set_aside_and_counted(rows: pl.DataFrame, bundle: Bundle, tmp_path: Path) -> None:
    bad = rows.with_columns(quantity=pl.when(pl.int_range(pl.len()) == 3).then(-1).otherwise("quantity"))
    found = made(bad, tmp_path / "list.csv", bundle)
    assert pl.read_csv(tmp_path / "list.csv.rejects.csv")["column"].to_list() == ["quantity"]
    counted = found.found.orders.height + sum(found.found.left_out.values()) + 1
    assert counted == rows.height


def test_a_file_without_a_usable_row_gives_its_rejects_and_says_why(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path
) -> None:
    without = rows.drop("currency").with_columns(order_total=9.9)
    with pytest.raises(FileRefused, match=f"{rows.height} set aside; line 2: currency: .* beside money"):
        made(without, tmp_path / "list.csv", bundle)
    assert pl.read_csv(tmp_path / "list.csv.rejects.csv").height == rows.height
    assert not (tmp_path / "list.csv").exists()


def test_a_piece_without_a_usable_row_changes_nothing(part: Looked, advice: Catalogue, bundle: Bundle) -> None:
    none = looked(decide(completed(columns_of([])), Means(bundle)), Means(bundle), 0)
    for pieces in ([part, none], [none, part]):
        assert worklist(pieces, advice, 7).orders.equals(worklist([part], advice, 7).orders)


def test_a_file_with_nothing_to_do_gives_an_empty_list(rows: pl.DataFrame, bundle: Bundle, tmp_path: Path) -> None:
    claimed = rows.with_columns(claim_opened_at="placed_at")
    for name in ("list.csv", "list.xlsx"):
        found = made(claimed, tmp_path / name, bundle).found
        assert found.orders.height == 0
        assert found.left_out["claim_open"] + found.left_out["superseded"] == rows.height


def test_another_ending_is_refused(rows: pl.DataFrame, bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a name ending in \.xlsx or \.csv"):
        made(rows, tmp_path / "list.pdf", bundle)


def test_the_actions_named_for_groups_exist(advice: Catalogue) -> None:
    named = {action for ids in rules().groups.values() for action in ids}
    assert named <= {action.id for action in advice.actions}


def test_the_command_says_where_the_list_is_and_how_it_came_about(
    rows: pl.DataFrame, bundle_folder: Path, tmp_path: Path
) -> None:
    rows.write_csv(tmp_path / "orders.csv")
    words = [
        "worklist",
        tmp_path / "orders.csv",
        "--model",
        bundle_folder,
        "--capacity",
        3,
        "--out",
        tmp_path / "a.xlsx",
    ]
    told = CliRunner().invoke(cli.app, [str(word) for word in words])
    assert told.exit_code == 0, told.output
    assert "Orders listed: 3" in told.output
    assert "SIMULATED history" in told.output
    assert (tmp_path / "a.xlsx").exists()


def test_the_about_sheet_names_the_moments_at_which_rows_were_looked_at(
    rows: pl.DataFrame, bundle: Bundle, tmp_path: Path
) -> None:
    moments = rows["as_of"].str.slice(0, 16).str.replace("T", " ")
    about = made(rows, tmp_path / "list.csv", bundle).about
    assert about.row(0)[1] == f"{moments.min()} – {moments.max()} (UTC)"
    alone = made(rows.drop("as_of"), tmp_path / "list.csv", bundle).about
    assert alone.row(0)[1] == "2026-11-20 12:00 (UTC)"
