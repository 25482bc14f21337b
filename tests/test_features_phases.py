"""Phases: an order is late in its state once it is overdue, three weeks delivered or unanswered for a day."""

from __future__ import annotations

import numpy as np
import pytest

from features.columns import Columns
from features.moments import DAY, HOUR, states
from features.order import STATES
from features.phases import PHASES, STATE_OF_PHASE, phases

NEVER = float("nan")


def phase(as_of: float, **facts: float) -> str:
    """The phase of an order placed at 0 and promised for day 10; as_of and facts in days."""
    known = {"placed_at": 0.0, "latest_delivery_at": 10.0, "as_of": as_of, **facts}
    columns = Columns(1, {name: np.array([days * DAY]) for name, days in known.items()})
    return PHASES[phases(columns, states(columns))[0]]


@pytest.mark.parametrize(
    ("as_of", "facts", "expected"),
    [
        (11.0, {}, "placed"),
        (9.0, {"shipped_at": 1.0, "first_scan_at": 2.0}, "in_transit"),
        (10.5, {"shipped_at": 1.0, "first_scan_at": 2.0}, "overdue"),
        (29.0, {"delivered_at": 9.0}, "delivered"),
        (39.0, {"delivered_at": 9.0}, "settled"),
        (39.0, {"delivered_at": 9.0, "first_message_at": 38.8}, "contact"),
        (39.0, {"delivered_at": 9.0, "first_message_at": 38.0}, "unanswered"),
        (39.0, {"delivered_at": 9.0, "first_message_at": 30.0, "first_reply_at": 35.0}, "contact"),
    ],
)
def test_an_order_is_late_in_its_state_once_it_waited_long(
    as_of: float, facts: dict[str, float], expected: str
) -> None:
    assert phase(as_of, **facts) == expected


def test_each_phase_is_part_of_one_state_and_states_come_first() -> None:
    assert PHASES[: len(STATES)] == STATES
    assert [str(STATES[s]) for s in STATE_OF_PHASE[len(STATES) :]] == ["in_transit", "delivered", "contact"]


def test_a_request_to_return_alone_leaves_no_message_unanswered() -> None:
    assert phase(30.0, delivered_at=9.0, return_requested_at=20.0) == "contact"


def test_one_hour_short_of_a_day_counts_as_a_day() -> None:
    assert phase(30.0 + 23.0 * HOUR / DAY, delivered_at=9.0, first_message_at=30.0) == "unanswered"
