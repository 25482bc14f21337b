"""What is known at one moment: later facts, and what hangs on them, are unknown; the state follows from the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.columns import Columns
from features.kinds import TEXT_KINDS, Kind
from features.moments import DAY, as_known, as_known_from_final, facts, later_facts, reached_states, states
from features.order import STATES, State, attributes
from features.phases import phases
from features.timing import timing

NOW = 1_790_000_000.0
INSTANTS = [a.name for a in attributes().values() if a.is_instant and a.name != "as_of"]
STATE_FACTS = [
    "shipped_at",
    "first_scan_at",
    "latest_delivery_at",
    "delivered_at",
    "first_message_at",
    "return_requested_at",
]

times = st.sampled_from([NOW - 2 * DAY, NOW - 1, NOW, NOW + 1e-6, NOW + DAY, np.nan])
moments = st.dictionaries(st.sampled_from(INSTANTS), times)


def order(**given: Any) -> Columns:
    """One order by column, looked at now."""
    arrays = {"as_of": np.array([NOW])}
    for name, value in given.items():
        is_text = attributes()[name].kind in TEXT_KINDS
        arrays[name] = np.array([value], dtype=object if is_text else np.float64)
    return Columns(1, arrays)


def final(columns: Columns) -> Columns:
    return as_known_from_final(columns, plan_known=np.zeros(columns.n, dtype=np.bool_))


def everything(**instants: float) -> Columns:
    """An order with every value known, and these instants."""
    blank = {Kind.RATE: 0.5, **dict.fromkeys(TEXT_KINDS, "US")}
    values = {a.name: blank.get(a.kind, 1.0) for a in attributes().values() if not a.is_instant}
    return order(**values, **instants)


def known_names(columns: Columns) -> set[str]:
    return {name for name in columns if columns.known(name)[0]}


@given(moments)
def test_after_masking_no_fact_lies_ahead_and_no_other_has_changed(given_moments: dict[str, float]) -> None:
    columns = order(**given_moments)
    known = as_known(columns)
    assert later_facts(known) == {}
    for name, at in given_moments.items():
        is_later = name in facts() and at > NOW
        hangs_on = any(given_moments.get(fact, 0) > NOW for fact in attributes()[name].since)
        assert np.isnan(known[name][0]) == (np.isnan(at) or is_later or hangs_on)


@given(moments, moments, st.booleans())
def test_facts_later_than_as_of_change_nothing(
    now: dict[str, float], future: dict[str, float], from_final: bool
) -> None:
    know = final if from_final else as_known
    before = {name: at for name, at in now.items() if name not in facts() or at <= NOW}
    later = {name: at for name, at in future.items() if name in facts() and at > NOW and name not in before}
    hanging = {a.name for a in attributes().values() if set(a.since) & set(later)}
    kept = {name: at for name, at in before.items() if name not in hanging}
    without, with_later = know(order(**kept)), know(order(**kept, **later))
    assert known_names(with_later) == known_names(without)
    assert states(with_later) == states(without)


@pytest.mark.parametrize(("name", "fact"), [(a.name, fact) for a in attributes().values() for fact in a.since])
def test_what_hangs_on_a_fact_is_unknown_until_it_happened(name: str, fact: str) -> None:
    assert name in known_names(
        as_known(everything(**{name: NOW} if attributes()[name].is_instant else {}, **{fact: NOW}))
    )
    ahead = everything(**{name: NOW} if attributes()[name].is_instant else {}, **{fact: NOW + 1})
    assert not {name, fact} & known_names(as_known(ahead))


def test_masking_leaves_the_given_columns_alone() -> None:
    columns = order(delivered_at=NOW + 1, delivery_place=2.0)
    as_known(columns)
    assert columns["delivered_at"] == [NOW + 1]
    assert columns["delivery_place"] == [2.0]


def test_masking_is_row_by_row() -> None:
    rows = Columns(
        3,
        {"as_of": np.full(3, NOW), "delivered_at": np.array([NOW - 1, NOW + 1, np.nan]), "delivery_place": np.ones(3)},
    )
    assert as_known(rows).known("delivery_place").tolist() == [True, False, True]


def test_a_final_state_tells_of_a_placed_order_only_what_placing_tells() -> None:
    expected = {a.name for a in attributes().values() if a.known == "placed" and not a.is_instant}
    assert known_names(final(everything())) == expected | {"as_of"}


def test_a_plan_is_known_when_said_and_always_once_shipped() -> None:
    planned = {a.name for a in attributes().values() if a.known == "planned"}
    columns = everything()
    assert planned <= known_names(as_known_from_final(columns, plan_known=np.array([True])))
    for fact in ("shipped_at", "first_scan_at", "delivered_at"):
        assert planned <= known_names(final(everything(**{fact: NOW})))
        assert not planned & known_names(final(everything(**{fact: NOW + 1})))


@given(moments)
def test_a_final_state_never_tells_more_than_the_row_itself(given_moments: dict[str, float]) -> None:
    columns = everything(**given_moments)
    assert known_names(final(columns)) <= known_names(as_known(columns))


@given(moments)
def test_values_that_change_until_the_end_are_never_taken_from_a_final_state(given_moments: dict[str, float]) -> None:
    never = {a.name for a in attributes().values() if a.settled == "never"}
    assert not never & known_names(final(everything(**given_moments)))


def test_values_overwritten_on_the_way_stand_once_delivered() -> None:
    overwritten = {a.name for a in attributes().values() if a.settled is State.DELIVERED}
    way = dict.fromkeys(("shipped_at", "first_scan_at", "last_scan_at"), NOW - DAY)
    assert not overwritten & known_names(final(everything(**way)))
    assert overwritten <= known_names(final(everything(**way, delivered_at=NOW)))


def test_a_value_without_its_own_instant_is_not_dated_by_another_event() -> None:
    asked = final(everything(first_message_at=NOW - DAY))
    assert "message_topic" in known_names(asked)
    assert not {"return_reason", "refund_amount", "claim_type"} & known_names(asked)
    assert "proof_address_matches" not in known_names(final(everything(delivered_at=NOW)))


def test_instants_that_happened_date_themselves_in_a_final_state() -> None:
    dated = [name for name in facts() if attributes()[name].settled is None]
    for name in dated:
        assert name in known_names(final(order(**{name: NOW}))), name


@given(st.dictionaries(st.sampled_from(STATE_FACTS), times))
def test_the_state_is_the_last_one_entered(given_moments: dict[str, float]) -> None:
    def happened(name: str) -> bool:
        return given_moments.get(name, np.inf) <= NOW

    (place,) = states(order(**given_moments))
    overdue = happened("shipped_at") and happened("latest_delivery_at")
    expected = (
        State.CONTACT if happened("first_message_at") or happened("return_requested_at")
        else State.DELIVERED if happened("delivered_at")
        else State.IN_TRANSIT if happened("first_scan_at") or overdue
        else State.SHIPPED if happened("shipped_at")
        else State.PLACED
    )  # fmt: skip
    assert STATES[place] is expected


@given(moments, st.floats(0, 400))
def test_states_once_entered_stay_entered(given_moments: dict[str, float], days: float) -> None:
    columns = order(**given_moments)
    early, late = reached_states(columns), reached_states(columns.replacing({"as_of": np.array([NOW + days * DAY])}))
    assert all(late[state][0] or not early[state][0] for state in STATES)


def test_an_order_without_as_of_has_only_been_placed() -> None:
    columns = Columns(1, {"delivered_at": np.array([NOW])})
    assert states(columns) == [0]
    assert as_known(columns)["delivered_at"] == [NOW]


def test_the_last_word_of_a_later_day_is_not_taken_for_that_of_as_of() -> None:
    columns = everything(
        last_scan_at=NOW + DAY, first_message_at=NOW - DAY, last_message_at=NOW + DAY, claim_opened_at=NOW + DAY
    )
    last_words = {"tracking_status", "delivery_attempts", "message_count", "claim_type"}
    assert not last_words & known_names(as_known(columns))
    assert "message_topic" in known_names(as_known(columns))
    assert not {"tracking_status", "delivery_attempts"} & known_names(as_known(everything(delivered_at=NOW + DAY)))


def status(word: str) -> float:
    return float(attributes()["tracking_status"].choices.index(word))


@pytest.mark.parametrize(
    ("given_values", "expected"),
    [
        (
            {"ship_confirmed_at": NOW - DAY},
            State.PLACED,
        ),  # the seller's own word, which may come before the parcel leaves
        ({"last_scan_at": NOW - DAY}, State.IN_TRANSIT),
        ({"tracking_status": status("pre_transit")}, State.PLACED),
        ({"tracking_status": status("in_transit")}, State.IN_TRANSIT),
        ({"tracking_status": status("lost")}, State.IN_TRANSIT),
        ({"tracking_status": status("delivered")}, State.DELIVERED),
    ],
)
def test_any_sign_of_the_parcel_tells_its_state(given_values: dict[str, float], expected: State) -> None:
    assert STATES[states(order(**given_values))[0]] is expected
    many = Columns(40, {name: np.repeat(array, 40) for name, array in order(**given_values).items()})
    assert {STATES[place] for place in states(many)} == {expected}


@pytest.mark.parametrize("word", ["in_transit", "delivered"])
def test_how_a_parcel_ended_does_not_tell_the_state_of_an_earlier_day(word: str) -> None:
    columns = order(tracking_status=status(word), has_tracking=1.0)
    assert "has_tracking" not in known_names(final(columns))


def test_a_last_message_without_a_first_one_is_a_contact() -> None:
    at = NOW - 2 * DAY
    both, last = order(first_message_at=at, last_message_at=at), order(last_message_at=at)
    assert STATES[states(last)[0]] is State.CONTACT
    assert phases(last, states(last)) == phases(both, states(both))
    alone, beside = timing(last, 90.0), timing(both, 90.0)
    assert all(np.array_equal(alone[name], beside[name], equal_nan=True) for name in (*alone, *beside))


def test_how_long_the_first_message_waited_is_unknown_where_a_reply_came_before_the_only_one_told() -> None:
    told = timing(order(first_reply_at=NOW - 3 * DAY, last_message_at=NOW - 2 * DAY), 90.0)
    assert np.isnan([told["reply_hours"][0], told["unanswered_hours"][0]]).all()
    assert told["last_unanswered_hours"][0] == 48.0
