"""Drift: whether inputs and scores lie further from the profile, month after month, than months differ anyway.

A month's deviation from the months of training follows Student's law. Evidence for a shift of one to 256 deviations
against one of at most `tolerance` is the ratio of likelihoods; it adds up as in counting.py, and the bound on false
alarms is shared out among all numbers. That bound is measured (`benchmarks/drift.py`), not proven: all months are held
against one estimate of how much months differ, which the tolerance and `months.least` make up for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from features.columns import Floats, Ints
from features.feature import Feature
from model.level import SIDES, Level
from model.profile import MOMENTS, SCORE, Rows

Levels = Mapping[str, Mapping[str, Level]]


@dataclass(frozen=True, slots=True)
class Drift:
    """One number at one moment of an order's life beside the profile. side: of SIDES; month: (t,) months; deviation,
    evidence: (t,); passes: where evidence is an alarm."""

    name: str
    attribute: str
    moment: str
    side: str
    month: Ints
    deviation: Floats
    evidence: Floats
    passes: float

    @property
    def alarm(self) -> int | None:
        """The first month in which it is an alarm."""
        passed = np.flatnonzero(self.evidence >= self.passes)
        return int(self.month[passed[0]]) if len(passed) else None


@cache
def numbers() -> Mapping[str, Any]:
    """What `drift.toml` says."""
    return tomllib.loads((resources.files("model") / "drift.toml").read_text("utf-8"))


def drifts(rows: Rows, features: tuple[Feature, ...], levels: Levels) -> list[Drift]:
    """Every number at its moment, over all months with enough rows."""
    told = {m: {k: v for k, v in of.items() if v.months >= numbers()["months"]["least"]} for m, of in levels.items()}
    many = {is_score: sum((k == SCORE) == is_score for of in told.values() for k in of) for is_score in (True, False)}
    alarms = numbers()["alarms"]
    attribute = {f.name: f.attribute for f in features}
    place = {f.name: j for j, f in enumerate(features)}
    out = []
    for moment in MOMENTS:
        here = rows.moment == moment
        months, size = np.unique(rows.month[here], return_counts=True)
        months = months[size >= numbers()["months"]["least_rows"]]
        for name, level in told.get(moment, {}).items() if len(months) else ():
            values = rows.probability if name == SCORE else rows.X[:, place[name]]
            found = np.stack([level.deviations(values[here & (rows.month == month)]) for month in months])
            chance = alarms["scores" if name == SCORE else "inputs"] / (len(SIDES) * many[name == SCORE])
            passes = alarms["horizon_months"] / chance
            out += [
                Drift(name, attribute.get(name, SCORE), moment, side, months, found[:, k],
                      evidence(found[:, k], level.months), passes)
                for k, side in enumerate(SIDES)
            ]  # fmt: skip
    return out


def evidence(deviation: Floats, months: int) -> Floats:
    """(t,) evidence that the number has moved, either way; NaN tells nothing. months: of training."""
    of = numbers()["shift"]
    beyond = np.array(of["alternatives"])
    each, out = np.zeros((2, len(beyond))), np.empty(len(deviation))
    for t, z in enumerate(np.nan_to_num(deviation)):
        up = np.array([z, -z])[:, None] - of["tolerance"]
        freedom = months - 1.0
        ratio = ((freedom + up**2) / (freedom + (up - beyond) ** 2)) ** ((freedom + 1.0) / 2.0)
        each = (1.0 + each) * np.where(np.isnan(deviation[t]), 1.0, ratio)
        out[t] = min(float(each.mean()), 1e300)
        each = np.minimum(each, 1e300)
    return out
