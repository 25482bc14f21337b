"""What lies ahead of an order on one path of its future: the chance of a claim, given when its parcel arrives.

For each path two numbers, averaged by formula over grievance, answer and filing delay,

    quiet   P(the facts so far, nothing else heard until as_of | path)
    ahead   P(the same, and a claim in (as_of, close] | path)

with the mechanisms of `hazards`. Shapes: (r,) orders looked at, (r, p) their paths; times in days since placing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from training.entities import Flags, Floats
from training.hazards import (
    CONTACT_WAIT_DAYS,
    MISSING,
    OTHER,
    OVERDUE,
    OVERDUE_WAIT_DAYS,
    PRODUCT,
    PRODUCT_LATE,
    Hazards,
    filed_by,
)
from training.world import World

NEVER: Final = 1e6


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


def heard(world: World, looked: Looked, arrived: Floats, _u: Floats) -> tuple[Floats, Floats]:
    """Ahead and quiet after a contact: a claim of an overdue parcel mostly dies when it arrives."""
    opens = np.where(looked.is_overdue, np.minimum(looked.latest + OVERDUE_WAIT_DAYS, arrived), 0.0)
    earliest = np.maximum(looked.contacted + CONTACT_WAIT_DAYS, opens)

    def claimed_by(moment: Floats) -> Floats:
        before = filed_by(world, np.minimum(moment, arrived) - earliest)
        return looked.claim * ((1.0 - looked.after) * before + looked.after * filed_by(world, moment - earliest))

    so_far = claimed_by(looked.as_of)
    return claimed_by(looked.close) - so_far, 1.0 - so_far


def unheard(world: World, looked: Looked, arrived: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Ahead and quiet without a contact so far: buyers who write, buyers of the silent kind."""
    h, c = looked.hazards, world.contact
    is_late = h.is_tracked[:, None] & (arrived > looked.latest) & (arrived < NEVER)
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


def _silent(world: World, looked: Looked, arrived: Floats, product: Floats, is_late: Flags) -> tuple[Floats, Floats]:
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
