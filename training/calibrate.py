"""Fitting the calibrator on out-of-fold log-odds, and measuring how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Array, Floats, Ints
from features.moments import DAY
from features.order import STATES
from model.calibration import Calibrator, probability_of
from training.settings import fit_settings


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """m rows that the model had not seen. All (m,): raw log-odds, state places, labels, weights, placed_at instants."""

    raw: Floats
    state: Ints
    y: Array
    weight: Floats
    placed_at: Floats


def fitted_calibrator(rows: OutOfFold) -> Calibrator:
    """Sigmoid with an intercept per state, shrunk to the common one, and a slope shrunk to 1.

    Penalised maximum likelihood by Newton's method. Below `fewest_for_slope` claims the slope is 1.
    """
    settings = fit_settings()
    free_slope = float(rows.weight @ rows.y) >= settings.calibration_fewest_for_slope
    design = _design(rows)
    prior = np.array(
        [0.0]
        + [settings.calibration_intercept_deviation**-2.0] * len(STATES)
        + [settings.calibration_slope_deviation**-2.0 if free_slope else 1e12]
    )
    centre = np.zeros(len(prior))
    centre[-1] = 1.0
    beta = centre.copy()
    for _ in range(100):
        p = probability_of(design @ beta)
        gradient = design.T @ (rows.weight * (rows.y - p)) - prior * (beta - centre)
        step = np.linalg.solve(_hessian(design, rows.weight, p, prior), gradient)
        beta = beta + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    slope = max(float(beta[-1]), 0.05)
    covariance = _clustered_covariance(rows, design, beta, prior)
    intercepts = beta[0] + beta[1:-1]
    calibrator = Calibrator(intercepts, slope, _variance(covariance, 0.0))
    return Calibrator(intercepts, slope, _variance(covariance, _left_over(rows, calibrator)))


def _design(rows: OutOfFold) -> Floats:
    """(m, states + 2): common intercept, one per state, raw log-odds."""
    design = np.zeros((len(rows.raw), len(STATES) + 2))
    design[:, 0] = 1.0
    design[np.arange(len(rows.raw)), rows.state + 1] = 1.0
    design[:, -1] = rows.raw
    return design


def _hessian(design: Floats, weight: Floats, p: Floats, prior: Floats) -> Floats:
    return np.asarray((design.T * (weight * p * (1.0 - p))) @ design + np.diag(prior + 1e-9))


def _clustered_covariance(rows: OutOfFold, design: Floats, beta: Floats, prior: Floats) -> Floats:
    """Sandwich covariance of beta, clustered by the week of placing: shocks shared by a week widen it."""
    p = probability_of(design @ beta)
    bread = np.linalg.inv(_hessian(design, rows.weight, p, prior))
    week = np.floor(rows.placed_at / (fit_settings().calibration_cluster_days * DAY))
    _, cluster = np.unique(week, return_inverse=True)
    scores = design * (rows.weight * (rows.y - p))[:, None]
    sums = np.stack([np.bincount(cluster, column) for column in scores.T], axis=1)
    many = len(sums) / max(len(sums) - 1, 1)
    return np.asarray(bread @ (many * sums.T @ sums + np.diag(prior)) @ bread)


def _variance(covariance: Floats, left_over: float) -> Floats:
    """(states, 3): coefficients of (1, z, z²) of the variance of the calibrated log-odds."""
    out = np.empty((len(STATES), 3))
    last = len(covariance) - 1
    for place in range(len(STATES)):
        pick = [0, place + 1]
        out[place] = (
            covariance[np.ix_(pick, pick)].sum() + left_over,
            2.0 * covariance[pick, last].sum(),
            covariance[last, last],
        )
    return out


def _left_over(rows: OutOfFold, calibrator: Calibrator) -> float:
    """Variance of the log-odds of score bins around the calibrated ones beyond what counting explains."""
    z = calibrator.log_odds(rows.raw, rows.state)
    p = probability_of(z)
    order = np.argsort(z, kind="stable")
    expected_so_far = np.cumsum((rows.weight * p)[order])
    bins = fit_settings().calibration_bins
    place = np.minimum((expected_so_far / expected_so_far[-1] * bins).astype(np.int64), bins - 1)
    observed = np.bincount(place, (rows.weight * rows.y)[order], bins)
    expected = np.bincount(place, (rows.weight * p)[order], bins)
    ratio = np.log((observed + 0.5) / (expected + 0.5))
    counting = 1.0 / (expected + 0.5)
    return float(max(np.mean(ratio**2 - counting), 0.0))
