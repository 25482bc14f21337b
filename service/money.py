"""Money: what a claim would cost on each order, and what an action takes, in the currency that the shop is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints, text_array
from features.goods import order_value
from features.kinds import CURRENCY_EXPONENTS, DEFAULT_EXPONENT
from features.outcome import CLAIM_TYPES
from features.refunds import is_refunded, outstanding
from features.symbols import at
from features.tracing import of_each, written
from model.consequences import Outlook
from service.cost_profile import CostProfile, Costs
from service.exchange import exchanged, shop_profile


class _Priced(NamedTuple):
    """What is told of n orders, (n,) each, as `Prices` holds it; not_received and so on: `refund` by type."""

    value: Any
    goods: Any
    outstanding: Any
    refunded: Any
    goods_back: Any
    not_received: Any
    not_as_described: Any
    return_or_refund: Any
    handling: Any
    defect: Any
    unit: Any
    value_assumed: Any
    goods_assumed: Any
    refund_assumed: Any
    rate_assumed: Any
    rate_is_old: Any
    currency: Any
    place: Any


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost n orders, (n,) float64 in the currency told (`currency`, (n,) text), NaN where no rate is known.

    value: what the buyer paid; goods: what the goods cost. outstanding: what of the value is still to be refunded, all
    of it where nobody tells how much went back. refund: (n, types) what the seller loses on a claim that it pays:
    `refunded`, less `goods_back` (what returned goods are worth, less the way back, and never more than `refunded`: a
    claim is no gain) by the share that returns.
    handling: of a claim; defect: of an order defect; unit: one unit of the profile's currency. value_assumed,
    goods_assumed, refund_assumed, rate_assumed, rate_is_old: (n,) bool. place: (n,) which of the profiles of `costs` an
    order has.
    """

    value: Floats
    goods: Floats
    outstanding: Floats
    refunded: Floats
    goods_back: Floats
    refund: Floats
    handling: Floats
    defect: Floats
    unit: Floats
    value_assumed: Bools
    goods_assumed: Bools
    refund_assumed: Bools
    rate_assumed: Bools
    rate_is_old: Bools
    currency: Array
    place: Ints
    costs: Costs

    @property
    def goods_exceed_value(self) -> Bools:
        """(n,) bool: the goods are known to cost more than the buyer is known to have paid."""
        exceed: Bools = ~self.value_assumed & ~self.goods_assumed & (self.goods > self.value)
        return exceed

    def per_claim(self, outlook: Outlook) -> CostOfClaim:
        """What a claim of each type costs on average on each order, given who would pay and what counts."""
        return CostOfClaim(outlook.seller_pays * self.refund, outlook.defect * self.defect[:, None], self.handling)


@dataclass(frozen=True, slots=True)
class CostOfClaim:
    """What a claim costs on average: refund_and_goods and defect (n, types), handling (n,), float64."""

    refund_and_goods: Floats
    defect: Floats
    handling: Floats

    def expected(self, by_type: Floats) -> ExpectedCost:
        """The expected cost, given (n, types) the probability of a claim of each type."""
        told = by_type[:, 0] + by_type[:, 1] + by_type[:, 2]
        return ExpectedCost(
            _weighed(by_type, self.refund_and_goods), told * self.handling, _weighed(by_type, self.defect)
        )

    @property
    def of_type(self) -> Floats:
        """(n, types) float64: all of it, by type."""
        return self.refund_and_goods + self.defect + self.handling[:, None]


@dataclass(frozen=True, slots=True)
class ExpectedCost:
    """Probability times cost, (n,) float64 each: refund and goods, handling, defect."""

    refund_and_goods: Floats
    handling: Floats
    defect: Floats

    @property
    def amount(self) -> Floats:
        """(n,) float64: all parts."""
        return np.asarray(self.refund_and_goods + self.handling + self.defect)


def _weighed(by_type: Floats, cost: Floats) -> Floats:
    """(n,) float64, in a fixed order, so that a row alone equals the row in a table."""
    parts = by_type * cost
    return np.asarray(parts[:, 0] + parts[:, 1] + parts[:, 2])


def exponent(currency: str) -> int:
    """How many decimals amounts of a currency have."""
    return CURRENCY_EXPONENTS.get(currency, DEFAULT_EXPONENT)


def rounded(amount: Floats, currency: Array) -> Floats:
    """(n,) float64: amounts rounded half to even to the exponent of their currency."""
    scale = 10.0 ** np.fromiter((exponent(code) for code in currency), np.float64, len(currency))
    return np.asarray(np.rint(amount * scale) / scale)


def prices(columns: Columns, costs: Costs) -> Prices:
    """What things cost n orders, each by the profile of its shop."""
    if columns.is_few:
        told = dict(zip(_Priced._fields, of_each(_of_one(costs), columns), strict=True))
        currency = text_array(told.pop("currency"), columns.n)
        found = {name: np.array(values) for name, values in told.items()} | {"currency": currency}
    else:
        found = _priced(columns, costs)._asdict()
    refund = np.array([found.pop(name) for name in CLAIM_TYPES]).T
    return Prices(refund=refund, costs=costs, **found)


def _priced(columns: Columns, costs: Costs) -> _Priced:
    """A buyer who has got back a part is owed the rest, and the goods are taken to come back as far as that goes."""
    place = shop_profile(costs, columns)
    told = exchanged(columns, costs, place)

    def said(read: Callable[[CostProfile], float]) -> Any:
        found = [float(read(profile)) for profile in costs.profiles]
        return at(np.array(found), place) if len(found) > 1 else found[0]

    value, goods, unit = order_value(columns), columns["unit_cost"] * columns["quantity"], told.of_profile
    value_assumed, goods_assumed = np.isnan(value), np.isnan(goods)
    paid = np.where(value_assumed, said(lambda p: p.order.value) * unit, value * told.of_order)
    cost = np.where(goods_assumed, paid * said(lambda p: p.order.goods_share), goods * told.of_order)
    left = outstanding(columns)
    owed = np.where(np.isnan(left), paid, left * told.of_order)
    is_part = (left < value) & (left >= 0.0)
    part = np.where(is_part, left, 1.0) / np.where(is_part, value, 1.0)
    refunded = owed * said(lambda p: p.claim.refund_share)
    worth = cost * said(lambda p: p.claim.salvage_share) - unit * said(lambda p: p.claim.return_shipping)
    goods_back = np.minimum(part * worth, refunded)
    by_type = {
        name: refunded - said(lambda p, t=name: getattr(p.claim.return_share, t)) * goods_back  # type: ignore[misc]
        for name in CLAIM_TYPES
    }
    return _Priced(
        value=paid,
        goods=cost,
        outstanding=owed,
        refunded=refunded,
        goods_back=goods_back,
        **by_type,
        handling=unit * said(lambda p: p.claim.minutes * p.staff.minute),
        defect=unit * said(lambda p: p.defect.shadow_price),
        unit=unit,
        value_assumed=value_assumed,
        goods_assumed=goods_assumed,
        refund_assumed=is_refunded(columns) & np.isnan(left),
        rate_assumed=told.is_assumed,
        rate_is_old=told.is_old,
        currency=told.currency,
        place=place,
    )


@lru_cache(maxsize=8)
def _of_one(costs: Costs) -> Callable[..., list[Any]]:
    return written(lambda columns: _priced(columns, costs))
