"""Hard limits: where a metric of the marketplace is so near its bound that nothing may worsen it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from features.columns import Bools, Columns, Floats, Ints
from features.policy.book import book
from features.policy.facts import PolicyFact
from service.advice_catalogue import Catalogue, Limits, Metric, SideEffect

_DIGITS = 9  # of a share; rates are told with six at most


def blocked(columns: Columns, rows: Ints, place: Ints, catalogue: Catalogue) -> Bools:
    """(m,) bool: whether a side effect of the action at `place` would worsen a metric that must not get worse.

    rows: (m,) the orders. The bound is the marketplace's own fact; where it has none, or the shop's rate is unknown,
    nothing is blocked.
    """
    worsens = _worsens(catalogue)[place]
    if not worsens.any():
        return np.zeros(len(rows), dtype=np.bool_)
    used = [_used_up(columns, metric) for metric in catalogue.limits.metric.values()]
    return np.asarray((worsens & np.stack(used, axis=1)[rows]).any(axis=1))


@lru_cache(maxsize=8)
def _worsens(catalogue: Catalogue) -> Bools:
    """(actions, metrics) bool."""
    metrics = catalogue.limits.metric
    return np.array([[name in action.side_effects for name in metrics] for action in catalogue.actions], dtype=np.bool_)


def cases_left(columns: Columns, effect: SideEffect, limits: Limits, a_day: float) -> float:
    """How many cases of a side effect a metric still bears in its period, at so many orders a day; inf without a limit.

    The rate is the one that the latest of the orders tells, the period the marketplace's own.
    """
    metric = limits.metric.get(effect)
    if metric is None or metric.attribute not in columns:
        return float("inf")
    told = np.flatnonzero(~np.isnan(columns[metric.attribute]))
    rules = next((group.rules for group in book().groups(columns) if metric.topic in group.rules), None)
    period = None if rules is None else rules.get(metric.topic.replace("target", "period"))
    if rules is None or period is None or not len(told):
        return float("inf")
    fact = rules[metric.topic]
    latest = columns[metric.attribute][told[np.argmax(columns["placed_at"][told])]]
    allowed = 1.0 - float(fact.value) if fact.unit == "rate_at_least" else float(fact.value)
    return max(metric.from_share - float(_share_used(latest, fact)), 0.0) * allowed * a_day * float(period.value)


def _used_up(columns: Columns, metric: Metric) -> Bools:
    rate, out = columns[metric.attribute], np.zeros(columns.n, dtype=np.bool_)
    if metric.attribute not in columns:
        return out
    for group in book().groups(columns):
        fact = group.rules.get(metric.topic)
        if fact is not None:
            out |= group.rows & (_share_used(rate, fact) >= metric.from_share)
    return out


def _share_used(rate: Floats, fact: PolicyFact) -> Floats:
    """(n,) float64: of what the bound allows, the share that is used up; NaN unknown. Rounded, so that a rate which
    stands exactly at a share has it: (1 − 0.925) ÷ (1 − 0.9) is a hair below 0.75 in floats."""
    if fact.unit == "rate_at_least":
        return np.round((1.0 - rate) / (1.0 - float(fact.value)), _DIGITS)
    return np.round(rate / float(fact.value), _DIGITS)
