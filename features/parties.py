"""Who sells and who buys: the shop's record and return options, the buyer's earlier orders with this shop."""

from __future__ import annotations

import numpy as np

from features.columns import Columns, Floats
from features.feature import Feature, copied, copies
from features.goods import mismatch_count

_COPIED = (
    *copied("rate", "placed", "seller_late_shipment_rate_30d", "seller_valid_tracking_rate_30d"),
    *copied("rate", "placed", "seller_on_time_rate_14d"),
    *copied("hours", "placed", "seller_reply_hours_30d"),
    *copied("flag", "placed", "has_return_address_in_marketplace", "offers_prepaid_return_label"),
    *copied("flag", "placed", "buyer_pays_return_shipping"),
    *copied("days", "placed", "return_window_days"),
    *copied("count", "placed", "buyer_prior_claims"),
)
_DERIVED = (
    Feature("return_routes", "has_return_address_in_marketplace", "count", "placed", "ways to return, of 2", -1),
    Feature(
        "unreturnable_mismatches",
        "has_return_address_in_marketplace",
        "count",
        "placed",
        "ways in which the listing is wrong while there is no return address in the marketplace",
        1,
    ),
    Feature("shop_orders_log", "seller_orders_60d", "log", "placed", "the shop's orders in 60 days"),
    Feature("shop_defect_rate", "seller_defects_60d", "rate", "placed", "defects ÷ orders in 60 days, smoothed"),
    Feature("buyer_orders_log", "buyer_prior_orders", "log", "placed", "the buyer's earlier orders"),
    Feature("buyer_return_share", "buyer_prior_returns", "share", "placed", "earlier returns ÷ (orders + 1)"),
)
FEATURES = _COPIED + _DERIVED


def parties(columns: Columns) -> dict[str, Floats]:
    """The features of this file by name, (n,) float64 each, NaN unknown; those left out are unknown for all."""
    out = copies(columns, _COPIED)
    address, label = columns["has_return_address_in_marketplace"], columns["offers_prepaid_return_label"]
    out["return_routes"] = address + label
    out["unreturnable_mismatches"] = mismatch_count(columns) * (1.0 - address)
    if "seller_orders_60d" in columns:
        orders = columns["seller_orders_60d"]
        out["shop_orders_log"] = np.log1p(orders)
        out["shop_defect_rate"] = (columns["seller_defects_60d"] + 0.5) / (orders + 100.0)
    if "buyer_prior_orders" in columns:
        orders = columns["buyer_prior_orders"]
        out["buyer_orders_log"] = np.log1p(orders)
        out["buyer_return_share"] = columns["buyer_prior_returns"] / (orders + 1.0)
    return out
