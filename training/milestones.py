"""The moments at which the truth is told: entries of states, and others that entries would miss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.entities import Flags, Floats, Ints
from training.hazards import Hazards
from training.journey import CONTACT, DELIVERED, IN_TRANSIT, PLACED, SHIPPED, Journey, on_clock

STATES = ("placed", "shipped", "in_transit", "delivered", "contact")
CELLS = ("entry", "overdue", "delivered_30", "unanswered_24", "random")


@dataclass(frozen=True, slots=True)
class Moments:
    """Orders looked at; arrays (m,): the order's row, days since placing, codes of state and cell."""

    order: Ints
    as_of: Floats
    state: Ints
    cell: Ints


def state_at(hazards: Hazards, journey: Journey, as_of: Floats) -> Ints:
    """(n,) state of each order from facts no later than `as_of` (n,)."""
    is_moving = (journey.scanned <= as_of) | (hazards.latest <= as_of)
    facts = [journey.contacted <= as_of, journey.delivered <= as_of, is_moving, journey.shipped <= as_of]
    return np.select(facts, [CONTACT, DELIVERED, IN_TRANSIT, SHIPPED], PLACED)


def milestones(hazards: Hazards, journey: Journey, seed: int, part: int) -> Moments:
    """All moments of all orders while at risk: no claim yet, window open."""
    j, n = journey, len(journey.shipped)
    u = np.random.default_rng([seed, 7, part]).random((4, n))
    found = [_looked(hazards, j, moment, state, 0) for state, moment in enumerate(_entries(hazards, j))]
    found.append(_looked(hazards, j, on_clock(hazards.latest + 1.0 + 9.0 * u[0]), IN_TRANSIT, 1))
    found.append(_looked(hazards, j, on_clock(j.delivered + 30.0 + 30.0 * u[1]), DELIVERED, 2))
    unanswered = on_clock(j.contacted + 1.0 + 2.0 * u[2])
    found.append(_looked(hazards, j, np.where(unanswered < j.replied, unanswered, np.inf), CONTACT, 3))
    found.append(_looked(hazards, j, on_clock(u[3] * hazards.close), None, 4))
    order, as_of, state, cell = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return Moments(order, as_of, state, cell)


def entered(hazards: Hazards, journey: Journey, state: int) -> tuple[Ints, Floats]:
    """Rows of the orders that enter a state while at risk, and when; (r,) each."""
    rows, as_of, _, _ = _looked(hazards, journey, _entries(hazards, journey)[state], state, 0)
    return rows, as_of


def _entries(hazards: Hazards, journey: Journey) -> list[Floats]:
    """By state, (n,) the moment at which each order enters it."""
    j = journey
    return [np.zeros(len(j.shipped)), j.shipped, np.minimum(j.scanned, hazards.latest), j.delivered, j.contacted]


def _looked(
    hazards: Hazards, journey: Journey, as_of: Floats, state: int | None, cell: int
) -> tuple[Ints, Floats, Ints, Ints]:
    """Rows at risk at these moments and, where one is wanted, in that state."""
    states = state_at(hazards, journey, as_of)
    is_at_risk: Flags = np.isfinite(as_of) & (as_of < hazards.close) & (as_of < journey.claimed)
    rows = np.flatnonzero(is_at_risk & (states == state) if state is not None else is_at_risk)
    return rows, as_of[rows], states[rows], np.full(len(rows), cell)
