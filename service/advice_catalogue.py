"""The catalogue of advice: every action out of `service/advice/*.toml`, checked against the order and the red lines."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, StrictBool, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from features.conditions import CLOSED, Conditions, declared, held_value
from features.errors import SettingError
from features.kinds import Kind
from features.named_moments import checked_moment
from features.order import State
from features.policy.book import Rules, book

Basis = Literal["policy", "prior", "evidence", "experiment"]
Scope = Literal["order", "sku", "lane", "shop"]
SideEffect = Literal[
    "LATE_SHIPMENT", "VALID_TRACKING", "ON_TIME_DELIVERY", "CANCELLATION_RATE", "FAILED_DELIVERY_ATTEMPT",
    "BUYER_EFFORT", "RETURN_RATE", "NEGATIVE_FEEDBACK",
]  # fmt: skip
CostKind = Literal[
    "minutes", "label_upgrade", "signature_fee", "return_label", "duties", "outstanding_refund", "lost_margin"
]  # fmt: skip
T = TypeVar("T")
ASSUMED = "assumed"
AS_OF = "as_of"
TAKEN_OVER = frozenset({Kind.INSTANT, Kind.MONEY})  # kinds of what an action sets to the value of another attribute
LIMITS, SOURCES = "limits.toml", "sources.toml"


@dataclass(frozen=True, slots=True, config=CLOSED)
class Source:
    """A page that advice rests on; certainty H, M, L or X as sources.toml says."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    certainty: Literal["H", "M", "L", "X"]
    says: str


@dataclass(frozen=True, slots=True, config=CLOSED)
class RelativeRisk:
    """Claims of one type with the action ÷ without: median and 90 % interval."""

    median: Annotated[float, Field(gt=0, le=1)]
    low: Annotated[float, Field(gt=0)]
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.median <= self.high:
            raise ValueError(f"expected low <= median <= high, got {self.low}, {self.median}, {self.high}")
        return self


@dataclass(frozen=True, slots=True, config=CLOSED)
class Effect:
    """What an action does to each claim type. `source` is of the size: a key of sources.toml, or "assumed"."""

    basis: Literal["policy", "prior"]
    source: str
    not_received: RelativeRisk
    not_as_described: RelativeRisk
    return_or_refund: RelativeRisk


@dataclass(frozen=True, slots=True, config=CLOSED)
class Deadline:
    """A moment and the hours after it, or the span that the marketplace's fact on a topic gives; of several, the first
    that is known."""

    start: Annotated[str, BeforeValidator(checked_moment), Field(alias="from")]
    plus_hours: float = 0.0
    source: str | None = None
    fact: str | None = None

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if (self.source is None) is (self.fact is None):
            raise ValueError("expected a source or a fact beside the moment")
        return self


@dataclass(frozen=True, slots=True, config=CLOSED)
class Cost:
    """What an action takes, for `money` to price: `quantity` of a kind; below 1 where it is only used by chance."""

    kind: CostKind
    quantity: Annotated[float, Field(ge=0)]


@dataclass(frozen=True, slots=True, config=CLOSED)
class Text:
    """One text in each language."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True, config=CLOSED)
class PolicyText(Text):
    """What is told beside a text where the order's marketplace has the fact; `{span}` stands for its hours or days."""

    fact: str


@dataclass(frozen=True, slots=True, config=CLOSED)
class Action:
    """One thing to do. It is feasible in `states` where all of `when` and, if there is any, one of `when_any` hold.
    `when` ends with the sets of conditions that the file names as `shared`.

    helps: `next_orders` where nothing changes for the order at hand; the effect is then on orders like it.
    after_deadline: `drop` is not advised late, `late` is. addresses: the attributes that it remedies. sets: what the
    order's attributes become (of instants and money the attribute whose value they take, of `order_total` also where
    price, shipping and discount tell it), for policy rules on who pays. lowers: what it is done for.
    side_effects: cases of each that the action adds per order; betters: metrics that it improves. facts: topics of
    policy that the marketplace must have; policy: what is told where it has others. slot: of actions that share one, a
    plan holds at most one. is_duty: told whether or not it pays, because the marketplace asks for it. stops_shipping:
    nothing may leave before it is settled.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]+$")]
    version: Annotated[int, Field(ge=1)]
    valid_from: date
    scope: Scope
    helps: Literal["this_order", "next_orders"]
    states: tuple[State, ...]
    when: Conditions
    deadline: tuple[Deadline, ...]
    after_deadline: Literal["drop", "late"]
    addresses: tuple[str, ...]
    lowers: tuple[Literal["claim", "seller_pays", "defect"], ...]
    side_effects: Mapping[SideEffect, Annotated[float, Field(gt=0, le=1)]]
    cost: Cost
    source: str
    effect: Effect
    text: Text
    when_any: Conditions = ()
    sets: Mapping[str, StrictBool | str] = Field(default_factory=dict)
    holds_parcel: bool = False
    stops_shipping: bool = False
    betters: tuple[SideEffect, ...] = ()
    facts: tuple[str, ...] = ()
    policy: tuple[PolicyText, ...] = ()
    slot: str | None = None
    is_duty: bool = False

    @property
    def changes_who_pays(self) -> bool:
        """Whether policy's rules on who pays may read the order otherwise once it is done."""
        return bool(self.sets) and set(self.lowers) != {"claim"}

    @property
    def texts(self) -> Iterator[Text]:
        """All that may be told of it."""
        yield self.text
        yield from self.policy

    def policy_of(self, rules: Rules) -> list[PolicyText]:
        """What a marketplace's facts let be told of it."""
        return [told for told in self.policy if told.fact in rules and rules[told.fact].value is not False]

    def topics(self) -> set[str]:
        """The topics of policy that it names."""
        of_deadlines = {rule.fact for rule in self.deadline if rule.fact is not None}
        return {*self.facts, *(told.fact for told in self.policy)} | of_deadlines

    @model_validator(mode="after")
    def _of_the_order(self) -> Self:
        for name in self.addresses:
            declared(name)
        for name, value in self.sets.items():
            if declared(name).kind not in TAKEN_OVER:
                held_value(declared(name), value)
            elif declared(str(value)).kind is not declared(name).kind:
                raise ValueError(f"sets.{name}: expected an attribute of its kind, as_of for instance, got {value!r}")
        return self


@dataclass(frozen=True, slots=True, config=CLOSED)
class Metric:
    """A metric of the marketplace that a side effect would worsen: the attribute that tells it, the topic of policy
    that bounds it, and the share of what is allowed from which nothing may worsen it any more."""

    attribute: str
    topic: str
    from_share: Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, slots=True, config=CLOSED)
class Limits:
    """What no advice may do: hold a parcel near ship_by, speak for some orders, say forbidden things, or worsen a
    metric that is near its bound. to_review: orders of which any of these holds never proceed; shared: conditions that
    several actions have in common, by name."""

    hold_margin_hours: float
    never: Conditions
    to_review: Conditions
    forbidden: tuple[re.Pattern[str], ...]
    metric: Mapping[SideEffect, Metric]
    shared: Mapping[str, Conditions]

    def broken_by(self, action: Action) -> str | None:
        """How an action breaks the limits, or None."""
        for text in (words for told in action.texts for words in (told.en, told.zh)):
            hit = next((f for f in self.forbidden if re.search(f.pattern, text, re.IGNORECASE)), None)
            if hit is not None:
                return f"text: advice may not say {hit.pattern!r}"
        first = next(iter(action.deadline), None)
        in_time = first and first.start == "ship_by" and first.plus_hours <= -self.hold_margin_hours
        if action.holds_parcel and not (in_time and action.after_deadline == "drop"):
            return f"deadline: expected {self.hold_margin_hours:g} h before ship_by, then drop, for what holds a parcel"
        return None


@dataclass(frozen=True, slots=True, eq=False, config=CLOSED)
class Catalogue:
    """All actions by id and version, the sources they name, and a fingerprint of the files they came from.

    Compared by identity: it is loaded once.
    """

    actions: tuple[Action, ...]
    sources: Mapping[str, Source]
    limits: Limits
    fingerprint: str

    def valid_span(self, action: Action) -> tuple[float, float]:
        """Epoch seconds from which to which a version stands: until the next one of the same id."""
        later = [a.valid_from for a in self.actions if a.id == action.id and a.valid_from > action.valid_from]
        return _epoch(action.valid_from), _epoch(min(later)) if later else float("inf")

    def addressed(self) -> frozenset[str]:
        """The attributes that any action remedies."""
        return frozenset(name for action in self.actions for name in action.addresses)


def _epoch(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the program."""
    return loaded(resources.files("service") / "advice")


def loaded(folder: Traversable) -> Catalogue:
    """The catalogue in a folder of TOML files; `SettingError` names the file and the key that is wrong."""
    texts = {item.name: item.read_bytes() for item in folder.iterdir() if item.name.endswith(".toml")}
    tables = {name: _table(name, texts[name]) for name in sorted(texts)}
    limits = _checked(TypeAdapter(Limits), tables.pop(LIMITS, {}), LIMITS)
    sources = _checked(TypeAdapter(dict[str, Source]), tables.pop(SOURCES, {}), SOURCES)
    actions: list[Action] = []
    for name, table in tables.items():
        actions += _actions(name, table, limits, sources)
    twice = [key for key, count in Counter((a.id, a.version) for a in actions).items() if count > 1]
    if twice:
        raise SettingError(f"advice: expected each id and version once, got twice: {twice}")
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + texts[name] for name in sorted(texts)))
    ordered = sorted(actions, key=lambda a: (a.id, a.version))
    return Catalogue(tuple(ordered), sources, limits, digest.hexdigest()[:12])


def _table(name: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"advice/{name}: expected TOML in UTF-8: {error}") from error


def _actions(name: str, table: dict[str, Any], limits: Limits, sources: Mapping[str, Source]) -> Iterable[Action]:
    others = table.keys() - {"action"}
    if others:
        raise SettingError(f"advice/{name}: expected [[action]] alone, got {sorted(others)}")
    for place, raw in enumerate(table.get("action", [])):
        where = f"{name}: {raw.get('id', f'action {place + 1}')}"
        action = _checked(TypeAdapter(Action), _with_shared(raw, limits, where), where)
        named = [action.source, action.effect.source, *(d.source for d in action.deadline if d.source is not None)]
        missing = [key for key in named if key != ASSUMED and key not in sources]
        strange = sorted(action.topics() - _topics())
        problem = f"source: {missing[0]!r} is not in {SOURCES}" if missing else limits.broken_by(action)
        problem = f"fact: no marketplace has {strange[0]!r}" if strange else problem
        if problem:
            raise SettingError(f"advice/{where}: {problem}")
        yield action


def _with_shared(raw: Mapping[str, Any], limits: Limits, where: str) -> dict[str, Any]:
    """An action's table with the sets of conditions that it names put after its own."""
    names = raw.get("shared", ())
    unknown = [name for name in names if name not in limits.shared]
    if unknown:
        raise SettingError(f"advice/{where}: shared: {unknown[0]!r} is not in {LIMITS}")
    common = [condition for name in names for condition in limits.shared[name]]
    own = {key: value for key, value in raw.items() if key != "shared"}
    return own | {"when": [*raw.get("when", ()), *dict.fromkeys(common)]} if names else own


@cache
def _topics() -> frozenset[str]:
    """The topics on which any marketplace has a fact."""
    return frozenset(fact.topic for facts in book().facts.values() for fact in facts if fact.used)


def _checked(adapter: TypeAdapter[T], raw: object, where: str) -> T:
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingError(f"advice/{where}: {key}: {first['msg']}") from error
