"""Fitting the calibrator: the slope from rolling out-of-fold rows, the level from all, and how sure we are of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Array, Floats, Ints
from features.moments import DAY
from features.order import STATES
from features.phases import PHASES, STATE_OF_PHASE
from model.calibration import Calibrator, probability_of
from training.settings import fit_settings


@dataclass(frozen=True, slots=True)
class Said:
    """m rows and what a model said of them. All (m,): raw log-odds, phase places, labels, weights, placed_at instants,
    and the fold that a row was judged in (0 where there are none)."""

    raw: Floats
    phase: Ints
    y: Array
    weight: Floats
    placed_at: Floats
    fold: Ints


def fitted_calibrator(out_of_fold: Said, everything: Said, more: float = 1.0) -> Calibrator:
    """Slope from rows the model had not seen, each fold and phase at its own level; levels per phase from all rows.

    The rolling rows are the later ones, so their level is that of one season; all orders tell the level better.
    Slopes are shrunk to 1 (and 1 below `fewest_for_slope` claims), a state's level and slope to the common ones, those
    of its late phase to the state's. What noise in a model takes from its slope falls with the claims it learned from,
    so only 1 ÷ `more` of it is left in a model that learned from `more` times the claims of those that were judged.
    A slope turns about a phase's centre, where its claims are: about log-odds 0, far from any row, it could not change
    without a level that its prior does not allow.
    """
    settings, centre = fit_settings(), _claim_weighted_centre(everything)
    claims = float(out_of_fold.weight @ out_of_fold.y)
    if claims >= settings.calibration_fewest_for_slope:
        slopes, slope_variance = _slopes(out_of_fold, centre)
        slopes = 1.0 + (slopes - 1.0) / more
    else:
        slopes = np.ones(len(PHASES))
        slope_variance = np.full(len(PHASES), settings.calibration_slope_deviation**2)
    levels, level_variance = _levels(everything, slopes, centre)
    left_over = _left_over(out_of_fold, Calibrator(levels, slopes, np.zeros((len(PHASES), 3))))
    shape = np.maximum(left_over, _shape_floor(out_of_fold))
    period = settings.calibration_period_deviation**2
    constant = level_variance + shape + period + slope_variance * centre**2
    return Calibrator(levels, slopes, np.stack([constant, -2.0 * slope_variance * centre, slope_variance], axis=1))


def line(raw: Floats, y: Array, weight: Floats) -> tuple[float, float]:
    """Level and slope of the likeliest line through log-odds, the slope shrunk to 1. All (m,): log-odds, labels,
    weights of at most 1."""
    rows = Said(raw, np.zeros(len(raw), dtype=np.int64), y, weight, np.zeros(len(raw)), np.zeros(len(raw), np.int64))
    prior = np.array([0.0, fit_settings().calibration_slope_deviation ** -2.0])
    beta, _ = _newton(np.stack([np.ones(len(raw)), raw], axis=1), np.zeros(len(raw)), rows, prior, np.array([0.0, 1.0]))
    return float(beta[0]), float(beta[1])


def _shape_floor(rows: Said) -> Floats:
    """(phases,) least variance of the log-odds for what a straight line cannot show: falls with the claims seen."""
    claims = np.bincount(rows.phase, rows.weight * rows.y, len(PHASES))
    return np.asarray(fit_settings().calibration_shape_claims / (claims + 1.0))


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


# (phases, 1 + states + late phases): what adds up to a phase – the common, its state's own, its own if it is late.
_PARTS = np.concatenate(
    [np.ones((len(PHASES), 1)), np.eye(len(STATES))[STATE_OF_PHASE], np.eye(len(PHASES))[:, len(STATES) :]], axis=1
)


def _own(of_common: float, of_state: float, of_phase: float) -> Floats:
    """(1 + states + late phases,) prior precisions of the parts, from their deviations."""
    deviations = np.repeat([of_common, of_state, of_phase], [1, len(STATES), len(PHASES) - len(STATES)])
    return np.asarray(deviations**-2.0)


def _slopes(rows: Said, centre: Floats) -> tuple[Floats, Floats]:
    """(phases,) slopes about (phases,) centres, each shrunk to that of what it is part of, the common one to 1; their
    (phases,) variances."""
    settings, around = fit_settings(), centre[rows.phase]
    folds = np.asarray(rows.fold[:, None] == np.unique(rows.fold), dtype=np.float64)
    parts = _PARTS[rows.phase]
    design = np.concatenate([folds, parts[:, 1:], parts * (rows.raw - around)[:, None]], axis=1)
    level = _own(np.inf, settings.calibration_intercept_deviation, settings.calibration_phase_deviation)[1:]
    slope = _own(
        settings.calibration_slope_deviation, settings.calibration_state_slope_deviation,
        settings.calibration_phase_slope_deviation,
    )  # fmt: skip
    first = design.shape[1] - len(slope)
    expected = np.zeros(design.shape[1])
    expected[first] = 1.0
    prior = np.concatenate([np.zeros(folds.shape[1]), level, slope])
    beta, covariance = _newton(design, around, rows, prior, expected)
    variance = np.einsum("ij,jk,ik->i", _PARTS, covariance[first:, first:], _PARTS)
    return np.maximum(_PARTS @ beta[first:], 0.05), np.asarray(variance)


def _levels(rows: Said, slopes: Floats, centre: Floats) -> tuple[Floats, Floats]:
    """(phases,) intercepts at given slopes about (phases,) centres, and their (phases,) variances.

    A state's own level is shrunk by as much as the levels of all states differ beyond chance (empirical Bayes).
    """
    settings, turned, own = fit_settings(), centre * (1.0 - slopes), slice(1, 1 + len(STATES))
    offset = turned[rows.phase] + slopes[rows.phase] * rows.raw
    deviation = settings.calibration_intercept_deviation
    for _ in range(2):
        prior = _own(settings.calibration_common_deviation, deviation, settings.calibration_phase_deviation)
        beta, covariance = _newton(_PARTS[rows.phase], offset, rows, prior, np.zeros(len(prior)))
        beyond = float(np.mean(beta[own] ** 2 - np.diag(covariance)[own]))
        least = settings.calibration_least_deviation
        deviation = float(np.clip(np.sqrt(max(beyond, 0.0)), least, deviation))
    return turned + _PARTS @ beta, np.asarray(np.einsum("ij,jk,ik->i", _PARTS, covariance, _PARTS))


def _claim_weighted_centre(rows: Said) -> Floats:
    """(phases,) float64: the mean raw log-odds of rows with a claim, where a phase's level is known best.

    With a claim's worth of the overall mean in it, that of a late phase with one of its state's.
    """
    mass = rows.weight * rows.y
    overall = float(mass @ rows.raw / mass.sum())
    claims = np.bincount(rows.phase, mass, len(PHASES))
    sums = np.bincount(rows.phase, mass * rows.raw, len(PHASES))
    states = (sums + overall) / (claims + 1.0)
    late = np.arange(len(PHASES)) >= len(STATES)
    return np.asarray(np.where(late, (sums + states[STATE_OF_PHASE]) / (claims + 1.0), states))


def _left_over(rows: Said, calibrator: Calibrator) -> float:
    """Variance of the log-odds of score bins around the calibrated ones beyond what counting explains."""
    z = calibrator.log_odds(rows.raw, rows.phase)
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
