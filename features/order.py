"""The order: every attribute, declared once with its kind and the moment from which it is known."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from features import kinds
from features.kinds import Kind


class State(StrEnum):
    """Where an order is in its life, derived from facts at or before as_of; in the order of `STATES`."""

    PLACED = "placed"
    SHIPPED = "shipped"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    CONTACT = "contact"


STATES = tuple(State)
Known = Literal["placed", "planned", "shipped", "in_transit", "delivered", "contact"]
Role = Literal["value", "fact", "promise", "afterwards", "done"]


def attribute(
    known: Known,
    meaning: str,
    *,
    role: Role = "value",
    since: tuple[str, ...] = (),
    settled: State | Literal["never"] | None = None,
) -> Any:
    """A field of `Order`.

    role: `fact` is an instant that happened (masked while it lies after as_of), `promise` an instant that may lie
    ahead, `afterwards` a fact of the claim itself (clocks and answers only, never a feature), `done` when the shop last
    did what no other attribute tells (advice and clocks only, never a feature), `value` the rest.
    since: the facts before which this value cannot have been known. settled: for attributes that are overwritten as
    life goes on, the state from which the last value stands; "never" where it can change until the end.
    """
    extra: dict[str, Any] = {"known": known, "role": role, "since": list(since), "settled": settled}
    return Field(default=None, description=meaning, json_schema_extra={"x-claimrisk": extra})


class Order(BaseModel):
    """One flat order as it is known at `as_of`. Only `order_id` is required; a missing attribute is unknown."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    order_id: kinds.Identifier = Field(
        description="the marketplace's or the shop's order number",
        json_schema_extra={"x-claimrisk": {"known": "placed", "role": "value", "since": [], "settled": None}},
    )
    shop_id: kinds.Identifier | None = attribute("placed", "the shop; `default` where it is left out")
    as_of: kinds.Instant | None = attribute("placed", "the moment the order is looked at", role="promise")
    marketplace: kinds.Marketplace | None = attribute("placed", "picks the policy")
    fulfilment_channel: Literal["seller", "marketplace"] | None = attribute("placed", "who ships; seller is in scope")
    placed_at: kinds.Instant | None = attribute("placed", "when the buyer ordered", role="fact")
    payment_approved_at: kinds.Instant | None = attribute("placed", "when the payment was approved", role="fact")
    ship_by: kinds.Instant | None = attribute("placed", "promised last moment of hand-over", role="promise")
    earliest_delivery_at: kinds.Instant | None = attribute("placed", "start of the delivery promise", role="promise")
    latest_delivery_at: kinds.Instant | None = attribute(
        "placed", "end of the delivery promise; starts the claim clocks", role="promise"
    )
    order_total: kinds.Money | None = attribute("placed", "what the buyer paid")
    item_price: kinds.Money | None = attribute("placed", "price of the goods")
    shipping_price: kinds.Money | None = attribute("placed", "shipping charged to the buyer")
    promotion_discount: kinds.Money | None = attribute("placed", "discount given")
    unit_cost: kinds.Money | None = attribute("placed", "what one unit cost the shop")
    currency: kinds.Currency | None = attribute("placed", "ISO 4217; needed with any money")
    quantity: kinds.PositiveCount | None = attribute("placed", "units ordered")
    line_count: kinds.PositiveCount | None = attribute("placed", "order lines")
    payment_type: kinds.PaymentType | None = attribute("placed", "a signal, not an exclusion")
    category: kinds.Text | None = attribute("placed", "product category")
    sku: kinds.Text | None = attribute("placed", "the shop's product key; a key of history")
    asin: kinds.Text | None = attribute("placed", "the marketplace's product key; a key of history")
    item_condition: kinds.ItemCondition | None = attribute("placed", "condition as listed")
    is_digital: kinds.Flag | None = attribute("placed", "digital goods are outside the guarantee")
    is_service: kinds.Flag | None = attribute("placed", "services are outside the guarantee")
    is_stored_value: kinds.Flag | None = attribute("placed", "gift cards sold are outside the guarantee")
    is_business_order: kinds.Flag | None = attribute("placed", "a business bought it")
    is_gift: kinds.Flag | None = attribute("placed", "sent as a gift")
    is_replacement: kinds.Flag | None = attribute("placed", "replaces an earlier order")
    is_preorder: kinds.Flag | None = attribute("placed", "ordered before release")
    is_seller_fulfilled_prime: kinds.Flag | None = attribute("placed", "seller-fulfilled Prime")
    is_signature_recommended: kinds.Flag | None = attribute("placed", "the marketplace recommends a signature")
    duties_paid: kinds.Flag | None = attribute("placed", "duties are paid by the seller")
    service_level: kinds.ServiceLevel | None = attribute("placed", "shipping speed the buyer chose")
    ship_from_country: kinds.Country | None = attribute("placed", "ISO 3166 alpha-2")
    ship_to_country: kinds.Country | None = attribute("placed", "ISO 3166 alpha-2")
    ship_to_region: kinds.Text | None = attribute("placed", "state or province")
    distance_km: kinds.Number | None = attribute("placed", "from warehouse to buyer, if known")
    destination_type: kinds.DestinationType | None = attribute("placed", "what kind of address")
    mismatch_image: kinds.Flag | None = attribute("placed", "listing images do not match the product")
    mismatch_dimensions: kinds.Flag | None = attribute("placed", "listed size does not match the product")
    mismatch_weight: kinds.Flag | None = attribute("placed", "listed weight does not match the product")
    mismatch_colour: kinds.Flag | None = attribute("placed", "listed colour does not match the product")
    mismatch_condition: kinds.Flag | None = attribute("placed", "listed condition does not match the product")
    mismatch_description: kinds.Flag | None = attribute("placed", "listing text does not match the product")
    mismatch_compatibility: kinds.Flag | None = attribute("placed", "listed compatibility does not match the product")
    mismatch_version: kinds.Flag | None = attribute("placed", "listed version does not match the product")
    mismatch_parts: kinds.Flag | None = attribute("placed", "listed parts do not match the product")
    sku_not_as_described_rate: kinds.Rate | None = attribute("placed", "share of past returns with such a reason")
    item_weight_g: kinds.Number | None = attribute("placed", "weight of the item in grams")
    package_volume_cm3: kinds.Number | None = attribute("placed", "volume of the package in cubic centimetres")
    is_fragile: kinds.Flag | None = attribute("placed", "breaks easily")
    has_return_address_in_marketplace: kinds.Flag | None = attribute(
        "placed", "a return address in the buyer's country"
    )
    offers_prepaid_return_label: kinds.Flag | None = attribute("placed", "the shop sends a paid return label")
    buyer_pays_return_shipping: kinds.Flag | None = attribute("placed", "the buyer pays for returns")
    return_address_country: kinds.Country | None = attribute("placed", "ISO 3166 alpha-2")
    return_window_days: kinds.Count | None = attribute("placed", "days in which returns are taken")
    cancel_requested_at: kinds.Instant | None = attribute("placed", "the buyer asked to cancel", role="fact")
    cancelled_at: kinds.Instant | None = attribute("placed", "the order was cancelled", role="fact")
    is_out_of_stock: kinds.Flag | None = attribute("placed", "cannot be delivered from stock; advice only")
    seller_orders_60d: kinds.Count | None = attribute("placed", "the shop's orders in 60 days")
    seller_defects_60d: kinds.Count | None = attribute("placed", "the shop's defects in 60 days")
    seller_late_shipment_rate_30d: kinds.Rate | None = attribute("placed", "late shipment rate, 30 days")
    seller_valid_tracking_rate_30d: kinds.Rate | None = attribute("placed", "valid tracking rate, 30 days")
    seller_on_time_rate_14d: kinds.Rate | None = attribute("placed", "on-time delivery rate, 14 days")
    seller_reply_hours_30d: kinds.Number | None = attribute("placed", "mean hours to reply, 30 days")
    sku_return_rate: kinds.Rate | None = attribute("placed", "past returns per order of the SKU")
    sku_claim_rate: kinds.Rate | None = attribute("placed", "past claims per order of the SKU")
    carrier_late_rate: kinds.Rate | None = attribute("placed", "past late share of the carrier")
    region_claim_rate: kinds.Rate | None = attribute("placed", "past claims per order of the region")
    buyer_key: kinds.Text | None = attribute("placed", "keyed hash of the buyer inside one shop")
    buyer_prior_orders: kinds.Count | None = attribute("placed", "earlier orders with this shop")
    buyer_prior_returns: kinds.Count | None = attribute("placed", "earlier returns with this shop")
    buyer_prior_claims: kinds.Count | None = attribute("placed", "earlier claims with this shop")

    carrier: kinds.Text | None = attribute("planned", "who carries the parcel")
    carrier_service: kinds.Text | None = attribute("planned", "the carrier's service")
    ship_confirmed_at: kinds.Instant | None = attribute("shipped", "confirmed to the marketplace", role="fact")
    shipped_at: kinds.Instant | None = attribute("shipped", "handed over to the carrier", role="fact")
    first_scan_at: kinds.Instant | None = attribute("shipped", "the carrier's first scan, which counts", role="fact")
    has_tracking: kinds.Flag | None = attribute("planned", "the parcel can be followed")
    is_tracking_integrated: kinds.Flag | None = attribute("planned", "the marketplace reads the tracking")
    latest_delivery_basis: Literal["given", "estimated"] | None = attribute(
        "placed", "where latest_delivery_at is from"
    )
    label_source: Literal["buy_shipping", "other"] | None = attribute("planned", "where the label was bought")
    is_claims_protected: kinds.Flag | None = attribute("planned", "the label's Claims Protected badge")
    is_late_delivery_risk: kinds.Flag | None = attribute("planned", "the label's Late Delivery Risk badge")
    signature_service: kinds.SignatureService | None = attribute("planned", "signature asked at the door")
    insured_value: kinds.Money | None = attribute("planned", "value insured")
    carrier_latest_delivery_at: kinds.Instant | None = attribute(
        "shipped", "the carrier's own promise at hand-over", role="promise", since=("shipped_at",)
    )

    tracking_status: kinds.TrackingStatus | None = attribute(
        "in_transit", "the carrier's last word", since=("last_scan_at", "delivered_at"), settled=State.DELIVERED
    )
    last_scan_at: kinds.Instant | None = attribute("in_transit", "the last scan", role="fact", settled=State.DELIVERED)
    delivered_at: kinds.Instant | None = attribute("delivered", "delivered", role="fact")
    carrier_estimated_delivery_at: kinds.Instant | None = attribute(
        "in_transit",
        "the carrier's live estimate",
        role="promise",
        since=("last_scan_at", "delivered_at"),
        settled="never",
    )
    delivery_attempts: kinds.Count | None = attribute(
        "in_transit", "attempts so far", since=("last_scan_at", "delivered_at"), settled=State.DELIVERED
    )
    delivery_place: kinds.DeliveryPlace | None = attribute("delivered", "where it was left", since=("delivered_at",))
    proof_of_delivery_at: kinds.Instant | None = attribute(
        "delivered", "when the carrier's proof was obtained", role="fact"
    )
    proof_address_matches: kinds.Flag | None = attribute(
        "delivered", "the proof names the order's address", since=("proof_of_delivery_at",)
    )

    first_message_at: kinds.Instant | None = attribute("contact", "the buyer's first message", role="fact")
    last_message_at: kinds.Instant | None = attribute(
        "contact", "the buyer's last message", role="fact", settled="never"
    )
    first_reply_at: kinds.Instant | None = attribute(
        "contact", "the seller's first reply; earlier messages of his own answer nothing", role="fact"
    )
    last_reply_at: kinds.Instant | None = attribute(
        "contact", "the seller's last reply or own message", role="fact", settled="never"
    )
    message_count: kinds.Count | None = attribute(
        "contact", "the buyer's messages so far", since=("first_message_at", "last_message_at"), settled="never"
    )
    message_topic: kinds.MessageTopic | None = attribute(
        "contact", "what the first message is about", since=("first_message_at",)
    )
    return_requested_at: kinds.Instant | None = attribute("contact", "return asked for", role="fact")
    return_authorised_at: kinds.Instant | None = attribute("contact", "return authorised", role="fact")
    return_label_sent_at: kinds.Instant | None = attribute("contact", "return label sent", role="fact")
    return_shipped_at: kinds.Instant | None = attribute("contact", "return handed over", role="fact")
    return_delivered_at: kinds.Instant | None = attribute("contact", "return arrived", role="fact")
    return_reason: kinds.Text | None = attribute("contact", "reason given", since=("return_requested_at",))
    is_return_in_policy: kinds.Flag | None = attribute("contact", "inside the policy", since=("return_requested_at",))
    refunded_at: kinds.Instant | None = attribute("contact", "refunded", role="fact")
    refund_amount: kinds.Money | None = attribute("contact", "amount refunded", since=("refunded_at",))
    has_refund: kinds.Flag | None = attribute(
        "contact", "refunded, though perhaps nobody tells when", since=("refunded_at",)
    )
    has_return_authorisation: kinds.Flag | None = attribute(
        "contact", "return authorised, though perhaps nobody tells when", since=("return_authorised_at",)
    )
    has_return_label: kinds.Flag | None = attribute(
        "contact",
        "paid return label sent, though perhaps nobody tells when",
        since=("return_label_sent_at", "return_authorised_at"),
    )
    refund_charged_at: kinds.Instant | None = attribute("contact", "the shop was charged", role="afterwards")
    chargeback_filed_at: kinds.Instant | None = attribute("contact", "chargeback with the bank", role="afterwards")
    claim_opened_at: kinds.Instant | None = attribute("contact", "claim opened", role="afterwards")
    claim_withdrawn_at: kinds.Instant | None = attribute("contact", "claim withdrawn", role="afterwards")
    information_requested_at: kinds.Instant | None = attribute("contact", "Amazon asked", role="afterwards")
    claim_decided_at: kinds.Instant | None = attribute("contact", "claim decided", role="afterwards")
    debited_at: kinds.Instant | None = attribute("contact", "the shop was debited", role="afterwards")
    appeal_decided_at: kinds.Instant | None = attribute(
        "contact", "an appeal against the decision was decided", role="afterwards"
    )
    is_debit_upheld: kinds.Flag | None = attribute(
        "contact", "after the appeal the debit stands", role="afterwards", since=("appeal_decided_at",)
    )
    claim_type: kinds.ClaimType | None = attribute(
        "contact", "type of an open claim", role="afterwards", since=("claim_opened_at",)
    )

    packing_checked_at: kinds.Instant | None = attribute("placed", "compared with its listing and packed", role="done")
    listing_fixed_at: kinds.Instant | None = attribute("placed", "the listing was corrected", role="done")
    lane_reviewed_at: kinds.Instant | None = attribute("placed", "other carriers were looked at", role="done")
    cancellation_checked_at: kinds.Instant | None = attribute(
        "placed", "looked up whether the order is cancelled or stands; it stands unless `cancelled_at` says otherwise",
        role="done",
    )  # fmt: skip
    first_scan_chased_at: kinds.Instant | None = attribute("shipped", "asked for the missing first scan", role="done")
    trace_opened_at: kinds.Instant | None = attribute("in_transit", "a trace opened with the carrier", role="done")
    redelivery_booked_at: kinds.Instant | None = attribute("in_transit", "another attempt was booked", role="done")
    customs_answered_at: kinds.Instant | None = attribute("in_transit", "papers sent to customs", role="done")
    protection_checked_at: kinds.Instant | None = attribute(
        "in_transit", "looked up whether the label's protection holds", role="done"
    )
    refund_checked_at: kinds.Instant | None = attribute("contact", "looked up how much was refunded", role="done")
    return_method_given_at: kinds.Instant | None = attribute(
        "contact", "the buyer was given a way to return: a label, an address or a refund", role="done"
    )

    extra: dict[kinds.Identifier, kinds.ExtraValue] | None = Field(
        default=None, max_length=200, description="the shop's own attributes: in tables the columns named x_…"
    )


@dataclass(frozen=True, slots=True)
class Attribute:
    """What `Order` declares of one attribute, for the table door, masking, docs and tests."""

    name: str
    kind: Kind
    known: Known
    role: Role
    since: tuple[str, ...]
    settled: State | Literal["never"] | None
    meaning: str
    choices: tuple[str, ...] = ()
    minimum: float = 0.0

    @property
    def is_instant(self) -> bool:
        """Whether the value is a moment in time."""
        return self.kind is Kind.INSTANT


_KINDS: tuple[tuple[object, Kind], ...] = (
    (kinds.Identifier, Kind.IDENTIFIER), (kinds.Text, Kind.TEXT), (kinds.Country, Kind.COUNTRY),
    (kinds.Currency, Kind.CURRENCY), (kinds.Flag, Kind.FLAG), (kinds.Count, Kind.COUNT),
    (kinds.PositiveCount, Kind.COUNT), (kinds.Number, Kind.NUMBER), (kinds.Rate, Kind.RATE),
    (kinds.Money, Kind.MONEY), (kinds.Instant, Kind.INSTANT),
)  # fmt: skip


_COMPUTED = frozenset({
    "seller_defects_60d", "seller_reply_hours_30d", "buyer_prior_orders", "buyer_prior_returns", "buyer_prior_claims",
})  # fmt: skip


@cache
def shop_computed() -> frozenset[str]:
    """Rates and counts that the shop computes from its own past."""
    return _COMPUTED | {a.name for a in attributes().values() if a.kind is Kind.RATE}


def _declared(name: str, annotation: object) -> Attribute:
    inner = annotation
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        inner = next(a for a in typing.get_args(annotation) if a is not types.NoneType)
    kind = next((k for alias, k in _KINDS if alias == inner), Kind.CHOICE)
    field = Order.model_fields[name]
    extra = cast("dict[str, Any]", field.json_schema_extra)["x-claimrisk"]
    choices = typing.get_args(inner) if kind is Kind.CHOICE else ()
    minimum = 1.0 if inner == kinds.PositiveCount else 0.0
    extra = {**extra, "since": tuple(extra["since"])}
    return Attribute(name=name, kind=kind, meaning=field.description or "", choices=choices, minimum=minimum, **extra)


@cache
def attributes() -> dict[str, Attribute]:
    """Every attribute but `extra`, by name, in the order of declaration."""
    hints = typing.get_type_hints(Order, include_extras=True)
    return {name: _declared(name, hints[name]) for name in Order.model_fields if name != "extra"}
