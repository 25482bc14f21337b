"""Phases: states cut where waiting changes what may still happen – overdue, long delivered, unanswered for a day.

An order that the buyer still awaits, one that has come to rest, and one whose buyer was left alone end in claims for
other reasons than fresh ones of the same state. Features say so too; calibration and intervals look at each by itself.
"""

from __future__ import annotations

import numpy as np

from features.columns import Columns, Ints
from features.moments import DAY, HOUR, message_at
from features.order import STATES, State
from features.undated import arrived_at

LATE = {"overdue": State.IN_TRANSIT, "settled": State.DELIVERED, "unanswered": State.CONTACT}
PHASES = (*(str(state) for state in STATES), *LATE)
STATE_OF_PHASE = np.array([*range(len(STATES)), *(STATES.index(state) for state in LATE.values())])
_IN_TRANSIT, _DELIVERED, _CONTACT = (STATES.index(state) for state in LATE.values())
_LATER = len(LATE)  # places from a state to its late phase: the last states have one, in their order
SETTLED_DAYS = 21.0
UNANSWERED_HOURS = 23.0


def phases(columns: Columns, state: Ints) -> Ints:
    """(n,) int64: the place in `PHASES` of each order; its state's own place until it is late in that state."""
    as_of = columns["as_of"]
    overdue = (state == _IN_TRANSIT) & (as_of > columns["latest_delivery_at"])
    settled = (state == _DELIVERED) & (as_of >= arrived_at(columns) + SETTLED_DAYS * DAY)
    waited = as_of >= message_at(columns) + UNANSWERED_HOURS * HOUR
    unanswered = (state == _CONTACT) & waited & ~(columns["first_reply_at"] <= as_of)
    phase: Ints = state + _LATER * (overdue | settled | unanswered)
    return phase
