"""What happened on a day that nobody tells: it counts as done, is never late, and teaches nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.columns import Columns, concatenated
from features.completion import completed
from features.document import columns_of, read_order
from features.moments import as_known, as_known_from_final, states
from features.order import STATES, State
from features.timing import timing
from service.wording import rendered_value

BASE: dict[str, Any] = {
    "order_id": "1", "marketplace": "US", "placed_at": "2026-10-01T09:00:00Z", "order_total": 21.6, "currency": "USD",
    "delivered_at": "2026-10-08T09:00:00Z", "return_requested_at": "2026-10-12T09:00:00Z",
    "return_delivered_at": "2026-10-20T09:00:00Z", "as_of": "2026-10-26T09:00:00Z",
}  # fmt: skip


def order(**more: object) -> Columns:
    return as_known(columns_of([read_order(BASE | more)]))


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        ("unrefunded_days", {"refund_amount": 21.6}),
        ("unrefunded_days", {"has_refund": True}),
        ("unauthorised_hours", {"has_return_authorisation": True}),
    ],
)
def test_nothing_waits_for_what_was_done_on_a_day_nobody_tells(feature: str, said: dict[str, object]) -> None:
    assert timing(order(), 90.0)[feature][0] > 0.0
    assert timing(order(**said), 90.0)[feature][0] == 0.0


def test_a_refund_of_nothing_is_none_and_beside_the_word_that_there_was_one_its_size_is_unknown() -> None:
    dated: dict[str, object] = {"refunded_at": "2026-10-22T09:00:00Z"}
    nothing, a_cent = {"refund_amount": 0.0}, dated | {"refund_amount": 0.01}
    given = [dated | nothing, {"has_refund": True} | nothing, a_cent]
    meant: list[dict[str, object]] = [{}, {"has_refund": True}, a_cent]
    alone, told = [completed(order(**one)) for one in given], [completed(order(**one)) for one in meant]
    for found in (concatenated(alone), completed(concatenated([order(**one) for one in given]))):
        for name, values in timing(concatenated(told), 90.0).items():
            np.testing.assert_array_equal(timing(found, 90.0)[name], values, name)


def test_what_has_no_date_is_as_unknown_to_training_as_what_was_not_told() -> None:
    final = order(refund_amount=21.6, has_refund=True, has_return_authorisation=True, has_return_label=True)
    known = as_known_from_final(final, plan_known=np.ones(1, dtype=np.bool_))
    assert [n for n in ("refund_amount", *(n for n in known if n.startswith("has_re"))) if known.known(n)[0]] == []


def test_a_label_is_not_known_before_the_return_was_authorised() -> None:
    later = order(return_authorised_at="2026-10-13T09:00:00Z", has_return_label=True, as_of="2026-10-12T10:00:00Z")
    assert not later.known("has_return_label")[0]


def test_a_reason_does_not_call_it_missing() -> None:
    columns = order(refund_amount=21.6)
    assert rendered_value(columns, 0, "refunded_at", "en") == "done, day not told"


def test_a_scan_that_nobody_makes_is_not_called_late() -> None:
    under_way = {"delivered_at": None, "return_requested_at": None, "return_delivered_at": None}
    columns = order(**under_way, shipped_at="2026-10-03T09:00:00Z", has_tracking=False)
    assert rendered_value(columns, 0, "first_scan_at", "en") == "none, as the parcel is untracked"
    columns = order(**under_way, shipped_at="2026-10-03T09:00:00Z", has_tracking=True)
    assert rendered_value(columns, 0, "first_scan_at", "en") == "not yet, for 23.0 days"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"shipped_at": "2026-10-03T09:00:00Z"}, "handed over 24 h early"),
        ({"first_scan_at": "2026-10-05T09:00:00Z"}, "handed over 24 h late"),
        ({"last_scan_at": "2026-10-07T09:00:00Z"}, "done, day not told"),
        ({"delivered_at": "2026-10-08T09:00:00Z"}, "done, day not told"),
        ({"tracking_status": "in_transit"}, "done, day not told"),
        ({"tracking_status": "pre_transit"}, "missed by 22.0 days"),
        ({"return_delivered_at": "2026-10-20T09:00:00Z"}, "done, day not told"),
    ],
)
def test_a_later_sign_of_the_parcel_does_not_make_its_hand_over_late(said: dict[str, str], expected: str) -> None:
    bare = {"delivered_at": None, "return_delivered_at": None, "ship_by": "2026-10-04T09:00:00Z"}
    columns = order(**bare | said)
    assert rendered_value(columns, 0, "ship_by", "en") == expected


def test_a_delivery_that_the_carrier_s_status_tells_has_no_day() -> None:
    assert rendered_value(order(delivered_at=None, tracking_status="delivered"), 0, "delivered_at", "en") == (
        "done, day not told"
    )


CAME: dict[str, Any] = {
    "order_id": "1", "marketplace": "US", "placed_at": "2026-10-01T09:00:00Z", "has_tracking": True,
    "ship_by": "2026-10-03T09:00:00Z", "latest_delivery_at": "2026-10-10T09:00:00Z", "tracking_status": "delivered",
    "shipped_at": "2026-10-02T09:00:00Z", "as_of": "2026-10-26T09:00:00Z",
}  # fmt: skip


def came(**more: object) -> Columns:
    return as_known(columns_of([read_order(CAME | more)]))


@pytest.mark.parametrize("last_scan", ["2026-10-08T09:00:00Z", None])
def test_what_tracking_calls_delivered_is_delivered_and_never_overdue(last_scan: str | None) -> None:
    columns = came(last_scan_at=last_scan)
    told = timing(columns, 90.0)
    assert STATES[states(columns)[0]] is State.DELIVERED
    assert told["days_overdue"][0] == told["days_overdue_log"][0] == 0.0
    assert np.isnan(
        [told[name][0] for name in ("days_left", "silent_days", "transit_days_so_far", "unseen_days")]
    ).all()


def test_a_delivery_without_a_day_was_at_the_last_scan_where_one_is_told() -> None:
    by_scan = timing(came(last_scan_at="2026-10-08T09:00:00Z"), 90.0)
    dated = timing(came(last_scan_at="2026-10-08T09:00:00Z", delivered_at="2026-10-08T09:00:00Z"), 90.0)
    assert {n for n in dated if not np.array_equal(dated[n], by_scan[n], equal_nan=True)} == set()
    unknown = timing(came(), 90.0)
    assert np.isnan([unknown[name][0] for name in ("days_since_delivery", "lateness_days", "days_late")]).all()


def test_a_reason_does_not_call_a_delivered_parcel_overdue() -> None:
    early = came(last_scan_at="2026-10-08T09:00:00Z")
    assert rendered_value(early, 0, "latest_delivery_at", "en") == "delivered 2.0 days early"
    assert rendered_value(came(), 0, "latest_delivery_at", "en") == "done, day not told"
    assert rendered_value(came(shipped_at=None), 0, "ship_by", "en") == "done, day not told"


def test_a_final_file_tells_of_a_delivery_without_a_day_only_from_the_last_scan_on() -> None:
    def at(as_of: str, **more: object) -> State:
        final = columns_of([read_order(CAME | {"as_of": as_of} | more)])
        known = as_known_from_final(final, plan_known=np.ones(1, dtype=np.bool_))
        return STATES[states(known)[0]]

    scan = {"last_scan_at": "2026-10-08T09:00:00Z"}
    assert at("2026-10-08T09:00:00Z", **scan) is State.DELIVERED
    assert at("2026-10-08T08:59:59Z", **scan) is not State.DELIVERED
    assert at("2026-10-26T09:00:00Z") is not State.DELIVERED


def test_a_parcel_with_a_later_sign_alone_is_not_unshipped_nor_unscanned() -> None:
    seen = came(tracking_status="in_transit", shipped_at=None, last_scan_at="2026-10-20T09:00:00Z")
    told = timing(seen, 90.0)
    assert np.isnan([told[name][0] for name in ("unshipped_hours_late", "handling_days", "transit_days_so_far")]).all()
    assert told["unseen_days"][0] == told["days_overdue"][0] > 0.0
    unsent = came(tracking_status=None, shipped_at=None)
    assert timing(unsent, 90.0)["unshipped_hours_late"][0] == 23 * 24.0
    scanned = came(tracking_status="in_transit", last_scan_at="2026-10-20T09:00:00Z")
    assert timing(scanned, 90.0)["unscanned_days"][0] == 0.0
    assert rendered_value(seen, 0, "shipped_at", "en") == rendered_value(seen, 0, "first_scan_at", "en")
    assert rendered_value(seen, 0, "shipped_at", "en") == "done, day not told"
    assert "not yet" in rendered_value(unsent, 0, "shipped_at", "en")
