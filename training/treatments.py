"""Treatments: where a shop's past orders tell that it did, or did not do, what an action says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass as plain
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from features.columns import Bools, Columns, Floats
from features.conditions import CLOSED, Conditions, Truths, declared
from features.errors import SettingError
from features.moments import HOUR
from features.named_moments import checked_moment, moment

Moment = Annotated[str, BeforeValidator(checked_moment)]
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True, config=CLOSED)
class Done:
    """A thing done in time: `moment` at most `within_hours` after `of`."""

    moment: Moment
    of: Moment
    within_hours: float

    def deadline(self, orders: Columns) -> Floats:
        """(n,) float64 instants, NaN where `of` never came."""
        return moment(orders, self.of) + self.within_hours * HOUR


@plain(frozen=True, slots=True)
class Arms:
    """(n,) each. eligible: bool, had the choice and chose; treated: bool, as the action says (meant where eligible);
    since: float64, instants from which claims count."""

    eligible: Bools
    treated: Bools
    since: Floats


@dataclass(frozen=True, slots=True, config=CLOSED)
class Treatment:
    """One action as a choice that past orders tell of; see `treatments.toml`."""

    action: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]+$")]
    at: str
    apart: tuple[str, ...]
    cluster: Literal["week", "sku", "shop_id"]
    eligible: Conditions = ()
    treated: Conditions = ()
    control: Conditions = ()
    done: Done | None = None

    @model_validator(mode="after")
    def _told_one_way(self) -> Self:
        if (self.done is None) != bool(self.treated and self.control):
            raise ValueError(f"{self.action}: expected either done, or treated and control")
        for name in self.apart:
            declared(name)
        return self

    @property
    def reads(self) -> frozenset[str]:
        """The names of attributes and moments that tell the arms."""
        if self.done is not None:
            return frozenset({self.done.moment, self.done.of})
        names: set[str] = set()
        for condition in (*self.treated, *self.control):
            told = getattr(condition, "attribute", ())
            names |= {told} if isinstance(told, str) else set(told)
        return frozenset(names)

    def arms(self, known: Columns, final: Columns) -> Arms:
        """The arms of n orders. known: as known at the moment of the choice; final: what became of them."""
        everyone = np.ones(known.n, dtype=np.bool_)
        truths = Truths(known)
        eligible = truths.all_of(self.eligible, everyone)
        if self.done is None:
            control = truths.all_of(self.control, eligible)
            treated = truths.all_of(self.treated, eligible) & ~control
            return Arms(treated | control, treated, known["as_of"])
        deadline = self.done.deadline(final)
        treated = np.asarray(moment(final, self.done.moment) <= deadline, dtype=np.bool_)
        return Arms(eligible & ~np.isnan(deadline), treated, np.fmax(deadline, known["as_of"]))


@dataclass(frozen=True, slots=True, config=CLOSED)
class Refusal:
    """When an effect is not identified."""

    least_overlap: Share
    fewest_claims: Annotated[int, Field(ge=1)]
    could_go_either_way: tuple[Share, Share]


@dataclass(frozen=True, slots=True, config=CLOSED)
class Fit:
    """How propensities and outcomes are fitted."""

    propensity_penalty: float
    outcome_penalty: float
    folds: Annotated[int, Field(ge=2)]
    most_shops: int
    value_steps: int
    clip: float
    most_others: Annotated[int, Field(ge=1)]
    most_stood_for: Annotated[float, Field(ge=1)]


@dataclass(frozen=True, slots=True, eq=False, config=CLOSED)
class Treatments:
    """All of treatments.toml."""

    valid_from: date
    refuse: Refusal
    fit: Fit
    treatment: tuple[Treatment, ...]


@cache
def treatments() -> Treatments:
    """The treatments that ship with the program."""
    return loaded(resources.files("training") / "treatments.toml")


def loaded(file: Traversable) -> Treatments:
    """The treatments in a file; `SettingError` names the key that is wrong."""
    try:
        return TypeAdapter(Treatments).validate_python(tomllib.loads(file.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise SettingError(f"{file.name}: {error}") from error
