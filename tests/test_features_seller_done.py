"""What a shop did about an order is read from the columns in which its people note it, in English and in Chinese."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from features.order import attributes
from features.seller.families import ORDERS, alias
from features.seller.gathering import gathered
from features.seller.mapping import Said
from features.seller.reading import read_seller_file

SHANGHAI = Said(ZoneInfo("Asia/Shanghai"))
# Nobody's export or sheet has a column of its own for the other four: they are known by our names alone.
NOTED = {
    "packing_checked_at": ("Packing checked", "验货时间"), "first_scan_chased_at": ("First scan chased", "催上网时间"),
    "trace_opened_at": ("Trace opened", "查件时间"), "redelivery_booked_at": ("Redelivery booked", "重派预约时间"),
    "customs_answered_at": ("Customs documents sent", "清关资料提交时间"),
    "refund_checked_at": ("Refund checked", "退款核对时间"),
    "return_method_given_at": ("Return instructions sent", "退货方式告知时间"),
}  # fmt: skip


@pytest.mark.parametrize("name", [a.name for a in attributes().values() if a.role == "done"])
def test_what_was_done_is_known_by_the_name_that_a_sheet_gives_it_and_by_ours(name: str) -> None:
    assert {alias(theirs, ORDERS) for theirs in (name, name.replace("_", " "), *NOTED.get(name, ()))} == {name}


def test_a_chinese_sheet_of_orders_tells_what_was_done_about_them(tmp_path: Path) -> None:
    zh = [names[1] for names in NOTED.values()]
    (tmp_path / "erp.csv").write_text(
        f"订单号,下单时间,{','.join(zh)}\nA1,2026-03-01 09:00{',2026-03-09 18:00' * len(zh)}\n", "utf-8"
    )
    orders = gathered(read_seller_file(tmp_path / "erp.csv", said=SHANGHAI)).orders
    assert orders.select(*NOTED).row(0) == (datetime(2026, 3, 9, 10, tzinfo=UTC),) * len(NOTED)


def test_a_list_of_returns_tells_the_way_that_was_given_and_the_last_look_at_the_refund(tmp_path: Path) -> None:
    (tmp_path / "erp.csv").write_text("订单号,下单时间\nA1,2026-03-01 09:00\n", "utf-8")
    (tmp_path / "back.csv").write_text(
        "Order ID,Return date,Return instructions sent,Refund checked\n"
        "A1,2026-03-09 18:00,2026-03-10 18:00,2026-03-11 18:00\nA1,2026-03-09 19:00,,2026-03-12 18:00\n"
    )
    tables = [t for name in ("erp.csv", "back.csv") for t in read_seller_file(tmp_path / name, said=SHANGHAI)]
    found = gathered(tables).orders.select("return_method_given_at", "refund_checked_at").row(0)
    assert found == (datetime(2026, 3, 10, 10, tzinfo=UTC), datetime(2026, 3, 12, 10, tzinfo=UTC))
