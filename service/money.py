"""Money: what a claim would cost on each order, and what an action takes, in the currency that the shop is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints
from features.goods import order_value
from features.kinds import CURRENCY_EXPONENTS, DEFAULT_EXPONENT
from features.outcome import CLAIM_TYPES
from model.consequences import Outlook
from service.advice_catalogue import Action, CostKind
from service.cost_profile import CostProfile, Costs
from service.exchange import exchanged


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost n orders, (n,) float64 in the currency told (`currency`, (n,) text), NaN where no rate is known.

    value: what the buyer paid; goods: what the goods cost; margin: what is left of the sale. refund: (n, types) what
    the seller loses on a claim that it pays: refund and way back, less what returned goods are worth. handling: of a
    claim; defect: of an order defect; unit: one unit of the profile's currency. value_assumed, goods_assumed,
    rate_assumed, rate_is_old: (n,) bool. profiles, place: the shops' profiles, and (n,) which one an order has.
    """

    value: Floats
    goods: Floats
    refund: Floats
    handling: Floats
    defect: Floats
    unit: Floats
    currency: Array
    value_assumed: Bools
    goods_assumed: Bools
    rate_assumed: Bools
    rate_is_old: Bools
    profiles: Sequence[CostProfile]
    place: Ints

    def said(self, read: Callable[[CostProfile], float]) -> Floats:
        """(n,) float64: a number of each order's profile."""
        return _said(self.profiles, self.place, read)

    def per_claim(self, outlook: Outlook, rows: Array | slice = slice(None)) -> CostOfClaim:
        """What a claim of each type costs on average on the orders at `rows`, given who would pay and what counts."""
        defect = outlook.defect * self.defect[rows][:, None]
        return CostOfClaim(outlook.seller_pays * self.refund[rows], defect, self.handling[rows])

    def of_action(self, action: Action) -> Floats:
        """(n,) float64: what doing an action once takes."""
        return np.asarray(_UNIT[action.cost.kind](self) * action.cost.quantity)

    def served_by(self, action: Action) -> Floats:
        """(n,) float64: the orders that doing an action once serves; work on a SKU, lane or shop serves many."""
        if action.scope == "order" or action.cost.kind != "minutes":
            return np.ones(len(self.value))
        return self.said(lambda profile: profile.serves[action.scope])

    def of_side_effects(self, action: Action) -> Floats:
        """(n,) float64: the side effects of an action on one order, each by its chance."""
        cases = action.side_effects.items()
        return self.unit * self.said(lambda profile: sum(chance * profile.side_effect[name] for name, chance in cases))


_UNIT: Mapping[CostKind, Callable[[Prices], Floats]] = {
    "minutes": lambda p: p.unit * p.said(lambda profile: profile.staff.minute),
    "label_upgrade": lambda p: p.unit * p.said(lambda profile: profile.action.label_upgrade),
    "signature_fee": lambda p: p.unit * p.said(lambda profile: profile.action.signature_fee),
    "return_label": lambda p: p.unit * p.said(lambda profile: profile.action.return_label),
    "duties": lambda p: p.value * p.said(lambda profile: profile.action.duties_share),
    "order_value": lambda p: p.value,
    "lost_margin": lambda p: np.maximum(p.value - p.goods, 0.0),
}


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
    profiles, place = _profiles(columns, costs)
    told = exchanged(columns, profiles, place)

    def said(read: Callable[[CostProfile], float]) -> Floats:
        return _said(profiles, place, read)

    value, goods = order_value(columns), columns["unit_cost"] * columns["quantity"]
    value_assumed, goods_assumed = np.isnan(value), np.isnan(goods)
    paid = np.where(value_assumed, said(lambda p: p.order.value) * told.of_profile, value * told.of_order)
    cost = np.where(goods_assumed, paid * said(lambda p: p.order.goods_share), goods * told.of_order)
    back = np.array([[getattr(p.claim.return_share, t) for t in CLAIM_TYPES] for p in profiles])[place]
    saved = told.of_profile * said(lambda p: p.claim.return_shipping) - cost * said(lambda p: p.claim.salvage_share)
    return Prices(
        value=paid,
        goods=cost,
        refund=(paid * said(lambda p: p.claim.refund_share))[:, None] + back * saved[:, None],
        handling=told.of_profile * said(lambda p: p.claim.minutes * p.staff.minute),
        defect=told.of_profile * said(lambda p: p.defect.shadow_price),
        unit=told.of_profile,
        currency=told.currency,
        value_assumed=value_assumed,
        goods_assumed=goods_assumed,
        rate_assumed=told.is_assumed,
        rate_is_old=told.is_old,
        profiles=profiles,
        place=place,
    )


def _profiles(columns: Columns, costs: Costs) -> tuple[Sequence[CostProfile], Ints]:
    if not costs.shops:
        return (costs.others,), np.zeros(columns.n, dtype=np.int64)
    names = list(costs.shops)
    index = {name: place + 1 for place, name in enumerate(names)}
    place = np.fromiter((index.get(shop, 0) for shop in columns["shop_id"]), np.int64, columns.n)
    return (costs.others, *costs.shops.values()), place


def _said(profiles: Sequence[CostProfile], place: Ints, read: Callable[[CostProfile], float]) -> Floats:
    if len(profiles) == 1:
        return np.full(len(place), float(read(profiles[0])))
    return np.array([read(profile) for profile in profiles], dtype=np.float64)[place]
