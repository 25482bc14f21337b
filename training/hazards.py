"""What drives simulated claims: each mechanism declared once, for the generator and for the truth.

Times are days since placing. Of an order at most one kind of contact comes about:
overdue    nothing has come since the promise; from `latest` on, exponential, by a share of buyers
missing    the tracking says delivered, the buyer says no
product    the goods: listing, quality, bad lot, fragile goods in rough hands
other      anything else
A contact ends in a claim with a probability that depends on the answer in the first 48 hours; the claim is filed some
days after the earliest moment (Lomax). Buyers of the silent kind never write and go to Amazon at once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr

from training.basket import Basket, median_transit_days
from training.entities import Entities, Floats, Ints
from training.world import World

OVERDUE, MISSING, PRODUCT, PRODUCT_LATE, OTHER = range(5)
REPLY_REFUND, REPLY_24, REPLY_48_REFUND, REPLY_48, NO_REPLY = range(5)
PLACES = ("signed", "porch", "mailbox", "neighbour", "locker")
CONTACT_WAIT_DAYS = 2.0
OVERDUE_WAIT_DAYS = 3.0
CLAIM_WINDOW_DAYS = 90.0
HANDED_BEFORE_DAYS = 1.0 / 24.0  # at the latest, of parcels handed over in time on purpose


@dataclass(frozen=True, slots=True)
class Hazards:
    """Every order's chances; arrays (n,) or (n, k).

    `loss` columns: handed over by ship-by, later; `product`: delivered on time, late. `missing` is before the place
    of delivery is known, `missing_at` (n, 2, 5) by whether the proof shows a wrong address, and place; `place` (n, 5)
    cumulative shares. `claim_log_odds` (n, 5) by kind of contact, answered within 24 h without a refund.
    `claim` and `silent_claim` (n, 5): probability of a claim by kind, before the answer is known; of silent buyers.
    """

    latest: Floats
    close: Floats
    ship_by: Floats
    is_tracked: npt.NDArray[np.bool_]
    ship_log: Floats
    ship_most: Floats
    transit_log: Floats
    transit_sigma: Floats
    loss: Floats
    overdue_share: Floats
    missing: Floats
    missing_at: Floats
    place: Floats
    product: Floats
    other: Floats
    reply_log: Floats
    unanswered: Floats
    refund: Floats
    claim_log_odds: Floats
    claim: Floats
    silent_claim: Floats

    def take(self, rows: Ints) -> Hazards:
        """The hazards of some orders."""
        return Hazards(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def hazards_of(world: World, entities: Entities, basket: Basket) -> Hazards:
    """The chances of placed orders."""
    latest = basket.latest
    ship_log, ship_most = _shipping(world, entities, basket)
    place = _place_shares(basket)
    missing_at = _missing(world, entities, basket)
    wrong = world.transit.wrong_address_share
    by_place = (1.0 - wrong) * missing_at[:, 0] + wrong * missing_at[:, 1]
    reply_log, unanswered, refund = _answering(entities, basket)
    log_odds = _claim_log_odds(world, entities, basket)
    mix = answer_shares(world, reply_log, unanswered, refund, np.zeros(len(basket)))
    claim = (expit(log_odds[:, :, None] + answer_effects(world)[None]) * mix[:, None, :]).sum(axis=2)
    return Hazards(
        latest=latest,
        close=latest + CLAIM_WINDOW_DAYS,
        ship_by=basket.ship_by,
        is_tracked=basket.has_tracking,
        ship_log=ship_log,
        ship_most=ship_most,
        transit_log=_transit_log(world, entities, basket),
        transit_sigma=np.where(basket.is_cross_border, world.transit.cross_border_sigma, world.transit.local_sigma),
        loss=_loss(world, entities, basket),
        overdue_share=expit(_logit(world.contact.overdue_share) + _temper(world, entities, basket, overdue=True)),
        missing=(by_place * place).sum(axis=1),
        missing_at=missing_at,
        place=np.cumsum(place, axis=1),
        product=_product(world, entities, basket),
        other=np.full(len(basket), world.contact.other_share),
        reply_log=reply_log,
        unanswered=unanswered,
        refund=refund,
        claim_log_odds=log_odds,
        claim=claim,
        silent_claim=expit(log_odds + world.claim.silent_effect),
    )


def filed_by(world: World, days: Floats) -> Floats:
    """P(a claim that is meant is filed within `days` of its earliest moment): Lomax of shape 2; 0 before."""
    tail = 1.0 / (1.0 + np.maximum(days, 0.0) / world.claim.filing_scale_days)
    return 1.0 - tail * tail


def answer_shares(world: World, reply_log: Floats, unanswered: Floats, refund: Floats, waited: Floats) -> Floats:
    """(n, 5) how the contact is answered within 48 h, given no answer for `waited` days so far."""
    sigma = world.shop.reply_sigma
    until = [np.maximum(waited, bound) for bound in (0.0, 1.0, CONTACT_WAIT_DAYS)]
    with np.errstate(divide="ignore"):
        early = [(1.0 - unanswered) * ndtr((np.log(t) - reply_log) / sigma) for t in until]
    still = [np.maximum(1.0 - share, 1e-12) for share in early]
    in_24, in_48 = (still[0] - still[1]) / still[0], (still[1] - still[2]) / still[0]
    shares = [in_24 * refund, in_24 * (1 - refund), in_48 * refund, in_48 * (1 - refund), still[2] / still[0]]
    return np.stack(shares, axis=1)


def answer_effects(world: World) -> Floats:
    """(5 kinds, 5 answers) log-odds that the answer adds to those of a claim."""
    c = world.claim
    effect = np.zeros((5, 5))
    effect[:, [REPLY_REFUND, REPLY_48_REFUND]] += c.refund_effect
    effect[:, [REPLY_48_REFUND, REPLY_48]] += c.reply_48_hours_effect
    effect[:, NO_REPLY] += c.no_reply_effect
    effect[[OVERDUE, PRODUCT_LATE], NO_REPLY] += c.late_no_reply_effect
    return effect


def _shipping(world: World, entities: Entities, basket: Basket) -> tuple[Floats, Floats]:
    """Log of the median handling days, and the day by which every order has been handed over, before the promise."""
    care = entities.shops.care[basket.shop]
    slow = np.where(basket.is_season, world.carrier.season_effect, 0.0)
    log = np.log(world.shop.handling_share * basket.ship_by) - 0.12 * care + slow
    after = np.where(basket.is_handed_in_time, -HANDED_BEFORE_DAYS, 0.75 * basket.promise_days)
    return log, basket.ship_by + after


def _transit_log(world: World, entities: Entities, basket: Basket) -> Floats:
    """Log of the median days from first scan to delivery."""
    base = np.log(median_transit_days(world, basket.is_cross_border, basket.service))
    log: Floats = (
        base
        + entities.carriers.lateness[basket.carrier, basket.marketplace]
        + np.where(basket.is_season, world.carrier.season_effect, 0.0)
        + np.where(basket.is_bad_week, world.carrier.bad_week_effect, 0.0)
        + np.where(basket.is_duties_unpaid & basket.is_high_value, world.transit.duties_unpaid_high_value_effect, 0.0)
    )
    return log


def _loss(world: World, entities: Entities, basket: Basket) -> Floats:
    """(n, 2) probability that the parcel never arrives: handed over by ship-by, later."""
    w = world.loss
    ratio = (
        entities.carriers.loss[basket.carrier, basket.marketplace]
        + w.cross_border_effect * basket.is_cross_border
        + w.untracked_effect * ~basket.has_tracking
        + w.untracked_high_value_effect * (~basket.has_tracking & basket.is_high_value)
        + w.duties_unpaid_high_value_effect * (basket.is_duties_unpaid & basket.is_high_value)
        + w.bad_week_effect * basket.is_bad_week
    )
    by_handling = np.exp(ratio[:, None] + np.array([0.0, w.late_handling_effect]))
    capped: Floats = np.minimum(w.base_share * by_handling, w.most_share)
    return capped


def _place_shares(basket: Basket) -> Floats:
    """(n, 5) where the parcel would be left."""
    by_destination = np.array(
        [[0.05, 0.50, 0.33, 0.09, 0.03], [0.45, 0.05, 0.35, 0.05, 0.10], [0, 0, 0, 0, 1.0], [0, 0, 0, 0, 1.0]]
    )
    signed = np.array([0.94, 0.01, 0.02, 0.02, 0.01])
    shares: Floats = np.where(basket.has_signature[:, None], signed, by_destination[basket.destination])
    return shares


def _missing(world: World, entities: Entities, basket: Basket) -> Floats:
    """(n, 2, 5) P(delivered by the tracking, not received); 0 without tracking, which calls such parcels lost."""
    w = world.contact
    ratio = entities.porch_region[basket.marketplace, basket.region] - 0.5 * basket.is_business
    at = np.array([w.missing_signed_effect, w.missing_porch_effect, 0.0, 0.3, -1.0])
    dear = np.array([0.0, w.missing_porch_high_value_effect, 0.0, 0.0, 0.0]) * basket.is_high_value[:, None]
    wrong = np.array([0.0, w.missing_wrong_address_effect])
    share = np.exp(np.log(w.missing_share) + (ratio[:, None] + dear + at)[:, None, :] + wrong[:, None])
    capped: Floats = np.minimum(share, 0.5) * basket.has_tracking[:, None, None]
    return capped


def _product(world: World, entities: Entities, basket: Basket) -> Floats:
    """(n, 2) P(contact about the goods | delivered and received): on time, late."""
    w = world.contact
    log_odds = (
        w.product_log_odds
        + entities.skus.quality[basket.sku]
        + w.product_mismatch_effect * basket.has_mismatch
        + w.product_fragile_rough_effect * (basket.is_fragile & basket.is_rough)
        + w.product_used_effect * basket.is_used
        + world.sku.bad_lot_effect * basket.is_bad_lot
    )
    share: Floats = expit(np.stack([log_odds, log_odds + w.product_late_effect], axis=1))
    return share


def _answering(entities: Entities, basket: Basket) -> tuple[Floats, Floats, Floats]:
    """Log of the median reply days, share never answered, share of answers with a refund."""
    shops = entities.shops
    reply, silent = shops.reply_log_days[basket.shop], shops.unanswered[basket.shop]
    fast = np.minimum(reply, np.log(6.0 / 24.0))
    log_days, never = np.where(basket.is_reply_fast, fast, reply), np.where(basket.is_reply_fast, 0.0, silent)
    return log_days, never, np.where(basket.is_refund_fast, 1.0, shops.refund[basket.shop])


def _claim_log_odds(world: World, entities: Entities, basket: Basket) -> Floats:
    """(n, 5) log-odds of a claim by kind of contact, answered within 24 h without a refund."""
    c, high = world.claim, basket.is_high_value
    any_kind = c.shift_log_odds + _temper(world, entities, basket, overdue=False)
    any_kind = any_kind + world.hidden.claim_effect * basket.hidden
    label = c.protected_label_effect * basket.is_protected
    overdue = c.overdue_log_odds + label + c.untracked_high_value_effect * (high & ~basket.has_tracking)
    missing = c.missing_log_odds + label + c.signature_effect * basket.has_signature
    product = (
        c.product_log_odds
        + c.no_return_address_effect * ~basket.has_return_address
        + c.no_return_address_mismatch_effect * (~basket.has_return_address & basket.has_mismatch)
        + c.buyer_pays_return_effect * basket.buyer_pays_return
        + c.prepaid_label_effect * basket.offers_prepaid_label
    )
    other = np.full(len(basket), c.other_log_odds)
    return np.stack([overdue, missing, product, product + c.late_effect, other], axis=1) + any_kind[:, None]


def _temper(world: World, entities: Entities, basket: Basket, *, overdue: bool) -> Floats:
    """Log-odds that a buyer's temper adds to contact or to a claim."""
    weight = world.contact.overdue_temper_effect if overdue else world.claim.temper_sd
    return weight * entities.temper[basket.buyer]


def _logit(share: float) -> float:
    """Log-odds of a share."""
    return float(np.log(share / (1.0 - share)))
