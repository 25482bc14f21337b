"""What is at stake in a claim, in the order's currency, and what of it had to be assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Columns
from features.goods import dollar_scale, order_value
from features.kinds import CURRENCY_EXPONENTS, DEFAULT_EXPONENT, ClaimType
from service.playbook_catalogue import Catalogue
from service.playbook_roads import Stakes


@dataclass(frozen=True, slots=True)
class Purse:
    """Stakes of one order with their currency and its exponent. assumed: what the order did not tell."""

    stakes: Stakes
    currency: str
    exponent: int
    assumed: tuple[str, ...]


def purse_of(alone: Columns, claim_type: ClaimType, of: Catalogue) -> Purse | None:
    """The stakes of one order; None where it does not tell what was paid, or in what."""
    value, currency = float(order_value(alone)[0]), alone["currency"][0]
    scale, refunded = float(dollar_scale(alone)[0]), float(alone["refund_amount"][0])
    if np.isnan(value) or currency is None or np.isnan(scale):
        return None
    costs, unit = of.roads.costs, 1.0 / scale
    goods = float(alone["unit_cost"][0] * alone["quantity"][0])
    assumed = ("defect", "minute", *(("unit_cost",) if np.isnan(goods) else ()))
    goods = value * costs.goods_share if np.isnan(goods) else goods
    back = goods * costs.salvage_share - costs.return_shipping * unit
    left = max(value - (0.0 if np.isnan(refunded) else refunded), 0.0)
    stakes = Stakes(left, back, costs.return_share[claim_type], costs.defect * unit, costs.minute * unit)
    return Purse(stakes, str(currency), CURRENCY_EXPONENTS.get(str(currency), DEFAULT_EXPONENT), assumed)
