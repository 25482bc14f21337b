"""Tracking knows parcels by their number alone: joined over the shipments, its last word is the order's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from features.seller.gathering import Gathered, gathered
from features.seller.keys import BETWEEN, parcel_digests
from features.seller.mapping import MapRefused, Said, mapping_of
from features.seller.merged import of_each_parcel
from features.seller.reading import read_seller_file

SHANGHAI = Said(ZoneInfo("Asia/Shanghai"))
ERP = (
    "平台单号,站点,下单时间,数量,跟踪号,发货时间\n"
    "A1,美国,2025-03-01 09:00,1,YT-001,2025-03-02 10:00\n"
    "A2,美国,2025-03-01 09:00,1,YT002,2025-03-02 10:00\n"
)


def joined(folder: Path, *files: str) -> Gathered:
    """ERP orders with files of tracking in their second, third … place."""
    tables = []
    for place, text in enumerate((ERP, *files)):
        (folder / f"{place}.csv").write_text(text, "utf-8")
        tables += read_seller_file(folder / f"{place}.csv", said=SHANGHAI)
    return gathered(tables)


def facts(found: Gathered, *names: str) -> list[tuple[object, ...]]:
    return found.orders.sort("order_id").select(names).rows()


def utc(day: int, hour: int) -> datetime:
    return datetime(2025, 3, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Tracking Number,Carrier,Status,Last Event Time\nYT001,YunExpress,Delivered,2025-03-09 18:00\n"
        "yt 002,YunExpress,In Transit,2025-03-05 18:00\nZZ9,YunExpress,Lost,2025-03-05 18:00\n",
        "运单号,承运商,物流状态,最新轨迹时间\nYT001,云途,已签收,2025-03-09 18:00\n"
        "YT002,云途,运输途中,2025-03-05 18:00\nZZ9,云途,丢失,2025-03-05 18:00\n",
    ],
)
def test_the_last_word_on_a_parcel_is_joined_by_its_number(tmp_path: Path, text: str) -> None:
    found = joined(tmp_path, text)
    assert facts(found, "tracking_status", "last_scan_at", "delivered_at") == [
        ("delivered", utc(9, 10), utc(9, 10)), ("in_transit", utc(5, 10), None),
    ]  # fmt: skip
    assert (found.strays, found.conflicts.height) == (1, 0)


HISTORY = (
    "Tracking Number,Event time,Status\nYT001,2025-03-02 12:00,Label created\nYT001,2025-03-03 08:00,Picked up\n"
    "YT001,2025-03-07 08:00,Failed attempt\nYT001,2025-03-08 08:00,Delivered\nYT002,2025-03-04 08:00,In transit\n"
)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_history_tells_first_scan_last_scan_and_attempts_in_any_order(tmp_path: Path, is_reversed: bool) -> None:
    header, *rows = HISTORY.splitlines(keepends=True)
    found = joined(tmp_path, header + "".join(reversed(rows) if is_reversed else rows))
    names = ("first_scan_at", "last_scan_at", "delivered_at", "delivery_attempts", "tracking_status")
    assert facts(found, *names) == [
        (utc(3, 0), utc(8, 0), utc(8, 0), 1, "delivered"), (None, utc(4, 0), None, None, "in_transit"),
    ]  # fmt: skip


def test_exports_of_two_days_follow_each_other_and_are_no_contradiction(tmp_path: Path) -> None:
    day = "Tracking Number,Status,Last Event Time\nYT001,{}\n"
    found = joined(tmp_path, day.format("In transit,2025-03-05 08:00"), day.format("Delivered,2025-03-08 08:00"))
    assert facts(found, "tracking_status", "first_scan_at", "delivered_at")[0] == ("delivered", None, utc(8, 0))
    assert found.conflicts.height == 0


def test_a_map_of_parcels_needs_the_number_of_the_order_or_the_parcel() -> None:
    mapping_of({"kind": "parcels", "columns": {"parcel_id": {"from": "no", "is_digest": True}}}, "m.toml")
    with pytest.raises(MapRefused, match="a table of parcels needs order_id or parcel_id"):
        mapping_of({"kind": "parcels", "columns": {"carrier": "c"}}, "m.toml")


def test_a_row_that_names_neither_order_nor_parcel_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Tracking Number,Order ID,Status\n,A1,Delivered\n,,Lost\nYT3,,Delivered\n")
    (table,) = read_seller_file(tmp_path / "t.csv")
    assert [(r.line, r.code) for r in table.rejects] == [(3, "missing")]
    assert table.frame.select(pl.col("parcel_id").is_null(), "tracking_status").rows() == [
        (True, "delivered"), (False, "delivered"),
    ]  # fmt: skip


def test_orders_with_tracking_numbers_stay_orders(tmp_path: Path) -> None:
    (tmp_path / "erp.csv").write_text(
        ERP.replace("发货时间", "发货时间,物流状态").replace(":00\n", ":00,在途\n"), "utf-8"
    )
    kinds = [table.kind for table in read_seller_file(tmp_path / "erp.csv", said=SHANGHAI)]
    assert kinds == ["order_items", "parcels"]


BETWEEN_CELLS = [",", ", ", "，", ";", "；", "/", " / ", "、", " ", "\n", "|", " + "]


@pytest.mark.parametrize("sign", BETWEEN_CELLS)
def test_of_two_parcels_in_one_cell_the_lost_one_speaks_for_the_order(tmp_path: Path, sign: str) -> None:
    cell = f"YT1000000001{sign}YT1000000002"
    orders = f'订单号,下单时间,发货时间,运单号\nA1,2026-01-02 09:00,2026-01-03 09:00,"{cell}"\n'
    scans = "运单号,状态\nYT1000000001,已签收\nYT1000000002,丢失\nYT1000000003,丢失\n"
    (tmp_path / "orders.csv").write_text(orders, "utf-8")
    (tmp_path / "scans.csv").write_text(scans, "utf-8")
    tables = [t for f in ("orders", "scans") for t in read_seller_file(tmp_path / f"{f}.csv", said=SHANGHAI)]
    found = gathered(tables)
    assert found.orders.select("tracking_status", "has_tracking").rows() == [("lost", True)]
    assert (found.strays, found.stray_rows.select("order_id", "line").rows()) == (1, [(None, 4)])
    told = {note.code: note.details["count"] for t in tables for note in t.notes if note.code == "parcels_split"}
    assert told == {"parcels_split": "1"}


@pytest.mark.parametrize(
    ("cell", "parcels"),
    [
        ("9400 1000 0000 0000 0000 00", 1), ("1Z 999 AA1 01 2345 6784", 1), ("LX 123 456 789 CN", 1), ("YT100-200", 1),
        ("YT1000000001,已补发", 1), ("YT1000000001,YT1000000001", 1),
        (",".join(f"YT100000000{i}" for i in range(9)), 9),
    ],
)  # fmt: skip
def test_a_number_written_in_groups_is_one_parcel(cell: str, parcels: int) -> None:
    found, _, _ = parcel_digests(pl.Series([cell, None]))
    assert len(found[0].split(BETWEEN)) == parcels
    assert found[1] is None


@pytest.mark.parametrize(
    ("cell", "cut"),
    [
        ("RM123456789CN 2026-03-03", 1), ("RM123456789CN 2026/3/3 10:00", 1), ("2026-03-03,RM123456789CN", 1),
        ("RM123456789CN,", 0), (" ; RM123456789CN、", 0), ("RM123456789CN, USPS", 1), ("RM123456789CN 已补发", 1),
        ("DHL/RM123456789CN", 1),
    ],
)  # fmt: skip
def test_a_date_or_a_word_beside_a_tracking_number_is_no_parcel(tmp_path: Path, cell: str, cut: int) -> None:
    orders = f'订单号,下单时间,发货时间,运单号\nA1,2026-01-02 09:00,2026-01-03 09:00,"{cell}"\n'
    (tmp_path / "orders.csv").write_text(orders, "utf-8")
    (tmp_path / "scans.csv").write_text("运单号,状态\nRM123456789CN,已签收\n", "utf-8")
    tables = [t for f in ("orders", "scans") for t in read_seller_file(tmp_path / f"{f}.csv", said=SHANGHAI)]
    found = gathered(tables)
    assert found.orders.select("tracking_status", "has_tracking").rows() == [("delivered", True)]
    assert found.strays == 0
    told = [note.details["count"] for t in tables for note in t.notes if note.code == "no_parcel_numbers"]
    assert told == ["1"] * cut


@pytest.mark.parametrize("cell", ["TBA 123456789012", "RM 123456789 CN", "1Z 999 AA1 01 2345 6784", "123456789 CN"])
def test_a_number_written_with_its_letters_apart_is_that_number(cell: str) -> None:
    found, several, cut = parcel_digests(pl.Series([cell, cell.replace(" ", "")]))
    assert (found[0] == found[1], several, cut) == (True, 0, 0)


def test_a_cell_without_a_number_names_no_parcel() -> None:
    found, several, cut = parcel_digests(pl.Series(["USPS", "2026-03-03", "已补发", None, "Y1"]))
    assert (found.is_null().to_list(), several, cut) == ([True, True, True, True, False], 0, 3)


def test_the_insured_value_of_two_parcels_in_one_cell_is_counted_once() -> None:
    rows = pl.DataFrame({"order_id": ["a", "b"], "parcel_id": ["1 2", "3"], "insured_value": [50.0, 7.0]})
    assert of_each_parcel(rows)["insured_value"].sum() == 57.0
