"""How the order travels: carrier, label, tracking, address, and how it was handed over."""

from __future__ import annotations

import numpy as np

from features.columns import Columns, Floats
from features.feature import Feature, copied, copies
from features.goods import order_value
from features.order import attributes
from features.symbols import at
from features.undated import undated

# Slowest to fastest; a rank, not days. "scheduled" is a date the buyer chose, so it stands with standard.
_SPEED = {
    "free_economy": 0.0, "standard": 1.0, "scheduled": 1.0, "expedited": 2.0, "priority": 3.0,
    "second_day": 3.0, "next_day": 4.0, "same_day": 5.0,
}  # fmt: skip
_TROUBLES = {
    "tracking_exception": ("exception", "customs_hold"),
    "tracking_lost": ("lost", "damaged"),
    "tracking_returning": ("undeliverable", "refused", "returning"),
    "tracking_attempted": ("attempted",),
}
_COPIED = (
    *copied("flag", "planned", "has_tracking", "is_tracking_integrated", "is_claims_protected"),
    *copied("flag", "planned", "is_late_delivery_risk"),
    *copied("flag", "placed", "duties_paid"),
    *copied("rate", "placed", "carrier_late_rate", "region_claim_rate"),
    *copied("km", "placed", "distance_km"),
    *copied("count", "in_transit", "delivery_attempts"),
    *copied("flag", "delivered", "proof_address_matches"),
)
_DERIVED = (
    Feature("is_buy_shipping", "label_source", "flag", "planned", "label bought through the marketplace"),
    Feature("signature_rank", "signature_service", "rank", "planned", "0 none, 1 signature, 2 adult signature", -1),
    Feature("insured_share", "insured_value", "share", "planned", "value insured ÷ order value, at most 2"),
    Feature("speed_rank", "service_level", "rank", "placed", "0 free economy … 5 same day"),
    Feature("is_cross_border", "ship_from_country", "flag", "placed", "ships from another country"),
    Feature("to_pickup", "destination_type", "flag", "placed", "to a locker or pickup point"),
    Feature("to_business", "destination_type", "flag", "placed", "to a business"),
    Feature("to_forwarder", "destination_type", "flag", "placed", "to a freight forwarder"),
    *(Feature(n, "tracking_status", "flag", "in_transit", " or ".join(of)) for n, of in _TROUBLES.items()),
    Feature("left_unattended", "delivery_place", "flag", "delivered", "left on the porch, in the mailbox or elsewhere"),
    Feature("signed_for", "delivery_place", "flag", "delivered", "signed for"),
    Feature("has_proof", "proof_of_delivery_at", "flag", "delivered", "the carrier's proof has been obtained"),
)
FEATURES = _COPIED + _DERIVED


def parcel(columns: Columns, told: Columns | None = None) -> dict[str, Floats]:
    """The features of this file by name, (n,) float64 each, NaN unknown; those left out are unknown for all. told: as
    in `features/timing.py`."""
    out = copies(columns, _COPIED)
    if "label_source" in columns:
        out["is_buy_shipping"] = columns.chosen("label_source", "buy_shipping")
    if "signature_service" in columns:
        out["signature_rank"] = columns["signature_service"]
    if "insured_value" in columns:
        out["insured_share"] = np.minimum(columns["insured_value"] / np.maximum(order_value(columns), 0.01), 2.0)
    if "service_level" in columns:
        out["speed_rank"] = _ranked(columns, "service_level", _SPEED)
    out["is_cross_border"] = _differs(columns, "ship_from_country", "ship_to_country")
    if "destination_type" in columns:
        out["to_pickup"] = columns.chosen("destination_type", "pickup_point", "locker")
        out["to_business"] = columns.chosen("destination_type", "business")
        out["to_forwarder"] = columns.chosen("destination_type", "freight_forwarder")
    if "tracking_status" in columns:
        out.update(troubles(columns))
    if "delivery_place" in columns:
        out["left_unattended"] = columns.chosen("delivery_place", "porch", "mailbox", "other")
        out["signed_for"] = columns.chosen("delivery_place", "signed")
    # Whether or not the column is there: an order must not read otherwise beside orders that have it.
    proof = columns.known("proof_of_delivery_at").astype(np.float64)
    has_come = columns.known("delivered_at") | undated(columns if told is None else told, "delivered_at")
    out["has_proof"] = np.where(has_come, proof, np.nan)
    return out


def troubles(columns: Columns) -> dict[str, Floats]:
    """The features of the carrier's last word, (n,) float64 each, NaN unknown."""
    return {name: columns.chosen("tracking_status", *of) for name, of in _TROUBLES.items()}


def _ranked(columns: Columns, name: str, ranks: dict[str, float]) -> Floats:
    table = np.array([ranks[choice] for choice in attributes()[name].choices])
    place = columns[name]
    return np.where(np.isnan(place), np.nan, at(table, np.nan_to_num(place).astype(np.int64)))


def _differs(columns: Columns, one: str, other: str) -> Floats:
    """(n,) float64: 1 where two texts differ, 0 where they are equal, NaN where either is unknown."""
    both = columns.known(one) & columns.known(other)
    return np.where(both, (columns[one] != columns[other]).astype(np.float64), np.nan)
