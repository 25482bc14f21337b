"""How good probabilities are: weighted scores beside a constant, calibration, and what a day's capacity finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from features.columns import Array, Floats


@dataclass(frozen=True, slots=True)
class Quality:
    """Weighted quality of probabilities. gain: share of the constant's log-loss that is saved; NaN without claims."""

    rows: int
    claims: int
    log_loss: float
    brier: float
    roc_auc: float
    average_precision: float
    observed_to_expected: float
    slope: float
    gain: float


def quality(y: Array, probability: Floats, weight: Floats) -> Quality:
    """y: (n,) bool or 0/1; probability, weight: (n,) float64."""
    truth = y.astype(np.float64)
    claims = int(truth.sum())
    expected, observed = float(weight @ probability), float(weight @ truth)
    ratio = observed / expected if expected > 0 else np.nan
    if claims == 0 or claims == len(truth):
        nan = np.nan
        return Quality(len(truth), claims, nan, nan, nan, nan, ratio, nan, nan)
    loss = float(log_loss(truth, probability, sample_weight=weight))
    constant = np.full(len(truth), observed / weight.sum())
    base = float(log_loss(truth, constant, sample_weight=weight))
    return Quality(
        len(truth), claims, loss,
        float(brier_score_loss(truth, probability, sample_weight=weight)),
        float(roc_auc_score(truth, probability, sample_weight=weight)),
        float(average_precision_score(truth, probability, sample_weight=weight)),
        ratio, calibration_slope(truth, probability, weight), 1.0 - loss / base,
    )  # fmt: skip


def calibration_slope(y: Floats, probability: Floats, weight: Floats) -> float:
    """Slope of the logistic regression of y (0/1 or a probability) on the log-odds; 1 is right, below 1 too extreme."""
    z = np.log(probability) - np.log1p(-probability)
    design = np.stack([np.ones_like(z), z])
    beta = np.array([0.0, 1.0])
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(beta @ design, -30, 30)))
        gradient = design @ (weight * (y - p))
        hessian = (design * (weight * p * (1 - p))) @ design.T + 1e-9 * np.eye(2)
        step = np.clip(np.linalg.solve(hessian, gradient), -1.0, 1.0)
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return float(beta[1])
