"""Simulated claims as the marketplace reports them: type, who pays, what counts as a defect.

The rules are a short form of the policy sheet, sections 3 and 5: a protected label with a scan in time moves
not-received claims to the marketplace, proof with a signature wins, an unanswered buyer loses for the seller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from training.entities import Flags, Floats, Ints
from training.hazards import MISSING, NO_REPLY, OVERDUE, PLACES, PRODUCT, PRODUCT_LATE
from training.journey import on_clock
from training.story import Story, coded

CLAIM_TYPES = ("not_received", "not_as_described", "return_or_refund")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of claims; arrays (n,) over all orders, `decided` in days since placing (inf without a claim)."""

    claim_type: Ints
    decided: Floats
    recorded: Floats
    seller_paid: Flags
    is_marketplace_funded: Flags
    is_defect: Flags
    amount: Floats


def judge(story: Story, rng: np.random.Generator | None = None) -> Verdicts:
    """The verdict on every claim; drawn from `rng`, or from the story's own stream."""
    b, j, n = story.basket, story.journey, len(story.basket)
    rng = rng or np.random.default_rng([story.seed, 6, story.part])
    u = rng.random((5, n))
    is_goods = np.isin(j.kind, (PRODUCT, PRODUCT_LATE))
    has_no_way = ~b.has_return_address & ~b.offers_prepaid_label
    is_described = is_goods & (u[0] >= 0.22 + 0.2 * has_no_way)
    kind = np.where(np.isin(j.kind, (OVERDUE, MISSING)), 0, np.where(is_described, 1, 2))
    is_funded = (kind == 0) & b.is_protected & (j.scanned <= b.ship_by)
    is_signed = (j.delivered < j.claimed) & (j.place == PLACES.index("signed"))
    is_answered = np.isfinite(j.contacted) & (j.answer != NO_REPLY)
    pays = np.where(kind == 0, np.where(is_signed, 0.15, np.where(j.delivered < j.claimed, 0.55, 0.95)), 0.72)
    seller_paid = ~is_funded & (u[1] < np.where(is_answered, pays, np.minimum(pays + 0.2, 1.0)))
    decided = on_clock(j.claimed + 1.0 + 9.0 * u[2])
    share = np.where(u[4] < 0.85, 1.0, 0.5)
    return Verdicts(
        claim_type=kind,
        decided=decided,
        recorded=on_clock(j.claimed + 0.1 + 2.0 * u[3]),
        seller_paid=seller_paid,
        is_marketplace_funded=is_funded,
        is_defect=seller_paid & (u[3] < 0.9),
        amount=np.round(b.price * b.quantity * share, 2),
    )


def outcomes_frame(story: Story, verdicts: Verdicts, orders: pl.DataFrame) -> pl.DataFrame:
    """One row per claim, sorted by the moment of filing."""
    v, n = verdicts, len(story.basket)
    funder = np.where(v.seller_paid, 0, np.where(v.is_marketplace_funded, 1, -1))
    event = ("a2z-" + orders["order_id"].str.slice(4)).alias("event_id")
    columns = [
        orders["order_id"],
        event,
        pl.Series("kind", ["a_to_z"]).new_from_index(0, n),
        coded("claim_type", v.claim_type, CLAIM_TYPES),
        story.instants("claim_opened_at", story.journey.claimed),
        story.instants("decided_at", v.decided),
        pl.Series("seller_paid", v.seller_paid),
        pl.Series("counts_as_defect", v.is_defect),
        pl.Series("amount", v.amount),
        orders["currency"],
        coded("funded_by", funder, ("seller", "marketplace")),
        pl.Series("source", ["seller_central"]).new_from_index(0, n),
        story.instants("recorded_at", v.recorded),
        pl.Series("retracted", np.zeros(n, dtype=np.bool_)),
    ]
    return pl.DataFrame(columns).filter(np.isfinite(story.journey.claimed)).sort("claim_opened_at", "order_id")
