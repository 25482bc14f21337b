"""Simulated orders as a seller's file holds them: names of order_attributes.md, final state, gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from training.basket import DESTINATIONS, PAYMENTS, SERVICES, Basket, part_start
from training.entities import CATEGORIES, CONDITIONS, MARKETPLACES, MISMATCHES, Entities, Flags, Floats, Ints
from training.hazards import MISSING, OTHER, OVERDUE, PLACES, PRODUCT, PRODUCT_LATE, REPLY_48_REFUND, REPLY_REFUND
from training.journey import Journey, on_clock
from training.world import World

Texts = npt.NDArray[np.str_]
CURRENCIES = ("USD", "GBP", "EUR")
COUNTRIES = ("US", "GB", "DE")
REGION_NAMES = (
    ("CA", "TX", "FL", "NY", "PA", "IL", "OH", "GA", "NC", "WA"),
    ("London", "Kent", "Essex", "Surrey", "Devon", "Wales", "Scotland", "Yorkshire", "Cornwall", "Dorset"),
    ("Bayern", "Hessen", "Berlin", "Hamburg", "Bremen", "Sachsen", "Saarland", "Thüringen", "Niedersachsen", "NRW"),
)
_OPTIONAL = ("payment_type", "destination_type", "is_gift", "distance_km", "item_condition", "is_late_delivery_risk")
_OPTIONAL += ("delivery_attempts", "is_tracking_integrated", "buyer_key", "insured_value", "shipping_price", "asin")
_GOODS = ("item_weight_g", "package_volume_cm3")
_TOPICS = ("not_received", "not_as_described", "damaged", "return", "refund", "cancel", "other")
_REASONS = ("defective", "not as described", "no longer needed")
_MONEY_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Story:
    """One part's orders and what became of them."""

    world: World
    entities: Entities
    basket: Basket
    journey: Journey
    seed: int
    part: int

    def instants(self, name: str, days: Floats) -> pl.Series:
        """Instants from days since placing; null where these are not finite."""
        is_known = np.isfinite(days)
        seconds = np.round((self.basket.placed + np.where(is_known, days, 0.0)) * 86400.0).astype(np.int64)
        start = int(part_start(self.world, self.part).timestamp())
        micros = pl.Series(name, (seconds + start) * 1_000_000).cast(pl.Datetime("us", "UTC"))
        return _masked(micros, is_known)

    @property
    def order_ids(self) -> pl.Series:
        """Texts like Amazon's, unique over parts."""
        i = np.arange(len(self.basket), dtype=np.int64)
        middle, last = (i * 6180339 + 40507 * self.seed) % 10**7, (i * 2718281 + 7919 * self.part + self.seed) % 10**7
        digits = [pl.Series(part).cast(pl.String).str.zfill(7) for part in (middle, last)]
        return ("114-" + digits[0] + "-" + digits[1]).alias("order_id")


def orders_frame(story: Story, decided: Floats, seller_paid: Flags) -> pl.DataFrame:
    """One row per order; `decided` (n,) days since placing, inf without a claim."""
    rng = np.random.default_rng([story.seed, 5, story.part])
    columns = _sale(story, rng) + _goods(story, rng) + _shop(story) + _shipping(story, rng) + _delivery(story, rng)
    contact = _contact(story, rng, decided, seller_paid)
    frame = pl.DataFrame([story.order_ids, *columns, *contact, *_buyer_past(story)])
    return _with_gaps(story, frame, rng)


def coded(name: str, codes: Ints, texts: tuple[str, ...]) -> pl.Series:
    """A text column from codes; null where a code is negative."""
    column = pl.Series(name, texts)[pl.Series(np.where(codes < 0, 0, codes))].alias(name)
    return _masked(column, codes >= 0)


def _masked(column: pl.Series, is_known: Flags) -> pl.Series:
    """The column with null where it is not known."""
    if is_known.all():
        return column
    return pl.select(pl.when(pl.Series(is_known)).then(column).otherwise(None).alias(column.name)).to_series()


def _money(name: str, amount: Floats) -> pl.Series:
    """Amounts in whole cents."""
    return pl.Series(name, np.round(amount, _MONEY_DIGITS))


def _flag(name: str, flags: Flags, is_known: Flags | None = None) -> pl.Series:
    """A flag, null where not known."""
    column = pl.Series(name, flags)
    return column if is_known is None else _masked(column, is_known)


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
        _money("order_total", item + shipping - promotion),
        _money("item_price", item),
        _money("shipping_price", shipping),
        _money("promotion_discount", promotion),
        _money("unit_cost", unit_cost),
        coded("currency", b.marketplace, CURRENCIES),
        pl.Series("quantity", b.quantity),
        pl.Series("line_count", np.where((b.quantity > 1) & (u[1] < 0.3), 2, 1)),
        coded("payment_type", b.payment, PAYMENTS),
        _flag("is_gift", b.is_gift),
        _flag("is_business_order", b.is_business),
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
        *(_flag(f"mismatch_{name}", flags[:, k], is_checked) for k, name in enumerate(MISMATCHES)),
        pl.Series("item_weight_g", np.round(weight)),
        pl.Series("package_volume_cm3", np.round(s.volume_cm3[sku] * story.basket.quantity)),
        _flag("is_fragile", s.is_fragile[sku]),
    ]


def _shop(story: Story) -> list[pl.Series]:
    """The shop's terms of return."""
    b, s = story.basket, story.entities.shops
    country = np.where(b.has_return_address, b.marketplace, len(COUNTRIES))
    return [
        _flag("has_return_address_in_marketplace", b.has_return_address),
        _flag("offers_prepaid_return_label", s.offers_prepaid_label[b.shop]),
        _flag("buyer_pays_return_shipping", s.buyer_pays_return[b.shop]),
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
        _flag("duties_paid", ~b.is_duties_unpaid, b.is_cross_border),
        pl.Series("distance_km", np.round(distance)),
        coded("carrier", b.carrier, carriers),
        coded("carrier_service", b.service, SERVICES),
        _flag("has_tracking", b.has_tracking),
        _flag("is_tracking_integrated", b.has_tracking & ((u[3] < 0.85) | b.is_protected)),
        coded("label_source", np.where(b.is_protected | (u[4] < 0.15), 0, 1), ("buy_shipping", "other")),
        _flag("is_claims_protected", b.is_protected),
        _flag("is_late_delivery_risk", b.is_protected & (u[4] > 0.9)),
        coded("signature_service", b.has_signature.astype(np.int64), ("none", "signature")),
        _masked(_money("insured_value", np.nan_to_num(insured)), np.isfinite(insured)),
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
        _masked(pl.Series("delivery_attempts", 1 + (u[2] < 0.12) + (u[2] < 0.02)), is_shown),
        story.instants("proof_of_delivery_at", proof),
        _flag("proof_address_matches", ~j.is_wrong_address, is_shown),
    ]


def _contact(story: Story, rng: np.random.Generator, decided: Floats, seller_paid: Flags) -> list[pl.Series]:
    """Messages, return request and refund, those after a claim among them."""
    j, b, n = story.journey, story.basket, len(story.basket)
    u = rng.random((7, n))
    is_goods = np.isfinite(j.contacted) & np.isin(j.kind, (PRODUCT, PRODUCT_LATE))
    is_return_only, is_both = is_goods & (u[0] < 0.4), is_goods & (u[0] >= 0.4) & (u[0] < 0.65)
    message = np.where(is_return_only, np.inf, j.contacted)
    requested = np.where(is_return_only, j.contacted, np.where(is_both, on_clock(j.contacted + 0.2 + u[1]), np.inf))
    authorised = np.maximum(requested, j.replied)
    has_way = story.entities.shops.offers_prepaid_label[b.shop] | b.has_return_address
    label = np.where(has_way, on_clock(authorised + 0.5 * u[2]), np.inf)
    sent_back = np.where(u[3] < 0.6, on_clock(label + 1.0 + 6.0 * u[4]), np.inf)
    back = on_clock(sent_back + 3.0 + 5.0 * u[5])
    refunded = np.where(np.isin(j.answer, (REPLY_REFUND, REPLY_48_REFUND)), j.replied, on_clock(back + 2.0))
    refunded = np.where(refunded < j.claimed, refunded, np.where(seller_paid, decided, np.inf))
    last_message = np.where(np.isfinite(message) & np.isfinite(j.claimed), j.claimed, message)
    count = np.where(np.isfinite(message), 1 + (u[6] < 0.5) + (u[6] < 0.2) + 2 * np.isfinite(j.claimed), 0)
    paid = np.where(refunded >= decided, 1.0, np.where(u[5] < 0.8, 1.0, 0.5)) * b.price * b.quantity
    in_policy = requested <= j.arrived + story.entities.shops.return_window_days[b.shop]
    return [
        story.instants("first_message_at", message),
        story.instants("last_message_at", last_message),
        story.instants("first_reply_at", j.replied),
        story.instants("last_reply_at", j.replied),
        _masked(pl.Series("message_count", count), np.isfinite(message)),
        coded("message_topic", _topic(story, message, u[2]), _TOPICS),
        story.instants("return_requested_at", requested),
        coded("return_reason", np.where(np.isfinite(requested), (u[4] * 3).astype(np.int64), -1), _REASONS),
        _flag("is_return_in_policy", in_policy, np.isfinite(requested)),
        story.instants("return_authorised_at", authorised),
        story.instants("return_label_sent_at", label),
        story.instants("return_shipped_at", sent_back),
        story.instants("return_delivered_at", back),
        story.instants("refunded_at", refunded),
        _masked(_money("refund_amount", paid), np.isfinite(refunded)),
    ]


def _topic(story: Story, message: Floats, u: Floats) -> Ints:
    """Code of the message's topic, -1 without a message."""
    j, b = story.journey, story.basket
    goods = np.where(b.is_fragile & b.is_rough & (u < 0.7), 2, np.where(u < 0.75, 1, np.where(u < 0.9, 3, 4)))
    other = np.where(u < 0.2, 5, 6)
    topic = np.select([np.isin(j.kind, (OVERDUE, MISSING)), j.kind == OTHER], [np.zeros_like(goods), other], goods)
    return np.where(np.isfinite(message), topic, -1)


def _buyer_past(story: Story) -> list[pl.Series]:
    """Earlier orders, returns and claims of the same buyer in the same shop, in this part so far."""
    b, j = story.basket, story.journey
    key = b.shop * 10_000_019 + b.buyer
    is_goods = np.isin(j.kind, (PRODUCT, PRODUCT_LATE))
    events = {"orders": np.zeros(len(key)), "returns": np.where(is_goods, j.contacted, np.inf), "claims": j.claimed}
    return [pl.Series(f"buyer_prior_{name}", _counted(key, b.placed, days)) for name, days in events.items()]


def _counted(key: Ints, placed: Floats, days: Floats) -> Ints:
    """(n,) how many of the key's events came before each order was placed; `days` since the event's own order."""
    has_event = np.isfinite(days)
    keys = np.concatenate([key, key[has_event]])
    moments = np.concatenate([placed, placed[has_event] + days[has_event]])
    is_event = np.concatenate([np.zeros(len(key), np.int64), np.ones(int(has_event.sum()), np.int64)])
    sequence = np.lexsort((is_event, moments, keys))
    so_far = np.cumsum(is_event[sequence])
    is_first = np.r_[True, keys[sequence][1:] != keys[sequence][:-1]]
    before_key = np.maximum.accumulate(np.where(is_first, so_far - is_event[sequence], 0))
    counted = np.empty(len(keys), np.int64)
    counted[sequence] = so_far - before_key
    return counted[: len(key)]


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
        frame = frame.with_columns(_masked(days, rng.random(n) < filled))
    return frame.with_columns(_masked(frame[name], is_known) for name, is_known in known.items())
