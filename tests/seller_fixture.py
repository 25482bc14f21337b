"""A simulated shop written as its own files: Amazon's reports to the letter, and a Chinese ERP's sheet of the same."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from features.outcome import OUTCOME
from training.simulate import load_world, simulate

CHANNELS = {"US": "Amazon.com", "UK": "Amazon.co.uk", "DE": "Amazon.de"}
SITES = {"US": "美国", "UK": "英国", "DE": "德国"}
COUNTRIES = {"US": "美国", "GB": "英国", "DE": "德国"}
LEVELS = {"standard": "Standard", "expedited": "Expedited", "free_economy": "FreeEconomy"}
TRACKED = {"delivered": "已签收", "lost": "丢失", "in_transit": "运输中", "pre_transit": "待揽收"}
ZONE = "Asia/Shanghai"
SHOP = "美国站-1店"


@dataclass(frozen=True)
class Shop:
    """What is true: orders and items as placed, claims as filed, all of it as of `until`."""

    orders: pl.DataFrame
    items: pl.DataFrame
    claims: pl.DataFrame
    until: datetime


def simulated_shop(world: Path, orders: int, seed: int) -> Shop:
    """A shop looked at on the day of its last order: what came later has not happened yet."""
    made = simulate(load_world(str(world)), orders, seed, truth=False)
    until: datetime = made.orders["placed_at"].max()  # type: ignore[assignment]
    facts = ("shipped_at", "delivered_at", "return_requested_at", "return_delivered_at", "refunded_at")
    known = made.orders.with_columns(
        pl.col("shipping_price").fill_null(0.0), *(pl.when(pl.col(f) <= until).then(f).alias(f) for f in facts)
    )
    known = known.with_columns(
        order_total=(pl.col("item_price") + pl.col("shipping_price") - pl.col("promotion_discount")).round(2),
        ship_to_region=pl.col("ship_to_region").str.replace("Thüringen", "Thueringen"),
    )
    claims = made.outcomes.filter(pl.col("claim_opened_at") <= until).with_columns(
        pl.when(pl.col("decided_at") <= until).then("decided_at").alias("decided_at")
    )
    return Shop(known, _items(known), claims, until)


def _items(orders: pl.DataFrame) -> pl.DataFrame:
    """One row per item: orders of two lines are split into a dear and a cheap one."""
    is_two = pl.col("line_count") == 2
    cheap = (pl.col("item_price") / pl.col("quantity") * 0.5).round(2)
    first = orders.with_columns(
        item=pl.lit(1), quantity=pl.when(is_two).then(pl.col("quantity") - 1).otherwise("quantity"),
        item_price=pl.when(is_two).then((pl.col("item_price") - cheap).round(2)).otherwise("item_price"),
    )  # fmt: skip
    second = orders.filter(is_two).with_columns(
        item=pl.lit(2), quantity=pl.lit(1, pl.Int64), item_price=cheap, sku=pl.col("sku") + "-B",
        asin=pl.lit(None, pl.String),
        shipping_price=pl.lit(0.0), promotion_discount=pl.lit(0.0),
    )  # fmt: skip
    return pl.concat([first, second]).sort("placed_at", "order_id", "item")


def write_amazon(shop: Shop, folder: Path) -> list[Path]:
    """All Orders, Unshipped, FBM Returns, Finances, Seller Performance."""
    folder.mkdir(parents=True, exist_ok=True)
    _tsv(folder / "all_orders.txt", _all_orders(shop.items))
    _tsv(folder / "unshipped.txt", _unshipped(shop))
    _tsv(folder / "returns.txt", _returns(shop))
    (folder / "finances.json").write_text(json.dumps(_finances(shop)), "utf-8")
    (folder / "performance.json").write_text(json.dumps(_performance(shop)), "utf-8")
    return sorted(folder.iterdir())


def _tsv(path: Path, frame: pl.DataFrame) -> None:
    frame.cast(pl.String).write_csv(path, separator="\t", quote_style="never", null_value="")


def _iso(name: str) -> pl.Expr:
    return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _laid_out(frame: pl.DataFrame, header: str, **columns: str | pl.Expr) -> pl.DataFrame:
    """The columns of a header in its order. columns: what fills those named (- and blanks as _); others stay empty."""
    names = header.split("\t")
    filled = {re.sub(r"[- ]", "_", name).lower(): name for name in names}
    chosen = {filled[key]: pl.col(e) if isinstance(e, str) else e for key, e in columns.items()}
    return frame.select(chosen.get(name, pl.lit(None, pl.String)).alias(name) for name in names)


ALL_ORDERS = (
    "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\t"
    "sales-channel\torder-channel\turl\tship-service-level\tproduct-name\tsku\tasin\titem-status\tquantity\tcurrency\t"
    "item-price\titem-tax\tshipping-price\tshipping-tax\tgift-wrap-price\tgift-wrap-tax\titem-promotion-discount\t"
    "ship-promotion-discount\tship-city\tship-state\tship-postal-code\tship-country\tpromotion-ids\tis-business-order\t"
    "purchase-order-number\tprice-designation"
)
UNSHIPPED = (
    "order-id\torder-item-id\tpurchase-date\tpayments-date\treporting-date\tpromise-date\tdays-past-promise\tbuyer-email\t"
    "buyer-name\tbuyer-phone-number\tsku\tproduct-name\tquantity-purchased\tquantity-shipped\tquantity-to-ship\t"
    "ship-service-level\trecipient-name\tship-address-1\tship-address-2\tship-address-3\tship-city\tship-state\t"
    "ship-postal-code\tship-country\tis-business-order\tpurchase-order-number\tprice-designation"
)
RETURNS = (
    "Order ID\tOrder date\tReturn request date\tReturn request status\tAmazon RMA ID\tMerchant RMA ID\tLabel type\t"
    "Label cost\tCurrency code\tReturn carrier\tTracking ID\tLabel to be paid by\tA-to-Z Claim\tIs prime\tASIN\t"
    "Merchant SKU\tItem Name\tReturn quantity\tReturn Reason\tIn policy\tReturn type\tResolution\tInvoice number\t"
    "Return delivery date\tOrder Amount\tOrder quantity\tSafeT Action reason\tSafeT claim id\tSafeT claim state\t"
    "SafeT claim creation time\tSafeT claim reimbursement amount\tRefunded Amount"
)
ERP = (
    "平台单号\t店铺\t站点\t订单状态\t下单时间\t付款时间\t最晚发货时间\t最晚送达时间\t买家姓名\tMSKU\tASIN\t数量\t订单金额\t商品总额\t运费收入\t"
    "币种\t国家\t省/州\t物流公司\t物流方式\t跟踪号\t发货时间\t签收时间\t物流状态"
)


def _all_orders(items: pl.DataFrame) -> pl.DataFrame:
    status = pl.when(pl.col("shipped_at").is_null()).then(pl.lit("Unshipped")).otherwise(pl.lit("Shipped"))
    return _laid_out(
        items, ALL_ORDERS,
        amazon_order_id="order_id", merchant_order_id="order_id", purchase_date=_iso("placed_at"),
        last_updated_date=_iso("placed_at"), order_status=status, fulfillment_channel=pl.lit("Merchant"),
        sales_channel=pl.col("marketplace").replace_strict(CHANNELS), item_status=status, sku="sku", asin="asin",
        ship_service_level=pl.col("service_level").replace_strict(LEVELS), currency="currency", quantity="quantity",
        product_name=pl.format('Widget 5" for {}', "category"), item_price="item_price", ship_country="ship_to_country",
        shipping_price="shipping_price", item_promotion_discount="promotion_discount", ship_state="ship_to_region",
        ship_postal_code=pl.lit("10001"), is_business_order="is_business_order",
    )  # fmt: skip


def _unshipped(shop: Shop) -> pl.DataFrame:
    return _laid_out(
        shop.items.filter(pl.col("shipped_at").is_null()), UNSHIPPED,
        order_id="order_id", order_item_id=pl.format("{}{}", "order_id", "item").str.replace_all("-", ""),
        purchase_date=_iso("placed_at"), payments_date=_iso("payment_approved_at"), promise_date=_iso("ship_by"),
        buyer_email=pl.lit("x@marketplace.example"), buyer_name=pl.lit("A Buyer"), recipient_name=pl.lit("A Buyer"),
        sku="sku", product_name=pl.lit("Widget"), quantity_purchased="quantity", quantity_to_ship="quantity",
        ship_service_level=pl.col("service_level").replace_strict(LEVELS), ship_state="ship_to_region",
        ship_country="ship_to_country", ship_postal_code=pl.lit("10001"), is_business_order="is_business_order",
    )  # fmt: skip


def _returns(shop: Shop) -> pl.DataFrame:
    def day(name: str) -> pl.Expr:
        return pl.col(name).dt.strftime("%d-%b-%Y")

    is_claimed = pl.col("order_id").is_in(shop.claims["order_id"].implode())
    return _laid_out(
        shop.orders.filter(pl.col("return_requested_at").is_not_null()), RETURNS,
        order_id="order_id", order_date=day("placed_at"), return_request_date=day("return_requested_at"),
        return_request_status=pl.lit("Approved"), label_type=pl.lit("AmazonPrePaidLabel"), currency_code="currency",
        label_to_be_paid_by=pl.lit("Seller"), a_to_z_claim=_yes(is_claimed), is_prime=pl.lit("N"), asin="asin",
        merchant_sku="sku", return_quantity=pl.lit(1), return_reason=pl.lit("AMZ-PG-WJ-TOO-SMALL"),
        in_policy=_yes(pl.col("is_return_in_policy")), return_delivery_date=day("return_delivered_at"),
        order_amount="order_total", order_quantity="quantity",
    )  # fmt: skip


def _yes(flag: pl.Expr) -> pl.Expr:
    return pl.when(flag).then(pl.lit("Y")).otherwise(pl.lit("N"))


def _event(order_id: str, at: datetime, amount: float, currency: str, items: str) -> dict[str, Any]:
    charge = {"ChargeType": "Principal", "ChargeAmount": {"CurrencyCode": currency, "CurrencyAmount": amount}}
    charges = "ItemChargeList" if items == "ShipmentItemList" else "ItemChargeAdjustmentList"
    return {
        "AmazonOrderId": order_id,
        "PostedDate": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "MarketplaceName": "Amazon.com",
        items: [{charges: [charge]}],
    }


def _finances(shop: Shop) -> dict[str, Any]:
    shipped = shop.orders.filter(pl.col("shipped_at").is_not_null())
    refunded = shop.orders.filter(pl.col("refunded_at").is_not_null())
    paid = shop.claims.filter(pl.col("seller_paid") & (pl.col("decided_at") <= shop.until))
    sold = shipped.select("order_id", "shipped_at", "order_total", "currency").rows()
    back = refunded.select("order_id", "refunded_at", -pl.col("refund_amount"), "currency").rows()
    debits = paid.select("order_id", "decided_at", -pl.col("amount"), "currency").rows()
    adjusted = "ShipmentItemAdjustmentList"
    return {"FinancialEvents": {
        "ShipmentEventList": [_event(*row, "ShipmentItemList") for row in sold],
        "RefundEventList": [_event(*row, adjusted) for row in back],
        "GuaranteeClaimEventList": [_event(*row, adjusted) for row in debits],
        "ChargebackEventList": [],
    }}  # fmt: skip


def _performance(shop: Shop) -> dict[str, Any]:
    """The order defect rate of 60 days as the marketplace counts it: with two claims that nobody else shows."""
    since, until = shop.until - timedelta(days=90), shop.until - timedelta(days=30)
    start, end = since.replace(hour=0, minute=0, second=0), until.replace(hour=23, minute=59, second=59)
    orders = shop.orders.filter(pl.col("placed_at").is_between(start, end))
    defects = shop.claims.filter(pl.col("counts_as_defect")).join(orders.select("order_id"), on="order_id")
    count = defects.filter(pl.col("decided_at") <= shop.until)["order_id"].n_unique() + 2
    rate = {
        "reportingDateRange": {"reportingDateFrom": f"{since:%Y-%m-%d}", "reportingDateTo": f"{until:%Y-%m-%d}"},
        "orderCount": orders.height, "orderWithDefects": {"count": count, "status": "FAIR"},
        "rate": round(count / max(orders.height, 1), 4),
        "claims": {"count": count}, "chargebacks": {"count": 0}, "negativeFeedback": {"count": 0}, "targetValue": 0.01,
    }  # fmt: skip
    return {"accountStatuses": [], "performanceMetrics": [{"orderDefectRate": {"mfn": rate}}]}


def _erp(shop: Shop) -> pl.DataFrame:
    """One row per item; the total of the order stands on each."""

    def local(name: str) -> pl.Expr:
        return pl.col(name).dt.convert_time_zone(ZONE).dt.strftime("%Y-%m-%d %H:%M:%S")

    is_shipped, has_number = pl.col("shipped_at").is_not_null(), pl.col("has_tracking")
    moving = pl.when(is_shipped & has_number).then(pl.lit("运输中"))
    columns: dict[str, str | pl.Expr] = {
        "平台单号": "order_id", "店铺": pl.lit(SHOP), "站点": pl.col("marketplace").replace_strict(SITES),
        "订单状态": pl.when(is_shipped).then(pl.lit("已发货")).otherwise(pl.lit("待发货")),
        "下单时间": local("placed_at"), "付款时间": local("payment_approved_at"), "最晚发货时间": local("ship_by"),
        "最晚送达时间": local("latest_delivery_at"), "买家姓名": pl.lit("某人"), "msku": "sku", "asin": "asin",
        "数量": "quantity", "订单金额": "order_total", "商品总额": "item_price", "运费收入": "shipping_price",
        "币种": "currency",
        "国家": pl.col("ship_to_country").replace_strict(COUNTRIES), "省/州": "ship_to_region", "物流公司": "carrier",
        "物流方式": "carrier_service", "发货时间": local("shipped_at"), "签收时间": local("delivered_at"),
        "跟踪号": pl.when(is_shipped & has_number).then(pl.format("YT{}", "order_id")),
        "物流状态": pl.when(pl.col("delivered_at").is_not_null()).then(pl.lit("已签收")).otherwise(moving),
    }  # fmt: skip
    return _laid_out(shop.items, ERP, **columns)


def write_erp(shop: Shop, path: Path) -> Path:
    """The ERP's export: a workbook, or for .csv a file in GB18030."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = _erp(shop)
    if path.suffix == ".csv":
        path.write_text(frame.write_csv(), "gb18030", newline="")
        return path
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("订单")
        sheet.write_row(0, 0, frame.columns)
        for i, row in enumerate(frame.iter_rows(), 1):
            for j, cell in enumerate(row):
                if cell is not None:
                    sheet.write(i, j, cell)
    return path


def write_claims(shop: Shop, path: Path) -> Path:
    """The shop's own list of claims, in the columns of outcomes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [name for name in OUTCOME if name in shop.claims.columns and name not in ("source", "recorded_at")]
    shop.claims.select(names).with_columns(
        pl.col(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    ).write_csv(path)
    return path
