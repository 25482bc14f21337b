"""One fact of a marketplace's policy, and the files that hold them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from features.errors import SettingError

Certainty = Literal["high", "medium", "low", "conflicting", "unverified"]
Unit = Literal[
    "hours", "calendar_days", "business_days", "months", "flag", "rate_below", "rate_at_least", "share", "points",
    "claims", "USD", "GBP", "JPY",
]  # fmt: skip
COMMON = "common"
NOT_FACTS = ("sources.toml", "zones.toml")


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class _Written:
    """A fact as a file writes it. sources: codes of sources.toml."""

    value: StrictBool | StrictInt | StrictFloat
    unit: Unit
    certainty: Certainty
    sources: Annotated[list[str], Field(min_length=1)]
    says: Annotated[str, Field(min_length=1)]
    valid_from: date | None = None
    valid_until: date | None = None
    supersedes: str | None = None
    used: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.value, bool) != (self.unit == "flag"):
            raise ValueError(f"expected true or false with the unit flag and a number else, got unit {self.unit}")
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError(f"expected valid_from before valid_until, got {self.valid_from} and {self.valid_until}")


@dataclass(frozen=True, slots=True)
class PolicyFact:
    """One dated value.

    id: marketplace and topic, such as `us.claim.not_received`, after `@` the name of an older or contradicted value.
    topic: without marketplace and `@`. valid_until is exclusive; None where no text dates it. sources: URLs.
    used: false for what is kept for the record and never applied.
    """

    id: str
    topic: str
    value: bool | int | float
    unit: Unit
    valid_from: date | None
    valid_until: date | None
    certainty: Certainty
    sources: tuple[str, ...]
    says: str
    supersedes: str | None
    used: bool

    def __hash__(self) -> int:
        return hash(self.id)

    def holds(self, on: date) -> bool:
        """Whether the fact applies on a day."""
        begun = self.valid_from is None or self.valid_from <= on
        return self.used and begun and (self.valid_until is None or on < self.valid_until)


def facts_of(file: Traversable, urls: Mapping[str, str]) -> tuple[PolicyFact, ...]:
    """The facts of one file; `SettingError` names file, fact, what was expected and got."""
    prefix = file.name.removesuffix(".toml")
    found = tuple(_fact(file.name, prefix, name, table, urls) for name, table in toml_of(file).items())
    ids = {fact.id for fact in found}
    for fact in found:
        if fact.supersedes is not None and fact.supersedes not in ids:
            raise SettingError(f"{file.name}: {fact.id}: supersedes: expected a fact here, got {fact.supersedes}")
        twice = [
            other.id for other in found if other.topic == fact.topic and other.id != fact.id and _meet(fact, other)
        ]
        if twice:
            raise SettingError(f"{file.name}: {fact.id}: expected one value a day, got {twice[0]} on the same days")
    return found


def toml_of(file: Traversable) -> dict[str, object]:
    """What a file holds; `SettingError` where it is no TOML."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{file.name}: expected TOML: {error}") from error


_WRITTEN = TypeAdapter(_Written)


def _fact(file: str, prefix: str, name: str, table: object, urls: Mapping[str, str]) -> PolicyFact:
    try:
        told = _WRITTEN.validate_python(table)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise SettingError(f"{file}: {name}: {where}: {first['msg']}, got {first['input']!r}") from error
    strange = [code for code in told.sources if code not in urls]
    if strange:
        raise SettingError(f"{file}: {name}: sources: expected codes of sources.toml, got {strange[0]}")
    older = None if told.supersedes is None else f"{prefix}.{told.supersedes}"
    return PolicyFact(
        f"{prefix}.{name}", name.partition("@")[0], told.value, told.unit, told.valid_from, told.valid_until,
        told.certainty, tuple(urls[code] for code in told.sources), told.says, older, told.used,
    )  # fmt: skip


def _meet(one: PolicyFact, other: PolicyFact) -> bool:
    """Whether both apply on some day."""
    starts = max(one.valid_from or date.min, other.valid_from or date.min)
    ends = min(one.valid_until or date.max, other.valid_until or date.max)
    return one.used and other.used and starts < ends
