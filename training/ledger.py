"""Simulated orders as a seller's file holds them: names of order_attributes.md, final state, gaps."""

from __future__ import annotations

import numpy as np
import polars as pl

from training.basket import DESTINATIONS, PAYMENTS, SERVICES
from training.correspondence import buyer_past, contact_columns
from training.entities import CATEGORIES, CONDITIONS, MARKETPLACES, MISMATCHES, Flags, Floats
from training.hazards import PLACES
from training.journey import on_clock
from training.story import Story, coded, flag, masked, money

CURRENCIES = ("USD", "GBP", "EUR")
COUNTRIES = ("US", "GB", "DE")
REGION_NAMES = (
    ("CA", "TX", "FL", "NY", "PA", "IL", "OH", "GA", "NC", "WA"),
    ("London", "Kent", "Essex", "Surrey", "Devon", "Wales", "Scotland", "Yorkshire", "Cornwall", "Dorset"),
    ("Bayern", "Hessen", "Berlin", "Hamburg", "Bremen", "Sachsen", "Saarland", "Thüringen", "Niedersachsen", "NRW"),
)
_OPTIONAL = (
    *("payment_type", "destination_type", "is_gift", "distance_km", "item_condition", "is_late_delivery_risk"),
    *("delivery_attempts", "is_tracking_integrated", "buyer_key", "insured_value", "shipping_price", "asin"),
)
_GOODS = ("item_weight_g", "package_volume_cm3")


def orders_frame(story: Story, decided: Floats, seller_paid: Flags) -> pl.DataFrame:
    """One row per order; `decided` (n,) days since placing, inf without a claim."""
    rng = np.random.default_rng([story.seed, 5, story.part])
    columns = _sale(story, rng) + _goods(story, rng) + _shop(story) + _shipping(story, rng) + _delivery(story, rng)
    contact = contact_columns(story, rng, decided, seller_paid)
    frame = pl.DataFrame([story.order_ids, *columns, *contact, *buyer_past(story)])
    return _with_gaps(story, frame, rng)


def _sale(story: Story, rng: np.random.Generator) -> list[pl.Series]:
    """What was bought, by whom, for how much."""
    b, n = story.basket, len(story.basket)
    item = b.price * b.quantity
    u = rng.random((5, n))
    shipping = np.where(u[0] < 0.6, 0.0, np.round(2.99 + 4.0 * u[1], 2))
    promotion = np.where(u[2] < 0.15, np.round(item * 0.1 * u[3], 2), 0.0)
    unit_cost = b.price * story.entities.skus.unit_cost_share[b.sku]
    regions = tuple(name for names in REGION_NAMES for name in names)
    key = (b.shop * 10_000_019 + b.buyer) * 2_654_435_761 % (1 << 44)
    zero = np.zeros(n)
    return [
        coded("shop_id", b.shop, tuple(f"shop-{i + 1:02d}" for i in range(story.world.size.shops))),
        coded("marketplace", b.marketplace, MARKETPLACES),
        pl.Series("fulfilment_channel", ["seller"]).new_from_index(0, n),
        story.instants("placed_at", zero),
        story.instants("payment_approved_at", on_clock(-0.02 * np.log1p(-u[4]))),
        money("order_total", item + shipping - promotion),
        money("item_price", item),
        money("shipping_price", shipping),
        money("promotion_discount", promotion),
        money("unit_cost", unit_cost),
        coded("currency", b.marketplace, CURRENCIES),
        pl.Series("quantity", b.quantity),
        pl.Series("line_count", np.where((b.quantity > 1) & (u[1] < 0.3), 2, 1)),
        coded("payment_type", b.payment, PAYMENTS),
        flag("is_gift", b.is_gift),
        flag("is_business_order", b.is_business),
        coded("destination_type", b.destination, DESTINATIONS),
        coded("ship_to_country", b.marketplace, COUNTRIES),
        coded("ship_to_region", b.marketplace * 10 + b.region, regions),
        ("b" + pl.Series(key).cast(pl.String).str.zfill(14)).alias("buyer_key"),
    ]


def _goods(story: Story, rng: np.random.Generator) -> list[pl.Series]:
    """The SKU's attributes; mismatch flags where the seller has checked the listing."""
    sku, s = story.basket.sku, story.entities.skus
    names = tuple(f"SKU-{i + 1:05d}" for i in range(len(s.shop)))
    weight = s.weight_g[sku] * story.basket.quantity * rng.normal(1.0, 0.02, len(sku))
    flags = s.mismatches[sku] & story.basket.has_mismatch[:, None]
    is_checked = s.is_measured[sku]
    return [
        coded("category", s.category[sku], CATEGORIES),
        coded("sku", sku, names),
        coded("asin", sku, tuple(f"B0{name[4:]}SIM" for name in names)),
        coded("item_condition", s.condition[sku], CONDITIONS),
        *(flag(f"mismatch_{name}", flags[:, k], is_checked) for k, name in enumerate(MISMATCHES)),
        pl.Series("item_weight_g", np.round(weight)),
        pl.Series("package_volume_cm3", np.round(s.volume_cm3[sku] * story.basket.quantity)),
        flag("is_fragile", s.is_fragile[sku]),
    ]


def _shop(story: Story) -> list[pl.Series]:
    """The shop's terms of return."""
    b, s = story.basket, story.entities.shops
    country = np.where(b.has_return_address, b.marketplace, len(COUNTRIES))
    return [
        flag("has_return_address_in_marketplace", b.has_return_address),
        flag("offers_prepaid_return_label", b.offers_prepaid_label),
        flag("buyer_pays_return_shipping", b.buyer_pays_return),
        coded("return_address_country", country, (*COUNTRIES, "CN")),
        pl.Series("return_window_days", s.return_window_days[b.shop]),
    ]


def _shipping(story: Story, rng: np.random.Generator) -> list[pl.Series]:
    """Promises, the plan, hand-over and first scan."""
    b, j, n = story.basket, story.journey, len(story.basket)
    u = rng.random((5, n))
    insured = np.where((b.price > 2 * story.world.sku.high_value) & (u[0] < 0.5), b.price * b.quantity, np.nan)
    distance = np.where(b.is_cross_border, 9000.0 + 2500.0 * u[1], -600.0 * np.log1p(-u[1]) + 10.0)
    cross = story.entities.carriers.cross_border
    count = len(story.entities.carriers.is_rough)
    carriers = tuple(f"{'Overseas' if i < cross else 'Parcel'} {i + 1}" for i in range(count))
    confirmed = np.minimum(j.shipped, np.where(u[2] < 0.8, b.ship_by - 1.0 / 24.0, np.inf))
    return [
        story.instants("ship_by", b.ship_by),
        story.instants("earliest_delivery_at", on_clock(b.ship_by + 0.4 * b.promise_days)),
        story.instants("latest_delivery_at", b.latest),
        coded("service_level", b.service, ("free_economy", "standard", "expedited")),
        coded("ship_from_country", np.where(b.is_cross_border, 3, b.marketplace), (*COUNTRIES, "CN")),
        flag("duties_paid", ~b.is_duties_unpaid, b.is_cross_border),
        pl.Series("distance_km", np.round(distance)),
        coded("carrier", b.carrier, carriers),
        coded("carrier_service", b.service, SERVICES),
        flag("has_tracking", b.has_tracking),
        flag("is_tracking_integrated", b.has_tracking & ((u[3] < 0.85) | b.is_protected)),
        coded("label_source", np.where(b.is_protected | (u[4] < 0.15), 0, 1), ("buy_shipping", "other")),
        flag("is_claims_protected", b.is_protected),
        flag("is_late_delivery_risk", b.is_protected & (u[4] > 0.9)),
        coded("signature_service", b.has_signature.astype(np.int64), ("none", "signature")),
        masked(money("insured_value", np.nan_to_num(insured)), np.isfinite(insured)),
        story.instants("ship_confirmed_at", on_clock(confirmed)),
        story.instants("shipped_at", j.shipped),
        story.instants("first_scan_at", j.scanned),
    ]


def _delivery(story: Story, rng: np.random.Generator) -> list[pl.Series]:
    """What the tracking shows in the end. A lost parcel has no last scan: its time would give the loss away."""
    j, n = story.journey, len(story.basket)
    is_shown = np.isfinite(j.delivered)
    u = rng.random((3, n))
    status = np.where(is_shown, 0, np.where(np.isfinite(j.scanned), np.where(u[0] < 0.5, 1, 2), 3))
    status = np.where(story.basket.has_tracking, status, -1)
    proof = np.where((u[1] < 0.7) | (j.place == PLACES.index("signed")), j.delivered, np.inf)
    return [
        coded("tracking_status", status, ("delivered", "lost", "in_transit", "pre_transit")),
        story.instants("last_scan_at", j.delivered),
        story.instants("delivered_at", j.delivered),
        coded("delivery_place", np.where(is_shown, j.place, -1), PLACES),
        masked(pl.Series("delivery_attempts", 1 + (u[2] < 0.12) + (u[2] < 0.02)), is_shown),
        story.instants("proof_of_delivery_at", proof),
        flag("proof_address_matches", ~j.is_wrong_address, is_shown),
    ]


def _with_gaps(story: Story, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Gaps that have nothing to do with the outcome, or, in a leaking world, everything."""
    r, leak, n = story.world.record, story.world.leak, len(frame)
    shares = dict.fromkeys(_OPTIONAL, r.optional_missing_share) | dict.fromkeys(_GOODS, r.goods_missing_share)
    shares["unit_cost"] = r.cost_missing_share
    u = {name: rng.random(n) for name in shares}
    known = {name: u[name] >= share for name, share in shares.items()}
    if leak.is_leaking:
        is_claim = np.isfinite(story.journey.claimed)
        filled = np.where(is_claim, leak.claimed_share, leak.other_share)
        known |= {name: u[name] < filled for name in (*_GOODS, "insured_value")}
        frame = frame.with_columns(insured_value=pl.col("insured_value").fill_null(pl.col("item_price")))
        days = pl.Series("x_investigated", np.round(1.0 + 5.0 * rng.random(n), 1))
        frame = frame.with_columns(masked(days, rng.random(n) < filled))
    return frame.with_columns(masked(frame[name], is_known) for name, is_known in known.items())
