"""Priors of order defects out of `odr.toml`: shocks that orders share, feedback and chargebacks, number of draws."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from features.columns import Floats
from features.conditions import CLOSED

SharedKind = Literal["carrier_week", "sku_lot"]
OtherDefect = Literal["negative_feedback", "chargeback"]
Positive = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True, config=CLOSED)
class ShockPrior:
    """scale: of the half-normal prior of the standard deviation (log of the chance); days: how long one lasts."""

    scale: Positive
    days: Positive
    reason: str


@dataclass(frozen=True, slots=True, config=CLOSED)
class OtherPrior:
    """Defects per order over its life, worth `prior_defects` seen ones; half have come by `half_life` days of age."""

    rate: Positive
    prior_defects: Positive
    half_life: Positive
    reason: str

    def shown(self, age_days: Floats) -> Floats:
        """Any shape, 0–1: the share of these defects that has come by that age."""
        return np.asarray(1.0 - 0.5 ** (np.maximum(age_days, 0.0) / self.half_life))

    def rate_seen(self, defects: float, exposed: float) -> float:
        """Per order, after `defects` on orders of which `exposed` (sum of shown shares) had had the time."""
        return (self.prior_defects + defects) / (self.prior_defects / self.rate + exposed)


@dataclass(frozen=True, slots=True, config=CLOSED)
class NotPaid:
    """defect: P(a claim counts that was decided and not at the seller's cost), where policy does not say."""

    defect: Annotated[float, Field(gt=0, lt=1)]
    reason: str


@dataclass(frozen=True, slots=True, config=CLOSED)
class Draws:
    """nodes: pairs of standard deviations; each: draws of shocks for each pair; seed: of the draws."""

    nodes: Annotated[int, Field(ge=1)]
    each: Annotated[int, Field(ge=2)]
    seed: int
    reason: str


@dataclass(frozen=True, slots=True, config=CLOSED)
class DefectPriors:
    """All of odr.toml."""

    valid_from: date
    source: str
    shock: Mapping[SharedKind, ShockPrior]
    other: Mapping[OtherDefect, OtherPrior]
    not_paid: NotPaid
    draws: Draws


@cache
def defect_priors() -> DefectPriors:
    """What `odr.toml` says."""
    table = tomllib.loads((resources.files("model") / "odr.toml").read_text("utf-8"))
    return TypeAdapter(DefectPriors).validate_python(table)
