"""Refunds: what is still outstanding of an order's price, and whether all of it, a part or nothing has gone back."""

from __future__ import annotations

import numpy as np

from features.columns import Bools, Columns, Floats
from features.goods import order_value
from features.undated import undated

_NOTHING = 1e-9  # of the price: what is left by adding up price, shipping and discount in binary fractions


def is_refunded(columns: Columns) -> Bools:
    """(n,) bool: anything was paid back, be it at a moment that nobody tells."""
    refunded: Bools = ~np.isnan(columns["refunded_at"]) | undated(columns, "refunded_at")
    return refunded


def without_refunds_of_nothing(columns: Columns) -> Columns:
    """The orders without refunds of which the amount is 0: where `has_refund` says that there was one all the same, the
    amount is unknown, as ERPs write it; else there was none."""
    if "refund_amount" not in columns:
        return columns
    is_nothing: Bools = columns["refund_amount"] == 0.0
    if not is_nothing.any():
        return columns
    hidden = {"refund_amount": is_nothing, "refunded_at": is_nothing & ~(columns["has_refund"] == 1.0)}
    return columns.replacing({
        name: np.where(where, np.nan, columns[name]) for name, where in hidden.items() if name in columns
    })  # fmt: skip


def outstanding(columns: Columns) -> Floats:
    """(n,) float64, in the order's currency: what is still to be refunded of what the buyer paid, all of it where
    nothing was; NaN where the price is unknown, or how much of it went back."""
    paid = order_value(columns)
    left = paid - np.where(is_refunded(columns), columns["refund_amount"], 0.0)
    return np.where(left <= paid * _NOTHING, 0.0, left)


def refunded_share(columns: Columns) -> Floats:
    """(n,) float64: of what the buyer paid, the share that went back; NaN where nobody tells."""
    paid = order_value(columns)
    return 1.0 - outstanding(columns) / np.where(paid > 0.0, paid, np.nan)


def settled(columns: Columns) -> Floats:
    """(n,) float64: 1 where all was paid back, 0 where a part or nothing was, NaN where nobody tells how much.

    Only a refund in full leaves no ground for a claim; a part of it removes none (common policy, X12).
    """
    left = outstanding(columns)
    all_back = np.where(np.isnan(left), np.nan, np.where(left == 0.0, 1.0, 0.0))
    return np.where(is_refunded(columns), all_back, 0.0)


def is_surely_in_full(columns: Columns) -> Bools:
    """(n,) bool: refunded, and known to be so in full."""
    in_full: Bools = settled(columns) == 1.0
    return in_full


def is_in_part(columns: Columns) -> Bools:
    """(n,) bool: refunded, and known not to be so in full."""
    in_part: Bools = is_refunded(columns) & (settled(columns) == 0.0)
    return in_part


def is_of_unknown_size(columns: Columns) -> Bools:
    """(n,) bool: refunded, and nobody tells whether in full."""
    return np.isnan(settled(columns))


def surely_in_full_at(columns: Columns) -> Floats:
    """(n,) instants: the refund, if it is known to be in full; NaN else, and where it is undated."""
    return np.where(is_surely_in_full(columns), columns["refunded_at"], np.nan)


def perhaps_in_full_at(columns: Columns) -> Floats:
    """(n,) instants: the same, also where nobody tells how much went back."""
    return np.where(settled(columns) == 0.0, np.nan, columns["refunded_at"])


def is_perhaps_in_full(columns: Columns) -> Bools:
    """(n,) bool: refunded, in full for all that is known."""
    perhaps: Bools = settled(columns) != 0.0
    return perhaps
