"""Defects to come: of every order the chance to become defective by each day ahead, while it is in the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Floats, Ints
from features.order import STATES, State
from model.calibration import Z_90
from model.defect_priors import OtherDefect, defect_priors
from model.scorer import Scorer, log_odds_of
from service.odr_window import Window, whole_window_days

PLACED = STATES.index(State.PLACED)


@dataclass(frozen=True, slots=True)
class ToCome:
    """Of n orders. days: (d,) whole days ahead, from 0. stays: (n, d) 1 while the order is in the window; by_day:
    (n, d) P(no known defect now, but one by that day); final: (n,) the same by the end of its time in the window;
    claims: (n,) of which by a claim; parts: the expected number of final ones by kind.

    deviation: of the logarithm of all these chances together; give: (n,) how far shocks reach an order; seen: (n,)
    what it was expected to show by now; new_by_age: (d,) P(a new order shows a defect so many days after placing).
    """

    days: Ints
    stays: Floats
    by_day: Floats
    final: Floats
    claims: Floats
    parts: dict[str, float]
    deviation: float
    give: Floats
    seen: Floats
    new_by_age: Floats


def to_come(window: Window, scorer: Scorer, period_days: int) -> ToCome:
    """What is to come of a window's orders."""
    known, age, days = window.known, window.age_days, np.arange(period_days + 1)
    left = period_days - age
    ahead = np.column_stack([np.minimum(days[None, :], left[:, None]), left])  # the last column: while it is there
    is_later = np.append(days > 0, True)
    claims = _claims(window, scorer, ahead) * is_later
    others = {kind: _other(window, kind, ahead) for kind in defect_priors().other}
    not_yet = (~known.is_defect)[:, None]
    chance = not_yet * (1.0 - (1.0 - claims) * np.prod([1.0 - other for other in others.values()], axis=0))
    of_kinds: dict[str, Floats] = {"a_to_z": claims} | {str(kind): of for kind, of in others.items()}
    fresh, by_age = _fresh(window, scorer), _ByAge(window, scorer)
    return ToCome(
        days=days,
        stays=(left[:, None] > days[None, :]).astype(np.float64),
        by_day=chance[:, :-1],
        final=chance[:, -1],
        claims=np.where(known.is_defect, 0.0, claims[:, -1]),
        parts={kind: float((not_yet * of)[:, -1].sum()) for kind, of in of_kinds.items()},
        deviation=_deviation(window, chance[:, -1]),
        give=np.where(known.has_claim, 0.0, 1.0 - chance[:, -1]),
        seen=fresh * by_age(age) + _others_shown(window, age),
        new_by_age=float(np.mean(fresh)) * by_age(days) + _others_shown(window, days.astype(np.float64)),
    )


def _claims(window: Window, scorer: Scorer, ahead: Floats) -> Floats:
    """(n, d) float64: P(a claim that counts is there, and was not before, so many days ahead)."""
    decisions, known = window.decisions, window.known
    chance = np.nan_to_num(decisions.stakes.probability * decisions.stakes.defect)
    state, remaining = decisions.scores.state, scorer.remaining_days(window.columns)
    shown = np.stack([scorer.delay.share(state, days, remaining) for days in ahead.T], axis=1)
    return np.where(known.has_claim[:, None], known.open[:, None], chance[:, None] * shown)


def _other(window: Window, kind: OtherDefect, ahead: Floats) -> Floats:
    """(n, d) float64: P(such a defect comes within so many days)."""
    prior, age = defect_priors().other[kind], window.age_days
    return np.asarray(_rate(window, kind) * (prior.shown(age[:, None] + ahead) - prior.shown(age)[:, None]))


def _rate(window: Window, kind: OtherDefect) -> float:
    """Of such defects per order over its life: the prior's, moved by the shop's own where they are all known."""
    prior = defect_priors().other[kind]
    if not window.complete:
        return prior.rate
    seen = window.known.by_kind[kind].sum()
    return prior.rate_seen(float(seen), float(prior.shown(window.age_days).sum()))


def _others_shown(window: Window, age: Floats) -> Floats:
    """P(feedback or a chargeback has come by an age), of any order; shape of age."""
    shown = [_rate(window, kind) * prior.shown(age) for kind, prior in defect_priors().other.items()]
    return np.asarray(np.sum(shown, axis=0))


def _fresh(window: Window, scorer: Scorer) -> Floats:
    """(n,) float64: P(a claim that counts), of the orders when they were placed."""
    columns, decisions = window.columns, window.decisions
    rate = scorer.baseline.of(columns, np.full(columns.n, PLACED, dtype=np.int64))
    told = decisions.stakes.defect[~np.isnan(decisions.stakes.defect)]
    return np.asarray(rate * (float(told.mean()) if len(told) else 1.0))


class _ByAge:
    """Of the claims of orders, the share that has been opened so many days after placing."""

    def __init__(self, window: Window, scorer: Scorer) -> None:
        self._curve, self._whole = scorer.delay, whole_window_days(window.columns, scorer.pipeline.window_days)

    def __call__(self, days: Floats | Ints) -> Floats:
        state = np.full(len(days), PLACED, dtype=np.int64)
        whole = np.full(len(days), self._whole)
        return self._curve.share(state, np.asarray(days, dtype=np.float64), whole)


def _deviation(window: Window, final: Floats) -> float:
    """Standard deviation of the logarithm of the whole: the intervals of the orders, by how much of it each is."""
    low, high = window.decisions.scores.low, window.decisions.scores.high
    told = ~np.isnan(low) & (final > 0.0)
    if not told.any():
        return 0.0
    deviation = (log_odds_of(high[told]) - log_odds_of(low[told])) / (2.0 * Z_90)
    return float(deviation @ final[told] / final[told].sum())
