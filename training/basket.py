"""Simulated orders as placed and planned: who buys what, where from, how it is to travel, what is promised.

Every draw is made for every order and in a fixed sequence, so that changing one attribute (`intervene`) leaves all
others as they were: common random numbers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from features.errors import SettingError, nearest
from training.entities import CONDITIONS, REGIONS, Entities, Flags, Floats, Ints, Shocks
from training.world import World

SERVICES = ("economy", "standard", "express")
DESTINATIONS = ("residential", "business", "pickup_point", "locker")
PAYMENTS = ("card", "debit_card", "gift_card", "points", "invoice")
END_OF_DAY: Final = 86399.0 / 86400.0


@dataclass(frozen=True, slots=True)
class Basket:
    """Orders in sequence of placing; all arrays (n,), instants in days since the part's first midnight.

    `ship_by` and `latest` are days since placing. `service` is the carrier's; `is_high_value` compares the price of
    one item with the world's bound; `is_season` tells the last weeks of the year. `hidden` moves both what is chosen
    and what becomes of it, and no file tells it; 0 where the world has none.
    """

    placed: Floats
    is_season: Flags
    is_bad_week: Flags
    is_bad_lot: Flags
    sku: Ints
    shop: Ints
    marketplace: Ints
    region: Ints
    buyer: Ints
    price: Floats
    quantity: Ints
    is_high_value: Flags
    is_fragile: Flags
    has_mismatch: Flags
    is_used: Flags
    is_cross_border: Flags
    is_duties_unpaid: Flags
    carrier: Ints
    service: Ints
    is_rough: Flags
    destination: Ints
    payment: Ints
    is_gift: Flags
    is_business: Flags
    has_tracking: Flags
    has_signature: Flags
    is_protected: Flags
    has_return_address: Flags
    offers_prepaid_label: Flags
    buyer_pays_return: Flags
    ship_by: Floats
    promise_days: Floats
    latest: Floats
    is_reply_fast: Flags
    is_refund_fast: Flags
    is_handed_in_time: Flags
    hidden: Floats

    def __len__(self) -> int:
        return len(self.placed)


@dataclass(frozen=True, slots=True)
class _Sale:
    """What was bought of whom, before anything is planned; arrays (n,)."""

    placed: Floats
    sku: Ints
    shop: Ints
    marketplace: Ints
    buyer: Ints
    price: Floats
    quantity: Ints
    is_high_value: Flags


def place_orders(world: World, entities: Entities, shocks: Shocks, orders: int, seed: int, part: int) -> Basket:
    """The orders of one part, sorted by the moment of placing."""
    rng = np.random.default_rng([seed, 3, part])
    n, shops, skus = orders, entities.shops, entities.skus
    sale = _sold(world, entities, rng, part, n)
    sku, shop, marketplace = sale.sku, sale.shop, sale.marketplace
    is_cross = shops.is_chinese[shop] & (rng.random(n) >= world.shop.local_stock_share)
    carrier = _chosen_carrier(entities, shop, is_cross, rng.random(n))
    service = _service(rng.random(n), shops.care[shop], sale.is_high_value)
    hidden = _hidden(world, seed, part, n)
    has_tracking = rng.random(n) >= _untracked(world, _leaning(world, shops.untracked[shop], -hidden), service)
    ship_by, promise, latest = _promises(world, sale.placed, shops.handling_days[shop], is_cross, service)
    signature = _leaning(world, shops.signature[shop] * np.where(sale.is_high_value, 2.0, 1.0), hidden)
    nobody = np.zeros(n, dtype=np.bool_)
    return Basket(
        **{f.name: getattr(sale, f.name) for f in fields(sale)},
        is_season=_is_season(world, part, sale.placed),
        is_bad_week=shocks.bad_week[carrier, marketplace, (sale.placed // 7.0).astype(np.int64)],
        is_bad_lot=(shocks.lot_from[sku] <= sale.placed) & (sale.placed < shocks.lot_until[sku]),
        region=rng.integers(0, REGIONS, n),
        is_fragile=skus.is_fragile[sku],
        has_mismatch=np.asarray(skus.mismatches.any(axis=1), dtype=np.bool_)[sku],
        is_used=skus.condition[sku] != CONDITIONS.index("new"),
        is_cross_border=is_cross,
        is_duties_unpaid=is_cross & (rng.random(n) < shops.duties_unpaid[shop]),
        carrier=carrier,
        service=service,
        is_rough=entities.carriers.is_rough[carrier],
        destination=_class(rng.random(n), (0.80, 0.10, 0.05, 0.05)),
        payment=_payment(rng.random(n), entities.temper[sale.buyer]),
        is_gift=rng.random(n) < 0.06,
        is_business=rng.random(n) < 0.10,
        has_tracking=has_tracking,
        has_signature=rng.random(n) < signature,
        is_protected=has_tracking & (rng.random(n) < _leaning(world, shops.protected[shop], hidden)),
        has_return_address=shops.has_return_address[shop],
        offers_prepaid_label=shops.offers_prepaid_label[shop],
        buyer_pays_return=shops.buyer_pays_return[shop],
        ship_by=ship_by,
        promise_days=promise,
        latest=latest,
        is_reply_fast=nobody,
        is_refund_fast=nobody,
        is_handed_in_time=nobody,
        hidden=hidden,
    )


def _hidden(world: World, seed: int, part: int, n: int) -> Floats:
    """(n,) standard normal, of a stream of its own so that other draws are those of a world without it."""
    if world.hidden.choice_effect == world.hidden.claim_effect == 0.0:
        return np.zeros(n)
    return np.random.default_rng([seed, 9, part]).normal(size=n)


def _leaning(world: World, share: Floats, hidden: Floats) -> Floats:
    """(n,) the share that chooses something, moved by what no file tells; to the bit itself where nothing moves it."""
    if world.hidden.choice_effect == 0.0:
        return share
    bounded = np.clip(share, 1e-6, 1.0 - 1e-6)
    return 1.0 / (1.0 + (1.0 - bounded) / bounded * np.exp(-world.hidden.choice_effect * hidden))


def _sold(world: World, entities: Entities, rng: np.random.Generator, part: int, n: int) -> _Sale:
    """SKUs by popularity, and buyers, who each keep to one shop, some more eager than others."""
    skus, u = entities.skus, rng.random((5, n))
    sku = np.searchsorted(np.cumsum(skus.popularity) / skus.popularity.sum(), u[2]).astype(np.int64)
    price = np.round(skus.price[sku] * np.exp(rng.normal(0.0, 0.05, n)), 2)
    shop, own = skus.shop[sku], world.size.buyers // world.size.shops
    return _Sale(
        placed=_placed(world, part, u[0], u[1]),
        sku=sku,
        shop=shop,
        marketplace=entities.shops.marketplace[shop],
        buyer=shop * own + (own * u[3] ** 1.5).astype(np.int64),
        price=price,
        quantity=1 + (u[4] < 0.15) + (u[4] < 0.04),
        is_high_value=price > world.sku.high_value,
    )


def _chosen_carrier(entities: Entities, shop: Ints, is_cross: Flags, u: Floats) -> Ints:
    """(n,) carriers by the shop's preference."""
    edges = entities.carriers.preference[shop, np.where(is_cross, 0, 1)]
    return np.asarray((edges[:, :-1] < u[:, None]).sum(axis=1), dtype=np.int64)


def _payment(u: Floats, temper: Floats) -> Ints:
    """(n,) means of payment: a mild sign of the buyer's temper."""
    return _class(np.clip(u + 0.02 * temper, 0.0, 1.0), (0.6, 0.2, 0.1, 0.04, 0.06))


def _placed(world: World, part: int, u_day: Floats, u_time: Floats) -> Floats:
    """Sorted moments on whole seconds; more orders in the season, on Mondays and in the evening."""
    days = np.arange(world.period.days)
    busy = np.where(_is_season(world, part, days + 0.5), world.carrier.season_volume_ratio, 1.0)
    busy = busy * (1.0 + 0.1 * np.cos(2.0 * np.pi * days / 7.0))
    day = np.searchsorted(np.cumsum(busy) / busy.sum(), u_day)
    of_day = np.minimum(u_time**0.7, 0.99999)
    return np.sort(np.floor((day + of_day) * 86400.0) / 86400.0)


def part_start(world: World, part: int) -> dt.datetime:
    """The first midnight of a part."""
    first = world.period.start + dt.timedelta(days=part * world.period.days)
    return dt.datetime(first.year, first.month, first.day, tzinfo=dt.UTC)


def _is_season(world: World, part: int, placed: npt.NDArray[np.floating]) -> Flags:
    """From 10 November to 24 December."""
    start = part_start(world, part)
    day_of_year = (start.timetuple().tm_yday - 1 + np.floor(placed)) % 365
    return np.asarray((day_of_year >= 313) & (day_of_year <= 357), dtype=np.bool_)


def _service(u: Floats, care: Floats, is_high: Flags) -> Ints:
    """The carrier's service: careless shops choose economy, dear goods go by express."""
    economy = np.clip(0.30 - 0.08 * care, 0.02, 0.6)
    express = 0.06 + 0.08 * is_high
    return (u >= economy).astype(np.int64) + (u >= 1.0 - express)


def _untracked(world: World, share: Floats, service: Ints) -> Floats:
    """Probability that an order goes without tracking; express always has it."""
    by_service = np.array([world.shop.untracked_economy_ratio, 1.0, 0.0])
    capped: Floats = np.minimum(share * by_service[service], 0.95)
    return capped


def median_transit_days(world: World, is_cross: Flags, service: Ints) -> Floats:
    """(n,) median days from first scan to delivery on an ordinary lane in an ordinary week."""
    t = world.transit
    ratio = np.array([t.economy_ratio, 1.0, t.express_ratio])
    days: Floats = np.where(is_cross, t.cross_border_days, t.local_days) * ratio[service]
    return days


def _promises(
    world: World, placed: Floats, handling_days: Ints, is_cross: Flags, service: Ints
) -> tuple[Floats, Floats, Floats]:
    """Days from placing to ship-by, from there to the promise, from placing to the promise: ends of days."""
    ship_day = np.floor(placed) + handling_days
    promise = np.ceil(median_transit_days(world, is_cross, service) * world.transit.promise_ratio)
    return ship_day + END_OF_DAY - placed, promise, ship_day + promise + END_OF_DAY - placed


def _class(u: Floats, shares: tuple[float, ...]) -> Ints:
    """(n,) classes by their shares."""
    return np.searchsorted(np.cumsum(shares)[:-1], u, side="right").astype(np.int64)


def _with_best_carrier(basket: Basket, entities: Entities) -> Basket:
    """Each order by the gentlest, then fastest and safest carrier of its lane; the week's shock is not chosen."""
    c = entities.carriers
    badness = c.lateness + 0.3 * c.loss + 10.0 * c.is_rough[:, None]
    is_cross = (np.arange(len(badness)) < c.cross_border)[:, None]
    local, cross = np.where(is_cross, np.inf, badness), np.where(is_cross, badness, np.inf)
    best = np.stack([local.argmin(axis=0), cross.argmin(axis=0)])
    carrier = best[basket.is_cross_border.astype(np.int64), basket.marketplace]
    return replace(basket, carrier=carrier, is_rough=c.is_rough[carrier])


def _all(basket: Basket) -> Flags:
    return np.ones(len(basket), dtype=np.bool_)


INTERVENTIONS: Final[dict[str, Callable[[Basket, Entities], Basket]]] = {
    "tracking": lambda b, _: replace(b, has_tracking=_all(b)),
    "signature": lambda b, _: replace(b, has_signature=_all(b)),
    "protected_label": lambda b, _: replace(b, is_protected=_all(b), has_tracking=_all(b)),
    "return_address": lambda b, _: replace(b, has_return_address=_all(b)),
    "fix_listing": lambda b, _: replace(b, has_mismatch=~_all(b)),
    "prepaid_label": lambda b, _: replace(b, offers_prepaid_label=_all(b), buyer_pays_return=~_all(b)),
    "duties_paid": lambda b, _: replace(b, is_duties_unpaid=~_all(b)),
    "hand_over": lambda b, _: replace(b, is_handed_in_time=_all(b)),
    "reply_fast": lambda b, _: replace(b, is_reply_fast=_all(b)),
    "refund_fast": lambda b, _: replace(b, is_reply_fast=_all(b), is_refund_fast=_all(b)),
    "better_carrier": _with_best_carrier,
}


def intervene(basket: Basket, entities: Entities, name: str) -> Basket:
    """The same orders after the shop has done one thing for all of them."""
    if name not in INTERVENTIONS:
        known = ", ".join(INTERVENTIONS)
        raise SettingError(f"expected an intervention of {known}; got {name!r}{nearest(name, INTERVENTIONS)}")
    return INTERVENTIONS[name](basket, entities)
