"""What was bought, and how well the listing describes it."""

from __future__ import annotations

import tomllib
from functools import cache, reduce
from importlib import resources

import numpy as np

from features.columns import Columns, Floats
from features.feature import CONSTRAINED, Feature, copied, copies
from features.symbols import each

_MISMATCHES = tuple(name for name in CONSTRAINED if name.startswith("mismatch_"))
_PAYMENTS: dict[str, tuple[str, ...]] = {
    "gift_card": ("gift_card",),
    "cash_on_delivery": ("cod",),
    "invoice": ("invoice",),
    "voucher": ("points", "voucher"),
    "transfer": ("bank_transfer", "pix", "boleto", "convenience_store"),
    "debit_card": ("debit_card",),
    "mixed": ("mixed",),
}

_COPIED = (
    *copied("flag", "placed", *_MISMATCHES),
    *copied("rate", "placed", "sku_not_as_described_rate", "sku_return_rate", "sku_claim_rate"),
    *copied("flag", "placed", "is_fragile", "is_business_order", "is_gift", "is_replacement", "is_preorder"),
    *copied("flag", "placed", "is_seller_fulfilled_prime", "is_signature_recommended", "is_digital", "is_service"),
)
_DERIVED = (
    Feature("mismatch_count", "mismatch_description", "count", "placed", "listing mismatches known to be there", 1),
    Feature("value_log", "order_total", "log of dollars", "placed", "size of the order on a rough dollar scale"),
    Feature("shipping_share", "shipping_price", "share", "placed", "shipping paid ÷ order total"),
    Feature("discount_share", "promotion_discount", "share", "placed", "discount ÷ (order total + discount)"),
    Feature("quantity_log", "quantity", "log", "placed", "units ordered"),
    Feature("lines_log", "line_count", "log", "placed", "order lines"),
    Feature("weight_log", "item_weight_g", "log of grams", "placed", "weight of the item"),
    Feature("volume_log", "package_volume_cm3", "log of cm3", "placed", "volume of the package"),
    Feature("condition_rank", "item_condition", "rank", "placed", "0 new … 5 used acceptable, 6 collectible"),
    *(Feature(f"paid_by_{n}", "payment_type", "flag", "placed", f"paid by {n}") for n in _PAYMENTS),
)
FEATURES = _COPIED + _DERIVED


@cache
def _scales() -> dict[str | None, float]:
    table = tomllib.loads((resources.files("features") / "currency.toml").read_text("utf-8"))
    return {code: float(scale) for code, scale in table["scale"].items()}


def order_value(columns: Columns) -> Floats:
    """(n,) float64: what the buyer paid in the order's currency; price plus shipping less discount if not given."""
    parts = columns["item_price"] + np.nan_to_num(columns["shipping_price"])
    parts = parts - np.nan_to_num(columns["promotion_discount"])
    total = columns["order_total"]
    return np.where(np.isnan(total), parts, total)


def dollar_scale(columns: Columns) -> Floats:
    """(n,) float64: the rough size of one unit of each order's currency in dollars, NaN unknown; never shown."""
    told: Floats = each(rough_dollars, columns["currency"])
    return told


def currencies() -> tuple[str, ...]:
    """The currencies of which a rough size is known."""
    return tuple(name for name in _scales() if name is not None)


def rough_dollars(currency: str | None) -> float:
    """The rough size of one unit of a currency in dollars, NaN unknown."""
    return _scales().get(currency, np.nan)


def mismatch_count(columns: Columns) -> Floats:
    """(n,) float64: in how many ways the listing is known not to match the product; NaN if nobody looked."""
    flags = [columns[name] for name in _MISMATCHES]
    unseen = reduce(np.logical_and, [np.isnan(flag) for flag in flags])
    return np.where(unseen, np.nan, reduce(np.add, [np.nan_to_num(flag) for flag in flags]))


def goods(columns: Columns) -> dict[str, Floats]:
    """The features of this file by name, (n,) float64 each, NaN unknown; those left out are unknown for all."""
    out = copies(columns, _COPIED)
    out["mismatch_count"] = mismatch_count(columns)
    value = order_value(columns)
    out["value_log"] = np.log(np.maximum(value * dollar_scale(columns), 0.01))
    paid = np.maximum(value, 0.01)
    out["shipping_share"] = columns["shipping_price"] / paid
    out["discount_share"] = columns["promotion_discount"] / (paid + columns["promotion_discount"])
    out["condition_rank"] = columns["item_condition"]
    for name, of in (
        ("quantity_log", "quantity"), ("lines_log", "line_count"),
        ("weight_log", "item_weight_g"), ("volume_log", "package_volume_cm3"),
    ):  # fmt: skip
        if of in columns:
            out[name] = np.log(np.maximum(columns[of], 0.5))
    if "payment_type" in columns:
        out.update({f"paid_by_{n}": columns.chosen("payment_type", *choices) for n, choices in _PAYMENTS.items()})
    return out
