"""The occasion on which an order is looked at: where it is in its life, and what is wrong there."""

from __future__ import annotations

import numpy as np

from features.columns import Bools, Columns, Ints
from features.moments import reached_states, states
from features.order import STATES, State

OCCASIONS = (
    "placed", "late_to_ship", "shipped", "in_transit", "overdue", "delivered", "contact", "unanswered",
)  # fmt: skip
OVERDUE = OCCASIONS.index("overdue")


def occasions(columns: Columns) -> Ints:
    """(n,) int64: the place in OCCASIONS of each order as known at its as_of.

    late_to_ship: not shipped and ship_by is past; overdue: not delivered and latest_delivery_at is past; unanswered:
    the buyer's last message has no later reply, or a return request is not authorised.
    """
    state, as_of = states(columns), columns["as_of"]
    by_state = np.array([OCCASIONS.index(str(s)) for s in STATES])
    found = by_state[state]
    reached = reached_states(columns)
    heard = reached[State.CONTACT]
    found[~reached[State.SHIPPED] & ~heard & (columns["ship_by"] <= as_of)] = OCCASIONS.index("late_to_ship")
    found[~reached[State.DELIVERED] & ~heard & (columns["latest_delivery_at"] <= as_of)] = OVERDUE
    found[heard & _waits_for_answer(columns)] = OCCASIONS.index("unanswered")
    return found


def _waits_for_answer(columns: Columns) -> Bools:
    message = np.fmax(columns["first_message_at"], columns["last_message_at"])
    reply = np.fmax(columns["first_reply_at"], columns["last_reply_at"])
    answered = np.fmax(columns["return_authorised_at"], columns["refunded_at"])
    asked = ~np.isnan(columns["return_requested_at"]) & np.isnan(answered)
    return np.asarray((~np.isnan(message) & ~(reply >= message)) | asked)
