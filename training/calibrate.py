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
    The slope is shrunk to 1 (and 1 below `fewest_for_slope` claims), a state's level to the common one.
    """
    settings = fit_settings()
    free_slope = float(out_of_fold.weight @ out_of_fold.y) >= settings.calibration_fewest_for_slope
    slope, slope_variance = _slope(out_of_fold) if free_slope else (1.0, settings.calibration_slope_deviation**2)
    levels, level_variance = _levels(everything, slope)
    centre = _claim_weighted_centre(everything)
    calibrator = Calibrator(levels, slope, np.zeros((len(STATES), 3)))
    level_variance = level_variance + _left_over(out_of_fold, calibrator)
    variance = np.stack(
        [
            level_variance + slope_variance * centre**2,
            -2.0 * slope_variance * centre,
            np.full(len(STATES), slope_variance),
        ],
        axis=1,
    )
    return Calibrator(levels, slope, variance)


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


def _slope(rows: Said) -> tuple[float, float]:
    """The slope and its variance."""
    settings = fit_settings()
    folds = np.asarray(rows.fold[:, None] == np.unique(rows.fold), dtype=np.float64)
    design = np.concatenate([folds, _of_state(rows), rows.raw[:, None]], axis=1)
    prior = np.concatenate([
        np.zeros(folds.shape[1]), np.full(len(STATES), settings.calibration_intercept_deviation**-2.0),
        [settings.calibration_slope_deviation**-2.0],
    ])  # fmt: skip
    centre = np.zeros(len(prior))
    centre[-1] = 1.0
    beta, covariance = _newton(design, np.zeros(len(rows.raw)), rows, prior, centre)
    return max(float(beta[-1]), 0.05), float(covariance[-1, -1])


def _levels(rows: Said, slope: float) -> tuple[Floats, Floats]:
    """(states,) intercepts at a given slope, and their (states,) variances."""
    own = fit_settings().calibration_intercept_deviation ** -2.0
    design = np.concatenate([np.ones((len(rows.raw), 1)), _of_state(rows)], axis=1)
    prior = np.concatenate([[0.0], np.full(len(STATES), own)])
    beta, covariance = _newton(design, slope * rows.raw, rows, prior, np.zeros(len(prior)))
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
