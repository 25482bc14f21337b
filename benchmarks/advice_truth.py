"""What actions truly do in a simulated world: to claims of each type on average, and to each order's probability.

An action is what the simulator does when it is told to (`training.basket.INTERVENTIONS`); all else of an order stays as
it was drawn (common random numbers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training import basket as baskets
from training.entities import Flags, Floats, Ints, draw_entities, draw_shocks
from training.hazards import MISSING, OVERDUE, PRODUCT, PRODUCT_LATE, REPLY_48_REFUND, REPLY_REFUND, hazards_of
from training.journey import CONTACT, PLACED, travel
from training.milestones import Moments
from training.rollout import probabilities
from training.story import Story
from training.verdicts import judge
from training.world import World

HAND_OVER_LOOK_DAYS = 0.55  # before ship_by: the last advice that may still hold a parcel is given 12 h before it
TYPES = 3


@dataclass(frozen=True, slots=True)
class Deed:
    """An action of the catalogue in the simulator. do: the intervention, None where the simulator knows that it does
    nothing; undone: (n,) bool, the orders that were not handled as the action says."""

    do: str | None
    undone: Callable[[Story], Flags]


def _unanswered_in(days: float, kinds: tuple[int, ...]) -> Callable[[Story], Flags]:
    def found(story: Story) -> Flags:
        j = story.journey
        with np.errstate(invalid="ignore"):
            waits = ~(j.replied - j.contacted <= days)
        return np.asarray(np.isfinite(j.contacted) & np.isin(j.kind, kinds) & waits, dtype=np.bool_)

    return found


def _unrefunded(story: Story) -> Flags:
    j = story.journey
    asked = np.isfinite(j.contacted) & (j.kind == OVERDUE) & ~(j.delivered <= j.contacted)
    return np.asarray(asked & ~np.isin(j.answer, (REPLY_REFUND, REPLY_48_REFUND)), dtype=np.bool_)


def _nobody(story: Story) -> Flags:
    return np.zeros(len(story.basket), dtype=np.bool_)


ANY_KIND = (OVERDUE, MISSING, PRODUCT, PRODUCT_LATE, 4)
DEEDS: dict[str, Deed] = {
    "USE_TRACKED_SERVICE": Deed("tracking", lambda s: ~s.basket.has_tracking),
    "BUY_PROTECTED_LABEL": Deed("protected_label", lambda s: s.basket.has_tracking & ~s.basket.is_protected),
    "ADD_SIGNATURE": Deed("signature", lambda s: ~s.basket.has_signature & (s.basket.destination < 2)),
    "CHANGE_CARRIER_SERVICE": Deed(None, _nobody),  # the badge is noise in the simulator
    "HAND_OVER_IN_TIME": Deed("hand_over", lambda s: s.journey.shipped > s.basket.ship_by),
    "PAY_DUTIES": Deed("duties_paid", lambda s: s.basket.is_duties_unpaid),
    "FIX_LISTING": Deed("fix_listing", lambda s: s.basket.has_mismatch),
    "ADD_RETURN_ADDRESS": Deed("return_address", lambda s: ~s.basket.has_return_address),
    "OFFER_PREPAID_RETURN_LABEL": Deed("prepaid_label", lambda s: ~s.basket.offers_prepaid_label),
    "REPLY_NOW": Deed("reply_fast", _unanswered_in(1.0, ANY_KIND)),
    "AUTHORISE_RETURN": Deed("reply_fast", _unanswered_in(1.0, (PRODUCT, PRODUCT_LATE))),
    "REFUND_LOST_PARCEL": Deed("refund_fast", _unrefunded),
    "GET_PROOF_OF_DELIVERY": Deed(None, _nobody),  # proof changes who pays, not whether a claim is filed
}


def lived(world: World, orders: int, seed: int, part: int, *, do: str | None = None, again: int = 0) -> Story:
    """The orders of one part and what became of them; `again`: another fate of the same orders."""
    entities, shocks = draw_entities(world, seed), draw_shocks(world, seed, part)
    basket = baskets.place_orders(world, entities, shocks, orders, seed, part)
    if do is not None:
        basket = baskets.intervene(basket, entities, do)
    fate = seed + 1_000 * again
    return Story(world, entities, basket, travel(world, hazards_of(world, entities, basket), fate, part), fate, part)


@dataclass(frozen=True, slots=True)
class TrueEffect:
    """(types,) log of claims with ÷ without an action among orders not handled so, and its standard error; NaN where
    there are too few claims to tell."""

    log_rr: Floats
    error: Floats


def true_effects(world: World, orders: int, seed: int, fates: int) -> dict[str, TrueEffect]:
    """What each action does to claims of each type, from `fates` lives of the orders of part 0."""
    with_it = {name: np.zeros((TYPES, 0)) for name in DEEDS}
    without = {name: np.zeros((TYPES, 0)) for name in DEEDS}
    for again in range(1, fates + 1):
        plain = lived(world, orders, seed, 0, again=again)
        before = _claims(plain)
        for do in sorted({d.do for d in DEEDS.values() if d.do is not None}):
            after = _claims(lived(world, orders, seed, 0, do=do, again=again))
            for name, deed in DEEDS.items():
                if deed.do == do:
                    where = deed.undone(plain)
                    with_it[name] = np.concatenate([with_it[name], after[:, where]], axis=1)
                    without[name] = np.concatenate([without[name], before[:, where]], axis=1)
    return {name: _effect(deed, with_it[name], without[name]) for name, deed in DEEDS.items()}


def _claims(story: Story) -> Floats:
    """(types, n) 1 where a claim of the type came."""
    kind, came = judge(story).claim_type, np.isfinite(story.journey.claimed)
    return np.asarray((np.arange(TYPES)[:, None] == kind) & came, dtype=np.float64)


def _effect(deed: Deed, with_it: Floats, without: Floats) -> TrueEffect:
    if deed.do is None:
        return TrueEffect(np.zeros(TYPES), np.zeros(TYPES))
    after, before = with_it.sum(axis=1), without.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_rr = np.where((after > 0) & (before >= 30), np.log(after / before), np.nan)
        error = np.sqrt(((with_it / after[:, None] - without / before[:, None]) ** 2).sum(axis=1))
    return TrueEffect(log_rr, error)


@dataclass(frozen=True, slots=True)
class Later:
    """Orders of a later part when advice is asked for; order, as_of (days since placing) and name: (m,) each."""

    world: World
    seed: int
    story: Story
    order: Ints
    as_of: Floats
    name: np.ndarray

    def instants(self) -> Floats:
        """(m,) epoch seconds of the moments."""
        placed = self.story.instants("at", np.zeros(len(self.story.basket))).dt.epoch("s").to_numpy()
        return np.asarray(placed[self.order] + np.round(self.as_of * 86400.0))

    def true_probabilities(self, do: str | None, rows: Ints, paths: int = 32) -> Floats:
        """(r,) P(claim) of some of the moments, given what had happened by then, if `do` were done from then on."""
        s = self.story
        basket = s.basket if do is None else baskets.intervene(s.basket, s.entities, do)
        hazards = hazards_of(self.world, s.entities, basket)
        state = np.where(self.name[rows] == "contact", CONTACT, PLACED)
        moments = Moments(self.order[rows], self.as_of[rows], state, np.zeros(len(rows), dtype=np.int64))
        return probabilities(self.world, hazards, s.journey, moments, paths=paths, stream=(self.seed, s.part))


def later_orders(world: World, orders: int, seed: int, part: int = 1) -> Later:
    """Every order when it is placed, shortly before ship_by if it is still there, and when the buyer writes."""
    story = lived(world, orders, seed, part)
    j, placed = story.journey, np.arange(orders)
    look = story.basket.ship_by - HAND_OVER_LOOK_DAYS
    waits = np.flatnonzero((j.shipped > look) & (look > 0.1))
    asks = np.flatnonzero(np.isfinite(j.contacted) & (j.claimed > j.contacted))
    order = np.concatenate([placed, waits, asks])
    as_of = np.concatenate([np.zeros(orders), look[waits], j.contacted[asks]])
    sizes = {"placed": len(placed), "before_ship_by": len(waits), "contact": len(asks)}
    return Later(world, seed, story, order, as_of, np.repeat(list(sizes), list(sizes.values())))
