"""Calibration: log-odds of the model into log-odds that come true, per phase; and how sure we are of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.columns import Floats, Ints
from features.order import STATES
from features.phases import STATE_OF_PHASE
from features.symbols import at

Z_90 = 1.6448536269514722


def probability_of(log_odds: Floats) -> Floats:
    """(n,) float64 in (0, 1)."""
    return 1.0 / (1.0 + np.exp(-log_odds))


@dataclass(frozen=True, slots=True)
class Calibrator:
    """Calibrated log-odds = intercepts[phase] + slopes[phase] · log-odds.

    Its 90 % interval, for the mean true probability of orders like this, is ± Z_90 · sd on the log-odds, where
    variance = variance[phase] · (1, z, z²), z the uncalibrated log-odds: prevalence, shocks, calibrator and model.
    intercepts, slopes: (phases,), slopes > 0; variance: (phases, 3).
    """

    intercepts: Floats
    slopes: Floats
    variance: Floats

    def log_odds(self, raw: Floats, phase: Ints) -> Floats:
        """(n,) float64 calibrated log-odds."""
        told: Floats = at(self.intercepts, phase) + at(self.slopes, phase) * raw
        return told

    def deviation(self, raw: Floats, phase: Ints) -> Floats:
        """(n,) float64: standard deviation of the calibrated log-odds."""
        constant, linear, square = (at(column, phase) for column in self.variance.T)
        deviation: Floats = np.sqrt(np.maximum(constant + raw * (linear + raw * square), 0.0))
        return deviation

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "intercepts": self.intercepts.tolist(),
            "slopes": self.slopes.tolist(),
            "variance": self.variance.tolist(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Calibrator:
        """The inverse of `to_state`; in bundles of before there were phases, each has the numbers of its state."""
        arrays = (np.array(state[name]) for name in ("intercepts", "slopes", "variance"))
        return cls(*(a[STATE_OF_PHASE] if len(a) == len(STATES) else a for a in arrays))
