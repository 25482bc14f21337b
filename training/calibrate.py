"""Fitting the calibrator: the slope from rolling out-of-fold rows, the level from all, and how sure we are of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Array, Floats, Ints
from features.moments import DAY
from features.order import STATES
from model.calibration import Calibrator, probability_of
from training.settings import fit_settings


@dataclass(frozen=True, slots=True)
class Said:
    """m rows and what a model said of them. All (m,): raw log-odds, state places, labels, weights, placed_at instants,
    and the fold that a row was judged in (0 where there are none)."""

    raw: Floats
    state: Ints
    y: Array
    weight: Floats
    placed_at: Floats
    fold: Ints


def fitted_calibrator(out_of_fold: Said, everything: Said) -> Calibrator:
    """Slope from rows the model had not seen, each fold and state at its own level; levels per state from all rows.

    The rolling rows are the later ones, so their level is that of one season; all orders tell the level better.
    Slopes are shrunk to 1 (and 1 below `fewest_for_slope` claims), a state's level and slope to the common ones.
    """
    settings = fit_settings()
    claims = float(out_of_fold.weight @ out_of_fold.y)
    if claims >= settings.calibration_fewest_for_slope:
        slopes, slope_variance = _slopes(out_of_fold)
    else:
        slopes = np.ones(len(STATES))
        slope_variance = np.full(len(STATES), settings.calibration_slope_deviation**2)
    levels, level_variance = _levels(everything, slopes)
    centre = _claim_weighted_centre(everything)
    shape = max(_left_over(out_of_fold, Calibrator(levels, slopes, np.zeros((len(STATES), 3)))), _shape_floor(claims))
    period = fit_settings().calibration_period_deviation ** 2
    constant = level_variance + shape + period + slope_variance * centre**2
    return Calibrator(levels, slopes, np.stack([constant, -2.0 * slope_variance * centre, slope_variance], axis=1))


def _shape_floor(claims: float) -> float:
    """Least variance of the log-odds for what a straight line per state cannot show: falls with the claims seen."""
    return fit_settings().calibration_shape_claims / max(claims, 1.0)


def _newton(design: Floats, offset: Floats, rows: Said, prior: Floats, centre: Floats) -> tuple[Floats, Floats]:
    """(p,) penalised maximum likelihood and its (p, p) sandwich covariance, clustered by the week of placing.

    prior: (p,) precisions around `centre`. Claims placed in a week share shocks, which the clusters let in.
    """
    beta = centre.copy()
    for _ in range(100):
        p = probability_of(offset + design @ beta)
        bread = np.linalg.inv((design.T * (rows.weight * p * (1.0 - p))) @ design + np.diag(prior + 1e-9))
        step = bread @ (design.T @ (rows.weight * (rows.y - p)) - prior * (beta - centre))
        beta = beta + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    week = np.floor(rows.placed_at / (fit_settings().calibration_cluster_days * DAY))
    _, cluster = np.unique(week, return_inverse=True)
    residual = rows.weight * (rows.y - p)
    sums = np.stack([np.bincount(cluster, column * residual) for column in design.T], axis=1)
    many = len(sums) / max(len(sums) - 1, 1)
    return beta, np.asarray(bread @ (many * sums.T @ sums + np.diag(prior)) @ bread)


def _of_state(rows: Said) -> Floats:
    """(m, states) float64: 1 in the column of each row's state."""
    return np.asarray(rows.state[:, None] == np.arange(len(STATES)), dtype=np.float64)


def _slopes(rows: Said) -> tuple[Floats, Floats]:
    """(states,) slopes, each shrunk to the common one and that to 1, and their (states,) variances."""
    settings, n = fit_settings(), len(STATES)
    folds = np.asarray(rows.fold[:, None] == np.unique(rows.fold), dtype=np.float64)
    state = _of_state(rows)
    design = np.concatenate([folds, state, rows.raw[:, None], state * rows.raw[:, None]], axis=1)
    deviations: list[Floats] = [
        np.full(folds.shape[1], np.inf), np.full(n, settings.calibration_intercept_deviation),
        np.array([settings.calibration_slope_deviation]), np.full(n, settings.calibration_state_slope_deviation),
    ]  # fmt: skip
    centre = np.zeros(design.shape[1])
    centre[-1 - n] = 1.0
    beta, covariance = _newton(design, np.zeros(len(rows.raw)), rows, np.concatenate(deviations) ** -2.0, centre)
    pick = np.zeros((n, len(beta)))
    pick[:, -1 - n] = 1.0
    pick[np.arange(n), np.arange(len(beta) - n, len(beta))] = 1.0
    return np.maximum(pick @ beta, 0.05), np.asarray(np.einsum("ij,jk,ik->i", pick, covariance, pick))


def _levels(rows: Said, slopes: Floats) -> tuple[Floats, Floats]:
    """(states,) intercepts at given slopes, and their (states,) variances."""
    own = fit_settings().calibration_intercept_deviation ** -2.0
    design = np.concatenate([np.ones((len(rows.raw), 1)), _of_state(rows)], axis=1)
    prior = np.concatenate([[0.0], np.full(len(STATES), own)])
    beta, covariance = _newton(design, slopes[rows.state] * rows.raw, rows, prior, np.zeros(len(prior)))
    variance = covariance[0, 0] + np.diag(covariance)[1:] + 2.0 * covariance[0, 1:]
    return beta[0] + beta[1:], variance


def _claim_weighted_centre(rows: Said) -> Floats:
    """(states,) float64: the mean raw log-odds of rows with a claim, where a state's level is known best."""
    mass = rows.weight * rows.y
    overall = float(mass @ rows.raw / mass.sum())
    claims = np.bincount(rows.state, mass, len(STATES))
    sums = np.bincount(rows.state, mass * rows.raw, len(STATES))
    return np.asarray((sums + overall) / (claims + 1.0))


def _left_over(rows: Said, calibrator: Calibrator) -> float:
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
    ratio -= np.average(ratio, weights=expected)
    return float(max(np.mean(ratio**2 - 1.0 / (expected + 0.5)), 0.0))
