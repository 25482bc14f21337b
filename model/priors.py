"""Priors out of `priors.toml`: what is assumed of any shop and of any order before anything was learned."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from features.conditions import CLOSED, Conditions
from features.errors import SettingError
from features.kinds import ClaimType
from features.order import STATES
from features.outcome import CLAIM_TYPES

FILE = "priors.toml"
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Why = Annotated[str, Field(min_length=10)]


@dataclass(frozen=True, slots=True, config=CLOSED)
class Window:
    """Days after latest_delivery_at in which a claim may be opened."""

    days: Positive
    reason: Why


@dataclass(frozen=True, slots=True, config=CLOSED)
class Base:
    """The rate of any shop, believed as if seen by `prior_claims` claims; what its two numbers show of it."""

    rate: Annotated[float, Field(gt=0, lt=0.1)]
    prior_claims: Positive
    shown: Share
    claims_per_defect: Share
    reason: Why


@dataclass(frozen=True, slots=True, config=CLOSED)
class Uncertainty:
    """How far the terms may be off, as a share of what they add up to."""

    weights: Share
    reason: Why


@dataclass(frozen=True, slots=True, config=CLOSED)
class StatePrior:
    """The ordinary order in one state: odds against those when placed, how sure, how soon claims come, which types."""

    multiple: Positive
    deviation: Positive
    half_life: Positive
    types: Mapping[ClaimType, Share]
    reason: Why

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.types) != set(CLAIM_TYPES) or abs(sum(self.types.values()) - 1.0) > 1e-9:
            raise ValueError(f"expected shares of {', '.join(CLAIM_TYPES)} that add up to 1, got {dict(self.types)}")
        return self


@dataclass(frozen=True, slots=True, config=CLOSED)
class Term:
    """What a feature changes: odds at `high` are `multiple` times those at `low`; nothing at `usual`, or if unknown."""

    features: Annotated[tuple[str, ...], Field(min_length=1)]
    unit: str
    low: float
    high: float
    usual: float
    multiple: Positive
    reason: Why

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.usual <= self.high or self.low == self.high:
            raise ValueError(f"expected low <= usual <= high, got {self.low}, {self.usual}, {self.high}")
        return self


@dataclass(frozen=True, slots=True, config=CLOSED)
class TypeFact:
    """Where all of `when` hold, the odds of a claim "not received" against one about the goods are so many times as
    high; beside_model: also where a model was learned."""

    when: Annotated[Conditions, Field(min_length=1)]
    received: Positive
    reason: Why
    beside_model: bool = False


@dataclass(frozen=True, slots=True, config=CLOSED)
class Mute:
    """Where features say nothing: orders for which all of `when` holds count as usual."""

    features: Annotated[tuple[str, ...], Field(min_length=1)]
    when: Conditions
    reason: Why


@dataclass(frozen=True, slots=True, config=CLOSED)
class BesideModel:
    """The attribute whose terms stand beside a learned model that could not learn of it."""

    attribute: Literal["tracking_status"]
    reason: Why


@dataclass(frozen=True, slots=True, eq=False, config=CLOSED)
class Priors:
    """All of priors.toml; compared by identity, because it is loaded once."""

    valid_from: date
    source: Literal["assumed"]
    window: Window
    base: Base
    uncertainty: Uncertainty
    beside_model: BesideModel
    state: Mapping[str, StatePrior]
    mute: tuple[Mute, ...]
    type_fact: tuple[TypeFact, ...]
    term: tuple[Term, ...]

    @model_validator(mode="after")
    def _all_states(self) -> Self:
        if tuple(self.state) != tuple(map(str, STATES)):
            raise ValueError(f"expected the states {', '.join(STATES)} in that order, got {', '.join(self.state)}")
        return self

    @property
    def type_facts_beside_model(self) -> tuple[TypeFact, ...]:
        """Those that no model has to learn."""
        return tuple([fact for fact in self.type_fact if fact.beside_model])


def priors_file() -> Traversable:
    """The file that ships with the program."""
    return resources.files("model") / FILE


@cache
def priors() -> Priors:
    """The priors that ship with the program."""
    return loaded(priors_file())


@cache
def digest() -> str:
    """SHA-256 of the priors that ship with the program, hexadecimal."""
    return hashlib.sha256(priors_file().read_bytes()).hexdigest()


def loaded(file: Traversable) -> Priors:
    """The priors in a file; `SettingError` names the key that is wrong."""
    try:
        return TypeAdapter(Priors).validate_python(tomllib.loads(file.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{file.name}: expected TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingError(f"{file.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
