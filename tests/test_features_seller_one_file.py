"""Orders and parcels of one sheet: joined, nothing lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from features.seller.mapping import Said
from features.seller.maps import built_in
from features.seller.one_file import orders_of_file
from features.seller.reading import read_seller_file
from features.seller.table import SellerTable

SHEET = (
    "订单号,站点,下单时间,发货时间,妥投时间,物流状态,物流单号,订单金额,币种\n"
    "A1,US,2026-10-01 10:00,2026-10-02 09:00,2026-10-10 12:00,已签收,LZ1,25.5,USD\n"
    ",US,2026-10-02 10:00,2026-10-03 09:00,,运输中,LZ2,25.5,USD\n"
    "A3,US,2026-10-03 10:00,,,,,25.5,USD\n"
    ",,,,,,,,\n"
    "A5,US,2026-10-05 10:00,2026-10-01 09:00,,运输中,LZ5,25.5,USD\n"
    "A8,US,2026-10-05 10:00,2026-10-06 09:00,,运输中,LZ7,-5,USD\n"
)


@pytest.fixture
def tables(tmp_path: Path) -> list[SellerTable]:
    (tmp_path / "erp.csv").write_text(SHEET, "utf-8")
    said = Said(zone=ZoneInfo("Asia/Shanghai"))
    return read_seller_file(tmp_path / "erp.csv", mapping=built_in()["erp.generic_zh"], said=said)


def test_each_row_of_a_sheet_is_an_order_with_its_parcel_or_set_aside(tables: list[SellerTable]) -> None:
    found = orders_of_file(tables)
    assert found.is_complete
    assert found.frame["order_id"].to_list() == ["A1", "A3"]
    assert found.frame["delivered_at"].to_list() == [datetime(2026, 10, 10, 4, tzinfo=UTC), None]
    told = [(3, "missing"), (5, "missing"), (6, "before_placed_at"), (7, "not_a_money")]
    assert [(reject.line, reject.code) for reject in found.rejects] == told


def test_the_moment_at_which_an_order_is_looked_at_stays(tables: list[SellerTable]) -> None:
    at = datetime(2026, 10, 20, tzinfo=UTC)
    orders = replace(tables[0], frame=tables[0].frame.with_columns(as_of=pl.lit(at)))
    assert orders_of_file([orders, *tables[1:]]).frame["as_of"].to_list() == [at, at]
