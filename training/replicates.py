"""Replicates: simulated orders lived again from the entry of a state on, to count what truly comes of their claims.

The true probability (`training/rollout.py`) says nothing of types, of who pays or of defects. Those are counted: each
order keeps what had happened to it by then and draws the rest again, many times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from training.entities import Floats, Ints
from training.journey import CONTACT, Past, travelled
from training.milestones import STATES, entered
from training.simulate import lived
from training.verdicts import CLAIM_TYPES, Verdicts, judge
from training.world import World


@dataclass(frozen=True, slots=True)
class Foreseen:
    """r orders at their entry of a state. order_id, as_of: (r,); lives: (r,) times they were lived on from there.

    claims, paid, defects: (r, types) float64 mean numbers a life, types as in CLAIM_TYPES; amount: (r,) what the seller
    paid, in the order's currency.
    """

    order_id: pl.Series
    as_of: pl.Series
    lives: Ints
    claims: Floats
    paid: Floats
    defects: Floats
    amount: Floats


def foreseen(world: World, orders: int, seed: int, *, part: int, state: str, lives: int) -> Foreseen:
    """What comes of the orders of one part from their entry of `state` on; equal arguments give equal numbers.

    Lives in which something was heard of the order before that moment are none of it, and do not count.
    """
    reached = STATES.index(state)
    story, hazards = lived(world, orders, seed, part=part)
    rows, as_of = entered(hazards, story.journey, reached)
    counted = np.zeros(len(rows), dtype=np.int64)
    by_type, amount = np.zeros((len(CLAIM_TYPES), 3, len(rows))), np.zeros(len(rows))
    for life in range(lives):
        rng = np.random.default_rng([seed, 9, part, reached, life])
        journey = travelled(world, hazards, rng, Past(story.journey, reached))
        verdicts = judge(replace(story, journey=journey), rng)
        is_quiet = (journey.claimed[rows] > as_of) & ((journey.contacted[rows] > as_of) | (reached == CONTACT))
        is_claim = is_quiet & np.isfinite(journey.claimed[rows])
        counted += is_quiet
        at, of = np.flatnonzero(is_claim), rows[is_claim]
        by_type[verdicts.claim_type[of], :, at] += _counts(verdicts, of)
        amount[at] += (verdicts.amount * verdicts.seller_paid)[of]
    share = 1.0 / np.maximum(counted, 1)
    claims, paid, defects = (by_type[:, k].T * share[:, None] for k in range(3))
    moments = story.instants("as_of", _placed(as_of, rows, len(story.basket)))
    looked = pl.Series(rows)
    return Foreseen(story.order_ids[looked], moments[looked], counted, claims, paid, defects, amount * share)


def _counts(verdicts: Verdicts, rows: Ints) -> Floats:
    """(c, 3) of claims: one, paid by the seller, defect."""
    return np.stack([np.ones(len(rows)), verdicts.seller_paid[rows], verdicts.is_defect[rows]], axis=1)


def _placed(as_of: Floats, rows: Ints, n: int) -> Floats:
    """(n,) days since placing, inf for orders that are not looked at."""
    days = np.full(n, np.inf)
    days[rows] = as_of
    return days
