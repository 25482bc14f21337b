"""A seller's file in our names: every row is read, set aside or left out on purpose, and nobody's name comes in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import FileRefused
from features.seller.mapping import MapRefused, Said, mapping_of, read_map
from features.seller.reading import read_seller_file
from features.seller.sources import expanded
from features.seller.table import SellerTable

EXAMPLES = Path(__file__).parent.parent / "examples"
ALL_ORDERS = [
    "amazon-order-id",
    "merchant-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "order-channel",
    "url",
    "ship-service-level",
    "product-name",
    "sku",
    "asin",
    "item-status",
    "quantity",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "promotion-ids",
    "is-business-order",
    "purchase-order-number",
    "price-designation",
]
LINE = {
    "amazon-order-id": "114-0000001-0000001", "purchase-date": "2025-03-04T05:06:07+00:00", "order-status": "Shipped",
    "fulfillment-channel": "Merchant", "sales-channel": "Amazon.com", "ship-service-level": "Standard",
    "product-name": 'Screen 6" glass', "sku": "S-1", "asin": "B000000001", "item-status": "Shipped", "quantity": "2",
    "currency": "USD", "item-price": "25.00", "shipping-price": "3.99", "item-promotion-discount": "-1.50",
    "ship-postal-code": "90210", "ship-state": "CA", "ship-country": "US", "is-business-order": "false",
}  # fmt: skip


def tsv(path: Path, header: list[str], *rows: dict[str, str]) -> Path:
    lines = [header, *([row.get(name, "") for name in header] for row in rows)]
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n", encoding="utf-8")
    return path


def only(tables: list[SellerTable]) -> SellerTable:
    (table,) = tables
    assert table.is_complete
    return table


def details(table: SellerTable, code: str) -> list[dict[str, str]]:
    return [dict(note.details) for note in table.notes if note.code == code]


@pytest.mark.parametrize("header", [ALL_ORDERS, [*[n for n in ALL_ORDERS if n != "url"][::-1], "cpf"]])
def test_all_orders_is_read_whatever_the_order_of_its_columns(tmp_path: Path, header: list[str]) -> None:
    table = only(read_seller_file(tsv(tmp_path / "orders.txt", header, LINE, LINE | {"order-status": "Cancelled"})))
    assert (table.report, table.kind, table.dropped) == ("amazon.all_orders", "order_items", {"cancelled": 1})
    (row,) = table.frame.to_dicts()
    assert row["placed_at"] == datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert (row["item_price"], row["promotion_discount"], row["quantity"]) == (25.0, 1.5, 2)
    assert (row["marketplace"], row["fulfilment_channel"], row["service_level"]) == ("US", "seller", "standard")
    assert (row["item_name"], row["is_business_order"], row["line"]) == ('Screen 6" glass', False, 2)


def test_types_are_those_of_the_contract(tmp_path: Path) -> None:
    schema = only(read_seller_file(tsv(tmp_path / "orders.txt", ALL_ORDERS, LINE))).frame.schema
    assert schema["placed_at"] == pl.Datetime("us", "UTC")
    assert schema["quantity"] == schema["line"] == pl.Int64
    assert schema["item_price"] == schema["item_tax"] == pl.Float64
    assert (schema["is_business_order"], schema["marketplace"]) == (pl.Boolean, pl.String)


def test_nobodys_name_comes_in_not_even_with_a_row_set_aside(tmp_path: Path) -> None:
    header = [
        "order-id",
        "order-item-id",
        "purchase-date",
        "promise-date",
        "days-past-promise",
        "quantity-to-ship",
        "buyer-name",
    ]
    row = {"order-id": "1", "purchase-date": "soon", "buyer-name": "Jane Roe"}
    table = only(
        read_seller_file(tsv(tmp_path / "u.txt", header, row, row | {"purchase-date": "2025-03-04T05:06:07Z"}))
    )
    assert [(reject.column, reject.code) for reject in table.rejects] == [("purchase-date", "not_an_instant")]
    assert "Roe" not in str(table.rejects) + str(table.frame.to_dicts())
    assert details(table, "personal_columns_dropped") == [{"names": "buyer-name"}]


def test_a_map_that_asks_for_a_personal_column_is_refused(tmp_path: Path) -> None:
    mapping = mapping_of({"kind": "orders", "columns": {"order_id": "id", "buyer_key": "Email"}}, "m.toml")
    (tmp_path / "o.csv").write_text("id,Email\n1,a@b.c\n")
    with pytest.raises(MapRefused, match="'Email': expected no personal data"):
        read_seller_file(tmp_path / "o.csv", mapping=mapping)


def test_a_file_that_no_map_fits_names_the_nearest_and_what_it_misses(tmp_path: Path) -> None:
    path = tsv(tmp_path / "o.txt", ["Bestellnummer", "order-id", "purchase-date", "promise-date"])
    with pytest.raises(FileRefused, match=r"the nearest, amazon\.unshipped, misses .*; claimrisk map .*o\.txt --out"):
        read_seller_file(path)


KINDS: dict[str, tuple[str, str]] = {
    "good": ("{i},2025-03-04 10:00,￥12.50,CNY,已发货", ""),
    "cancelled": ("{i},2025-03-04 10:00,1.5,CNY,已取消", "dropped"),
    "total": ("合计,,,,", "dropped"), "bad_money": ("{i},2025-03-04 10:00,many,CNY,已发货", "rejected"),
    "bad_date": ("{i},2025-02-30 10:00,1.5,CNY,已发货", "rejected"),
    "no_id": (",2025-03-04 10:00,1.5,CNY,已发货", "rejected"),
    "short": ("{i},2025-03-04 10:00", "rejected"), "open_quote": ('{i},"2025-03-04 10:00,1.5,CNY,已发货', "rejected"),
    "euro": ("{i},2025-03-04 10:00,€1.50,CNY,已发货", "rejected"),
    "rounded": ("1.14E+17,2025-03-04 10:00,1.5,CNY,已发货", "rejected"),
    "two_bad": ("{i},never,many,CNY,已发货", "rejected"),
}  # fmt: skip


@given(rows=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=30))
@settings(max_examples=60)
def test_read_and_rejected_and_dropped_are_the_rows_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    path = tmp_path_factory.mktemp("erp") / "erp.csv"
    lines = [KINDS[kind][0].format(i=f"A-{i}") for i, kind in enumerate(rows)]
    path.write_text("\n".join(["订单号,下单时间,订单金额,币种,订单状态", *lines]) + "\n", encoding="utf-8")
    table = only(read_seller_file(path, said=Said(ZoneInfo("Asia/Shanghai"))))
    assert table.rows == len(rows)
    fates = [KINDS[kind][1] for kind in rows]
    assert table.frame["line"].to_list() == [line for line, fate in enumerate(fates, 2) if not fate]
    assert [reject.line for reject in table.rejects] == [line for line, f in enumerate(fates, 2) if f == "rejected"]
    assert sum(table.dropped.values()) == fates.count("dropped")


def test_money_in_another_currency_than_the_row_says_is_set_aside(tmp_path: Path) -> None:
    mapping = mapping_of(
        {"kind": "orders", "constants": {"currency": "JPY"}, "columns": {"order_id": "id", "order_total": "total"}}, "m"
    )
    (tmp_path / "o.csv").write_text("id,total\n1,￥1500\n2,$15\n3,USD 15\n4,15\n", encoding="utf-8")
    table = only(read_seller_file(tmp_path / "o.csv", mapping=mapping))
    assert table.frame["order_id"].to_list() == ["1", "4"]
    assert {reject.code for reject in table.rejects} == {"currency_contradicts"}


def test_signs_of_two_currencies_in_one_row_are_set_aside_and_a_constant_goes_before_a_sign(tmp_path: Path) -> None:
    columns = {"order_id": "id", "order_total": "total", "shipping_price": "ship"}
    path = tmp_path / "o.csv"
    path.write_text("id;total;ship\n1;US$5.00;€1.00\n2;US$5.00;$1.00\n3;€5.00;\n4;5.00 美元;\n5;XYZ 5.00;\n")
    table = only(read_seller_file(path, mapping=mapping_of({"kind": "orders", "columns": columns}, "m.toml")))
    assert [(reject.line, reject.code) for reject in table.rejects] == [(2, "currency_contradicts")]
    assert table.frame["currency"].to_list() == ["USD", "EUR", "USD", None]
    said = {"kind": "orders", "columns": columns, "constants": {"currency": "USD"}}
    table = only(read_seller_file(path, mapping=mapping_of(said, "m.toml")))
    assert [reject.line for reject in table.rejects] == [2, 4, 6]


def test_an_erp_sheet_gives_items_and_parcels_without_the_tracking_number(tmp_path: Path) -> None:
    header = "导出结果\n平台单号,店铺,站点,下单时间,发货时间,物流方式,跟踪号,数量,订单状态\n"
    rows = (
        "114-1,美国站-1店,美国站,2025年3月4日 14:05,2025/3/5 9:00,云途专线,YT12 3456,１,已发货\n"
        "114-2,b,火星,2025年3月4日 14:05,,,,1,已付款\n"
    )
    (tmp_path / "erp.csv").write_bytes((header + rows).encode("gb18030"))
    items, parcels = read_seller_file(tmp_path / "erp.csv", said=Said(ZoneInfo("Asia/Shanghai")))
    assert items.frame["marketplace"].to_list() == ["US", None]
    assert details(items, "words_unknown") == [{"count": "1", "words": "火星"}]
    assert (parcels.dropped, parcels.frame["shipped_at"][0]) == (
        {"not_shipped": 1},
        datetime(2025, 3, 5, 1, tzinfo=UTC),
    )
    assert len(parcels.frame["parcel_id"][0]) == 32
    assert "3456" not in str(parcels.frame.to_dicts())


def test_a_row_set_aside_names_the_column_that_the_file_has(tmp_path: Path) -> None:
    path = tmp_path / "erp.csv"
    path.write_text("订单编号,下单时间,SKU\nA,2026-01-01 10:00,X\n,2026-01-01 10:00,Y\n", "utf-8")
    tables = read_seller_file(path, said=Said(ZoneInfo("Asia/Shanghai")))
    assert [(reject.line, reject.column) for reject in tables[0].rejects] == [(3, "订单编号")]


def test_a_signature_below_a_table_is_no_order(tmp_path: Path) -> None:
    text = "订单号,下单时间,订单金额,币种,跟踪号,发货时间\n114-1,2025-03-04 14:05,9.90,USD,Y1,2025-03-05 10:00\n"
    text += "114-1,,,,Y2,2025-03-06 10:00\n见附页,,,,,\n制表人：甲,,,,,\n"
    (tmp_path / "erp.csv").write_text(text, "utf-8")
    items, _ = read_seller_file(tmp_path / "erp.csv", said=Said(ZoneInfo("Asia/Shanghai")))
    assert items.frame["order_id"].to_list() == ["114-1", "114-1"]  # the second parcel's row is none of these
    rejects = [(reject.line, reject.column, reject.code) for reject in items.rejects]
    assert rejects == [(4, "订单号", "not_an_order_row")]
    assert items.dropped == {"total_row": 1}


def test_local_times_without_a_zone_and_open_dates_are_refused_with_what_to_set(tmp_path: Path) -> None:
    plain = {"kind": "orders", "columns": {"order_id": "id", "placed_at": "at", "item_price": "price"}}
    path = tmp_path / "o.csv"
    path.write_text("id,at,price\n1,2025-03-04 10:00,5\n")
    with pytest.raises(FileRefused, match=r"column 'at'.*say --time-zone Asia/Shanghai, or time_zone in a map"):
        read_seller_file(path, mapping=mapping_of(plain, "m.toml"))
    path.write_text("id,at,price\n1,03/04/2025,5\n")
    with pytest.raises(FileRefused, match=r"column 'at'.*got '03/04/2025'; say --date-order"):
        read_seller_file(path, mapping=mapping_of(plain | {"time_zone": "UTC"}, "m.toml"))
    path.write_text("id,at,price\n1,2025-03-04,1.234\n")
    with pytest.raises(FileRefused, match=r"column 'price'.*got '1\.234'; say --decimal"):
        read_seller_file(path, mapping=mapping_of(plain | {"time_zone": "UTC"}, "m.toml"))


def test_units_and_words_and_constants_of_a_map_are_used(tmp_path: Path) -> None:
    columns = {
        "order_id": "id", "item_weight_g": {"from": "kg", "unit": "kg"}, "is_gift": {"from": "gift",
        "values": {"Geschenk": True}},
        "service_level": {"from": "speed", "values": {"Eilig": "expedited"}, "unlisted": "unknown"}, "x_desk": "desk",
        "seller_on_time_rate_14d": {"from": "rate", "unit": "percent"},
    }  # fmt: skip
    mapping = mapping_of(
        {"kind": "orders", "columns": columns, "constants": {"currency": "EUR", "is_digital": False}}, "m"
    )
    (tmp_path / "o.csv").write_text("id;kg;gift;speed;desk;rate\n1;0.25;geschenk;EILIG;a;98\n2;1;;never;b;\n")
    first, second = only(read_seller_file(tmp_path / "o.csv", mapping=mapping)).frame.to_dicts()
    assert (first["item_weight_g"], first["is_gift"], first["service_level"]) == (250.0, True, "expedited")
    assert (first["currency"], first["is_digital"], first["x_desk"]) == ("EUR", False, "a")
    assert first["seller_on_time_rate_14d"] == pytest.approx(0.98)
    assert (second["is_gift"], second["service_level"]) == (None, None)


def test_a_unit_in_a_cell_is_read_and_told_and_goes_before_that_of_the_column(tmp_path: Path) -> None:
    columns = {
        "order_id": "id", "quantity": "n", "return_window_days": "window",
        "item_weight_g": {"from": "weight", "unit": "kg"}, "package_volume_cm3": "size",
    }  # fmt: skip
    path = tmp_path / "o.csv"
    path.write_text(
        "id;n;window;weight;size\n0;;;半斤;\n1;2件;30天;350克;1,200 cm³\n2;1;2 weeks;0.35kg;0.002m3\n"
        "3;1 pcs;48h;1.2千克;\n4;;;１斤;7\n5;1;;0.4;\n6;;;12 oz;\n"
    )
    table = only(read_seller_file(path, mapping=mapping_of({"kind": "orders", "columns": columns}, "m.toml")))
    weights = [250.0, 350.0, 350.0, 1200.0, 500.0, 400.0, pytest.approx(340.194, abs=0.001)]
    assert table.frame["item_weight_g"].to_list() == weights
    assert table.frame["quantity"].to_list() == [None, 2, 1, 1, None, 1, None]
    assert table.frame["return_window_days"].to_list()[1:4] == [30.0, 14.0, 2.0]
    assert table.frame["package_volume_cm3"].to_list()[1:5] == [1200.0, pytest.approx(2000.0), None, 7.0]
    assert {"count": "2", "words": "cm³, m3"} in details(table, "units_in_cells")


@pytest.mark.parametrize("cell", ["350 m", "1 MB", "350克 一盒", "1 lb 3 oz", "ca. 350g", "350-400g", "350元", "g"])
def test_a_weight_that_cannot_be_read_is_set_aside_and_not_called_unknown(tmp_path: Path, cell: str) -> None:
    columns = {"order_id": "id", "item_weight_g": "weight"}
    path = tmp_path / "o.csv"
    path.write_text(f"id;weight\n1;{cell}\n2;5\n")
    table = only(read_seller_file(path, mapping=mapping_of({"kind": "orders", "columns": columns}, "m.toml")))
    assert table.frame["order_id"].to_list() == ["2"]
    assert [reject.reason for reject in table.rejects] == [
        "item_weight_g: expected a number from 0 to 1e+12, in gram or with its unit behind it; correct the cell, or "
        "empty it to use the order without it"
    ]


def test_order_numbers_that_end_in_the_zeros_of_a_spreadsheet_are_set_aside(tmp_path: Path) -> None:
    mapping = mapping_of({"kind": "orders", "columns": {"order_id": "id"}}, "m.toml")
    (tmp_path / "o.csv").write_text("id\n114123456789012000\n5712345678901230\n5712345678901234\n")
    table = only(read_seller_file(tmp_path / "o.csv", mapping=mapping))
    assert [(reject.line, reject.code) for reject in table.rejects] == [(2, "digits_lost")]
    assert details(table, "digits_doubtful") == [{"count": "1"}]


def test_the_hand_written_map_of_the_indian_sale_report_reads_it(tmp_path: Path) -> None:
    assert len((EXAMPLES / "amazon_india_sale_report.toml").read_text("utf-8").splitlines()) < 30
    header = (
        "index,Order ID,Date,Status,Fulfilment,Sales Channel ,ship-service-level,Category,Size,Courier Status,Qty,"
        "currency,Amount,ship-city,ship-state,ship-postal-code,ship-country,B2B,fulfilled-by,New,PendingS"
    )
    rows = [
        "0,405-0000001-0000001,04-30-22,Cancelled,Merchant,Amazon.in,Standard,T-shirt,S,,0,,,MUMBAI,MH,400081,IN,False,,,",
        "1,171-0000001-0000002,04-30-22,Shipped - Delivered to Buyer,Merchant,Amazon.in,Standard,Shirt,3XL,Shipped,1,"
        'INR,"1,406.00",BENGALURU,KA,560085.0,IN,True,Easy Ship,,',
        "2,404-0000001-0000003,05-01-22,Shipped,Amazon,Amazon.in,Expedited,kurta,XL,Shipped,1,INR,329.0,NAVI MUMBAI,MH,"
        "410210,IN,False,,,False",
    ]
    (tmp_path / "sale.csv").write_text("\n".join([header, *rows]) + "\n")
    mapping = read_map(EXAMPLES / "amazon_india_sale_report.toml")
    table = only(read_seller_file(tmp_path / "sale.csv", mapping=mapping))
    assert (table.report, table.dropped) == ("amazon_india.sale_report", {"cancelled": 1})
    assert table.frame["item_price"].to_list() == [1406.0, 329.0]
    assert table.frame["placed_at"][0] == datetime(2022, 4, 29, 18, 30, tzinfo=UTC)
    assert table.frame["fulfilment_channel"].to_list() == ["seller", "marketplace"]


def test_returns_are_read_with_cells_missing_at_the_end_of_a_line(tmp_path: Path) -> None:
    header = ["Order ID", "Return request date", "Amazon RMA ID", "A-to-Z Claim", "Return quantity", "In policy",
              "Label to be paid by", "Return delivery date", "Currency code", "Refunded Amount"]  # fmt: skip
    (tmp_path / "r.txt").write_text("\t".join(header) + "\n114-1\t10-Jul-2025\tD1\tY\t1\tN\tSeller\n")
    (row,) = only(tables := read_seller_file(tmp_path / "r.txt")).frame.to_dicts()
    assert "has_return_authorisation" not in row
    assert (row["is_a_to_z"], row["is_return_in_policy"], row["label_payer"]) == (True, False, "seller")
    assert (row["return_requested_at"], row["refund_amount"]) == (datetime(2025, 7, 10, tzinfo=UTC), None)
    assert {"short_rows_filled", "time_zone_assumed", "dates_without_time"} <= {note.code for note in tables[0].notes}


@pytest.mark.parametrize(
    ("status", "label", "authorised", "labelled"),
    [
        ("Approved", "AmazonPrePaidLabel", True, True),
        ("Completed", "AmazonUnPaidLabel", True, False),
        ("Pending Authorization", "", False, None),
        ("Closed", "SomethingNew", None, None),
    ],
)
def test_a_return_s_status_and_label_are_read_and_words_we_do_not_know_told(
    tmp_path: Path, status: str, label: str, authorised: Any, labelled: Any
) -> None:
    header = ["Order ID", "Return request date", "Return request status", "Label type", "Amazon RMA ID", "A-to-Z Claim",
              "Return quantity"]  # fmt: skip
    line = f"114-1\t10-Jul-2025\t{status}\t{label}\tD1\tN\t1\n"
    (tmp_path / "r.txt").write_text("\t".join(header) + "\n" + line)
    table = only(read_seller_file(tmp_path / "r.txt"))
    assert table.frame.select("has_return_authorisation", "has_return_label").row(0) == (authorised, labelled)
    assert len(details(table, "words_unknown")) == (2 if authorised is None else 0)


def test_a_settlement_of_europe_is_read_with_the_currency_of_its_first_row(tmp_path: Path) -> None:
    header = ["settlement-id", "currency", "transaction-type", "order-id", "amount-type", "amount-description",
              "amount",
              "posted-date-time"]  # fmt: skip
    rows = [
        {"settlement-id": "1", "currency": "EUR"},
        {"transaction-type": "A-to-z Guarantee Refund", "order-id": "302-1", "amount": "-1.250,50",
         "posted-date-time": "04.03.2025 07:25:13 UTC"},
        {"transaction-type": "Something", "order-id": "302-2", "amount": "2,00",
         "posted-date-time": "04.03.2025 07:25:13 UTC"},
    ]  # fmt: skip
    table = only(read_seller_file(tsv(tmp_path / "s.txt", header, *rows)))
    assert table.dropped == {"not_an_order_row": 1}
    assert table.frame.select("event", "amount", "currency").rows() == [
        ("a_to_z", -1250.5, "EUR"),
        ("other", 2.0, "EUR"),
    ]
    assert table.frame["posted_at"][0] == datetime(2025, 3, 4, 7, 25, 13, tzinfo=UTC)


def test_a_settlement_tells_what_the_buyer_got_without_fees_and_withheld_taxes(tmp_path: Path) -> None:
    header = ["settlement-id", "currency", "transaction-type", "order-id", "amount-type", "amount-description",
              "amount", "posted-date-time"]  # fmt: skip
    parts = [("ItemPrice", "-20.00"), ("ItemPrice", "-1.60"), ("ItemPrice", "-5.99"), ("Promotion", "5.99"),
             ("ItemFees", "3.00"), ("ItemFees", "-0.60"), ("ItemWithheldTax", "1.60")]  # fmt: skip
    kinds = ("Refund", "A-to-z Guarantee Refund")
    rows = [
        {"settlement-id": "1", "currency": "USD", "transaction-type": kind, "order-id": "114-1", "amount-type": part,
         "amount": amount, "posted-date-time": "21.10.2026 10:00:00 UTC"}
        for kind in kinds for part, amount in parts
    ]  # fmt: skip
    table = only(read_seller_file(tsv(tmp_path / "s.txt", header, *rows)))
    assert table.dropped == {"not_the_buyer_s_money": 6}
    assert dict(table.frame.group_by("event").agg(pl.col("amount").sum().round(2)).rows()) == {
        "refund": -21.6,
        "a_to_z": -21.6,
    }


def written(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_finances_give_one_row_an_event_with_its_amounts_summed(tmp_path: Path) -> None:
    def charge(amount: object) -> dict[str, Any]:
        return {"ChargeAmount": {"CurrencyCode": "USD", "CurrencyAmount": amount}}

    promotion = {"PromotionAmount": {"CurrencyCode": "USD", "CurrencyAmount": 2.0}}
    items = [
        {
            "ItemChargeAdjustmentList": [charge(-12.25), charge("-1.25")],
            "PromotionAdjustmentList": [promotion],
            "ItemFeeAdjustmentList": [{"FeeAmount": {"CurrencyCode": "USD", "CurrencyAmount": 3.0}}],
        },
        {"ItemChargeAdjustmentList": [charge(-1)]},
    ]
    event = {"AmazonOrderId": "114-1", "PostedDate": "2025-03-04T05:06:07Z", "ShipmentItemAdjustmentList": items}
    lists = {"RefundEventList": [event], "GuaranteeClaimEventList": [event | {"ShipmentItemAdjustmentList": []}]}
    refunds, claims = read_seller_file(written(tmp_path / "f.json", {"payload": {"FinancialEvents": lists}}))
    assert refunds.frame.select("event", "amount", "currency").rows() == [("refund", -12.5, "USD")]
    assert claims.frame.select("event", "order_id", "amount").rows() == [("a_to_z", "114-1", None)]
    assert refunds.is_complete
    assert claims.is_complete


def test_performance_totals_are_read_for_orders_that_the_seller_ships(tmp_path: Path) -> None:
    span = {"reportingDateFrom": "2025-01-01T00:00:00Z", "reportingDateTo": "2025-03-01T23:59:59Z"}
    mfn = {"reportingDateRange": span, "orderCount": 800, "rate": 0.01, "targetValue": 0.01,
           "orderWithDefects": {"count": 8}, "claims": {"count": 5}, "chargebacks": {"count": 1}}  # fmt: skip
    report = {"performanceMetrics": [{"orderDefectRate": {"afn": {"orderCount": 1}, "mfn": mfn}}]}
    tables = read_seller_file(written(tmp_path / "p.json", report))
    found = pl.concat([table.frame for table in tables], how="diagonal")
    assert dict(found.select("metric", "count").rows())["a_to_z_claims"] == 5
    assert found["orders"].to_list() == [800] * 4
    assert found["rate"].to_list()[0] == 0.01


def test_orders_of_the_api_give_items_and_parcels(tmp_path: Path) -> None:
    money = [{"type": "ITEM", "subtotal": {"amount": "20.00", "currencyCode": "USD"}},
             {"type": "DISCOUNT", "subtotal": {"amount": "-2.00", "currencyCode": "USD"}}]  # fmt: skip
    order = {
        "orderId": "1", "createdTime": "2025-03-04T05:06:07Z", "programs": ["AMAZON_BUSINESS"],
        "fulfillment": {"fulfillmentStatus": "SHIPPED", "fulfilledBy": "MERCHANT",
        "fulfillmentServiceLevel": "SECOND_DAY"},
        "orderItems": [{"orderItemId": "9", "quantityOrdered": 2, "proceeds": {"breakdowns": money}}] * 2,
        "packages": [{"trackingNumber": "1Z", "packageStatus": {"status": "IN_TRANSIT"}},
                     {"trackingNumber": "2Z", "packageStatus": {"status": "DELIVERED", "detailedStatus": "LOST"}}],
    }  # fmt: skip
    cancelled = order | {"fulfillment": {"fulfillmentStatus": "CANCELLED"}, "packages": []}
    items, parcels = read_seller_file(written(tmp_path / "o.json", {"orders": [order, cancelled]}))
    assert (items.dropped, items.rows, items.is_complete) == ({"cancelled": 2}, 4, True)
    row = items.frame.to_dicts()[0]
    assert (row["item_price"], row["promotion_discount"], row["service_level"]) == (20.0, 2.0, "second_day")
    assert (row["is_business_order"], row["is_seller_fulfilled_prime"]) == (True, False)
    assert parcels.frame["tracking_status"].to_list() == ["in_transit", "lost"]


def test_json_lines_and_parquet_and_a_list_of_objects_are_read_alike(tmp_path: Path) -> None:
    mapping = mapping_of(
        {"kind": "orders", "columns": {"order_id": "id", "order_total": "sum", "placed_at": "at"}}, "m"
    )
    rows = [{"id": "1", "sum": 1.234, "at": "2025-03-04T05:06:07Z"}, {"id": "2", "sum": 1234, "at": None}]
    (tmp_path / "o.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n{broken\n")
    pl.DataFrame([{**row, "sum": float(row["sum"])} for row in rows]).write_parquet(tmp_path / "o.parquet")
    written(tmp_path / "o.json", rows)
    frames = [only(read_seller_file(tmp_path / f"o.{e}", mapping=mapping)).frame for e in ("jsonl", "parquet", "json")]
    assert all(frame.equals(frames[0]) for frame in frames)
    assert frames[0]["order_total"].to_list() == [1.234, 1234.0]


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [("o.docx", "x", "expected a file ending in"), ("o.json", "{", "expected JSON"),
     ("o.json", "[NaN]", "expected JSON"),
     ("o.json", '{"a": 1}', "expected a report that we know"), ("o.csv", "", "the file is empty"),
     ("none.csv", None, "no such file")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: str | None, advice: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(FileRefused, match=advice):
        read_seller_file(tmp_path / name)


def test_a_folder_stands_for_the_files_in_it(tmp_path: Path) -> None:
    for name in ("b.csv", "a.xlsx", ".hidden.csv", "~$a.xlsx", "notes.docx", "out.csv.rejects.csv"):
        (tmp_path / name).touch()
    assert [path.name for path in expanded([tmp_path, tmp_path / "b.csv"])] == ["a.xlsx", "b.csv"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileRefused, match="in the folder, got none"):
        expanded([tmp_path / "empty"])


def plainly(path: Path, text: str, **more: Any) -> SellerTable:
    """A file with columns id, price, rate and count, read by a map of them."""
    columns = {"order_id": "id", "item_price": "price", "sku_return_rate": "rate", "quantity": "count"}
    path.write_text(text, encoding="utf-8")
    return only(read_seller_file(path, mapping=mapping_of({"kind": "orders", "columns": columns} | more, "m.toml")))


def test_per_cent_is_a_share_and_no_price_and_a_sign_of_currency_no_quantity(tmp_path: Path) -> None:
    table = plainly(tmp_path / "o.csv", "id,price,rate,count\n1,$5,2.5%,3\n2,5%,0.5,1\n3,5,0.5,$3\n")
    assert table.frame.select("item_price", "sku_return_rate", "quantity").rows() == [(5.0, 0.025, 3)]
    assert [(reject.line, reject.column) for reject in table.rejects] == [(3, "price"), (4, "count")]


def test_signs_that_the_map_calls_empty_are_unknown_and_told(tmp_path: Path) -> None:
    text = "id,price,rate,count\n1,--,0.5,1\n"
    assert [reject.column for reject in plainly(tmp_path / "o.csv", text).rejects] == ["price"]
    table = plainly(tmp_path / "o.csv", text, blank=["--"])
    assert table.frame["item_price"].to_list() == [None]
    assert details(table, "signs_of_nothing") == [{"count": "1", "signs": "--"}]


def test_two_columns_that_only_capitals_tell_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="expected one column 'PRICE', got 'price' too; rename one"):
        plainly(tmp_path / "o.csv", "id,price,PRICE\n1,5,6\n")


def test_a_second_column_of_the_same_meaning_is_told(tmp_path: Path) -> None:
    (tmp_path / "erp.csv").write_text("平台单号,订单号,下单时间\nA,B,2025-03-04\n", encoding="utf-8")
    table = only(read_seller_file(tmp_path / "erp.csv", said=Said(ZoneInfo("Asia/Shanghai"))))
    assert table.frame["order_id"].to_list() == ["A"]
    assert details(table, "columns_not_used") == [{"names": "订单号"}]


def test_a_report_of_nothing_is_read_and_noted(tmp_path: Path) -> None:
    (table,) = read_seller_file(tsv(tmp_path / "orders.txt", ALL_ORDERS))
    assert (table.rows, table.is_complete, details(table, "no_rows")) == (0, True, [{}])


@pytest.mark.parametrize(
    ("name", "advice"), [("o.xls", "save it as .xlsx or CSV"), ("o.zip", "unpack it first"), ("o.csv", "another kind")]
)
def test_files_of_other_kinds_are_told_what_to_do(tmp_path: Path, name: str, advice: str) -> None:
    (tmp_path / name).write_bytes(bytes(range(256)) * 9)
    with pytest.raises(FileRefused, match=advice):
        read_seller_file(tmp_path / name)


def test_a_file_read_in_pieces_is_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(
        f"{i},{day},{'?' if i % 2 else 'new'}\n" for i, day in enumerate(["03/04/2025"] * 6 + ["13/04/2025"])
    )
    columns = {"order_id": "id", "placed_at": "at", "item_condition": {"from": "state", "unlisted": "unknown"}}
    mapping = mapping_of({"kind": "orders", "time_zone": "UTC", "columns": columns}, "m.toml")
    (tmp_path / "o.csv").write_text("id,at,state\n" + rows)
    whole = only(read_seller_file(tmp_path / "o.csv", mapping=mapping))
    monkeypatch.setattr("features.seller.door.CHUNK_ROWS", 2)
    pieces = only(read_seller_file(tmp_path / "o.csv", mapping=mapping))
    assert (pieces.frame.equals(whole.frame), pieces.notes) == (True, whole.notes)
    assert pieces.frame["placed_at"].dt.month().to_list() == [4] * 7
    assert details(pieces, "words_unknown") == [{"count": "3", "words": "?"}]


@pytest.mark.parametrize("cell", ["'114-0000001-0000001", '="114-0000001-0000001"', "114-0000001-0000001\t"])
def test_marks_that_keep_a_number_a_text_are_no_part_of_it(tmp_path: Path, cell: str) -> None:
    mapping = mapping_of({"kind": "orders", "has_quotes": False, "columns": {"order_id": "id"}}, "m.toml")
    (tmp_path / "o.csv").write_text(f"id,name\n{cell},x\n")
    assert only(read_seller_file(tmp_path / "o.csv", mapping=mapping)).frame["order_id"].to_list() == [
        "114-0000001-0000001"
    ]


TOTALS = [
    "合计", "合计：", "合计:119.70", "合计（3单）", "合 计", "总 计", "总计", "小计", "本页小计",
    "本月合计", "10月合计", "2026年10月合计", "第1页小计", "美国站合计", "USD合计", "【合计】", "共3单",
    "共 2 条", "共计3笔", "总数：3", "订单总数 3", "3单", "平均", "制表人：甲", "制表人", "审核：乙",
    "打印时间：2026-01-01", "备注：测试", "以下空白", "Total", "TOTAL:", "Total USD", "Total (3 orders)",
    "Grand total", "Grand Total: 119.70", "Subtotal", "Sub-total", "Totals", "Order total", "Sum",
    "3 orders", "Prepared by A", "Summe", "Ｔｏｔａｌ：",
]  # fmt: skip
NUMBERS = [
    "114-0000001-0000001", "TOTAL-1001", "TOTALLY1", "SUMMER-22", "共享-1", "S01-2026-合计单", "COUNTER5",
    "SO-2026-17", "#1001", "3001", "GRAND-5", "AVERAGE1", "小李-001", "PAGE7-3", "TTL2026",
]  # fmt: skip
LISTS = {
    "erp.generic_zh": ("订单号,下单时间,SKU,数量,运单号,发货时间", "{},2026-01-02 09:00,A,1,{},2026-01-03 09:00"),
    "claims.plain": ("订单号,索赔日期,索赔金额,币种", "{},2026-01-02,$1.00,USD"),
    "returns.plain": ("Order ID,Return date,Refund amount,Currency", "{},2026-01-02,$1.00,USD"),
    "tracking.generic": ("运单号,状态", "{},已签收"),
}


@pytest.mark.parametrize("report", LISTS)
def test_no_row_that_sums_up_or_signs_a_list_is_taken_for_more(tmp_path: Path, report: str) -> None:
    head, row = LISTS[report]
    cells = [row.format(one, one) for one in ("A1", *TOTALS, *NUMBERS)]
    (tmp_path / "list.csv").write_text("\n".join([head, *cells]), "utf-8")
    for found in read_seller_file(tmp_path / "list.csv", said=Said(ZoneInfo("UTC"))):
        assert found.report == report
        missed = {cell for cell in TOTALS if cell in found.frame.to_series(0).to_list()}
        assert (found.dropped, missed, found.is_complete) == ({"total_row": len(TOTALS)}, set(), True)
        assert found.frame.height == 1 + len(NUMBERS)


def test_a_total_whose_word_stands_in_the_first_column_is_one_too(tmp_path: Path) -> None:
    text = "序号,订单号,下单时间,SKU,数量\n1,A1,2026-01-02 09:00,S,1\n合计,,,,1\n2,,2026-01-02 09:00,S,1\n"
    (tmp_path / "erp.csv").write_text(text, "utf-8")
    (found,) = read_seller_file(tmp_path / "erp.csv", said=Said(ZoneInfo("UTC")))
    assert (found.dropped, [reject.line for reject in found.rejects]) == ({"total_row": 1}, [4])


REAL_NUMBERS = ["Total 7", "claims 12", "12 items", "Sum (a)", "TOTAL 1001", "10件", "小计算器01", "合计元气"]


def test_an_order_whose_number_looks_like_a_total_is_kept_unless_its_row_says_nothing_but_amounts(
    tmp_path: Path,
) -> None:
    rows = [f"{number},2026-01-02 09:00,S,1" for number in ("A1", *REAL_NUMBERS)]
    text = "\n".join(["订单号,下单时间,SKU,数量", *rows, "Total 8,,,8", "12 claims,,,8", "合计（8单）,,,8"])
    (tmp_path / "erp.csv").write_text(text, "utf-8")
    (found,) = read_seller_file(tmp_path / "erp.csv", said=Said(ZoneInfo("UTC")))
    assert found.frame["order_id"].to_list() == ["A1", *REAL_NUMBERS]
    assert (found.dropped, found.rejects) == ({"total_row": 3}, [])


def test_of_orders_in_our_own_columns_none_is_taken_for_a_total(tmp_path: Path) -> None:
    text = "order_id,order_total,currency\nTotal 7,30,USD\nclaims 12,30,USD\n12 items,30,USD\nSum (a),1,USD\n"
    (tmp_path / "o.csv").write_text(text, "utf-8")
    found = only(read_seller_file(tmp_path / "o.csv"))
    assert found.frame["order_id"].to_list() == ["Total 7", "claims 12", "12 items", "Sum (a)"]


def test_where_rows_say_amounts_alone_a_doubtful_word_is_a_number(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("n,v,c\nTotal 7,30,USD\n12 items,30,USD\nTotal,60,USD\n", "utf-8")
    columns = {"order_id": "n", "order_total": "v", "currency": "c"}
    found = only(read_seller_file(tmp_path / "o.csv", mapping=mapping_of({"kind": "orders", "columns": columns}, "m")))
    assert (found.frame["order_id"].to_list(), found.dropped) == (["Total 7", "12 items"], {"total_row": 1})


@pytest.mark.parametrize("total", ["合计,,,,6,65,USD", ",合计,,,6,65,USD", ",,,合计,6,65,USD", "合计：,,,,6,65,"])
def test_a_total_below_numbers_that_are_filled_down_is_not_added_to_the_last_order(tmp_path: Path, total: str) -> None:
    head = "备注,订单号,下单时间,SKU,数量,商品金额,币种"
    rows = [",A-1,2026-03-01 10:00,A,2,30,USD", "合计不对,,2026-03-01 10:00,B,1,20,USD", "小计：5,,,C,1,5,USD"]
    last = [",A-2,2026-03-01 10:00,A,2,10,USD", ",,,B,1,5,USD"]
    (tmp_path / "o.csv").write_text("\n".join([head, *rows, total, *last, total]), "utf-8")
    columns = {"order_id": {"from": "订单号", "fills_down": True}, "placed_at": "下单时间", "sku": "SKU"}
    columns |= {"quantity": "数量", "item_price": "商品金额", "currency": "币种"}
    mapping = mapping_of({"kind": "order_items", "columns": columns, "time_zone": "UTC"}, "m.toml")
    found = only(read_seller_file(tmp_path / "o.csv", mapping=mapping))
    assert found.frame["order_id"].to_list() == ["A-1", "A-1", "A-1", "A-2", "A-2"]
    assert (found.frame["item_price"].sum(), found.dropped) == (70.0, {"total_row": 2})
