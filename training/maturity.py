"""Maturity: how much of an order's claims could have shown by now, and so how much its row may weigh."""

from __future__ import annotations

import numpy as np

from features.columns import Floats, Ints
from features.moments import DAY
from features.order import STATES
from model.delay import DelayCurve
from training.settings import fit_settings


def delay_curve(state: Ints, delay_days: Floats, followed_days: Floats, longest_days: float) -> DelayCurve:
    """Nelson–Aalen of the days from as_of to the claim, per state, shrunk to that of all states.

    All (m,): state places; delay_days, NaN without a claim; followed_days until the window closed or observation ended.
    """
    size = int(np.ceil(longest_days)) + 1
    pooled, _ = _hazard(delay_days, followed_days, size)
    prior = fit_settings().shares_delay_prior_claims
    shown = np.empty((len(STATES), size + 1))
    for place in range(len(STATES)):
        own, claims = _hazard(delay_days[state == place], followed_days[state == place], size)
        shown[place] = (claims * own + prior * pooled) / (claims + prior)
    return DelayCurve(shown)


def _hazard(delay_days: Floats, followed_days: Floats, size: int) -> tuple[Floats, int]:
    """((size + 1,) cumulative hazard by whole days, scaled to end at 1; claims); straight if there are none."""
    happened = ~np.isnan(delay_days)
    claims = int(happened.sum())
    if not claims:
        return np.linspace(0.0, 1.0, size + 1), 0
    day = np.clip(delay_days[happened], 0, size - 1).astype(np.int64)
    ended = np.where(happened, np.nan_to_num(delay_days), followed_days)
    last = np.clip(ended, 0, size - 1).astype(np.int64)
    at_risk = np.bincount(last, minlength=size)[::-1].cumsum()[::-1]
    hazard = np.cumsum(np.bincount(day, minlength=size) / np.maximum(at_risk, 1))
    return np.concatenate([[0.0], hazard / hazard[-1]]), claims


def shown_share(curve: DelayCurve, state: Ints, as_of: Floats, closes: Floats, until: float) -> Floats:
    """(m,) float64 0–1: the share of each row's claims that had opened by `until`; 1 once its window is closed.

    For rare claims a row that was followed for a share F of its hazard and shows none weighs F: its log-likelihood is
    that of F rows. Rows with a claim weigh 1.
    """
    remaining = (closes - as_of) / DAY
    elapsed = np.clip((until - as_of) / DAY, 0.0, None)
    return np.where(elapsed >= remaining, 1.0, curve.share(state, elapsed, remaining))
