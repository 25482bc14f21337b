"""Real orders: Olist's tables (../shared/data/olist) as orders and outcomes in the product's own names.

Only delivered orders are taken: the sample holds every undelivered order but 5.4 % of the delivered ones. The
claim-like outcome is a first review of one star, opened when the review was asked for, or at delivery if that was
later. Olist's limit to hand over is so many days from the approval, so it tells when the payment will be approved:
`ship_by` counts the same days from placing, and the approval is the shop's own attribute, known when shipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from features.moments import facts
from features.rules import sequences

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "olist"
ZONE = "America/Sao_Paulo"
WINDOW_DAYS = 14
EARTH_KM = 6371.0
MOMENTS = {"placed": "placed_at", "shipped": "shipped_at", "delivered": "delivered_at"}
EXTRAS = {
    "x_instalments": "number:placed", "x_voucher_share": "number:placed", "x_photos": "number:placed",
    "x_name_length": "number:placed", "x_description_length": "number:placed", "x_seller_count": "number:placed",
    "x_seller_state": "category:placed", "x_is_same_state": "flag:placed", "x_approval_hours": "number:shipped",
}  # fmt: skip
_PAYMENT_TYPES = {"credit_card": "card", "debit_card": "debit_card", "boleto": "boleto", "voucher": "voucher"}


@dataclass(frozen=True, slots=True)
class Olist:
    """Orders in their final state; per order its review (order_id, reviewed_at, is_one_star, claim_opened_at); the last
    instant at which a review is known; and how many delivered orders were left out, by reason."""

    orders: pl.DataFrame
    reviews: pl.DataFrame
    seen_until: datetime
    left_out: dict[str, int]

    def outcomes(self, until: datetime) -> pl.DataFrame:
        """The outcomes file as a shop would hold it at `until`."""
        opened = self.reviews.filter(pl.col("is_one_star") & (pl.col("claim_opened_at") < until))
        return opened.select(
            "order_id", "claim_opened_at", event_id="order_id", kind=pl.lit("a_to_z"), source=pl.lit("manual"),
            recorded_at="claim_opened_at",
        )  # fmt: skip

    def looked_at(self, moment: str) -> pl.DataFrame:
        """The orders at risk at one moment of their lives, as known then.

        Beside the orders' own columns: as_of, closes_at (of the claim window) and the outcome, is_claimed.
        """
        closes = pl.col("latest_delivery_at") + pl.duration(days=WINDOW_DAYS)
        opened, as_of = pl.col("claim_opened_at"), pl.col("as_of")
        joined = self.orders.join(self.reviews, on="order_id", maintain_order="left")
        rows = joined.with_columns(as_of=pl.col(MOMENTS[moment]), closes_at=closes).filter(
            (as_of < pl.col("closes_at")) & ~(opened <= as_of).fill_null(value=False)
        )
        in_time = (opened <= pl.col("closes_at")).fill_null(value=False)
        rows = rows.with_columns(is_claimed=pl.col("is_one_star") & in_time)
        return known_by(rows.select(*self.orders.columns, "as_of", "closes_at", "is_claimed"), as_of)


def known_by(orders: pl.DataFrame, at: pl.Expr | datetime) -> pl.DataFrame:
    """The orders without the facts that lie after `at`."""
    names = [name for name in facts() if name in orders.columns and name not in ("placed_at", "claim_opened_at")]
    since = {name: name for name in names} | {"x_approval_hours": "shipped_at"}
    return orders.with_columns(pl.when(pl.col(fact) <= at).then(name).alias(name) for name, fact in since.items())


def read_olist(folder: Path = FOLDER) -> Olist:
    """Every delivered order with its first review; orders that contradict themselves are left out and counted."""
    delivered = _table(folder, "orders").filter(order_status="delivered")
    reviews = _first_reviews(folder)
    orders = _orders(folder, delivered)
    complete = orders.drop_nulls(["placed_at", "shipped_at", "delivered_at", "shop_id"])
    pairs = [(a, b) for a, b in sequences() if a in orders.columns and b in orders.columns]
    kept = complete.filter(~pl.any_horizontal((pl.col(b) < pl.col(a)).fill_null(value=False) for a, b in pairs))
    left_out = {"without an instant": orders.height - complete.height, "contradictory": complete.height - kept.height}
    judged = kept.select("order_id", "delivered_at").join(reviews, on="order_id", how="left", maintain_order="left")
    judged = judged.with_columns(
        pl.col("is_one_star").fill_null(value=False),
        claim_opened_at=pl.when("is_one_star").then(pl.max_horizontal("reviewed_at", "delivered_at")),
    )
    return Olist(kept.sort("placed_at", "order_id"), judged.drop("delivered_at"), _last(judged), left_out)


def _last(reviews: pl.DataFrame) -> datetime:
    last = reviews["reviewed_at"].max()
    assert isinstance(last, datetime)  # noqa: S101 - the column is never empty
    return last


def _table(folder: Path, name: str) -> pl.DataFrame:
    path = folder / f"olist_{name}_dataset.csv"
    return pl.read_csv(path if path.exists() else path.with_suffix(".csv.gz"), try_parse_dates=True)


def _instant(name: str) -> pl.Expr:
    """Local time as UTC; midnights that summer time skipped are an hour later."""
    first, later = (
        (pl.col(name) + pl.duration(hours=h)).dt.replace_time_zone(ZONE, ambiguous="latest", non_existent="null")
        for h in (0, 1)
    )
    return pl.coalesce(first, later).dt.convert_time_zone("UTC")


def _first_reviews(folder: Path) -> pl.DataFrame:
    """(order_id, reviewed_at, is_one_star) of each order's first review."""
    reviews = _table(folder, "order_reviews").sort("review_creation_date", "review_answer_timestamp", "review_id")
    first = reviews.unique("order_id", keep="first", maintain_order=True)
    return first.select(
        "order_id", reviewed_at=_instant("review_creation_date"), is_one_star=pl.col("review_score") == 1
    )


def _orders(folder: Path, delivered: pl.DataFrame) -> pl.DataFrame:
    end_of_day = pl.col("order_estimated_delivery_date") + pl.duration(days=1) - pl.duration(seconds=1)
    delivered = delivered.join(_table(folder, "customers"), on="customer_id", maintain_order="left")
    joined = delivered.with_columns(end_of_day.alias("end")).join(_baskets(folder), on="order_id", how="left")
    joined = _with_distance(folder, joined.join(_payments(folder), on="order_id", how="left"))
    placed, approved = _instant("order_purchase_timestamp"), _instant("order_approved_at")
    return joined.select(
        "order_id", "shop_id", "sku", "category", "quantity", "line_count", "item_price", "shipping_price",
        "payment_type", "item_weight_g", "package_volume_cm3", "distance_km",
        *(name for name in EXTRAS if name in joined.columns),
        x_is_same_state=pl.col("x_seller_state") == pl.col("customer_state"),
        x_approval_hours=(approved - placed).dt.total_seconds() / 3600,
        ship_to_region="customer_state", buyer_key="customer_unique_id",
        order_total=(pl.col("item_price") + pl.col("shipping_price")).round(2),
        marketplace=pl.lit("BR"), currency=pl.lit("BRL"), fulfilment_channel=pl.lit("seller"),
        ship_from_country=pl.lit("BR"), ship_to_country=pl.lit("BR"),
        placed_at=placed, payment_approved_at=approved,
        ship_by=placed + pl.max_horizontal(_instant("ship_limit") - approved, pl.duration(days=0)),
        latest_delivery_at=_instant("end"),
        shipped_at=_instant("order_delivered_carrier_date"), delivered_at=_instant("order_delivered_customer_date"),
    )  # fmt: skip


def _baskets(folder: Path) -> pl.DataFrame:
    """What each order holds; category, listing and seller are those of its first item."""
    products = _table(folder, "products").with_columns(
        volume=pl.col("product_length_cm") * pl.col("product_height_cm") * pl.col("product_width_cm")
    )
    items = _table(folder, "order_items").sort("order_id", "order_item_id")
    items = items.join(products, on="product_id", how="left", maintain_order="left")
    items = items.join(_table(folder, "sellers"), on="seller_id", how="left", maintain_order="left")
    weight, volume = pl.col("product_weight_g"), pl.col("volume")
    return items.group_by("order_id", maintain_order=True).agg(
        shop_id=pl.col("seller_id").first(), sku=pl.col("product_id").first(),
        category=pl.col("product_category_name").first(), quantity=pl.len().cast(pl.Int64),
        line_count=pl.col("product_id").n_unique().cast(pl.Int64),
        item_price=pl.col("price").sum().round(2), shipping_price=pl.col("freight_value").sum().round(2),
        item_weight_g=pl.when(weight.is_not_null().all()).then(weight.sum()).cast(pl.Float64),
        package_volume_cm3=pl.when(volume.is_not_null().all()).then(volume.sum()).cast(pl.Float64),
        ship_limit=pl.col("shipping_limit_date").min(), seller_zip=pl.col("seller_zip_code_prefix").first(),
        x_seller_state=pl.col("seller_state").first(), x_photos=_number("product_photos_qty"),
        x_name_length=_number("product_name_lenght"), x_description_length=_number("product_description_lenght"),
        x_seller_count=pl.col("seller_id").n_unique().cast(pl.Float64),
    )  # fmt: skip


def _number(name: str) -> pl.Expr:
    return pl.col(name).first().cast(pl.Float64)


def _payments(folder: Path) -> pl.DataFrame:
    """How each order was paid: one type, or mixed; the share paid by voucher; instalments."""
    payments = _table(folder, "order_payments").with_columns(
        kind=pl.col("payment_type").replace_strict(_PAYMENT_TYPES, default=None)
    )
    kinds, value = pl.col("kind").drop_nulls(), pl.col("payment_value")
    return payments.group_by("order_id", maintain_order=True).agg(
        payment_type=pl.when(kinds.n_unique() > 1).then(pl.lit("mixed")).otherwise(kinds.first()),
        x_instalments=pl.col("payment_installments").max().cast(pl.Float64),
        x_voucher_share=pl.when(value.sum() > 0).then(value.filter(kind="voucher").sum() / value.sum()),
    )


def _with_distance(folder: Path, orders: pl.DataFrame) -> pl.DataFrame:
    """`distance_km` between the centres (medians) of the seller's and the buyer's postcode, along the great circle."""
    places = _table(folder, "geolocation").filter(
        pl.col("geolocation_lat").is_between(-34, 6), pl.col("geolocation_lng").is_between(-74, -28)
    )
    centres = places.group_by("geolocation_zip_code_prefix").agg(
        pl.median("geolocation_lat").radians().alias("lat"), pl.median("geolocation_lng").radians().alias("lng")
    )
    for end, zip_code in (("from", "seller_zip"), ("to", "customer_zip_code_prefix")):
        named = centres.rename({"lat": f"lat_{end}", "lng": f"lng_{end}"})
        orders = orders.join(named, left_on=zip_code, right_on="geolocation_zip_code_prefix", how="left")
    half_lat, half_lng = ((pl.col(f"{axis}_to") - pl.col(f"{axis}_from")) / 2 for axis in ("lat", "lng"))
    haversine = half_lat.sin() ** 2 + pl.col("lat_from").cos() * pl.col("lat_to").cos() * half_lng.sin() ** 2
    return orders.with_columns(distance_km=(2 * EARTH_KM * haversine.clip(0, 1).sqrt().arcsin()).round(1))
