"""Joining: item rows to orders, the worst parcel, conflicts, orphans, shops; nothing is lost, and no order shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import FileRefused
from features.seller.gathering import Gathered, gathered
from features.seller.mapping import Said
from features.seller.reading import read_seller_file
from features.seller.table import Kind, SellerTable

START = datetime(2026, 1, 5, 9, 30, 7, tzinfo=UTC)
DAY = timedelta(days=1)


def table(kind: Kind, report: str, rows: list[dict[str, Any]], file: str = "") -> SellerTable:
    """Rows of a file in our names, numbered as if a header stood above them."""
    numbered = [{"line": i + 2, **row} for i, row in enumerate(rows)]
    frame = pl.DataFrame(numbered, infer_schema_length=None)
    return SellerTable(report, kind, Path(file or f"{report}.txt"), frame, [], len(rows), {}, [])


def item(order_id: str, price: float = 10.0, **more: Any) -> dict[str, Any]:
    return {"order_id": order_id, "placed_at": START, "item_price": price, "currency": "USD", "quantity": 1} | more


def items(*rows: dict[str, Any], report: str = "amazon.all_orders", file: str = "") -> SellerTable:
    return table("order_items", report, list(rows), file)


def only(found: Gathered) -> dict[str, Any]:
    """The one order that came out."""
    assert found.orders.height == 1, found.set_aside
    return found.orders.to_dicts()[0]


def test_items_are_added_up_and_the_dearest_names_the_goods() -> None:
    cheap = item("a", 5.0, sku="S1", asin="A1", shipping_price=2.0, is_gift=True)
    dear = item("a", 20.0, sku="S2", asin="A2", quantity=3, promotion_discount=1.5, is_gift=False)
    order = only(gathered([items(cheap, dear)]))
    assert (order["item_price"], order["quantity"], order["line_count"]) == (25.0, 4, 2)
    assert (order["sku"], order["asin"], order["is_gift"]) == ("S2", "A2", True)
    assert order["order_total"] == 25.5


@pytest.mark.parametrize(("marketplace", "total"), [("US", 11.0), ("DE", 10.0)])
def test_tax_enters_the_total_only_where_it_comes_on_top(marketplace: str, total: float) -> None:
    assert only(gathered([items(item("a", item_tax=1.0, marketplace=marketplace))]))["order_total"] == total


def test_a_total_repeated_on_every_row_is_not_added_up() -> None:
    rows = [item(o, 5.0, order_total=12.0, sku=s) for o in ("a", "b") for s in ("S1", "S2")]
    found = gathered([items(*rows, report="erp.generic_zh")])
    assert found.orders["order_total"].to_list() == [12.0, 12.0]
    assert [note.code for note in found.notes] == ["order_total_repeated"]


@pytest.mark.parametrize(
    ("total", "shipping", "codes"),
    [
        (14.0, 4.0, ["order_total_repeated", "money_repeated"]),
        (18.0, 8.0, ["order_total_repeated"]),
        (None, 8.0, ["money_added"]),
    ],
)
def test_shipping_on_every_row_is_the_order_s_where_the_totals_say_so(total: Any, shipping: float, codes: Any) -> None:
    rows = [item(o, p, sku=f"{p}", order_total=total, shipping_price=4.0) for o in "ab" for p in (4.0, 6.0)]
    if total is None:
        rows = [{k: v for k, v in row.items() if k != "order_total"} for row in rows]
    found = gathered([items(*rows, report="erp.generic_zh")])
    assert found.orders["shipping_price"].to_list() == [shipping, shipping]
    assert [note.code for note in found.notes] == codes


def test_amazon_s_reports_hold_the_money_of_the_row() -> None:
    found = gathered([items(*(item("a", 5.0, sku=sku, shipping_price=4.0) for sku in "xy"))])
    assert (only(found)["shipping_price"], found.notes) == (8.0, [])


def test_rows_that_say_all_the_same_are_added_up_and_told() -> None:
    found = gathered([items(item("a", 5.0), item("a", 5.0), item("b", 5.0), report="erp.generic_zh")])
    assert found.orders["item_price"].to_list() == [10.0, 5.0]
    assert {"rows": "1"} in [note.details for note in found.notes if note.code == "equal_rows"]


def test_orders_said_to_be_refunded_without_a_moment_are_told() -> None:
    rows = [item("a", order_status="已退款"), item("b", order_status="已发货"), item("c", order_status=None)]
    found = gathered([items(*rows, report="erp.generic_zh")])
    assert [note.details for note in found.notes if note.code == "refunds_undated"] == [{"orders": "1"}]


def test_an_amount_refunded_without_a_date_counts_as_refunded_and_is_told() -> None:
    back = [
        {"order_id": o, "return_requested_at": START + DAY, "refund_amount": a} for o, a in (("a", 10.0), ("b", 0.0))
    ]
    found = gathered([items(item("a"), item("b")), table("returns", "amazon.fbm_returns", back)])
    assert found.orders["has_refund"].to_list() == [True, None]
    assert "refunded_at" not in found.orders.columns
    assert [note.details for note in found.notes if note.code == "refunds_undated"] == [{"orders": "1"}]


def test_a_state_counts_as_a_refund_only_where_every_row_says_so_and_no_part_does() -> None:
    states = [("a", "Refunded"), ("a", "Refunded"), ("b", "Refunded"), ("b", "Shipped"), ("c", "部分退款")]
    rows = [item(o, item_status=s, sku=str(k)) for k, (o, s) in enumerate(states)]
    found = gathered([items(*rows, report="erp.generic_zh")])
    assert found.orders["has_refund"].to_list() == [True, None, None]
    assert {(n.code, n.details["orders"]) for n in found.notes} >= {("refunds_undated", "1"), ("refunds_in_part", "1")}


@pytest.mark.parametrize(
    ("state", "amount", "refund", "code"),
    [
        ("全额退款", 0.0, 10.0, "refunds_in_full"),
        ("Full refund", None, 10.0, "refunds_in_full"),
        ("Refunded in full", 4.0, 4.0, None),
        ("Refunded", 0.0, None, "refunds_of_nothing"),
        ("已发货", 0.0, 0.0, None),
    ],
)
def test_a_refund_in_full_is_of_the_total_and_zero_beside_a_refund_is_unknown(
    state: str, amount: Any, refund: Any, code: Any
) -> None:
    row = item("a", order_status=state, refund_amount=amount)
    found = gathered([items(row, report="erp.generic_zh")])
    assert only(found).get("refund_amount") == refund
    assert only(found)["has_refund"] == (None if state == "已发货" else True)
    of_amounts = ("refunds_in_full", "refunds_of_nothing")
    assert [n.code for n in found.notes if n.code in of_amounts] == ([code] if code else [])


def test_a_refund_that_a_flag_denies_is_kept_and_told_as_a_conflict() -> None:
    denied = {"has_refund": False}
    rows = [
        item("a", refund_amount=4.0, **denied), item("b", refunded_at=START + DAY, **denied), item("c", **denied),
    ]  # fmt: skip
    found = gathered([items(*rows, report="erp.generic_zh")])
    assert found.orders["has_refund"].to_list() == [True, True, False]
    told = found.conflicts.select("order_id", "attribute", "kept_from", "other").rows()
    assert told == [("a", "has_refund", "refund_amount", "false"), ("b", "has_refund", "refunded_at", "false")]


def test_a_refund_on_each_row_that_passes_what_was_paid_counts_once_though_other_orders_differ() -> None:
    amounts = [("a", 30.0), ("a", 30.0), ("b", 5.0), ("b", None), ("c", 10.0), ("c", 20.0), ("d", 20.0), ("d", 25.0)]
    rows = [item(o, sku=str(k), refund_amount=r, order_total=30.0) for k, (o, r) in enumerate(amounts)]
    found = gathered([items(*rows, report="erp.generic_zh")])
    assert found.orders["refund_amount"].to_list() == [30.0, 5.0, 30.0, 45.0]
    told = {n.code: n.details["orders"] for n in found.notes}
    assert (told["refund_over_paid"], told["refunds_over_total"]) == ("1", "1")


def test_a_refund_in_another_currency_is_one_of_unknown_size(tmp_path: Path) -> None:
    sheet = tmp_path / "returns.csv"
    lines = ["a,2026-01-20,200,CNY", "b,2026-01-20,¥200,", "c,2026-01-20,200元,", "d,2026-01-20,7,", "e,2026-01-20,$8,"]
    sheet.write_text("\n".join(["订单号,退货申请时间,退款金额,币种", *lines]), encoding="utf-8")
    back = read_seller_file(sheet, said=Said(zone=ZoneInfo("UTC")))
    found = gathered([items(*(item(o) for o in "abcdef")), *back])
    assert found.orders["refund_amount"].to_list() == [None, None, None, 7.0, 8.0, None]
    assert found.orders["has_refund"].to_list() == [True] * 5 + [None]
    assert set(found.orders["currency"]) == {"USD"}
    told = [n.details for n in found.notes if n.code == "refunds_in_other_currency"]
    assert told == [{"orders": "3", "words": "CNY, ¥"}]
    assert [n.details["count"] for n in back[0].notes if n.code == "currency_of_order"] == ["3"]


@pytest.mark.parametrize("currency", ["USD", None])
def test_refunds_of_one_order_in_two_currencies_are_no_sum(currency: Any) -> None:
    rows = [
        {"order_id": "a", "return_requested_at": START + DAY, "refund_amount": a, "currency": c}
        for a, c in ((4.0, "USD"), (30.0, "CNY"))
    ]
    order = item("a", price=None, currency=currency)  # type: ignore[arg-type]
    found = only(gathered([items(order), table("returns", "returns.plain", rows)]))
    assert (found.get("refund_amount"), found["has_refund"]) == (None, True)


def test_a_refund_that_an_erp_keeps_in_its_own_currency_is_of_unknown_size() -> None:
    erp = items(item("a", 70.0, currency="CNY", refund_amount=70.0), report="erp.generic_zh")
    found = only(gathered([items(item("a")), erp]))
    assert (found["currency"], found["refund_amount"], found["has_refund"]) == ("USD", None, True)


def test_a_return_is_authorised_and_labelled_only_if_each_of_its_rows_is() -> None:
    said = [("a", True, True), ("b", True, None), ("b", False, True), ("c", False, True), ("d", None, True)]
    rows = [
        {"order_id": o, "return_requested_at": START + DAY, "has_return_authorisation": y, "has_return_label": z}
        for o, y, z in said
    ]
    found = gathered([items(*(item(o) for o in "abcd")), table("returns", "amazon.fbm_returns", rows)])
    assert found.orders["has_return_authorisation"].to_list() == [True, False, False, None]
    assert found.orders["has_return_label"].to_list() == [True, False, False, None]
    told = {note.code: note.details["orders"] for note in found.notes}
    assert (told["returns_undated"], told["labels_undated"]) == ("1", "1")


@pytest.mark.parametrize(
    ("rows", "refund", "code"),
    [
        ([(39.9, 59.9), (20.0, 59.9)], 59.9, None),
        ([(59.9, 59.9), (59.9, 59.9)], 59.9, "refund_repeated"),
        ([(20.0, 40.0), (20.0, 40.0)], 40.0, "refund_added"),
        ([(20.0, None), (20.0, None)], 40.0, "refund_added"),
    ],
)
def test_refunds_of_item_rows_are_added_up_unless_they_repeat_the_order_s(rows: Any, refund: float, code: Any) -> None:
    sheet = [item("a", sku=str(k), refund_amount=r, order_total=t) for k, (r, t) in enumerate(rows)]
    found = gathered([items(*sheet, report="erp.generic_zh")])
    assert only(found)["refund_amount"] == refund
    assert found.conflicts.is_empty()
    assert [n.code for n in found.notes if n.code in ("refund_repeated", "refund_added")] == ([code] if code else [])


def test_the_total_is_what_the_buyer_paid_with_gift_wrap_and_both_discounts() -> None:
    given = {"shipping_price": 5.99, "gift_wrap_price": 4.0, "gift_wrap_tax": 0.3, "shipping_discount": 5.99}
    order = only(gathered([items(item("a", marketplace="US", promotion_discount=1.0, **given))]))
    assert (order["order_total"], order["promotion_discount"]) == (13.3, 6.99)


def test_an_amount_stays_the_number_that_was_written() -> None:
    prices = [29.99, 39.8, 59.9, 1259.9, 0.07]
    found = gathered([items(*(item(f"o{k}", price) for k, price in enumerate(prices)))])
    assert found.orders["item_price"].to_list() == prices


def test_an_item_that_two_exports_in_one_file_repeat_counts_once() -> None:
    found = gathered([items(*[item("a", order_item_id="1"), item("a", order_item_id="2")] * 2)])
    assert only(found)["item_price"] == 20.0
    assert found.notes[0].details == {"rows": "2"}


def test_cancelled_items_do_not_count_and_a_cancelled_order_is_set_aside() -> None:
    rows = [item("a", 5.0), item("a", 9.0, item_status="Cancelled"), item("b", item_status="Cancelled")]
    found = gathered([items(*rows)])
    assert only(found)["item_price"] == 5.0
    assert found.set_aside.select("order_id", "code", "line").rows() == [("b", "cancelled", 4)]


def test_the_worst_parcel_speaks_for_a_split_order() -> None:
    parcels = [
        {"order_id": "a", "parcel_id": "1", "carrier": "X", "shipped_at": START + DAY, "delivered_at": START + 3 * DAY},
        {"order_id": "a", "parcel_id": "2", "carrier": "Y", "shipped_at": START + 2 * DAY, "delivered_at": None},
    ]
    order = only(gathered([items(item("a")), table("parcels", "shipments", parcels)]))
    assert (order["carrier"], order["shipped_at"], order["delivered_at"]) == ("Y", START + 2 * DAY, None)
    parcels[1]["delivered_at"] = START + 9 * DAY
    assert only(gathered([items(item("a")), table("parcels", "shipments", parcels)]))["delivered_at"] == START + 9 * DAY


def test_a_merged_parcel_delivers_all_its_orders() -> None:
    shipments = table("parcels", "shipments", [{"order_id": o, "parcel_id": "1"} for o in "ab"])
    tracking = table(
        "parcels", "tracking", [{"order_id": None, "parcel_id": p, "delivered_at": START + 4 * DAY} for p in "19"]
    )
    found = gathered([items(item("a"), item("b")), shipments, tracking])
    assert found.orders["delivered_at"].to_list() == [START + 4 * DAY] * 2
    assert found.strays == 1


def test_a_cell_with_several_orders_is_no_order_but_its_parcel_is_theirs() -> None:
    one, two = "114-0000001-0000001", "114-0000002-0000002"
    merged = item(f"{one}, {two}", parcel_id="1", shipped_at=START + DAY)
    found = gathered([items(item(one), item(two)), items(merged, report="erp.generic_zh")])
    assert found.orders["shipped_at"].to_list() == [START + DAY] * 2
    assert found.set_aside["code"].to_list() == ["several_orders"]
    assert found.only_in == {"amazon.all_orders": 2, "erp.generic_zh": 1}


def test_a_parcel_without_a_number_in_a_sheet_that_has_them_is_not_tracked() -> None:
    rows = [item(o, shipped_at=START + DAY, parcel_id=p) for o, p in (("a", "1"), ("b", None))]
    found = gathered([items(*rows, report="erp.generic_zh")])
    assert found.orders["has_tracking"].to_list() == [True, False]
    assert found.filled["has_tracking"] == 2


def test_replies_answer_only_what_was_asked() -> None:
    said = [("seller", 0), ("buyer", 2), ("seller", 3), ("buyer", 5), ("seller", 6)]
    rows = [{"order_id": "a", "sender": who, "sent_at": START + d * DAY} for who, d in said]
    order = only(
        gathered([items(item("a")), table("messages", "inbox", rows), table("messages", "inbox", rows, "again")])
    )
    names = ("first_message_at", "last_message_at", "first_reply_at", "last_reply_at")
    assert [(order[n] - START).days for n in names] == [2, 5, 3, 6]
    assert order["message_count"] == 2


def test_a_seller_s_message_before_the_buyer_wrote_is_known_as_the_last_that_he_wrote() -> None:
    said = [("a", "seller", 1), ("b", "seller", 1), ("b", "buyer", 2)]
    rows = [{"order_id": o, "sender": who, "sent_at": START + d * DAY} for o, who, d in said]
    found = gathered([items(item("a"), item("b")), table("messages", "inbox", rows)]).orders.sort("order_id")
    assert found["last_reply_at"].to_list() == [START + DAY] * 2
    assert found["first_message_at"].to_list() == [None, START + 2 * DAY]
    assert "first_reply_at" not in found or found["first_reply_at"].to_list() == [None, None]


def test_refunds_are_added_up_once_over_overlapping_files() -> None:
    rows = [{"order_id": "a", "event": "refund", "posted_at": START + d * DAY, "amount": -3.0} for d in (7, 9)]
    tables = [table("finances", "amazon.finances", rows[:k], f"{k}.json") for k in (1, 2)]
    order = only(gathered([items(item("a")), *tables]))
    assert (order["refunded_at"], order["refund_amount"]) == (START + 7 * DAY, 6.0)


def test_what_two_reports_say_differently_is_told_and_the_more_believed_kept() -> None:
    erp = table(
        "orders", "erp.generic_zh", [{"order_id": "a", "placed_at": START + timedelta(hours=8), "ship_by": START + DAY}]
    )
    found = gathered([erp, items(item("a"))])
    assert only(found)["placed_at"] == START
    assert only(found)["ship_by"] == START + DAY
    row = ("a", "placed_at", "2026-01-05T09:30:07Z", "amazon.all_orders", "2026-01-05T17:30:07Z", "erp.generic_zh")
    assert found.conflicts.rows() == [row]


def test_a_newer_export_of_the_same_report_wins() -> None:
    old = table("orders", "mine", [{"order_id": "a", "placed_at": START, "order_status": "Paid"}], "b.csv")
    new = table("orders", "mine", [{"order_id": "a", "placed_at": START, "ship_confirmed_at": START + DAY}], "a.csv")
    assert only(gathered([old, new]))["ship_confirmed_at"] == START + DAY


def test_what_belongs_to_no_order_is_kept_as_an_orphan() -> None:
    claim = {"order_id": "z", "claim_opened_at": START + 20 * DAY}
    found = gathered([items(item("a")), table("claims", "mine", [claim])])
    assert found.orphans.rows() == [("z", "claims", "mine", "mine.txt", 2)]
    assert found.outcomes["order_id"].to_list() == ["z"]


def test_a_date_without_a_time_does_not_lie_before_its_own_day() -> None:
    asked = [{"order_id": "a", "return_requested_at": START.replace(hour=0, minute=0, second=0)}]
    found = gathered([items(item("a")), table("returns", "amazon.fbm_returns", asked)])
    assert only(found)["return_requested_at"] == START
    assert found.filled["day_return_requested_at"] == 1


def test_an_order_that_contradicts_itself_is_set_aside_and_the_others_stay() -> None:
    found = gathered([items(item("a"), item("b", delivered_at=START - 3 * DAY), item("c", currency=None))])
    assert found.orders["order_id"].to_list() == ["a"]
    assert found.set_aside.select("order_id", "code").rows() == [
        ("b", "before_placed_at"),
        ("c", "money_without_currency"),
    ]


def test_items_in_two_currencies_are_no_sum() -> None:
    found = gathered([items(item("a"), item("a", currency="EUR"))])
    assert found.set_aside["code"].to_list() == ["mixed_currencies"]


def test_two_shops_with_one_number_for_two_orders_are_refused() -> None:
    other = items(item("#1001", placed_at=START + 40 * DAY), file="b.csv")
    with pytest.raises(FileRefused, match=r"#1001.*two shops.*--shop"):
        gathered([items(item("#1001", shop_id="one")), *with_shop_column(other)])
    three = [item(f"#{i}") for i in range(3)]
    later = [row | {"placed_at": START + 9 * DAY} for row in three]
    with pytest.raises(FileRefused, match="days apart"):
        gathered([items(*three, file="a.csv"), items(*later, file="b.csv")])


def with_shop_column(of: SellerTable) -> list[SellerTable]:
    rows = of.frame.with_columns(shop_id=pl.lit("two")).drop("line").to_dicts()
    return [items(*rows, file=str(of.path))]


def test_the_shop_is_named_where_the_file_names_none() -> None:
    found = gathered([items(item("a"), item("b", shop_id="own"))], shop="mine")
    assert found.orders["shop_id"].to_list() == ["mine", "own"]


def test_files_without_any_orders_are_refused() -> None:
    with pytest.raises(FileRefused, match="at least one usable row of orders, got claims"):
        gathered([table("claims", "mine", [{"order_id": "a", "claim_opened_at": START}])])


@pytest.mark.parametrize("kind", ["parcels", "messages", "returns", "finances", "claims", "performance"])
def test_a_map_may_give_no_more_than_the_key(kind: Kind) -> None:
    bare = {"event": "a_to_z", "order_id": "b"} if kind == "finances" else {"metric": "a_to_z_claims"}
    row = bare if kind in ("finances", "performance") else {"order_id": "b"}
    found = gathered([items(item("a"), item("b")), table(kind, "mine", [row])])
    assert found.orders["order_id"].to_list() == (["a"] if kind in ("finances", "claims") else ["a", "b"])


IDS = st.sampled_from(["a", "b", "c", "d"])
WHEN = st.none() | st.integers(-2, 12).map(lambda d: START + d * DAY)
ITEM = st.fixed_dictionaries({
    "order_id": IDS, "placed_at": st.just(START), "item_price": st.none() | st.sampled_from([5.0, 7.25]),
    "currency": st.sampled_from(["USD", "USD", "EUR", None]), "quantity": st.sampled_from([0, 1, 2]),
    "sku": st.sampled_from(["S1", "S2", None]), "item_status": st.sampled_from(["Shipped", "Cancelled"]),
    "parcel_id": st.sampled_from(["1", "2", None]), "delivered_at": WHEN,
})  # fmt: skip
ORDER = st.fixed_dictionaries(
    {"order_id": IDS, "placed_at": st.just(START), "shipped_at": WHEN, "is_gift": st.booleans()}
)
PARCEL = st.fixed_dictionaries(
    {"order_id": IDS | st.none(), "parcel_id": st.sampled_from(["1", "2", "9"]), "delivered_at": WHEN}
)
RETURN = st.fixed_dictionaries(
    {"order_id": IDS | st.just("z"), "return_requested_at": WHEN, "is_a_to_z": st.booleans()}
)
MONEY = st.fixed_dictionaries({
    "order_id": IDS | st.just("y"), "event": st.sampled_from(["refund", "a_to_z", "chargeback", "shipment"]),
    "posted_at": WHEN.filter(lambda at: at is not None), "amount": st.sampled_from([-5.0, -7.25, 5.0]),
})  # fmt: skip
CLAIM = st.fixed_dictionaries(
    {"order_id": IDS | st.just("x"), "claim_opened_at": WHEN, "seller_paid": st.none() | st.booleans()}
)


@st.composite
def shop_files(draw: st.DrawFn) -> list[tuple[Kind, str, list[dict[str, Any]]]]:
    """Any rows of any kinds, at least one of them an order."""

    def rows(of: Any, least: int = 0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = draw(st.lists(of, min_size=least, max_size=6))
        return found

    files: list[tuple[Kind, str, list[dict[str, Any]]]] = [
        ("order_items", "amazon.all_orders", rows(ITEM, 1)), ("orders", "erp.generic_zh", rows(ORDER)),
        ("parcels", "shipments", rows(PARCEL)), ("returns", "amazon.fbm_returns", rows(RETURN)),
        ("finances", "amazon.finances", rows(MONEY)), ("claims", "mine", rows(CLAIM)),
    ]  # fmt: skip
    return [file for file in files if file[2]]


@given(shop_files(), st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_nothing_is_lost_and_the_order_of_rows_and_files_does_not_show(files: Any, random: Any) -> None:
    found = gathered([table(*file) for file in files])
    placed = {row["order_id"] for kind, _, rows in files if kind in ("order_items", "orders") for row in rows}
    assert found.orders.height + found.set_aside.height == len(placed)
    assert set(found.orders["order_id"]) | set(found.set_aside["order_id"]) == placed
    named = {row["order_id"] for _, _, rows in files for row in rows} - {None}
    assert named - placed == set(found.orphans["order_id"])
    shuffled = [(kind, report, random.sample(rows, len(rows))) for kind, report, rows in files]
    again = gathered([table(*file) for file in random.sample(shuffled, len(shuffled))])
    assert again.orders.select(sorted(again.orders.columns)).equals(found.orders.select(sorted(found.orders.columns)))
    assert again.outcomes.equals(found.outcomes)
    assert again.conflicts.equals(found.conflicts)
    assert again.coverage == found.coverage
    assert again.set_aside.drop("line").equals(found.set_aside.drop("line"))
