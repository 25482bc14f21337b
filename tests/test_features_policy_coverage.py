"""Every value of policy that decides anything is held by golden cases: changed or taken away, one breaks."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.clocks import clocks
from features.columns import Columns
from features.completion import completed
from features.document import read_order
from features.eligibility import eligibility
from features.order_columns import columns_of
from features.outcome import CLAIM_TYPES
from features.policy.book import COMMON, Book, Rules, book
from features.policy.facts import PolicyFact
from features.ruled import RuledOrder, ruled_order
from model.consequence_rules import expectations, expected

GOLDEN = Path(__file__).parent / "golden"
RULED = tomllib.loads((GOLDEN / "policy_cases.toml").read_text("utf-8"))["case"]
JUDGED = tomllib.loads((GOLDEN / "consequence_cases.toml").read_text("utf-8"))


def ruled(case: dict[str, Any]) -> RuledOrder:
    return ruled_order(columns_of([read_order({"order_id": "1", **case["order"]})]), 0)


def judged(case: dict[str, Any]) -> Columns:
    base = {name: value for name, value in JUDGED["base"].items() if name not in case.get("without", ())}
    return completed(columns_of([read_order(base | case.get("given", {}))]))


ORDERS = [(case, ruled(case)) for case in RULED]
CLAIMS = [(case, judged(case)) for case in JUDGED["case"]]


def told(case: dict[str, Any], order: RuledOrder, of: Book) -> tuple[Any, ...]:
    """What a case of clocks and grounds looks at."""
    grounds = eligibility(order, of)
    if "ground" in case:
        found = next(g for g in grounds if g.ground == case["ground"])
        return (found.status, found.opens_at, found.closes_at, found.sources)
    clock = next((c for c in clocks(order, grounds, of)[0] if c.code == case["clock"]), None)
    return () if clock is None else (clock.due, clock.state)


def rule_of(case: dict[str, Any], columns: Columns, of: Book) -> int:
    return int(expected(columns, None, of).rule[0, CLAIM_TYPES.index(case["type"])])


def with_facts(marketplace: str, facts: tuple[PolicyFact, ...]) -> Book:
    return Book({**book().facts, marketplace: facts}, book().zones, book().borders, "changed")


def changes(fact: PolicyFact) -> Iterator[PolicyFact | None]:
    """The fact taken away, a step larger and a step smaller."""
    yield None
    if not isinstance(fact.value, bool):
        yield replace(fact, value=fact.value + 1)
        if fact.value:
            yield replace(fact, value=fact.value - 1)


class _Asked(Book):
    """A book that writes down which topics are asked for."""

    def at(self, marketplace: str, on: Any) -> Rules:
        return _Watched(super().at(marketplace, on))


class _Watched(dict[str, PolicyFact]):
    topics: set[str] = set()  # noqa: RUF012 - shared on purpose

    def get(self, key: str, default: Any = None) -> Any:
        self.topics.add(key)
        return super().get(key, default)


def asked() -> set[str]:
    watching = _Asked(book().facts, book().zones, book().borders, "watched")
    for case, order in ORDERS:
        told(case, order, watching)
    return _Watched.topics | {rule.fact for rule in expectations().rule if rule.fact}


DECIDING = [
    (marketplace, fact)
    for marketplace, facts in book().facts.items()
    for fact in facts
    if fact.used and fact.topic in asked()
]


@pytest.mark.parametrize(("marketplace", "fact"), DECIDING, ids=lambda value: getattr(value, "id", value))
def test_a_changed_value_breaks_a_golden_case(marketplace: str, fact: PolicyFact) -> None:
    others = tuple(f for f in book().facts[marketplace] if f is not fact)
    here = {marketplace, None} if marketplace != COMMON else set(book().facts)
    orders = [(c, o) for c, o in ORDERS if marketplace == COMMON or o.marketplace in here]
    claims = CLAIMS if fact.topic in {rule.fact for rule in expectations().rule} else []
    for changed in changes(fact):
        of = with_facts(marketplace, others if changed is None else (*others, changed))
        is_seen = any(told(c, o, of) != told(c, o, book()) for c, o in orders)
        is_seen = is_seen or any(rule_of(c, o, of) != rule_of(c, o, book()) for c, o in claims)
        assert is_seen, f"{fact.id}: no golden case stands on this side of {fact.value} {fact.unit}"


def test_the_cases_are_many() -> None:
    files = [tomllib.loads(path.read_text("utf-8")).get("case", ()) for path in sorted(GOLDEN.glob("*_cases.toml"))]
    assert sum(len(cases) for cases in files) >= 150
    assert np.all([len(cases) > 0 for cases in files])
