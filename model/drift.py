"""Drift: whether a month's inputs and scores are further from the profile than months differ anyway."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from scipy.special import fdtrc

from features.feature import Feature
from model.profile import SCORE, Rows
from model.spread import Spread, distance


@dataclass(frozen=True, slots=True)
class Drift:
    """One number at one moment in one month beside the profile. distance: Hellinger, 0–1; chance: that months without
    drift lie this far apart; level: below which that is an alarm."""

    name: str
    attribute: str
    moment: str
    month: int
    rows: int
    distance: float
    chance: float
    level: float

    @property
    def is_alarm(self) -> bool:
        """Whether it is too far to be chance, and far enough to matter."""
        return self.chance <= self.level and self.distance >= numbers()["spread"]["least_distance"]


@cache
def numbers() -> Mapping[str, Any]:
    """What `drift.toml` says."""
    return tomllib.loads((resources.files("model") / "drift.toml").read_text("utf-8"))


def drifts(rows: Rows, features: tuple[Feature, ...], spreads: Mapping[str, Mapping[str, Spread]]) -> list[Drift]:
    """Every number of every moment and month. The chance of a false alarm in a year is shared out among all of them.

    Under no drift the distance ÷ its mean over the months of training follows an F law: between-month differences are
    part of it, so that seasons and bad weeks as the training knew them are no drift.
    """
    least = numbers()["spread"]["least_months"]
    told = {m: {k: s for k, s in of.items() if s.months >= least} for m, of in spreads.items()}
    alarms, horizon = numbers()["alarms"], numbers()["alarms"]["horizon_months"]
    scores = sum(SCORE in of for of in told.values())
    inputs = sum(len(of) for of in told.values()) - scores
    level = {True: alarms["scores"] / max(horizon * scores, 1), False: alarms["inputs"] / max(horizon * inputs, 1)}
    attribute = {f.name: f.attribute for f in features}
    place = {f.name: j for j, f in enumerate(features)}
    return [
        _drift(values, spread, (name, attribute.get(name, SCORE), moment, month), level[name == SCORE])
        for moment, of in told.items()
        for month, here in _months(rows, moment)
        for name, spread in of.items()
        for values in [rows.probability[here] if name == SCORE else rows.X[here, place[name]]]
    ]


def _months(rows: Rows, moment: str) -> Iterator[tuple[int, Any]]:
    at = rows.moment == moment
    for month in np.unique(rows.month[at]).tolist():
        here = np.flatnonzero(at & (rows.month == month))
        if len(here) >= numbers()["spread"]["least_rows"]:
            yield month, here


def _drift(values: Any, spread: Spread, named: tuple[str, str, str, int], level: float) -> Drift:
    apart, n = distance(spread.shares_of(values), spread.shares), len(values)
    found = 8.0 * n * apart**2 / (1.0 + n / spread.rows) / (1.0 + 1.0 / spread.months)
    chance = float(fdtrc(spread.freedom, spread.freedom * spread.months, found / spread.unrest))
    return Drift(*named, n, apart, chance, level)
