"""What policy lets expect of a claim: rules out of `consequences.toml`, of which the first that holds decides."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass as plain
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from features.columns import Bools, Columns, Floats, Ints
from features.conditions import CLOSED, Conditions, Truths
from features.errors import SettingError
from features.kinds import ClaimType
from features.named_moments import checked_moment, moment
from features.outcome import CLAIM_TYPES
from features.policy.book import Book, Group, book
from features.policy.due import due
from features.symbols import Value, each
from features.tracing import written

MOST_WRITTEN = 256  # functions for one order, by marketplace and time
Share = Annotated[float, Field(gt=0, lt=1)]


@dataclass(frozen=True, slots=True, config=CLOSED)
class Shares:
    """P(the seller pays | claim) and P(it counts as a defect | claim)."""

    seller_pays: Share
    defect: Share


@dataclass(frozen=True, slots=True, config=CLOSED)
class Rule:
    """Holds for claims of `types` where all of `when` do and the marketplace has `fact` (a topic of policy), if any.

    overdue: a moment; the span of the fact of its day must have run out, by as_of or by the moment `until` that ended
    it.
    """

    id: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    types: Annotated[tuple[ClaimType, ...], Field(min_length=1)]
    when: Conditions
    seller_pays: Share
    defect: Share
    fact: str | None = None
    overdue: Annotated[str, BeforeValidator(checked_moment)] | None = None
    until: Annotated[str, BeforeValidator(checked_moment)] = "as_of"

    @model_validator(mode="after")
    def _has_a_span(self) -> Self:
        if self.overdue is not None and self.fact is None:
            raise ValueError("overdue: expected a fact that says after how long")
        return self


@dataclass(frozen=True, slots=True, config=CLOSED)
class Prior:
    """How many decided claims the shares are worth; chance: deviance that a tilt must save to be believed at all."""

    claims: Annotated[float, Field(gt=0)]
    chance: Annotated[float, Field(ge=0)]


@dataclass(frozen=True, slots=True, eq=False, config=CLOSED)
class Expectations:
    """All of consequences.toml; compared by identity, because it is loaded once."""

    valid_from: date
    source: Literal["assumed"]
    prior: Prior
    base: Mapping[str, Shares]
    rule: tuple[Rule, ...]


@plain(frozen=True, slots=True)
class Expected:
    """(n, types) float64 each, types as in CLAIM_TYPES; rule: (n, types) int64, the place of the rule, -1 for base."""

    seller_pays: Floats
    defect: Floats
    rule: Ints


@cache
def expectations() -> Expectations:
    """The expectations that ship with the program."""
    return loaded(resources.files("model") / "consequences.toml")


def loaded(file: Traversable) -> Expectations:
    """The expectations in a file; `SettingError` names the key that is wrong."""
    try:
        found = TypeAdapter(Expectations).validate_python(tomllib.loads(file.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise SettingError(f"{file.name}: {_first(error)}") from error
    if set(found.base) != set(CLAIM_TYPES):
        raise SettingError(f"{file.name}: base: expected {CLAIM_TYPES}, got {tuple(found.base)}")
    return found


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"expected TOML: {error}"
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def expected(columns: Columns, of: Expectations | None = None, facts: Book | None = None) -> Expected:
    """What policy lets expect of a claim on each of n orders, as known at their as_of."""
    of = of or expectations()
    rule = rules_that_hold(columns, of, facts)
    pays, defect = shares(of)
    kinds = np.arange(len(CLAIM_TYPES))
    return Expected(pays[rule, kinds], defect[rule, kinds], rule)


def rules_that_hold(columns: Columns, of: Expectations, facts: Book | None = None) -> Ints:
    """(n, types) int64: for each type of claim the place of the first rule that holds, -1 for base."""
    facts = facts or book()
    if columns.is_few:
        return np.array([
            _of_one(of, groups, facts)(values)
            for values, groups in zip(columns.each, facts.groups_of_each(columns), strict=True)
        ])  # fmt: skip
    return np.stack(_places(columns, of, facts.groups(columns), facts), axis=1)


def _places(columns: Columns, of: Expectations, groups: list[Group], facts: Book) -> list[Ints]:
    """By type of claim, (n,) each."""
    truths, everyone = Truths(columns), np.ones(columns.n, dtype=np.bool_)
    found: dict[str, Ints] = {name: np.full(columns.n, -1) for name in CLAIM_TYPES}
    for place, told in enumerate(of.rule):
        where = _by_fact(told, truths.all_of(told.when, everyone), columns, groups, facts)
        if np.count_nonzero(where):
            for name in told.types:
                found[name] = np.where(where & (found[name] < 0), place, found[name])
    return list(found.values())


_written: dict[tuple[int, int], tuple[object, Callable[[Mapping[str, Value]], list[int]]]] = {}


def _of_one(of: Expectations, groups: list[Group], facts: Book) -> Callable[[Mapping[str, Value]], list[int]]:
    """The same for the values of one order under the facts of its group, if it has one."""
    key = (id(of), id(groups[0].rules) if groups else 0)
    found = _written.get(key)
    if found is None:
        if len(_written) >= MOST_WRITTEN:
            _written.clear()
        held = (of, groups)  # so that their ids stay theirs
        found = _written[key] = (held, written(lambda columns: _places(columns, of, groups, facts)))
    return found[1]


def _by_fact(rule: Rule, where: Bools, columns: Columns, groups: list[Group], facts: Book) -> Bools:
    """(n,) bool: of the orders at `where` those whose marketplace has the rule's fact, its span run out if asked."""
    if rule.fact is None or not np.count_nonzero(where):
        return where
    out = np.zeros(columns.n, dtype=np.bool_)
    for group in groups:
        here = where & group.rows
        if not np.count_nonzero(here):
            continue
        if rule.overdue is not None:
            out = out | _run_out(here, rule, columns, group, facts)
        elif rule.fact in group.rules:
            out = out | here
    return out


def _run_out(where: Bools, rule: Rule, columns: Columns, group: Group, facts: Book) -> Bools:
    """(n,) bool: of the orders at `where`, all of a group, those for which the span of the fact that applied at its
    start had run out at its end."""
    start, end = moment(columns, str(rule.overdue)), moment(columns, rule.until)

    def ends(begun: float) -> float:
        fact = facts.fact(group.marketplace, str(rule.fact), begun)
        return np.nan if fact is None else due(fact, begun, group.zone)

    out: Bools = end > each(ends, start, where=where & (start <= end))
    return out


@cache
def shares(of: Expectations) -> tuple[Floats, Floats]:
    """(rules + 1, types) float64 each: by rule, the base last."""
    bases = [of.base[name] for name in CLAIM_TYPES]
    kinds = len(CLAIM_TYPES)
    pays = [*([rule.seller_pays] * kinds for rule in of.rule), [base.seller_pays for base in bases]]
    defect = [*([rule.defect] * kinds for rule in of.rule), [base.defect for base in bases]]
    return np.array(pays), np.array(defect)
