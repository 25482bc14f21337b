"""What is at stake in a claim, by the shop's cost profile, and what of it had to be assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Columns
from features.kinds import CURRENCY_EXPONENTS, DEFAULT_EXPONENT, ClaimType
from service.cost_profile import Costs
from service.money import Prices, prices
from service.playbook_catalogue import Stage
from service.playbook_roads import RoadStakes


@dataclass(frozen=True, slots=True)
class Purse:
    """Stakes of one order with their currency and its exponent. assumed: what neither order nor shop have told."""

    stakes: RoadStakes
    currency: str
    exponent: int
    assumed: tuple[str, ...]


def purse_of(alone: Columns, claim_type: ClaimType, costs: Costs, stage: Stage) -> Purse | None:
    """The stakes of one order at a stage; None where it does not tell what was paid, or its currency has no known rate.

    Where the shop's costs are the default, all of them are assumed.
    """
    told = prices(alone, costs)
    profile = costs.of(alone["shop_id"][0])
    unit, value, currency = float(told.unit[0]), float(told.value[0]), str(told.currency[0])
    if bool(told.value_assumed[0]) or np.isnan(unit * value):
        return None
    stakes = RoadStakes(
        refund=_at_stake(told, stage) * profile.claim.refund_share,
        goods_back=float(told.goods_back[0]),
        return_share=float(getattr(profile.claim.return_share, claim_type)),
        defect=float(told.defect[0]),
        minute=profile.staff.minute * unit,
    )
    assumed = [name for name, is_assumed in (
        ("costs", costs.is_default), ("unit_cost", bool(told.goods_assumed[0])),
        ("refund_amount", bool(told.refund_assumed[0]) or (stage == "refund_charged" and _gone_back(told) <= 0.0)),
        ("rate", bool(told.rate_assumed[0])),
    ) if is_assumed]  # fmt: skip
    return Purse(stakes, currency, CURRENCY_EXPONENTS.get(currency, DEFAULT_EXPONENT), tuple(assumed))


def _at_stake(told: Prices, stage: Stage) -> float:
    """Of what the buyer paid: a refund that was charged is gone, all of the price where nobody tells how much; a claim
    takes, or has taken, what was not refunded before it, and where all was the price a second time."""
    value, outstanding, gone = float(told.value[0]), float(told.outstanding[0]), _gone_back(told)
    if stage == "refund_charged":
        return gone if gone > 0.0 else value
    return outstanding if outstanding > 0.0 else value


def _gone_back(told: Prices) -> float:
    return float(told.value[0] - told.outstanding[0])
