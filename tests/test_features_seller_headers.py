"""What the header of a shop's own sheet tells: which rows these are, and in which zone their times are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from features.errors import FileRefused
from features.seller.inspection import inspected
from features.seller.mapping import Said
from features.seller.reading import read_seller_file

SHANGHAI = Said(zone=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("header", "hour"),
    [
        ("下单时间(北京时间)", 2),
        ("下单时间（UTC）", 10),
        ("下单时间 (美东时间)", 14),
        ("下单时间 [GMT-08:00]", 18),
        ("下单时间", 17),
    ],
)
def test_a_zone_that_the_header_says_goes_before_the_one_of_the_command(tmp_path: Path, header: str, hour: int) -> None:
    (tmp_path / "erp.csv").write_text(f"订单号,{header},订单金额\nA1,2026-10-01 10:00,25.5\n", "utf-8")
    table = read_seller_file(tmp_path / "erp.csv", said=Said(zone=ZoneInfo("America/Los_Angeles")))[0]
    assert table.frame["placed_at"].to_list() == [datetime(2026, 10, 1, hour, tzinfo=UTC)]
    told = [note.details["zone"] for note in table.notes if note.code == "time_zone_in_header"]
    assert len(told) == (header != "下单时间")


def test_of_two_columns_that_differ_by_their_zone_the_first_is_read_and_the_other_told(tmp_path: Path) -> None:
    text = "订单号,下单时间(北京时间),下单时间(UTC),订单金额\nA1,2026-10-01 10:00,2026-10-01 02:00,25.5\n"
    (tmp_path / "erp.csv").write_text(text, "utf-8")
    table = read_seller_file(tmp_path / "erp.csv")[0]
    assert table.frame["placed_at"].to_list() == [datetime(2026, 10, 1, 2, tzinfo=UTC)]
    assert [n.details["names"] for n in table.notes if n.code == "columns_not_used"] == ["下单时间(UTC)"]


def test_a_zone_that_nobody_knows_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "erp.csv").write_text("订单号,下单时间(站点时间)\nA1,2026-10-01 10:00\n", "utf-8")
    with pytest.raises(FileRefused):
        read_seller_file(tmp_path / "erp.csv", said=SHANGHAI)


def test_a_list_of_returns_in_chinese_is_read_as_one(tmp_path: Path) -> None:
    rows = "A1,2026-10-03 09:00,质量问题,2026-10-12 15:00,25.5,USD,3\n合计,,,,25.5,,3\n"
    (tmp_path / "r.csv").write_text("订单号,退货申请时间,退货原因,退货签收时间,退款金额,币种,经办\n" + rows, "utf-8")
    table = read_seller_file(tmp_path / "r.csv", said=SHANGHAI)[0]
    assert (table.kind, table.report, table.dropped) == ("returns", "returns.plain", {"total_row": 1})
    row = table.frame.row(0, named=True)
    assert row["return_requested_at"] == datetime(2026, 10, 3, 1, tzinfo=UTC)
    assert (row["return_reason"], row["refund_amount"]) == ("质量问题", 25.5)
    assert inspected(tmp_path / "r.csv", SHANGHAI).tables[0].kind == "returns"
