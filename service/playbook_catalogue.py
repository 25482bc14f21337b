"""The catalogue of the playbook: evidence, steps, roads and texts of `service/playbook/*.toml`, each with a source."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass as plain
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from features.clocks import Code as Clock
from features.conditions import CLOSED, Conditions, declared
from features.errors import SettingError
from features.kinds import ClaimType, Marketplace
from features.policy.book import Book, book
from features.policy.facts import Certainty
from service.advice_catalogue import Text

Stage = Literal[
    "nothing", "dispute", "claim_open", "information_requested", "refunded_after_claim", "decided", "debited",
    "appeal_decided", "withdrawn", "chargeback", "refund_charged",
]  # fmt: skip
KindId = Literal["not_received", "delivered_not_received", "undeliverable", "not_as_described", "return_or_refund"]
RoadId = Literal["REFUND_NOW", "REPRESENT", "APPEAL", "ACCEPT", "SAFE_T"]
ClockState = Literal["running", "met", "missed", "not_started", "unknown"]
Weight = Literal["decisive", "helpful"]
Cases = tuple[Conditions, ...]
Share = Annotated[float, Field(gt=0, lt=1)]
Minutes = Annotated[float, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z_]*$")]
Shown = Annotated[str, AfterValidator(lambda name: declared(name).name)]
T = TypeVar("T")
CERTAINTIES: Mapping[str, Certainty] = {"H": "high", "M": "medium", "L": "low", "X": "conflicting"}


@dataclass(frozen=True, slots=True, config=CLOSED)
class Page:
    """A page that a text rests on; without url it is our own. of: the marketplaces it speaks of, or "all"."""

    certainty: Literal["H", "M", "L", "X"]
    of: Annotated[tuple[Marketplace | Literal["all"], ...], Field(min_length=1)]
    says: str
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None


@dataclass(frozen=True, slots=True, config=CLOSED)
class Kind:
    """A kind of claim: the first that `fits` is that of a claim of its type; else likely where any case holds."""

    id: KindId
    claim_type: ClaimType
    fits: Conditions
    likely: Cases
    text: Text


@dataclass(frozen=True, slots=True, config=CLOSED)
class Item:
    """One piece of evidence; `evidence.toml` says how it is found present, against, missing or unknown.

    hint: for the seller alone, never sent.
    """

    id: Name
    kinds: Annotated[tuple[KindId, ...], Field(min_length=1)]
    weight: Weight
    text: Text
    fact: str | None = None
    source: str | None = None
    hint: Text | None = None
    when: Conditions = ()
    clock: Clock | None = None
    present: Cases = ()
    against: Cases = ()
    missing: Cases = ()
    shows: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True, config=CLOSED)
class Step:
    """Something to do, or not to do. Without `source` it is told only where the marketplace has the fact.

    unless_missed: a clock; where it was missed the step is not told. unless_fact: a topic of policy; where the
    marketplace has it the step is not told.
    """

    id: Name
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    text: Text
    kinds: tuple[KindId, ...] = ()
    when: Conditions = ()
    clock: Clock | None = None
    clock_is: tuple[ClockState, ...] = ()
    unless_missed: Clock | None = None
    unless_fact: str | None = None
    fact: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        if (self.clock is None) != (not self.clock_is):
            raise ValueError("expected clock and clock_is together")


@dataclass(frozen=True, slots=True, config=CLOSED)
class Road:
    """A way to end the matter: what it takes in staff time, the clock that ends it, what not to do on it (ids)."""

    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    minutes: Minutes
    source: str
    text: Text
    clock: Clock | None = None
    cautions: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, config=CLOSED)
class Appeal:
    """Chances of an appeal where `when` holds and the marketplace has `fact`: money back, and defect taken away."""

    id: Name
    when: Conditions
    money: Share
    defect: Share
    kinds: tuple[KindId, ...] = ()
    fact: str | None = None


@dataclass(frozen=True, slots=True, config=CLOSED)
class Unanswered:
    """What follows where Amazon's request for information was not answered in time."""

    fact: str
    seller_pays: Share
    defect: Share


@dataclass(frozen=True, slots=True, config=CLOSED)
class SafeT:
    """The chance that SAFE-T gives the money back."""

    money: Share


@dataclass(frozen=True, slots=True, config=CLOSED)
class Roads:
    """All of roads.toml. claims: how many decided ones an assumed chance is worth; refund_is_due,
    is_with_the_bank: where no road is called cheaper."""

    valid_from: date
    source: Literal["assumed"]
    claims: Annotated[float, Field(gt=0)]
    too_close: Share
    refund_is_due: Conditions
    is_with_the_bank: Conditions
    road: Mapping[RoadId, Road]
    appeal: tuple[Appeal, ...]
    safe_t: SafeT
    unanswered: Unanswered


@plain(frozen=True, slots=True, eq=False)
class Catalogue:
    """All of the playbook; compared by identity, because it is loaded once. version: a digest of its files."""

    pages: Mapping[str, Page]
    stages: Mapping[str, Text]
    kinds: tuple[Kind, ...]
    items: tuple[Item, ...]
    steps: tuple[Step, ...]
    donts: tuple[Step, ...]
    roads: Roads
    texts: Mapping[str, Mapping[str, Text]]
    version: str


@cache
def playbook_catalogue() -> Catalogue:
    """The catalogue that ships with the program."""
    return loaded(resources.files("service") / "playbook", book())


def loaded(folder: Traversable, facts: Book) -> Catalogue:
    """The catalogue in a folder; `SettingError` names file and key: a text without a source, a source that is not."""
    files = {item.name: item.read_bytes() for item in folder.iterdir() if item.name.endswith(".toml")}
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + files[name] for name in sorted(files)))
    tables = {name: _table(name, content) for name, content in files.items()}
    situations = tables["situations.toml"]
    found = Catalogue(
        _read(dict[str, Page], tables["sources.toml"], "sources.toml"),
        _read(dict[str, Text], situations.get("stage", {}), "situations.toml: stage"),
        _read(tuple[Kind, ...], situations.get("kind", []), "situations.toml: kind"),
        _read(tuple[Item, ...], tables["evidence.toml"].get("item", []), "evidence.toml"),
        _read(tuple[Step, ...], tables["steps.toml"].get("step", []), "steps.toml"),
        _read(tuple[Step, ...], tables["donts.toml"].get("step", []), "donts.toml"),
        _read(Roads, tables["roads.toml"], "roads.toml"),
        _read(dict[str, dict[str, Text]], tables["texts.toml"], "texts.toml"),
        digest.hexdigest()[:12],
    )
    _check(found, facts)
    return found


def _table(name: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"playbook/{name}: expected TOML in UTF-8: {error}") from error


def _read(kind: type[T], raw: object, where: str) -> T:
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingError(f"playbook/{where}: {key}: {first['msg']}") from error


def _check(found: Catalogue, facts: Book) -> None:
    """Every text has a source that exists, every id stands once, every stage and road is there."""
    topics = {fact.topic for held in facts.facts.values() for fact in held}
    for where, fact, source in _named(found):
        if fact is None and source is None:
            raise SettingError(f"playbook/{where}: expected a fact or a source, got neither")
        if fact is not None and fact not in topics:
            raise SettingError(f"playbook/{where}: fact: expected a topic of policy, got {fact!r}")
        if source is not None and source not in found.pages:
            raise SettingError(f"playbook/{where}: source: expected a key of sources.toml, got {source!r}")
    for where, step in _steps(found):
        if step.unless_fact is not None and step.unless_fact not in topics:
            raise SettingError(f"playbook/{where}: unless_fact: expected a topic of policy, got {step.unless_fact!r}")
        texts = (step.text.en, step.text.zh)
        if any("{value}" in text for text in texts) and (step.fact is None or step.source is not None):
            raise SettingError(f"playbook/{where}: text: expected {{value}} to be that of a fact alone")
    last = found.roads.appeal[-1]
    if last.when or last.kinds or last.fact:
        raise SettingError(f"playbook/roads.toml: {last.id}: expected the last appeal to hold for every order")
    ids = [*(item.id for item in found.items), *(step.id for _, step in _steps(found))]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    absent = (set(get_args(Stage)) - set(found.stages)) | (set(get_args(RoadId)) - set(found.roads.road))
    absent |= set(get_args(KindId)) - {kind.id for kind in found.kinds}
    absent |= {name for road in found.roads.road.values() for name in road.cautions} - {step.id for step in found.donts}
    if twice or absent:
        raise SettingError(f"playbook: expected each id once, got twice {twice}; not there: {sorted(absent)}")


def _steps(found: Catalogue) -> Iterable[tuple[str, Step]]:
    yield from ((f"steps.toml: {step.id}", step) for step in found.steps)
    yield from ((f"donts.toml: {step.id}", step) for step in found.donts)


def _named(found: Catalogue) -> Iterable[tuple[str, str | None, str | None]]:
    """What names a fact or a source: (where, fact, source)."""
    yield from ((f"evidence.toml: {item.id}", item.fact, item.source) for item in found.items)
    yield from ((where, step.fact, step.source) for where, step in _steps(found))
    yield from ((f"roads.toml: {name}", None, road.source) for name, road in found.roads.road.items())
    yield from ((f"roads.toml: {rule.id}", rule.fact, None) for rule in found.roads.appeal if rule.fact)
    yield "roads.toml: unanswered", found.roads.unanswered.fact, None
