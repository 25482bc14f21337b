"""What is at stake in a claim, by the shop's cost profile, and what of it had to be assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Columns
from features.goods import order_value
from features.kinds import CURRENCY_EXPONENTS, DEFAULT_EXPONENT, ClaimType
from service.cost_profile import Costs
from service.money import prices
from service.playbook_roads import Stakes


@dataclass(frozen=True, slots=True)
class Purse:
    """Stakes of one order with their currency and its exponent. assumed: what neither order nor shop have told."""

    stakes: Stakes
    currency: str
    exponent: int
    assumed: tuple[str, ...]


def purse_of(alone: Columns, claim_type: ClaimType, costs: Costs) -> Purse | None:
    """The stakes of one order; None where it does not tell what was paid, or its currency has no known rate.

    Where the shop's costs are the default, all of them are assumed.
    """
    told = prices(alone, costs)
    profile = costs.of(alone["shop_id"][0])
    unit, value, currency = float(told.unit[0]), float(told.value[0]), str(told.currency[0])
    if bool(told.value_assumed[0]) or np.isnan(unit * value):
        return None
    paid, refunded = float(order_value(alone)[0]), float(alone["refund_amount"][0])
    left = 1.0 if np.isnan(refunded) or paid <= 0.0 else max(1.0 - refunded / paid, 0.0)
    claim, goods = profile.claim, float(told.goods[0])
    stakes = Stakes(
        refund=value * claim.refund_share * left,
        goods_back=goods * claim.salvage_share - claim.return_shipping * unit,
        return_share=float(getattr(claim.return_share, claim_type)),
        defect=float(told.defect[0]),
        minute=profile.staff.minute * unit,
    )
    assumed = [name for name, is_assumed in (
        ("costs", costs.is_default), ("unit_cost", bool(told.goods_assumed[0])), ("rate", bool(told.rate_assumed[0])),
    ) if is_assumed]  # fmt: skip
    return Purse(stakes, currency, CURRENCY_EXPONENTS.get(currency, DEFAULT_EXPONENT), tuple(assumed))
