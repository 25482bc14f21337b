"""Policy in the answer: texts in both languages, sources that exist, warnings where a marketplace's rule is unknown."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from starlette.testclient import TestClient

from features.clocks import Code, State
from features.document import read_order
from features.eligibility import GROUNDS, Why
from features.order_columns import columns_of
from features.policy.book import book
from features.policy.facts import Certainty
from service.policy_page import policy_page
from service.ruling import Ruling, ruling, texts
from service.wording import Lang

ROOT = Path(__file__).parent.parent
CASES = tomllib.loads((ROOT / "tests" / "golden" / "policy_cases.toml").read_text("utf-8"))["case"]
LANGS: tuple[Lang, ...] = ("en", "zh")


def ruled(lang: Lang = "en", **order: Any) -> Ruling:
    given = {"order_id": "1", "as_of": "2026-06-20T00:00:00Z", **order}
    return ruling(columns_of([read_order(given)]), 0, lang)


def test_the_page_of_policy_is_fresh() -> None:
    assert (ROOT / "docs" / "policy.md").read_text("utf-8") == policy_page(book()), "claimrisk policy > docs/policy.md"


def test_every_code_has_a_text() -> None:
    found = texts()
    assert set(found["grounds"]) == set(GROUNDS)
    assert set(found["why"]) == set(get_args(Why))
    assert set(found["clocks"]) == set(get_args(Code))
    assert set(found["states"]) == set(get_args(State))
    assert set(found["certainty"]) == set(get_args(Certainty)) - {"high"}


def test_a_clock_says_whether_it_was_kept_or_has_passed() -> None:
    order = {"marketplace": "US", "placed_at": "2026-06-01T00:00:00Z", "ship_by": "2026-06-03T00:00:00Z",
             "shipped_at": "2026-06-02T00:00:00Z", "latest_delivery_at": "2026-06-10T00:00:00Z",
             "first_message_at": "2026-06-12T00:00:00Z"}  # fmt: skip
    said = {clock["code"]: clock["text"] for clock in ruled(**order).clocks}
    assert "done in time" in said["SHIP_BY"]
    assert "missed" in said["REPLY_LIMIT"]
    assert "has come" in said["BUYER_CAN_FILE_FROM"]
    in_germany = {clock["code"]: clock["text"] for clock in ruled(**order | {"marketplace": "DE"}).clocks}
    assert "does not apply" in in_germany["AUTO_CANCEL"]
    codes = {f"{code}.{state}" for code in get_args(Code) for state in get_args(State)}
    assert set(texts()["states_of_clocks"]) <= codes


def test_a_clock_that_was_missed_says_for_how_long_unless_it_was_done_late() -> None:
    waits = {"marketplace": "US", "ship_by": "2026-06-03T00:00:00Z"}
    for as_of, said in (("2026-06-03T05:00:00Z", "missed 5 h ago"), ("2026-06-13T00:00:00Z", "missed 10.0 days ago")):
        assert said in next(c["text"] for c in ruled(**waits, as_of=as_of).clocks if c["code"] == "SHIP_BY")
    late = ruled(**waits, ship_confirmed_at="2026-06-05T00:00:00Z").clocks
    assert next(c["text"] for c in late if c["code"] == "SHIP_BY").startswith("Hand over and confirm shipment: missed.")


def test_the_last_second_of_the_window_is_inside_for_clock_and_ground_alike() -> None:
    order = {"marketplace": "US", "latest_delivery_at": "2026-06-10T20:00:00-07:00",
             "delivered_at": "2026-06-09T12:00:00-07:00", "first_message_at": "2026-06-12T12:00:00-07:00"}  # fmt: skip
    for as_of, states in (("2026-09-08T23:59:59-07:00", ("open", "running")),
                          ("2026-09-09T00:00:00-07:00", ("closed", "met"))):  # fmt: skip
        told = ruled(**order, as_of=as_of)
        until = next(c["state"] for c in told.clocks if c["code"] == "BUYER_CAN_FILE_UNTIL")
        assert (told.eligibility[0]["status"], until) == states


@pytest.mark.parametrize("lang", LANGS)
def test_every_text_is_in_its_language_and_names_its_source(lang: Lang) -> None:
    ids = {fact.id for facts in book().facts.values() for fact in facts}
    for case in CASES[::4]:
        found = ruled(lang, **case["order"])
        told = [entry["text"] for entry in (*found.eligibility, *found.clocks, *found.warnings)]
        assert all("{" not in text and bool(re.search("[一-鿿]", text)) == (lang == "zh") for text in told)
        assert {c["source"] for c in found.clocks} | {s for g in found.eligibility for s in g["sources"]} <= ids


def test_languages_change_texts_alone() -> None:
    def without_text(found: Ruling) -> list[dict[str, Any]]:
        entries = (*found.eligibility, *found.clocks, *found.warnings)
        return [{name: value for name, value in entry.items() if name != "text"} for entry in entries]

    for case in CASES[::6]:
        assert without_text(ruled("en", **case["order"])) == without_text(ruled("zh", **case["order"]))


def test_an_unknown_marketplace_is_warned_of_once() -> None:
    assert [w["code"] for w in ruled().warnings] == ["MARKETPLACE_UNKNOWN"]
    assert ruled().clocks == []


def test_a_marketplace_without_facts_is_warned_of_by_clock_and_ground() -> None:
    found = ruled(marketplace="FR", first_message_at="2026-06-19T00:00:00Z")
    assert [(w["code"], w["attribute"]) for w in found.warnings] == [
        ("POLICY_FACT_UNKNOWN", "first_message_at"),
        ("POLICY_GROUND_UNKNOWN", "marketplace"),
    ]
    assert "reply.limit" in found.warnings[0]["text"]


def test_an_answer_carries_grounds_clocks_and_the_version_of_policy(client: TestClient) -> None:
    order = {"order_id": "1", "marketplace": "US", "as_of": "2026-11-20T08:15:00Z",
             "placed_at": "2026-11-12T08:00:00Z", "latest_delivery_at": "2026-11-19T20:00:00Z"}  # fmt: skip
    answer = client.post("/v1/scores", json=order).json()
    ground = answer["eligibility"][0]
    assert (ground["ground"], ground["status"]) == ("NOT_RECEIVED", "not_yet")
    assert (ground["opens_at"], ground["closes_at"]) == ("2026-11-23T07:59:59Z", "2027-02-18T07:59:59Z")
    assert answer["clocks"][-1]["code"] == "BUYER_CAN_FILE_UNTIL"
    assert answer["versions"]["policy"] == book().version


def test_the_buyers_first_moment_says_that_it_is_reckoned_as_if_the_buyer_wrote_now() -> None:
    order = {"marketplace": "US", "latest_delivery_at": "2026-06-10T20:00:00Z"}

    def text(**more: Any) -> str:
        return next(c["text"] for c in ruled(**order, **more).clocks if c["code"] == "BUYER_CAN_FILE_FROM")

    assert "if the buyer wrote now" in text()
    assert "if the buyer wrote now" not in text(last_message_at="2026-06-19T20:00:00Z")
