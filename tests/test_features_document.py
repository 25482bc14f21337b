"""The JSON door: what is no order is refused, by name, without its value, and never with a crash."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.document import MOST_PROBLEMS, DocumentRefused, checked_columns, read_json, read_order
from features.errors import InputError, OrderRefused, Problem
from features.order import Order, attributes

AS_OF = 1_790_000_000.0
PLACED = "2026-09-01T00:00:00Z"


def problems(**given: Any) -> tuple[Problem, ...]:
    """Why an order with these attributes is refused."""
    with pytest.raises(OrderRefused) as refusal:
        checked_columns(read_order({"order_id": "1", **given}), AS_OF)
    return refusal.value.problems


def found(**given: Any) -> list[tuple[str, str]]:
    return [(problem.attribute, problem.code) for problem in problems(**given)]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nul", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"a": NaN}', b'{"a": -Infinity}', b"[" * 100_000,
        b'{"a":' * 100_000, b'{"quantity": ' + b"9" * 5_000 + b"}", b'{"a": 1, "a": 2}', b'{"e": {"a": 1, "a": 1}}',
        b'{"\\ud800": 1, "\\ud800": 2}', b'{"a": 01}', b"{'a': 1}", b'{"a": "\x00"}',
    ],
)  # fmt: skip
def test_what_is_no_json_that_we_take_is_refused_with_a_text_that_can_be_sent(body: bytes) -> None:
    with pytest.raises(DocumentRefused, match="expected") as refusal:
        read_json(body)
    assert len(str(refusal.value).encode()) < 300


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    try:
        json.dumps(read_json(body), allow_nan=False)
    except DocumentRefused:
        return
    except ValueError:  # 1e999 is JSON, and no attribute takes it
        assert b"e" in body.lower()


def test_a_huge_body_of_repeated_names_is_refused_at_once() -> None:
    names = ", ".join(f'"a{i}": 1' for i in range(100_000))
    with pytest.raises(DocumentRefused, match="'a99999' twice"):
        read_json(f'{{{names}, "a99999": 1}}'.encode())


@pytest.mark.parametrize("value", [None, 1, "x", [], [{}], True])
def test_only_an_object_is_an_order(value: Any) -> None:
    with pytest.raises(OrderRefused, match="object"):
        read_order(value)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10)
trees = st.recursive(
    scalars, lambda t: st.lists(t, max_size=3) | st.dictionaries(st.text(st.characters()), t, max_size=3)
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*attributes(), "extra"]) | st.text(st.characters(), max_size=8), trees, max_size=8)
)
def test_any_object_is_an_order_or_refused_with_problems_that_can_be_sent(value: dict[str, Any]) -> None:
    told: list[Problem] = [Problem("", "none", "")]
    try:
        checked_columns(read_order({"order_id": "1", **value}), AS_OF)
    except OrderRefused as refusal:
        told = list(refusal.problems)
    assert told
    assert json.dumps([[p.attribute, p.code, p.detail] for p in told], ensure_ascii=False).encode()


@pytest.mark.parametrize("name", [n for n in attributes() if n != "shop_id"])
def test_no_refusal_echoes_the_value(name: str) -> None:
    secret = "sekret\x07" + "x" * 300
    for problem in problems(**{name: secret}) + problems(**{name: [secret]}) + problems(**{name: {secret: secret}}):
        assert problem.attribute == name
        assert "sekret" not in problem.detail


def test_each_wrong_attribute_is_named_once() -> None:
    assert sorted(found(quantity=0, is_gift="yes", marketplace="XX", extra={"a": [1], "b": {}, "c": 1})) == [
        ("extra/a", "not_an_extra"), ("extra/b", "not_an_extra"), ("is_gift", "not_a_flag"),
        ("marketplace", "not_in_set"), ("quantity", "not_a_count"),
    ]  # fmt: skip


def test_an_order_without_its_number_is_refused() -> None:
    with pytest.raises(OrderRefused) as refusal:
        read_order({})
    assert [(p.attribute, p.code) for p in refusal.value.problems] == [("order_id", "missing")]


def test_an_unknown_attribute_is_refused_with_the_nearest_names() -> None:
    (problem,) = problems(carier="UPS")
    assert (problem.attribute, problem.code) == ("carier", "unknown_attribute")
    assert '"carrier"' in problem.detail
    (own,) = problems(x_warehouse="A")
    assert '"extra"' in own.detail


def test_thousands_of_unknown_attributes_are_refused_in_short() -> None:
    assert len(problems(**{f"carrier_{i}" * 50: 1 for i in range(5_000)})) <= MOST_PROBLEMS


@pytest.mark.parametrize("value", [1e999, float("nan"), [1], {}, {"a": 1}, "\ud800", 10**400])
def test_an_extra_value_is_a_flag_a_finite_number_or_text(value: Any) -> None:
    assert found(extra={"a": value}) == [("extra/a", "not_an_extra")]
    for sound in (True, 1, 1.5, "x", None):
        assert isinstance(read_order({"order_id": "1", "extra": {"a": sound}}), Order)


@pytest.mark.parametrize("name", ["", "a\x00", "x" * 65, "\ud800"])
def test_an_extra_name_must_be_one_that_a_column_may_have(name: str) -> None:
    (problem,) = problems(extra={name: 1})
    assert problem.code == "not_an_extra"
    assert problem.attribute.encode().startswith(b"extra/")


@pytest.mark.parametrize(
    "name", [a.name for a in attributes().values() if a.role in ("fact", "afterwards") and a.is_instant]
)
def test_a_fact_later_than_as_of_is_refused(name: str) -> None:
    assert (name, "after_as_of") in found(as_of=PLACED, **{name: "2026-09-01T00:00:00.000001Z"})
    assert checked_columns(read_order({"order_id": "1", "as_of": PLACED, name: PLACED}), AS_OF)[name].size == 1


def test_an_order_placed_after_as_of_is_told_once() -> None:
    assert found(as_of=PLACED, placed_at="2026-09-02T00:00:00Z") == [("placed_at", "after_as_of")]


def test_promises_may_lie_after_as_of() -> None:
    promises = {
        a.name: "2026-12-01T00:00:00Z" for a in attributes().values() if a.role == "promise" and a.name != "as_of"
    }
    columns = checked_columns(read_order({"order_id": "1", "as_of": PLACED, "placed_at": PLACED, **promises}), AS_OF)
    assert all(columns.known(name)[0] for name in promises)


def test_the_given_as_of_serves_where_the_order_has_none() -> None:
    assert checked_columns(read_order({"order_id": "1"}), AS_OF)["as_of"] == [AS_OF]
    assert checked_columns(read_order({"order_id": "1", "as_of": PLACED}), AS_OF)["as_of"] < [AS_OF]


def test_contradictions_and_later_facts_are_told_together() -> None:
    late = {"shipped_at": "2026-09-03T00:00:00Z", "delivered_at": "2026-09-02T00:00:00Z"}
    assert sorted(found(placed_at=PLACED, order_total=1, claim_opened_at="2099-01-01T00:00:00Z", **late)) == [
        ("claim_opened_at", "after_as_of"), ("currency", "money_without_currency"),
        ("delivered_at", "before_shipped_at"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["ship_by", "cancelled_at", "claim_decided_at", "return_authorised_at", "last_scan_at"]
)
def test_nothing_of_an_order_lies_before_it_was_placed(name: str) -> None:
    order = {"order_id": "1", "placed_at": PLACED, "as_of": "2026-11-01T00:00:00Z"}
    before = (datetime.fromisoformat(PLACED) - timedelta(seconds=1)).isoformat()
    with pytest.raises(OrderRefused) as refused:
        checked_columns(read_order(order | {name: before}), AS_OF)
    assert [(p.attribute, p.code) for p in refused.value.problems] == [(name, "before_placed_at")]
    assert checked_columns(read_order(order | {name: PLACED}), AS_OF).known(name)[0]


@pytest.mark.parametrize(
    ("back", "sent", "told"),
    [
        ("2026-08-31T23:59:59Z", None, ["before_placed_at"]),
        ("2026-09-10T00:00:00Z", None, []),
        ("2026-09-10T00:00:00Z", "2026-09-19T23:59:59Z", ["before_return_shipped_at"]),
        ("2026-09-10T00:00:00Z", "2026-09-20T00:00:00Z", []),
    ],
)
def test_a_return_asked_for_anew_excuses_no_arrival_before_the_order_or_before_it_was_sent(
    back: str, sent: str | None, told: list[str]
) -> None:
    order = {"order_id": "1", "placed_at": PLACED, "as_of": "2026-11-01T00:00:00Z", "return_shipped_at": sent}
    again = read_order(order | {"return_delivered_at": back, "return_requested_at": "2026-09-20T00:00:00Z"})
    if not told:
        assert checked_columns(again, AS_OF).known("return_delivered_at")[0]
        return
    with pytest.raises(OrderRefused) as refused:
        checked_columns(again, AS_OF)
    assert [p.code for p in refused.value.problems] == told


def test_every_refusal_is_an_input_error() -> None:
    assert issubclass(OrderRefused, InputError)
    assert issubclass(DocumentRefused, InputError)
