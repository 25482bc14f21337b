"""The true probability of a claim in (as_of, close], by rollouts of each order's possible futures.

Each path draws what is not known yet (hand-over, scan, transit, moment of contact) given the facts so far; given the
path, loss, grievance, answer and filing delay are averaged by their formulas. Paths form a shifted lattice, so that
32 of them are accurate to a few percent. For each path two numbers are kept,

    quiet   P(the facts so far, nothing else heard until as_of | path)
    ahead   P(the same, and a claim in (as_of, close] | path)

and the truth is the ratio of their means. All mechanisms are those of `hazards` and `journey`. Known to the truth:
everything recorded until as_of and all latents of shop, SKU, lane, week and buyer. Shapes: (r,) orders looked at,
(r, p) their paths; times in days since placing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr, ndtri

from training.entities import Flags, Floats, Ints
from training.hazards import (
    CONTACT_WAIT_DAYS,
    MISSING,
    OTHER,
    OVERDUE,
    OVERDUE_WAIT_DAYS,
    PRODUCT,
    PRODUCT_LATE,
    Hazards,
    answer_effects,
    answer_shares,
    filed_by,
)
from training.journey import Journey
from training.milestones import CELLS, CONTACT, STATES, Moments
from training.world import World

_NEVER = 1e6
_CHUNK = 4096
_LOST_PATHS = 8
_STEPS = np.array([0.8566748838545029, 0.733891856627126, 0.6287067210378087])


@dataclass(frozen=True, slots=True)
class Looked:
    """Orders at one moment each: facts (r, 1), inf if not known yet.

    `missing` is P(not received) as far as the place is known, `claim` P(a claim is meant | contact, answer so far),
    `after` the share of such claims that a delivery does not stop, `floor` until when nothing has surely arrived.
    """

    hazards: Hazards
    latest: Floats
    close: Floats
    as_of: Floats
    shipped: Floats
    scanned: Floats
    delivered: Floats
    contacted: Floats
    missing: Floats
    claim: Floats
    after: Floats
    is_overdue: Flags
    floor: Floats


def probabilities(
    world: World, hazards: Hazards, journey: Journey, moments: Moments, *, paths: int, stream: tuple[int, int]
) -> Floats:
    """(m,) the truth at each moment; the lattice's shift depends on stream, order, cell and state alone."""
    found = np.empty(len(moments.order))
    for cell in range(len(CELLS)):
        for state in range(len(STATES)):
            rows = np.flatnonzero((moments.cell == cell) & (moments.state == state))
            shift = np.random.default_rng([*stream, 8, cell, state]).random((len(hazards.latest), 4))
            for start in range(0, len(rows), _CHUNK):
                some = rows[start : start + _CHUNK]
                order = moments.order[some]
                looked = _look(world, hazards, journey, order, moments.as_of[some])
                found[some] = _probability(world, looked, shift[order], paths, is_heard=state == CONTACT)
    return found


def _look(world: World, hazards: Hazards, journey: Journey, order: Ints, as_of: Floats) -> Looked:
    """The facts known at `as_of` (r,)."""
    h, j, r = hazards.take(order), journey, np.arange(len(order))

    def known(moment: Floats) -> Floats:
        return np.where(moment[order] <= as_of, moment[order], np.inf)

    contacted, delivered = known(j.contacted), known(j.delivered)
    at_place = h.missing_at[r, j.is_wrong_address[order].astype(np.int64), j.place[order]]
    is_overdue = np.isfinite(contacted) & (j.kind[order] == OVERDUE)
    return Looked(
        hazards=h,
        latest=h.latest[:, None],
        close=h.close[:, None],
        as_of=as_of[:, None],
        shipped=known(j.shipped)[:, None],
        scanned=known(j.scanned)[:, None],
        delivered=delivered[:, None],
        contacted=contacted[:, None],
        missing=np.where(np.isfinite(delivered), at_place, h.missing)[:, None],
        claim=_claim_share(world, h, journey, order, as_of)[:, None],
        after=np.where(is_overdue, world.claim.after_delivery_share, 1.0)[:, None],
        is_overdue=is_overdue[:, None],
        floor=np.where(h.is_tracked, as_of, np.where(is_overdue, contacted, -1.0))[:, None],
    )


def _claim_share(world: World, h: Hazards, journey: Journey, order: Ints, as_of: Floats) -> Floats:
    """(r,) P(a claim is meant | the contact, and its answer if known); 0 without contact."""
    share = np.zeros(len(order))
    rows = np.flatnonzero(journey.contacted[order] <= as_of)
    if not len(rows):
        return share
    some, of = h.take(rows), order[rows]
    kind = journey.kind[of]
    waited = as_of[rows] - journey.contacted[of]
    mix = answer_shares(world, some.reply_log, some.unanswered, some.refund, waited)
    is_known = journey.replied[of] <= as_of[rows]
    mix[is_known] = np.eye(5)[journey.answer[of[is_known]]]
    log_odds = some.claim_log_odds[np.arange(len(rows)), kind]
    share[rows] = (expit(log_odds[:, None] + answer_effects(world)[kind]) * mix).sum(axis=1)
    return share


def _probability(world: World, looked: Looked, shift: Floats, paths: int, *, is_heard: bool) -> Floats:
    """(r,) the truth: paths on which the parcel arrives, and one on which it is lost, by their weights."""
    judge = _heard if is_heard else _unheard
    is_settled = bool(np.isfinite(looked.delivered).all())
    u = _lattice(shift, paths, first=3 if is_settled else 2)
    arrived, weight = (looked.delivered, np.ones_like(looked.as_of)) if is_settled else _arrivals(world, looked, u)
    ahead, quiet = judge(world, looked, arrived, u[3])
    ahead, quiet = (weight * ahead).mean(axis=1), (weight * quiet).mean(axis=1)
    if is_settled:
        return ahead / quiet
    lost = _lost_share(world, looked)
    never = np.where(np.isfinite(looked.delivered), looked.delivered, _NEVER)
    lost_ahead, lost_quiet = judge(world, looked, never, _lattice(shift, min(paths, _LOST_PATHS), first=3)[3])
    found: Floats = (ahead + lost * lost_ahead.mean(axis=1)) / (quiet + lost * lost_quiet.mean(axis=1))
    return found


def _lattice(shift: Floats, paths: int, *, first: int) -> Floats:
    """(4, r, paths) uniforms in (0, 1): an evenly spaced grid for dimension `first`, an R-sequence for the others."""
    step = np.empty(4)
    step[first] = 1.0 / paths
    step[[d for d in range(4) if d != first]] = _STEPS
    u = shift.T[:, :, None] + np.arange(paths) * step[:, None, None]
    u -= np.floor(u)
    return np.clip(u, 1e-12, 1.0 - 1e-12)


def _arrivals(world: World, looked: Looked, u: Floats) -> tuple[Floats, Floats]:
    """(r, p) when the parcel arrives if it is not lost, and the weight: P(not lost, not arrived until `floor`)."""
    h = looked.hazards
    log, sigma = h.transit_log[:, None], h.transit_sigma[:, None]
    is_tracked = h.is_tracked[:, None]
    shipped = looked.shipped
    if not np.isfinite(shipped).all():
        shipped = np.where(np.isfinite(shipped), shipped, _shipped(world, looked, u[0]))
    since = np.where(is_tracked, np.maximum(shipped, looked.as_of), shipped)
    scanned = looked.scanned
    if not np.isfinite(scanned).all():
        scanned = np.where(np.isfinite(scanned), scanned, since - world.transit.scan_gap_days * np.log(u[1]))
    elapsed = np.maximum(looked.floor - scanned, 0.0)
    weight = 1.0 - np.where(shipped > h.ship_by[:, None], h.loss[:, 1:], h.loss[:, :1])
    tail = u[2]
    if elapsed.any():
        with np.errstate(divide="ignore"):
            still = ndtr((log - np.log(elapsed)) / sigma)
        tail, weight = tail * still, weight * still
    arrived = scanned + np.exp(log - sigma * ndtri(np.maximum(tail, 1e-300)))
    return np.where(np.isfinite(looked.delivered), looked.delivered, arrived), weight


def _shipped(world: World, looked: Looked, u: Floats) -> Floats:
    """(r, p) when the parcel is handed over, which has not happened until as_of."""
    log, sigma = looked.hazards.ship_log[:, None], world.shop.handling_sigma
    with np.errstate(divide="ignore"):
        tail = ndtr((log - np.log(looked.as_of)) / sigma)
    shipped: Floats = np.exp(log - sigma * ndtri(np.maximum(tail * u, 1e-300)))
    return np.clip(shipped, looked.as_of, looked.hazards.ship_most[:, None])


def _lost_share(world: World, looked: Looked) -> Floats:
    """(r,) joint weight of being lost and the scans seen so far, where those of arriving have P(no scan so far) = 1."""
    h, as_of = looked.hazards, looked.as_of[:, 0]
    is_shipped, is_scanned = np.isfinite(looked.shipped[:, 0]), np.isfinite(looked.scanned[:, 0])
    with np.errstate(divide="ignore"):
        not_yet, in_time = (ndtr((h.ship_log - np.log(t)) / world.shop.handling_sigma) for t in (as_of, h.ship_by))
    is_late = np.where(is_shipped, looked.shipped[:, 0] > h.ship_by, np.minimum(in_time / not_yet, 1.0))
    loss = (1.0 - is_late) * h.loss[:, 0] + is_late * h.loss[:, 1]
    waited = np.where(h.is_tracked & is_shipped, as_of - np.where(is_shipped, looked.shipped[:, 0], 0.0), 0.0)
    unscanned = np.exp(waited / world.transit.scan_gap_days)
    early = loss * world.loss.before_scan_share
    lost = loss - early + np.where(is_scanned, 0.0, early * np.where(is_scanned, 1.0, unscanned))
    return np.where(np.isfinite(looked.delivered[:, 0]), 0.0, lost)


def _heard(world: World, looked: Looked, arrived: Floats, _u: Floats) -> tuple[Floats, Floats]:
    """Ahead and quiet after a contact: a claim of an overdue parcel mostly dies when it arrives."""
    opens = np.where(looked.is_overdue, np.minimum(looked.latest + OVERDUE_WAIT_DAYS, arrived), 0.0)
    earliest = np.maximum(looked.contacted + CONTACT_WAIT_DAYS, opens)

    def claimed_by(moment: Floats) -> Floats:
        before = filed_by(world, np.minimum(moment, arrived) - earliest)
        return looked.claim * ((1.0 - looked.after) * before + looked.after * filed_by(world, moment - earliest))

    so_far = claimed_by(looked.as_of)
    return claimed_by(looked.close) - so_far, 1.0 - so_far


def _unheard(world: World, looked: Looked, arrived: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Ahead and quiet without a contact so far: buyers who write, buyers of the silent kind."""
    h, c = looked.hazards, world.contact
    is_late = h.is_tracked[:, None] & (arrived > looked.latest) & (arrived < _NEVER)
    product = np.where(is_late, h.product[:, 1:], h.product[:, :1])
    writing, quiet = _writing(world, looked, arrived, (product, is_late), u)
    silent, silent_quiet = _silent(world, looked, arrived, product, is_late)
    share = c.silent_share
    return (1.0 - share) * writing + share * silent, (1.0 - share) * quiet + share * silent_quiet


def _writing(
    world: World, looked: Looked, arrived: Floats, goods: tuple[Floats, Flags], u: Floats
) -> tuple[Floats, Floats]:
    """Ahead and quiet of a buyer who writes first: while overdue, else after delivery."""
    h, c, as_of, close = looked.hazards, world.contact, looked.as_of, looked.close
    share, wait = h.overdue_share[:, None], -np.log(u)
    so_far = np.exp(-np.maximum(as_of - looked.latest, 0.0) / c.overdue_mean_days)
    in_the_end = np.exp(-np.maximum(np.minimum(arrived, close) - looked.latest, 0.0) / c.overdue_mean_days)
    later = np.maximum(1.0 - in_the_end / so_far, 0.0)
    contacted = np.maximum(as_of, looked.latest) - c.overdue_mean_days * np.log1p(-u * later)
    earliest = np.maximum(contacted + CONTACT_WAIT_DAYS, np.minimum(looked.latest + OVERDUE_WAIT_DAYS, arrived))
    after = world.claim.after_delivery_share
    filed = (1.0 - after) * filed_by(world, np.minimum(arrived, close) - earliest)
    filed += after * filed_by(world, close - earliest)
    ahead = share * so_far * later * h.claim[:, OVERDUE, None] * filed
    settled, unsettled = _written_after_delivery(world, looked, arrived, goods, wait)
    quiet_at_arrival = 1.0 - share * (1.0 - in_the_end)
    quiet_so_far = 1.0 - share * (1.0 - np.maximum(so_far, in_the_end))
    return ahead + quiet_at_arrival * settled, quiet_so_far * unsettled


def _written_after_delivery(
    world: World, looked: Looked, arrived: Floats, goods: tuple[Floats, Flags], wait: Floats
) -> tuple[Floats, Floats]:
    """P(contact after as_of and a claim), P(no contact until as_of), given arrival without a contact before."""
    h, c = looked.hazards, world.contact
    product, is_late = goods
    product_claim = np.where(is_late, h.claim[:, PRODUCT_LATE, None], h.claim[:, PRODUCT, None])
    kinds = (
        (looked.missing, h.claim[:, MISSING, None], c.missing_mean_days),
        (product * (1.0 - c.product_slow_share), product_claim, c.product_mean_days),
        (product * c.product_slow_share, product_claim, c.product_slow_mean_days),
        (h.other[:, None], h.claim[:, OTHER, None], c.other_mean_days),
    )
    base = np.maximum(looked.as_of, arrived)
    left, age = looked.close - CONTACT_WAIT_DAYS - base, base - arrived
    ahead, heard = np.zeros_like(wait), np.zeros_like(arrived)
    is_past = bool(age.any())
    for share, claim, mean in kinds:
        still = share * np.exp(-age / mean) if is_past else share
        ahead += still * claim * filed_by(world, left - mean * wait)
        heard += share - still
    return ahead, 1.0 - heard


def _silent(
    world: World, looked: Looked, arrived: Floats, product: Floats, is_late: Flags
) -> tuple[Floats, Floats]:
    """Ahead and quiet of a buyer who never writes: claims while overdue, else after delivery."""
    h, s = looked.hazards, looked.hazards.silent_claim
    goods = product * np.where(is_late, s[:, PRODUCT_LATE, None], s[:, PRODUCT, None])
    meant = looked.missing * s[:, MISSING, None] + goods + h.other[:, None] * s[:, OTHER, None]
    overdue = (h.overdue_share * s[:, OVERDUE])[:, None]
    opens = looked.latest + OVERDUE_WAIT_DAYS
    so_far = overdue * filed_by(world, np.minimum(looked.as_of, arrived) - opens)
    in_the_end = overdue * filed_by(world, np.minimum(looked.close, arrived) - opens)
    after_so_far = meant * filed_by(world, looked.as_of - arrived - OVERDUE_WAIT_DAYS)
    after = meant * filed_by(world, looked.close - arrived - OVERDUE_WAIT_DAYS)
    ahead = in_the_end - so_far + (1.0 - in_the_end) * (after - after_so_far)
    return ahead, (1.0 - so_far) * (1.0 - after_so_far)
