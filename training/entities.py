"""Shops, SKUs, carriers, buyers and weekly shocks of a simulated world, each drawn once.

Entities depend on the seed alone, shocks on the seed and the part. Shares of few entities are exact: of 16 shops
at a share of 0.5 always 8 are chosen, so that a world's rates differ little between seeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtri

from training.world import World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MARKETPLACES = ("US", "UK", "DE")
MARKETPLACE_SHARES = (0.6, 0.2, 0.2)
CATEGORIES = ("home", "kitchen", "toys", "electronics", "apparel", "beauty", "garden", "sports")
CONDITIONS = ("new", "renewed", "used_very_good", "used_good")
MISMATCHES = (
    *("image", "dimensions", "weight", "colour", "condition", "description", "compatibility", "version", "parts"),
)
REGIONS = 10


@dataclass(frozen=True, slots=True)
class Shops:
    """Sellers; all arrays (shops,)."""

    care: Floats
    marketplace: Ints
    is_chinese: Flags
    has_return_address: Flags
    offers_prepaid_label: Flags
    buyer_pays_return: Flags
    return_window_days: Ints
    handling_days: Ints
    untracked: Floats
    signature: Floats
    protected: Floats
    duties_unpaid: Floats
    reply_log_days: Floats
    unanswered: Floats
    refund: Floats


@dataclass(frozen=True, slots=True)
class Skus:
    """Products, each of one shop; all arrays (skus,), `mismatches` (skus, 9)."""

    shop: Ints
    popularity: Floats
    category: Ints
    price: Floats
    unit_cost_share: Floats
    weight_g: Floats
    volume_cm3: Floats
    is_fragile: Flags
    condition: Ints
    quality: Floats
    mismatches: Flags
    is_measured: Flags


@dataclass(frozen=True, slots=True)
class Carriers:
    """Carriers, the first of them cross-border; (carriers,) or by lane (carriers, marketplaces).

    `preference` is (shops, 2, carriers): cumulative shares of a shop's cross-border [0] and local [1] orders.
    """

    is_rough: Flags
    lateness: Floats
    loss: Floats
    preference: Floats
    cross_border: int


@dataclass(frozen=True, slots=True)
class Entities:
    """All that is drawn from the seed alone; temper (buyers,), porch_region (marketplaces, regions)."""

    shops: Shops
    skus: Skus
    carriers: Carriers
    temper: Floats
    porch_region: Floats


@dataclass(frozen=True, slots=True)
class Shocks:
    """What many orders of a part share: bad_week (carriers, marketplaces, weeks); lot_from, lot_until (skus,) days."""

    bad_week: Flags
    lot_from: Floats
    lot_until: Floats


def draw_entities(world: World, seed: int) -> Entities:
    """The entities of a world and seed."""
    rng = np.random.default_rng([seed, 1])
    shops = _draw_shops(world, rng)
    carriers = _draw_carriers(world, shops, rng)
    skus = _draw_skus(world, shops, rng)
    temper = rng.normal(0.0, 1.0, world.size.buyers)
    porch = rng.normal(0.0, world.contact.missing_region_sd, (len(MARKETPLACES), REGIONS))
    return Entities(shops, skus, carriers, temper, porch)


def draw_shocks(world: World, seed: int, part: int) -> Shocks:
    """The shocks of one part."""
    rng = np.random.default_rng([seed, 2, part])
    carriers = world.size.cross_border_carriers + world.size.local_carriers
    weeks = world.period.days // 7 + 1
    bad_week = rng.random((carriers, len(MARKETPLACES), weeks)) < world.carrier.bad_week_share
    has_lot = _shared(rng.normal(size=world.size.skus), world.sku.bad_lot_share)
    start = rng.uniform(0.0, world.period.days - world.sku.bad_lot_days, world.size.skus)
    return Shocks(bad_week, np.where(has_lot, start, np.inf), np.where(has_lot, start + world.sku.bad_lot_days, np.inf))


def _draw_shops(world: World, rng: np.random.Generator) -> Shops:
    """Careful shops have return addresses, better labels and faster answers."""
    n, w = world.size.shops, world.shop
    care = _scores(rng, n)

    def leaning(sign: float) -> Floats:
        return sign * w.care_weight * care + _scores(rng, n)

    is_chinese = _shared(_scores(rng, n), w.cn_share)
    has_address = ~is_chinese | _shared(np.where(is_chinese, leaning(1.0), -9.0), w.return_address_share * w.cn_share)
    reply = np.log(w.reply_hours / 24.0) + w.reply_care_effect * care + w.reply_shop_sd * _scores(rng, n)
    return Shops(
        care=care,
        marketplace=_exact(rng, n, MARKETPLACE_SHARES),
        is_chinese=is_chinese,
        has_return_address=has_address,
        offers_prepaid_label=_shared(leaning(1.0), w.prepaid_label_share),
        buyer_pays_return=_shared(leaning(-1.0), w.buyer_pays_share),
        return_window_days=np.array([30, 30, 45, 60])[_exact(rng, n, (0.25,) * 4)],
        handling_days=1 + _exact(rng, n, (0.4, 0.4, 0.2)),
        untracked=_moved(w.untracked_share, -0.5 * care + 0.3 * _scores(rng, n)),
        signature=_moved(w.signature_share, 0.5 * care + 0.3 * _scores(rng, n)),
        protected=_moved(w.protected_share, 0.8 * care + 0.6 * _scores(rng, n)),
        duties_unpaid=_moved(w.duties_unpaid_share, -0.4 * care + 0.4 * _scores(rng, n)),
        reply_log_days=reply,
        unanswered=_moved(w.unanswered_share, w.unanswered_care_effect * care + 0.2 * _scores(rng, n)),
        refund=_moved(w.refund_share, w.refund_care_effect * care),
    )


def _draw_skus(world: World, shops: Shops, rng: np.random.Generator) -> Skus:
    """Products spread evenly over the shops; careless shops have more listings that do not match."""
    n, w = world.size.skus, world.sku
    shop = rng.permutation(np.arange(n) % world.size.shops)
    price = np.exp(np.log(w.price_median) + w.price_sigma * _scores(rng, n))
    weight = 350.0 * (price / w.price_median) ** 0.4 * np.exp(0.7 * _scores(rng, n))
    mismatch = _shared(w.mismatch_care_effect * shops.care[shop] + rng.logistic(size=n), w.mismatch_share)
    which = rng.random((n, len(MISMATCHES)))
    count = 1 + (rng.random(n) < 0.4) + (rng.random(n) < 0.15)
    return Skus(
        shop=shop,
        popularity=np.exp(w.popularity_sigma * _scores(rng, n)),
        category=rng.integers(0, len(CATEGORIES), n),
        price=price,
        unit_cost_share=rng.uniform(0.25, 0.6, n),
        weight_g=weight,
        volume_cm3=weight * np.exp(1.4 + 0.4 * _scores(rng, n)),
        is_fragile=_shared(_scores(rng, n), w.fragile_share),
        condition=_exact(rng, n, (0.82, 0.08, 0.06, 0.04)),
        quality=w.quality_sd * _scores(rng, n),
        mismatches=(which.argsort(axis=1).argsort(axis=1) < count[:, None]) & mismatch[:, None],
        is_measured=_shared(_scores(rng, n), w.mismatch_measured_share),
    )


def _draw_carriers(world: World, shops: Shops, rng: np.random.Generator) -> Carriers:
    """Careful shops prefer carriers that handle parcels gently."""
    n_cross, n = world.size.cross_border_carriers, world.size.cross_border_carriers + world.size.local_carriers
    cross, local = _shared(_scores(rng, n_cross), world.carrier.rough_share), _scores(rng, n - n_cross)
    is_rough = np.concatenate([cross, _shared(local, world.carrier.rough_share)])
    lateness = world.carrier.lateness_sd * _scores(rng, n * len(MARKETPLACES)).reshape(n, -1)
    loss = world.carrier.loss_sd * _scores(rng, n * len(MARKETPLACES)).reshape(n, -1)
    wish = 0.6 * rng.normal(size=(len(shops.care), n)) - 0.35 * shops.care[:, None] * (2.0 * is_rough - 1.0)
    is_cross = np.arange(n) < n_cross
    weight = np.exp(wish)[:, None, :] * np.stack([is_cross, ~is_cross])[None]
    share = weight.cumsum(axis=2) / weight.sum(axis=2, keepdims=True)
    return Carriers(is_rough, lateness, loss, share, n_cross)


def _scores(rng: np.random.Generator, n: int) -> Floats:
    """(n,) standard normal quantiles in random order: the spread is the same for every seed."""
    quantiles: Floats = ndtri((rng.permutation(n) + 0.5) / n)
    return quantiles


def _shared(score: Floats, share: float) -> Flags:
    """The rounded share of entities with the highest scores."""
    rank = np.argsort(np.argsort(-score, kind="stable"), kind="stable")
    return np.asarray(rank < round(share * len(score)), dtype=np.bool_)


def _exact(rng: np.random.Generator, n: int, shares: tuple[float, ...]) -> Ints:
    """(n,) classes in random order, each in its rounded share."""
    edges = np.cumsum(shares)[:-1]
    return np.searchsorted(edges, (rng.permutation(n) + 0.5) / n, side="right").astype(np.int64)


def _moved(share: float, log_odds: Floats) -> Floats:
    """A share moved by log-odds."""
    moved: Floats = expit(np.log(share / (1.0 - share)) + log_odds)
    return moved
