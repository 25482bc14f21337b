"""Policy as dated data: what may be claimed and what is due, by cases a seller can read."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.clocks import Clock, clocks
from features.document import checked_columns, read_order
from features.eligibility import GROUNDS, Eligibility, eligibility
from features.errors import SettingError
from features.order import attributes
from features.order_columns import columns_of
from features.policy.book import Book, book, loaded
from features.policy.due import due, end_of_day
from features.ruled import RuledOrder, ruled_order

CASES = tomllib.loads((Path(__file__).parent / "golden" / "policy_cases.toml").read_text("utf-8"))["case"]
POLICY = Path(__file__).parent.parent / "features" / "policy"
FACTS = [fact for facts in book().facts.values() for fact in facts]


def ruled(order: dict[str, Any]) -> RuledOrder:
    return ruled_order(columns_of([read_order({"order_id": "1", **order})]), 0)


def told(case: dict[str, Any]) -> Eligibility | Clock | None:
    order = ruled(case["order"])
    grounds = eligibility(order, book())
    if "ground" in case:
        return next(g for g in grounds if g.ground == case["ground"])
    return next((c for c in clocks(order, grounds, book())[0] if c.code == case["clock"]), None)


def value_of(found: Eligibility | Clock | None, name: str) -> Any:
    if name == "told":
        return found is not None
    if name in ("source", "certainty"):
        assert isinstance(found, Clock)
        return found.fact.id if name == "source" else found.fact.certainty
    return getattr(found, name)


def expected(value: Any, name: str) -> Any:
    return datetime.fromisoformat(value).timestamp() if name in ("due", "opens_at", "closes_at") else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_a_case_is_told_as_a_seller_would_expect(case: dict[str, Any]) -> None:
    found = told(case)
    got = {name: value_of(found, name) for name in case["expect"]}
    assert got == {name: expected(value, name) for name, value in case["expect"].items()}


def test_the_cases_are_many_and_each_says_something_else() -> None:
    assert len(CASES) >= 100
    assert len({case["says"] for case in CASES}) == len(CASES)


def test_every_fact_has_a_source_and_dates_in_order() -> None:
    assert all(url.startswith("http") for fact in FACTS for url in fact.sources)
    assert len({fact.id for fact in FACTS}) == len(FACTS)
    assert all(fact.certainty == "unverified" for fact in FACTS if fact.topic.startswith("note."))


@pytest.mark.parametrize("marketplace", attributes()["marketplace"].choices)
def test_a_marketplace_is_lent_no_fact_of_another(marketplace: str) -> None:
    ids = [fact.id.partition(".")[0] for fact in book().at(marketplace, date(2026, 11, 20)).values()]
    assert set(ids) <= {"common", marketplace.lower()}


@settings(max_examples=60)
@given(marketplace=st.sampled_from(sorted(book().facts)), on=st.dates(date(2018, 1, 1), date(2027, 1, 1)))
def test_the_facts_of_a_day_are_those_that_hold_on_it(marketplace: str, on: date) -> None:
    both = {*book().facts["common"], *book().facts[marketplace]}
    assert set(book().at(marketplace, on).values()) == {fact for fact in both if fact.holds(on)}


@pytest.mark.parametrize("marketplace", ["MX", "SG", "ZA", "SE"])
def test_a_marketplace_without_facts_says_unknown(marketplace: str) -> None:
    order = ruled(
        {"as_of": "2026-06-20T00:00:00Z", "marketplace": marketplace, "latest_delivery_at": "2026-06-01T00:00:00Z"}
    )
    assert {found.status for found in eligibility(order, book())} == {"unknown"}
    assert {c.fact.id for c in clocks(order, eligibility(order, book()), book())[0]} == {"common.ship.confirm"}


def test_a_clock_that_runs_without_a_fact_is_named() -> None:
    order = ruled({"as_of": "2026-06-20T00:00:00Z", "marketplace": "FR", "first_message_at": "2026-06-19T00:00:00Z"})
    unknown = clocks(order, eligibility(order, book()), book())[1]
    assert [(u.topic, u.attribute) for u in unknown] == [("reply.limit", "first_message_at")]


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_status_but_unknown_has_a_source(ground: str) -> None:
    order = ruled({"as_of": "2026-06-20T00:00:00Z", "marketplace": "US", "latest_delivery_at": "2026-06-01T00:00:00Z"})
    found = next(g for g in eligibility(order, book()) if g.ground == ground)
    assert found.status != "unknown"
    assert set(found.sources) <= {fact.id for fact in FACTS}
    assert found.sources


@settings(max_examples=60)
@given(at=st.datetimes(datetime(2020, 1, 1), datetime(2027, 1, 1)), zone=st.sampled_from(sorted(book().zones)))
def test_days_end_with_the_local_day_and_hours_run_on(at: datetime, zone: str) -> None:
    here, start = book().zones[zone], at.replace(tzinfo=UTC).timestamp()
    facts = {fact.id: fact for fact in FACTS}
    ends = datetime.fromtimestamp(due(facts["us.claim.window"], start, here), UTC).astimezone(here)
    assert (ends.hour, ends.minute, ends.second) == (23, 59, 59)
    assert ends.date() - datetime.fromtimestamp(start, UTC).astimezone(here).date() == timedelta(days=90)
    assert due(facts["us.reply.limit"], start, here) - start == 48 * 3600


@settings(max_examples=40)
@given(on=st.dates(date(2020, 1, 1), date(2027, 1, 1)))
def test_two_business_days_end_on_a_weekday_with_one_weekday_between(on: date) -> None:
    fact = next(f for f in FACTS if f.id == "us.refund.after_return@two_days")
    zone = ZoneInfo("America/Los_Angeles")
    ends = datetime.fromtimestamp(due(fact, end_of_day(on, zone), zone), zone).date()
    between = [on + timedelta(days=k) for k in range(1, (ends - on).days + 1)]
    assert ends.weekday() < 5
    assert sum(day.weekday() < 5 for day in between) == 2


def changed(tmp_path: Path, file: str, text: str) -> Book:
    for source in POLICY.glob("*.toml"):
        (tmp_path / source.name).write_text(source.read_text("utf-8"), "utf-8")
    (tmp_path / file).write_text(text, "utf-8")
    return loaded(tmp_path)


FACT = '["reply.limit"]\nvalue = 48\nunit = "hours"\ncertainty = "high"\nsources = ["A01"]\nsays = "x"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (FACT.replace("48", '"48"'), "reply.limit: value"),
        (FACT.replace('"hours"', '"weeks"'), "reply.limit: unit"),
        (FACT.replace("A01", "A99"), "got A99"),
        (FACT.replace('unit = "hours"', 'unit = "flag"'), "got unit flag"),
        (FACT + "valid_from = 2026-02-01\nvalid_until = 2026-01-01\n", "valid_from before valid_until"),
        (FACT + 'supersedes = "reply.limit@old"\n', "got mx.reply.limit@old"),
        (FACT + FACT.replace("reply.limit", "reply.limit@again"), "one value a day"),
        (FACT.replace("48", "31-13"), "expected TOML"),
    ],
)
def test_a_wrong_fact_is_named_with_file_and_reason(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingError, match=r"mx\.toml") as caught:
        changed(tmp_path, "mx.toml", text)
    assert named in str(caught.value)


def test_the_version_follows_every_change(tmp_path: Path) -> None:
    assert changed(tmp_path, "mx.toml", FACT).version != book().version


def test_a_window_that_is_over_does_not_open_later() -> None:
    sent = {"order_id": "A", "marketplace": "US", "latest_delivery_at": "2026-06-10T20:00:00Z"}
    order = ruled_order(checked_columns(read_order(sent | {"as_of": "2026-12-20T09:00:00Z"}), 0.0), 0)
    ground = eligibility(order, book())[0]
    assert (ground.status, ground.opens_at) == ("closed", None)
