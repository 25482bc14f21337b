"""Conflicts of outcomes: each is found once, with what stands; an appeal or a retraction is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.events_known import Life, Sent, order_known
from service.exporting import CONFLICTS, export
from service.outcome_conflicts import Conflict, conflicts
from service.outcomes_known import outcome_rows
from service.routes import EXAMPLE
from service.settings import Settings
from service.store.work import Event

DAYS = {day: f"2026-11-{day:02}T10:00:00Z" for day in range(1, 29)}


def event(name: str, kind: str, day: int, **said: Any) -> Event:
    body = {"event_id": name, "order_id": "o", "shop_id": "s", "kind": kind, "at": DAYS[day]} | said
    return Event("s", name, "o", kind, 86_400.0 * day, 86_400.0 * day, json.dumps(body))


def found(*events: Event, sent: dict[str, Any] | None = None) -> list[Conflict]:
    seen = {"order_id": "o", "shop_id": "s"} | (sent or {})
    life = Life([Sent("score", 86_400.0, 86_400.0, json.dumps(seen))], events)
    order = order_known(life, 86_400.0 * 40, 86_400.0 * 40)
    assert order is not None
    return list(conflicts(order, life))


PAID, NOT_PAID = {"seller_paid": True}, {"seller_paid": False}


def test_of_two_decisions_that_disagree_the_later_stands() -> None:
    told = found(event("a", "claim_decided", 5, **PAID), event("b", "claim_decided", 7, **NOT_PAID))
    assert told == [Conflict("o", "seller_paid", "false", "b", "true", "a", "the later decision stands")]


@pytest.mark.parametrize(
    "events",
    [
        [event("a", "claim_decided", 5, **PAID), event("b", "appeal_decided", 7, **NOT_PAID)],
        [event("a", "claim_decided", 5, **PAID), event("b", "claim_decided", 7, **PAID)],
        [event("a", "claim_decided", 5, **PAID), event("b", "claim_decided", 7, **NOT_PAID),
         event("c", "label_retracted", 8, retracts="a")],
        [event("a", "claim_opened", 5), event("b", "claim_withdrawn", 7), event("c", "claim_decided", 8, **NOT_PAID)],
    ],
    ids=["appeal", "the same", "retracted", "withdrawn and not paid"],
)  # fmt: skip
def test_what_fits_together_is_no_conflict(events: list[Event]) -> None:
    assert found(*events) == []


@pytest.mark.parametrize(
    ("events", "withdrawn"),
    [
        ([event("a", "claim_opened", 5), event("b", "claim_withdrawn", 7)], DAYS[7]),
        ([event("a", "claim_opened", 5), event("b", "claim_withdrawn", 7), event("c", "claim_opened", 9)], None),
        ([event("a", "claim_opened", 5), event("b", "claim_withdrawn", 7), event("c", "claim_decided", 8)], None),
    ],
    ids=["withdrawn", "filed anew", "decided since"],
)
def test_outcomes_of_events_say_that_a_claim_was_withdrawn(events: list[Event], withdrawn: str | None) -> None:
    life = Life([], events)
    order = order_known(life, 86_400.0 * 40, 86_400.0 * 40)
    assert order is not None
    assert [row["withdrawn_at"] for row in outcome_rows(order, life)] == [withdrawn]


def test_a_withdrawn_claim_that_the_seller_paid_is_one() -> None:
    told = found(event("a", "claim_withdrawn", 5), event("b", "claim_decided", 7, **PAID))
    assert [(c.stands, c.told_by, c.passed_over, c.said_by) for c in told] == [("true", "b", "withdrawn", "a")]


def test_another_day_or_type_of_opening_is_one_but_not_another_hour() -> None:
    opened = event("a", "claim_opened", 5, facts={"claim_type": "not_received"})
    assert found(opened, sent={"claim_opened_at": "2026-11-05T20:00:00Z"}) == []
    told = found(opened, sent={"claim_opened_at": DAYS[2], "claim_type": "not_as_described"})
    assert {(c.attribute, c.stands, c.told_by) for c in told} == {
        ("claim_opened_at", DAYS[2], "score"),
        ("claim_type", "not_received", "a"),
    }


def test_an_export_lists_them(kept: TestClient, url: str, tmp_path: Path) -> None:
    order = EXAMPLE | {"shop_id": "s"}
    assert kept.post("/v1/scores", json=order).status_code == 200
    of = {"order_id": order["order_id"], "shop_id": "s", "kind": "claim_decided"}
    events = [of | {"event_id": f"e{i}", "at": DAYS[5 + i], "seller_paid": i == 0} for i in range(2)]
    results = kept.post("/v1/events", json={"events": events}).json()["results"]
    assert [result["status"] for result in results] == [200, 200]
    assert export(tmp_path / "out", Settings(data_dir=tmp_path, database_url=url)).conflicts == 1
    listed = (tmp_path / "out" / CONFLICTS).read_text("utf-8").splitlines()
    assert listed[1].startswith(f"{order['order_id']},seller_paid,false,e1,true,e0")
