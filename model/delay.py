"""How claims are spread over the days after an order is looked at: the share that has shown by then, per state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.columns import Floats, Ints
from features.symbols import at


@dataclass(frozen=True, slots=True)
class DelayCurve:
    """shown: (states, days + 1) float64, per state the cumulative hazard by whole days after as_of, rising from 0."""

    shown: Floats

    def share(self, state: Ints, days: Floats | float, remaining: Floats) -> Floats:
        """(n,) float64 0–1: of the claims that open within `remaining` days of as_of, those that open within `days`."""
        whole = self._at(state, remaining)
        part = self._at(state, np.minimum(days, remaining))
        return np.where(whole > 0.0, np.minimum(part / np.where(whole > 0.0, whole, 1.0), 1.0), 1.0)

    def _at(self, state: Ints, days: Floats) -> Floats:
        size = self.shown.shape[1]
        bounded = np.clip(days, 0.0, float(size - 1))
        below = np.minimum(np.floor(bounded).astype(np.int64), size - 2)
        place = state * size + below
        low, high = at(self.shown.ravel(), place), at(self.shown.ravel(), place + 1)
        told: Floats = low + (bounded - below) * (high - low)
        return told

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"shown": self.shown.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> DelayCurve:
        """The inverse of `to_state`."""
        return cls(np.array(state["shown"], dtype=np.float64))
