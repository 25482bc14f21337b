"""Simulated journeys: what happens to each order, from hand-over to claim.

All draws are made for every order in a fixed sequence (common random numbers). Instants are whole seconds, in days
since placing; infinite means never.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri

from training.entities import Flags, Floats, Ints
from training.hazards import (
    CONTACT_WAIT_DAYS,
    MISSING,
    NO_REPLY,
    OTHER,
    OVERDUE,
    OVERDUE_WAIT_DAYS,
    PRODUCT,
    PRODUCT_LATE,
    REPLY_24,
    REPLY_48,
    Hazards,
    answer_effects,
)
from training.world import World

NO_CONTACT = -1
PLACED, SHIPPED, IN_TRANSIT, DELIVERED, CONTACT = range(5)


@dataclass(frozen=True, slots=True)
class Journey:
    """What happened; arrays (n,), days since placing, inf where it never did.

    `arrived` is the truth, `delivered` what the tracking shows (inf without tracking). `kind` is that of the contact
    or of the silent buyer's grievance, -1 without one; `answer` is what the contact met within 48 h.
    """

    shipped: Floats
    scanned: Floats
    arrived: Floats
    delivered: Floats
    is_wrong_address: Flags
    place: Ints
    kind: Ints
    contacted: Floats
    replied: Floats
    answer: Ints
    claimed: Floats


@dataclass(frozen=True, slots=True)
class Past:
    """Journeys known up to the entry of a state: of PLACED, SHIPPED, DELIVERED or CONTACT.

    From contact on the kind of contact and the parcel stay; what is not known yet is drawn again or, where it hangs on
    what is known, stays as it was, so that counts over drawn journeys are right on average.
    """

    journey: Journey
    reached: int


def travel(world: World, hazards: Hazards, seed: int, part: int) -> Journey:
    """The journeys of all orders of a part."""
    return travelled(world, hazards, np.random.default_rng([seed, 4, part]))


def travelled(world: World, hazards: Hazards, rng: np.random.Generator, past: Past | None = None) -> Journey:
    """Journeys drawn from `rng`; what had happened by `past` stays as it was."""
    n, reached = len(hazards.latest), past.reached if past else PLACED
    u = rng.random((4, n))
    shipped = past.journey.shipped if past and reached >= SHIPPED else _handed_over(world, hazards, u[0])
    scanned, arrived = _carried(world, hazards, shipped, u[1:])
    is_wrong = rng.random(n) < world.transit.wrong_address_share
    place = (hazards.place < rng.random(n)[:, None]).sum(axis=1).clip(0, 4)
    if past and reached >= DELIVERED:
        scanned, arrived = past.journey.scanned, past.journey.arrived
        is_wrong, place = past.journey.is_wrong_address, past.journey.place
    kind, contacted, is_silent = _grievance(world, hazards, arrived, _missing_at(hazards, is_wrong, place), rng)
    if past and reached >= CONTACT:
        kind, contacted, is_silent = past.journey.kind, past.journey.contacted, np.zeros(n, dtype=np.bool_)
    replied, answer = _answered(world, hazards, contacted, rng.random((3, n)))
    delivered = np.where(hazards.is_tracked, arrived, np.inf)
    kind, claimed = _claimed(world, hazards, (kind, contacted, is_silent, answer, arrived), rng.random((3, n)))
    contacted = np.where(is_silent, np.inf, contacted)
    replied = np.where(is_silent, np.inf, replied)
    return Journey(shipped, scanned, arrived, delivered, is_wrong, place, kind, contacted, replied, answer, claimed)


def on_clock(days: Floats) -> Floats:
    """Rounded up to whole seconds."""
    return np.ceil(days * 86400.0 - 1e-4) / 86400.0


def is_late(hazards: Hazards, arrived: Floats) -> Flags:
    """Late by the tracking; an untracked parcel cannot be shown to be late."""
    return np.asarray(hazards.is_tracked & (arrived > hazards.latest) & np.isfinite(arrived), dtype=np.bool_)


def _handed_over(world: World, hazards: Hazards, u: Floats) -> Floats:
    """(n,) handed over."""
    handling = np.exp(hazards.ship_log + world.shop.handling_sigma * ndtri(u))
    return on_clock(np.minimum(handling, hazards.ship_most))


def _carried(world: World, hazards: Hazards, shipped: Floats, u: Floats) -> tuple[Floats, Floats]:
    """First scanned, arrived."""
    scanned = on_clock(shipped - world.transit.scan_gap_days * np.log1p(-u[0]))
    arrived = on_clock(scanned + np.exp(hazards.transit_log + hazards.transit_sigma * ndtri(u[1])))
    loss = np.where(shipped > hazards.ship_by, hazards.loss[:, 1], hazards.loss[:, 0])
    is_lost = u[2] < loss
    is_seen = hazards.is_tracked & ~(u[2] < loss * world.loss.before_scan_share)
    return np.where(is_seen, scanned, np.inf), np.where(is_lost, np.inf, arrived)


def _missing_at(hazards: Hazards, is_wrong: Flags, place: Ints) -> Floats:
    """(n,) P(not received) at the place where the parcel was left."""
    share: Floats = hazards.missing_at[np.arange(len(place)), is_wrong.astype(np.int64), place]
    return share


def _grievance(
    world: World, hazards: Hazards, arrived: Floats, missing: Floats, rng: np.random.Generator
) -> tuple[Ints, Floats, Flags]:
    """Kind of contact, its moment, and whether the buyer is of the silent kind, who only goes to Amazon."""
    c, n = world.contact, len(arrived)
    u, wait = rng.random((4, n)), rng.exponential(size=(4, n))
    is_silent = u[0] < c.silent_share
    overdue = on_clock(hazards.latest + c.overdue_mean_days * wait[0])
    is_overdue = ~is_silent & (u[1] < hazards.overdue_share) & (overdue < arrived)
    late = is_late(hazards, arrived)
    product = hazards.product[np.arange(n), late.astype(np.int64)]
    edges = np.cumsum(np.stack([missing, product, hazards.other], axis=1), axis=1)
    nth = (edges <= u[2][:, None]).sum(axis=1)
    kinds = np.stack([np.full(n, MISSING), np.where(late, PRODUCT_LATE, PRODUCT), np.full(n, OTHER), np.full(n, -1)])
    kind = np.where(is_overdue, OVERDUE, np.where(np.isfinite(arrived), kinds[nth, np.arange(n)], NO_CONTACT))
    goods_days = np.where(u[3] < c.product_slow_share, c.product_slow_mean_days, c.product_mean_days)
    mean = np.select([nth == 0, nth == 1], [np.full(n, c.missing_mean_days), goods_days], c.other_mean_days)
    after = on_clock(arrived + mean * np.choose(nth.clip(0, 2), wait[1:]))
    contacted = np.where(is_overdue, overdue, np.where(kind == NO_CONTACT, np.inf, after))
    return kind, contacted, is_silent


def _answered(world: World, hazards: Hazards, contacted: Floats, u: Floats) -> tuple[Floats, Ints]:
    """Moment of the first reply (inf if none), and the answer within 48 h."""
    days = np.exp(hazards.reply_log + world.shop.reply_sigma * ndtri(u[0]))
    replied = np.where(u[1] < hazards.unanswered, np.inf, on_clock(contacted + days))
    waited = np.where(np.isfinite(contacted), replied - np.where(np.isfinite(contacted), contacted, 0.0), np.inf)
    in_time = np.where(waited <= 1.0, REPLY_24, np.where(waited <= CONTACT_WAIT_DAYS, REPLY_48, NO_REPLY))
    has_refund = (u[2] < hazards.refund) & (in_time != NO_REPLY)
    return replied, np.where(has_refund, in_time - 1, in_time)


def _claimed(
    world: World, hazards: Hazards, story: tuple[Ints, Floats, Flags, Ints, Floats], u: Floats
) -> tuple[Ints, Floats]:
    """The grievance that led to the claim (or the contact's), and the moment of the claim."""
    kind, contacted, is_silent, answer, arrived = story
    nth = np.arange(len(kind))
    delay = world.claim.filing_scale_days * (1.0 / np.sqrt(1.0 - u[0]) - 1.0)
    log_odds = hazards.claim_log_odds[nth, kind] + answer_effects(world)[kind, answer]
    is_meant = (kind != NO_CONTACT) & (u[1] < np.where(is_silent, hazards.silent_claim[nth, kind], expit(log_odds)))
    earliest = contacted + CONTACT_WAIT_DAYS
    opens = np.minimum(hazards.latest + OVERDUE_WAIT_DAYS, arrived)
    earliest = np.where(kind == OVERDUE, np.maximum(earliest, opens), earliest)
    earliest = np.where(is_silent, arrived + OVERDUE_WAIT_DAYS, earliest)
    filed = on_clock(earliest + delay)
    is_meant &= (kind != OVERDUE) | (filed < arrived) | (u[2] < world.claim.after_delivery_share)
    silent_overdue = on_clock(hazards.latest + OVERDUE_WAIT_DAYS + delay)
    is_overdue = is_silent & (u[2] < hazards.overdue_share * hazards.silent_claim[:, OVERDUE])
    is_overdue &= (silent_overdue < arrived) & (silent_overdue <= hazards.close)
    filed = np.where(is_overdue, silent_overdue, filed)
    is_claim = is_overdue | (is_meant & (filed <= hazards.close))
    return np.where(is_overdue, OVERDUE, kind), np.where(is_claim, filed, np.inf)
