"""What a feature is: a number computed from an order, with its meaning, unit and the direction it may act in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.columns import Columns, Floats, Ints
from features.order import Known

Sign = Literal[-1, 0, 1]

# Attributes whose effect on the probability may only go one way, with the reason: policy facts (sections 3 and 6 of the
# fact sheet) or plain meaning. A shop's habits confound the data, so the sign is imposed rather than learned. That of
# has_tracking holds unless a parcel is under way: there the silence of a tracked one tells more (docs/decisions/0020).
CONSTRAINED: dict[str, Sign] = {
    **{
        f"mismatch_{what}": 1
        for what in (
            "image", "dimensions", "weight", "colour", "condition", "description", "compatibility", "version", "parts",
        )
    },
    "sku_not_as_described_rate": 1, "sku_return_rate": 1, "sku_claim_rate": 1, "carrier_late_rate": 1,
    "region_claim_rate": 1, "has_return_address_in_marketplace": -1, "offers_prepaid_return_label": -1,
    "buyer_pays_return_shipping": 1, "has_tracking": -1, "is_tracking_integrated": -1, "is_late_delivery_risk": 1,
    "signature_service": -1, "seller_late_shipment_rate_30d": 1, "seller_valid_tracking_rate_30d": -1,
    "seller_on_time_rate_14d": -1, "seller_reply_hours_30d": 1, "buyer_prior_claims": 1, "proof_address_matches": -1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix.

    attribute: the order attribute it speaks for (reasons are summed by it). known: from when it can be known.
    sign: +1 if the probability may only rise with it, -1 if only fall, 0 if free.
    """

    name: str
    attribute: str
    unit: str
    known: Known
    meaning: str
    sign: Sign = 0
    source: str = "order"


def copied(unit: str, known: Known, *names: str) -> tuple[Feature, ...]:
    """Features that are an attribute as it stands."""
    return tuple(Feature(n, n, unit, known, f"{n} as given", CONSTRAINED.get(n, 0)) for n in names)


def copies(columns: Columns, features: tuple[Feature, ...]) -> dict[str, Floats]:
    """The arrays of `copied` features, those that the orders have; (n,) float64, NaN unknown."""
    return {f.name: columns[f.name] for f in features if f.name in columns}


@dataclass(frozen=True, slots=True)
class ByAttribute:
    """Features gathered by the attribute they are told under. names: the attributes; order: places of the features, one
    attribute after the other; starts: (attributes,) where each begins in `order`."""

    names: tuple[str, ...]
    order: Ints
    starts: Ints


def grouped(features: tuple[Feature, ...]) -> ByAttribute:
    """The features by attribute, attributes in the order of their first feature."""
    names = tuple(dict.fromkeys(f.attribute for f in features))
    place = np.array([names.index(f.attribute) for f in features], dtype=np.int64)
    order = np.argsort(place, kind="stable")
    return ByAttribute(names, order, np.searchsorted(place[order], np.arange(len(names))))
