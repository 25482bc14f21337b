"""The shapes of a model's health, for the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Alarm(BaseModel):
    """One thing that is no longer as in training, and the first month of it. moment: of an order's life."""

    kind: Literal["input", "score", "claims", "cohort"]
    name: str
    moment: str | None
    month: str
    text: str


class WatchedNumber(BaseModel):
    """A number by month: deviations of a month of training; evidence as a share of what an alarm needs."""

    name: str
    attribute: str
    moment: str
    side: Literal["known", "level"]
    months: list[str]
    deviations: list[float | None]
    evidence: float


class Cohort(BaseModel):
    """Claims of some orders beside what was foretold of them; low, high: 90 % limits of the ratio."""

    cohort: str
    orders: int
    observed: int
    foretold: float
    ratio: float
    low: float
    high: float
    months: list[str]
    observed_by_month: list[int]
    foretold_by_month: list[float]


class ModelHealth(BaseModel):
    """Whether inputs, probabilities and claims of the months since the training are as the model knows them."""

    model: str
    since: str
    until: str
    text: str
    alarms: list[Alarm]
    notes: list[str]
    years_between_false_alarms: float
    numbers: list[WatchedNumber]
    cohorts: list[Cohort]
