"""Events: kept once, in any order; the order is known again at any moment; each tells how the risk has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args
from urllib.parse import quote

import pytest
from conftest import NOW
from starlette.testclient import TestClient

from features.order import attributes
from service.advice_catalogue import catalogue
from service.events_kinds import EventKind, event_kinds
from service.routes import EXAMPLE

ORDER = {n: v for n, v in EXAMPLE.items() if n not in ("as_of", "shipped_at")} | {"as_of": "2026-11-03T00:00:00Z"}
SHIPPED = {"kind": "shipped", "at": "2026-11-03T06:40:00Z", "facts": {"carrier": "USPS"}}
DELIVERED = {"kind": "delivered", "at": "2026-11-18T10:00:00Z"}
MESSAGE = {"kind": "message", "at": "2026-11-19T09:00:00Z", "facts": {"message_topic": "not_received"}}


def event(name: str, said: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"event_id": name, "order_id": EXAMPLE["order_id"]} | said | more


def tell_in_turn(client: TestClient, kind: str, days: list[int], fact: str, values: Sequence[object]) -> None:
    """Events of one kind on some days of November, each with its own value of a fact."""
    told = [
        event(f"e{n}", {"kind": kind, "at": f"2026-11-{day}T08:00:00Z"}, facts={fact: value})
        for n, (day, value) in enumerate(zip(days, values, strict=True))
    ]
    client.post("/v1/events", json={"events": told})


def known(client: TestClient, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/orders/{EXAMPLE['order_id']}", params=query).json()
    return found | {"order": found["order"]}


def test_every_kind_sets_attributes_of_the_order() -> None:
    assert set(event_kinds()) == set(get_args(EventKind))
    for kind in event_kinds().values():
        assert {action.partition(".")[0] for action in kind.amounts_to.values()} <= set(event_kinds())
        assert {*kind.amounts_to} <= {action.id for action in catalogue().actions}
        told = {*kind.first, *kind.last, *kind.facts, *kind.stages.values(), *kind.tells, *kind.sets}
        assert told <= set(attributes())
        assert set(kind.tells.values()) <= kind.members


def test_an_event_scores_its_order_anew_and_tells_the_change(kept: TestClient) -> None:
    before = kept.post("/v1/scores", json=ORDER).json()
    told = kept.post("/v1/events", json=event("e1", MESSAGE)).json()
    assert (told["status"], told["recorded"], told["why"]) == ("accepted", "stored", None)
    assert told["change"]["probability"]["before"] == before["probability"]
    assert told["change"]["probability"]["after"] == told["score"]["probability"] > before["probability"]
    assert told["change"]["state"] == {"before": "placed", "after": "contact"}
    assert kept.get(f"/v1/scores/{told['score']['id']}").json() == told["score"]


def test_the_score_after_an_event_is_that_of_the_order_as_known(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    told = kept.post("/v1/events", json=event("e1", SHIPPED)).json()["score"]
    now = NOW.isoformat().replace("+00:00", "Z")
    again = kept.post("/v1/scores", json=known(kept)["order"] | {"as_of": now}).json()
    assert again["probability"] == told["probability"]


def test_the_same_event_counts_once_and_another_with_its_id_is_refused(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    statuses = [
        kept.post("/v1/events", json=event("e1", said)).json()["status"] for said in (MESSAGE, MESSAGE, DELIVERED)
    ]
    assert statuses == ["accepted", "duplicate", "conflict"]
    assert known(kept)["order"]["message_count"] == 1


def test_an_order_is_known_again_as_of_any_moment(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    kept.post("/v1/events", json={"events": [event("e2", DELIVERED), event("e1", SHIPPED)]})
    assert known(kept)["order"]["delivered_at"] == DELIVERED["at"]
    assert "delivered_at" not in known(kept, as_of="2026-11-10T00:00:00Z")["order"]
    assert known(kept, as_of="2026-11-10T00:00:00Z")["order"]["carrier"] == "USPS"
    assert kept.get(f"/v1/orders/{EXAMPLE['order_id']}?known_at=2026-11-19T00:00:00Z").status_code == 404


def test_null_takes_back_what_was_sent_and_nothing_else_does(kept: TestClient) -> None:
    wrong = ORDER | {"as_of": "2026-11-18T00:00:00Z", "delivered_at": "2026-11-17T10:00:00Z"}
    mended = ORDER | {"as_of": "2026-11-19T00:00:00Z"}
    for order in (wrong, mended):
        kept.post("/v1/scores", json=order)
    assert known(kept)["order"]["delivered_at"] == wrong["delivered_at"]
    taken_back = {"as_of": "2026-11-19T01:00:00Z", "delivered_at": None, "shop_id": None}
    assert kept.post("/v1/scores", json=mended | taken_back).status_code == 200
    for as_of in ("2026-11-18T12:00:00Z", "2026-11-20T08:00:00Z"):  # a mistake at any moment, as an event retracted
        assert known(kept, as_of=as_of)["order"] == {n: v for n, v in ORDER.items() if n != "as_of"}
    kept.post("/v1/scores", json=wrong | {"as_of": "2026-11-19T12:00:00Z"})
    assert known(kept)["order"]["delivered_at"] == wrong["delivered_at"]


def test_null_leaves_what_events_tell(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER | {"as_of": "2026-11-03T07:00:00Z", "shipped_at": "2026-11-03T05:00:00Z"})
    kept.post("/v1/events", json={"events": [event("e1", SHIPPED), event("e2", DELIVERED)]})
    nothing = {"as_of": "2026-11-19T00:00:00Z", "shipped_at": None, "delivered_at": None}
    kept.post("/v1/scores", json=ORDER | nothing)
    told = known(kept)["order"]
    assert (told["shipped_at"], told["delivered_at"]) == (SHIPPED["at"], DELIVERED["at"])


@pytest.mark.parametrize("name", ["PO/2026/11", "a/odr", "美国站/1 店"])
def test_an_order_and_a_shop_with_a_slash_in_the_name_are_found(kept: TestClient, name: str) -> None:
    kept.post("/v1/scores", json=ORDER | {"order_id": name, "shop_id": name})
    found = kept.get(f"/v1/orders/{quote(name, safe='')}", params={"shop_id": name})
    assert (found.status_code, found.json()["order_id"]) == (200, name)
    budget = kept.get(f"/v1/shops/{quote(name, safe='')}/odr", params={"marketplace": "US"})
    assert (budget.status_code, budget.json()["shop_id"]) == (200, name)


def test_a_list_scores_each_order_once(kept: TestClient) -> None:
    for name in ("a", "b"):
        kept.post("/v1/scores", json=ORDER | {"order_id": name})
    events = [event(f"{o}{k}", said, order_id=o) for o in "ab" for k, said in enumerate((SHIPPED, MESSAGE))]
    results = kept.post("/v1/events", json={"events": [*events, {"kind": "shipped"}]}).json()["results"]
    assert [r["status"] for r in results] == [200] * 4 + [422]
    assert [r["event"]["why"] for r in results[:4]] == ["LATER_IN_LIST", None] * 2


def test_events_before_the_order_are_kept_and_count_when_it_comes(kept: TestClient) -> None:
    early = kept.post("/v1/events", json=event("e1", SHIPPED)).json()
    assert (early["status"], early["why"], early["score"]) == ("accepted", "ORDER_UNKNOWN", None)
    kept.post("/v1/scores", json=ORDER)
    assert known(kept)["order"]["shipped_at"] == SHIPPED["at"]


def test_a_retracted_event_never_was(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    retracted = event("e2", {"kind": "label_retracted", "at": "2026-11-19T10:00:00Z", "retracts": "e1"})
    opened = event("e1", {"kind": "claim_opened", "at": "2026-11-19T08:00:00Z"})
    assert kept.post("/v1/events", json={"events": [retracted, opened]}).status_code == 200
    assert "claim_opened_at" not in known(kept)["order"]


def test_a_claim_filed_anew_after_it_was_withdrawn_is_known_by_its_last_day(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    days = {"claim_opened": ("15", "18"), "claim_withdrawn": ("16",)}
    told = [
        event(f"{kind}{day}", {"kind": kind, "at": f"2026-11-{day}T08:00:00Z"}) for kind in days for day in days[kind]
    ]
    assert kept.post("/v1/events", json={"events": told}).status_code == 200
    assert known(kept)["order"]["claim_opened_at"] == "2026-11-18T08:00:00Z"


def test_what_the_seller_wrote_before_the_buyer_did_answers_nothing_and_hinders_no_score(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    told = []
    for hour in ("18T10", "19T11"):  # before and after MESSAGE
        reply = {"kind": "reply", "at": f"2026-11-{hour}:00:00Z"}
        told += [kept.post("/v1/events", json=event(hour, reply)).json()]
        told += [kept.post("/v1/events", json=event("asked", MESSAGE)).json()] if hour == "18T10" else []
    assert [one["why"] for one in told] == [None] * 3
    waits = [any(a["action"] == "REPLY_NOW" for a in one["score"]["recommendations"]) for one in told]
    assert waits == [False, True, False]
    assert known(kept)["order"]["first_reply_at"] == "2026-11-19T11:00:00Z"


@pytest.mark.parametrize("said", [{"kind": "reply"}, {"kind": "action_taken", "action": "MESSAGE_DELAY"}])
def test_a_buyer_who_was_told_of_the_delay_is_not_to_be_told_at_once_again(
    kept: TestClient, said: dict[str, Any]
) -> None:
    late = ORDER | {"latest_delivery_at": "2026-11-16T23:59:59Z", "shipped_at": "2026-11-03T06:40:00Z"}
    is_told = [
        any(found["action"] == "MESSAGE_DELAY" for found in score["recommendations"] + score["actions_rejected"])
        for score in (
            kept.post("/v1/scores", json=late | {"as_of": "2026-11-18T00:00:00Z"}).json(),
            kept.post("/v1/events", json=event("e1", said | {"at": "2026-11-19T20:00:00Z"})).json()["score"],
        )
    ]
    assert is_told == [True, False]


def test_a_return_that_was_authorised_on_advice_is_authorised(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    said = {"kind": "return", "at": "2026-11-19T09:00:00Z"}
    kept.post("/v1/events", json=event("e1", said))
    taken = {"kind": "action_taken", "action": "AUTHORISE_RETURN", "at": "2026-11-19T20:00:00Z"}
    score = kept.post("/v1/events", json=event("e2", taken)).json()["score"]
    assert "AUTHORISE_RETURN" not in [found["action"] for found in score["recommendations"]]
    assert known(kept)["order"]["return_authorised_at"] == "2026-11-19T20:00:00Z"


def test_a_return_asked_for_after_one_that_arrived_is_a_return_of_its_own(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    former = {"authorised": "10", "delivered": "12"}
    told = [event(s, {"kind": "return", "stage": s, "at": f"2026-11-{d}T08:00:00Z"}) for s, d in former.items()]
    asked = [event(d, {"kind": "return", "at": f"2026-11-{d}T07:00:00Z"}) for d in ("10", "18")]
    score = kept.post("/v1/events", json={"events": [*told, *asked]}).json()["results"][-1]["event"]["score"]
    assert {"AUTHORISE_RETURN", "REFUND_RETURNED"} <= {found["action"] for found in score["recommendations"]}
    assert ("OUT_OF_SEQUENCE", "return_delivered_at") in {(w["code"], w["attribute"]) for w in score["warnings"]}
    kept.post(
        "/v1/events", json=event("e", {"kind": "action_taken", "action": "AUTHORISE_RETURN", "at": MESSAGE["at"]})
    )
    order = known(kept)["order"]
    assert (order["return_requested_at"], order["return_authorised_at"]) == ("2026-11-18T07:00:00Z", MESSAGE["at"])


def test_a_question_from_before_the_order_hinders_no_score_and_is_none_about_it(kept: TestClient) -> None:
    early = {"kind": "message", "at": "2026-11-01T09:00:00Z", "facts": {"message_topic": "other"}}
    kept.post("/v1/events", json=event("e1", early))
    score = kept.post("/v1/scores", json=ORDER | known(kept)["order"]).json()
    assert (score["state"], score["recommendations"]) == ("placed", [])
    assert ("OUT_OF_SEQUENCE", "first_message_at") in {(w["code"], w["attribute"]) for w in score["warnings"]}
    kept.post("/v1/events", json=event("e2", MESSAGE))
    order = known(kept)["order"]
    told = ("not_received", MESSAGE["at"], 1)
    assert (order["message_topic"], order["first_message_at"], order["message_count"]) == told


def test_the_topic_of_a_question_before_the_order_is_not_that_of_a_later_message(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    early = {"kind": "message", "at": "2026-10-30T09:00:00Z", "facts": {"message_topic": "cancel"}}
    later = {"kind": "message", "at": "2026-11-18T09:00:00Z"}
    kept.post("/v1/events", json={"events": [event("e1", early), event("e2", later)]})
    order = known(kept)["order"]
    assert (order["first_message_at"], order.get("message_topic")) == (later["at"], None)


LOST = {"tracking_status": "lost", "shipped_at": SHIPPED["at"], "is_claims_protected": False}
CAME_BACK = {"return_requested_at": "2026-11-10T09:00:00Z", "return_delivered_at": "2026-11-18T09:00:00Z"}
OUTSIDE = {"return_requested_at": "2026-11-19T09:00:00Z", "is_return_in_policy": False}
TO_CANCEL = {"first_message_at": "2026-11-19T09:00:00Z", "message_topic": "cancel"}
DAMAGED = {"first_message_at": "2026-11-19T09:00:00Z", "message_topic": "damaged"}


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("REFUND_RETURNED", CAME_BACK),
        ("REFUND_RETURNED", CAME_BACK | {"refund_amount": 1.0}),
        ("REFUND_RETURNED", CAME_BACK | {"refunded_at": "2026-11-18T10:00:00Z", "refund_amount": 1.0}),
        ("REFUND_LOST_PARCEL", LOST),
        ("ANSWER_RETURN_OUTSIDE_POLICY", OUTSIDE),
        ("GUIDE_TO_RETURN_REQUEST", DAMAGED),
        ("HONOUR_CANCEL_REQUEST", {"cancel_requested_at": "2026-11-19T09:00:00Z", "ship_by": "2026-11-21T23:59:59Z"}),
        ("SETTLE_CANCELLATION", TO_CANCEL | {"ship_by": "2026-11-21T23:59:59Z"}),
        ("HAND_OVER_IN_TIME", {"ship_by": "2026-11-20T12:00:00Z"}),
    ],
)
def test_what_was_done_on_advice_is_not_advised_again_in_the_answer(
    kept: TestClient, action: str, given: dict[str, Any]
) -> None:
    order = ORDER | given | {"as_of": "2026-11-19T20:00:00Z"}
    taken = event("e1", {"kind": "action_taken", "action": action, "at": "2026-11-19T21:00:00Z"})
    told = (kept.post("/v1/scores", json=order).json(), kept.post("/v1/events", json=taken).json()["score"])
    assert [any(found["action"] == action for found in score["recommendations"]) for score in told] == [True, False]
    assert not any(found["action"] == action for found in told[1]["actions_rejected"])


@pytest.mark.parametrize(
    ("amount", "told"),
    [(None, None), (EXAMPLE["order_total"], EXAMPLE["order_total"]), (1.0, 1.0)],
)
def test_a_refund_on_advice_is_as_large_as_the_event_says_and_else_of_unknown_size(
    kept: TestClient, amount: float | None, told: float | None
) -> None:
    kept.post("/v1/scores", json=ORDER | CAME_BACK | {"as_of": "2026-11-19T20:00:00Z"})
    taken = {"kind": "action_taken", "action": "REFUND_RETURNED", "at": "2026-11-19T21:00:00Z"}
    kept.post("/v1/events", json=event("e1", taken, facts={"refund_amount": amount}))
    found = known(kept)["order"]
    assert (found["refunded_at"], found.get("refund_amount")) == (taken["at"], told)


def test_what_an_action_changes_of_its_order_is_known_and_the_event_s_own_facts_are_believed(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER | {"has_tracking": False, "signature_service": "none"})
    taken = [
        {"kind": "action_taken", "action": "USE_TRACKED_SERVICE", "at": "2026-11-03T01:00:00Z"},
        {"kind": "action_taken", "action": "ADD_SIGNATURE", "at": "2026-11-03T02:00:00Z",
         "facts": {"signature_service": "adult_signature"}},
    ]  # fmt: skip
    kept.post("/v1/events", json={"events": [event(f"e{n}", said) for n, said in enumerate(taken)]})
    found = known(kept)["order"]
    assert (found["has_tracking"], found["signature_service"]) == (True, "adult_signature")


def test_a_step_of_a_return_that_is_told_again_keeps_its_day_and_its_clock(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    steps = [
        ("requested", "10T10"),
        ("authorised", "10T12"),
        ("requested", "13T08"),
        ("authorised", "15T08"),
        (None, "17T08"),
    ]
    told = [
        event(f"e{n}", {"kind": "return", "at": f"2026-11-{hour}:00:00Z", "stage": stage})
        for n, (stage, hour) in enumerate(steps)
    ]
    score = kept.post("/v1/events", json={"events": told}).json()["results"][-1]["event"]["score"]
    found = known(kept)["order"]
    assert (found["return_requested_at"], found["return_authorised_at"]) == (told[0]["at"], told[1]["at"])
    assert "AUTHORISE_LIMIT" not in [clock["code"] for clock in score["clocks"] if clock["state"] == "missed"]


TOTAL = EXAMPLE["order_total"]


@pytest.mark.parametrize(
    ("amounts", "day", "amount"),
    [
        ((TOTAL, TOTAL), 13, TOTAL),  # told again
        ((TOTAL, None), 13, TOTAL),
        ((TOTAL, 1.0), 13, TOTAL),  # what was refunded up to then cannot shrink
        ((None, None), 13, None),
        ((1.0, 1.0), 13, 1.0),
        ((1.0, TOTAL), 15, TOTAL),  # in full only now
        ((1.0, None), 15, None),  # and nobody tells how much
        ((None, TOTAL), 15, TOTAL),
    ],
)
def test_a_refund_that_is_told_again_keeps_its_day_and_one_that_grows_does_not(
    kept: TestClient, amounts: tuple[float | None, ...], day: int, amount: float | None
) -> None:
    kept.post("/v1/scores", json=ORDER)
    days = [13 + 2 * n for n in range(len(amounts))]
    tell_in_turn(kept, "refund", days, "refund_amount", amounts)
    found = known(kept)["order"]
    assert (found["refunded_at"], found.get("refund_amount")) == (f"2026-11-{day}T08:00:00Z", amount)


def test_an_order_is_cancelled_when_that_was_first_told(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    told = [event(f"e{n}", {"kind": "cancelled", "at": f"2026-11-{4 + n:02d}T08:00:00Z"}) for n in range(2)]
    kept.post("/v1/events", json={"events": told})
    assert known(kept)["order"]["cancelled_at"] == told[0]["at"]


@pytest.mark.parametrize(
    ("topics", "topic"), [(("not_received", "other"), "not_received"), ((None, "damaged", "other"), "damaged")]
)
def test_what_the_first_message_is_about_stays_when_the_buyer_writes_again(
    kept: TestClient, topics: tuple[str | None, ...], topic: str
) -> None:
    kept.post("/v1/scores", json=ORDER)
    tell_in_turn(kept, "message", [17 + n for n in range(len(topics))], "message_topic", topics)
    found = known(kept)
    assert (found["order"]["message_topic"], found["order"]["message_count"]) == (topic, len(topics))
    assert [one["facts"]["message_topic"] for one in found["events"]] == list(topics)  # the others are kept


def test_a_decided_appeal_is_known_to_the_playbook(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    told = [
        {"kind": "claim_opened", "at": "2026-11-14T08:00:00Z", "facts": {"claim_type": "not_received"}},
        {"kind": "claim_decided", "at": "2026-11-16T08:00:00Z", "facts": {"debited_at": "2026-11-16T08:00:00Z"}},
        {"kind": "appeal_decided", "at": "2026-11-19T08:00:00Z", "seller_paid": False},
    ]
    kept.post("/v1/events", json={"events": [event(f"e{n}", said) for n, said in enumerate(told)]})
    found = kept.post("/v1/playbook", json=known(kept)["order"]).json()
    assert (found["stage"], [road for claim in found["claims"] for road in claim["roads"]]) == ("appeal_decided", [])
    kept.post("/v1/events", json=event("e3", {"kind": "appeal_decided", "at": "2026-11-19T09:00:00Z"}))
    assert "is_debit_upheld" not in known(kept)["order"]


REFUNDED = {"kind": "refund", "at": "2026-11-15T08:00:00Z", "facts": {"refund_amount": 50.0}}


@pytest.mark.parametrize(
    ("more", "said", "debited_at"),
    [
        ([], {"seller_paid": True}, "2026-11-16T08:00:00Z"),
        ([], {"seller_paid": True, "facts": {"debited_at": "2026-11-17T08:00:00Z"}}, "2026-11-17T08:00:00Z"),
        ([], {"seller_paid": False}, None),
        ([], {}, None),
        ([REFUNDED], {"seller_paid": True}, None),
    ],
)
def test_a_claim_that_was_decided_at_the_sellers_cost_was_debited_unless_he_refunded(
    kept: TestClient, more: list[dict[str, Any]], said: dict[str, Any], debited_at: str | None
) -> None:
    kept.post("/v1/scores", json=ORDER)
    opened = {"kind": "claim_opened", "at": "2026-11-14T08:00:00Z", "facts": {"claim_type": "not_received"}}
    told = [opened, *more, {"kind": "claim_decided", "at": "2026-11-16T08:00:00Z"} | said]
    kept.post("/v1/events", json={"events": [event(f"e{n}", one) for n, one in enumerate(told)]})
    order = known(kept)["order"]
    assert order.get("debited_at") == debited_at
    stage = kept.post("/v1/playbook", json=order).json()["stage"]
    assert stage == ("decided" if debited_at is None else "debited")


def test_a_cancellation_and_a_lack_of_stock_are_told_by_events(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    told = [
        {"kind": "out_of_stock", "at": "2026-11-03T01:00:00Z"},
        {"kind": "cancel_requested", "at": "2026-11-03T02:00:00Z"},
        {"kind": "cancelled", "at": "2026-11-03T03:00:00Z"},
        {"kind": "out_of_stock", "at": "2026-11-03T04:00:00Z", "facts": {"is_out_of_stock": False}},
    ]
    answer = kept.post("/v1/events", json={"events": [event(f"e{n}", said) for n, said in enumerate(told)]})
    assert answer.json()["results"][-1]["event"]["score"]["assessment_status"] == "not_eligible"
    found = known(kept, as_of="2026-11-03T03:00:00Z")["order"]
    assert (found["is_out_of_stock"], found["cancel_requested_at"], found["cancelled_at"]) == (
        True, told[1]["at"], told[2]["at"],
    )  # fmt: skip
    assert known(kept)["order"]["is_out_of_stock"] is False


def test_a_scan_after_delivery_is_not_the_first(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    kept.post("/v1/events", json=event("e1", DELIVERED))
    late = {"kind": "scanned", "at": "2026-11-19T23:00:00Z", "facts": {"tracking_status": "delivered"}}
    told = kept.post("/v1/events", json=event("e2", late)).json()
    assert told["why"] is None
    assert "first_scan_at" not in known(kept)["order"]


def test_an_event_that_contradicts_its_order_says_how(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    early = {"kind": "delivered", "at": "2026-10-01T00:00:00Z"}
    told = kept.post("/v1/events", json=event("e1", early)).json()
    assert (told["status"], told["why"], told["score"]) == ("accepted", "ORDER_REFUSED", None)
    assert "/delivered_at" in [error["pointer"] for error in told["errors"]]
    assert all(error["detail"] for error in told["errors"])
    mended = kept.post(
        "/v1/events", json=event("e2", {"kind": "label_retracted", "at": MESSAGE["at"], "retracts": "e1"})
    )
    assert mended.json()["score"]["probability"] > 0.0


@pytest.mark.parametrize(
    ("said", "pointer", "code"),
    [
        ({"kind": "lost", "at": MESSAGE["at"]}, "/kind", "literal_error"),
        (SHIPPED | {"at": "2026-11-21T00:00:00Z"}, "/at", "after_now"),
        (MESSAGE | {"rating": 1}, "/rating", "not_of_this_kind"),
        (MESSAGE | {"facts": {"carrier": "USPS"}}, "/facts/carrier", "not_of_this_kind"),
        (MESSAGE | {"facts": {"message_topic": "?"}}, "/facts/message_topic", "not_in_set"),
        ({"kind": "feedback", "at": MESSAGE["at"]}, "/rating", "missing"),
        ({"kind": "action_taken", "at": MESSAGE["at"], "action": "REPLY_NOT"}, "/action", "unknown_action"),
    ],
)
def test_an_event_that_cannot_be_used_says_why(kept: TestClient, said: dict[str, Any], pointer: str, code: str) -> None:
    refused = kept.post("/v1/events", json=event("e1", said))
    assert refused.status_code == 422
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [(pointer, code)]


def test_an_action_that_nobody_advises_is_refused_with_the_nearest_names(kept: TestClient) -> None:
    refused = kept.post(
        "/v1/events", json=event("e1", {"kind": "action_taken", "at": MESSAGE["at"], "action": "reply_nw"})
    )
    assert 'did you mean "REPLY_NOW"' in refused.json()["errors"][0]["detail"]
    taken = kept.post(
        "/v1/events", json=event("e1", {"kind": "action_taken", "at": MESSAGE["at"], "action": "REPLY_NOW"})
    )
    assert taken.json()["status"] == "accepted"


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_what_takes_back_an_event_that_is_not_known_says_so(kept: TestClient, lang: str) -> None:
    kept.post("/v1/scores", json=ORDER)
    kept.post("/v1/events", json=event("other", MESSAGE, order_id="another"))
    kept.post("/v1/events", json=event("e1", MESSAGE))
    for target, warned in (("e1", []), ("e9", ["EVENT_UNKNOWN"]), ("other", ["EVENT_UNKNOWN"])):
        said = event(f"r-{target}", {"kind": "label_retracted", "at": MESSAGE["at"], "retracts": target})
        told = kept.post("/v1/events", json=said, headers={"Accept-Language": lang}).json()
        assert told["status"] == "accepted"
        assert [warning["code"] for warning in told["warnings"]] == warned
        assert all(("事件" in warning["text"]) == (lang == "zh-CN") for warning in told["warnings"])
    both = [event("r-e8", {"kind": "label_retracted", "at": MESSAGE["at"], "retracts": "e8"}), event("e8", MESSAGE)]
    results = kept.post("/v1/events", json={"events": both}).json()["results"]
    assert [result["event"]["warnings"] for result in results] == [[], []]


def test_without_a_store_no_event_is_taken(client: TestClient) -> None:
    assert client.post("/v1/events", json=event("e1", SHIPPED)).status_code == 404


def test_a_delivery_that_is_told_again_keeps_its_day(kept: TestClient) -> None:
    kept.post("/v1/scores", json=ORDER)
    for n, at in enumerate((DELIVERED["at"], "2026-11-19T10:00:00Z")):
        kept.post("/v1/events", json=event(f"e{n}", DELIVERED | {"at": at}))
    assert known(kept)["order"]["delivered_at"] == DELIVERED["at"]


@pytest.mark.parametrize(("amount", "is_debited"), [(5.0, True), (EXAMPLE["order_total"], False)])
def test_a_decision_at_the_sellers_cost_is_a_debit_unless_all_was_refunded_before(
    kept: TestClient, amount: float, is_debited: bool
) -> None:
    kept.post("/v1/scores", json=ORDER)
    told = [
        {"kind": "claim_opened", "at": "2026-11-17T08:00:00Z"},
        {"kind": "refund", "at": "2026-11-17T09:00:00Z", "facts": {"refund_amount": amount}},
        {"kind": "claim_decided", "at": "2026-11-18T08:00:00Z", "seller_paid": True},
    ]
    kept.post("/v1/events", json={"events": [event(f"e{n}", said) for n, said in enumerate(told)]})
    assert ("debited_at" in known(kept)["order"]) is is_debited
