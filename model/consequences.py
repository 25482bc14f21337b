"""Consequences: if a claim is opened, how likely the seller pays and how likely it counts as a defect, by type.

What policy lets expect (`model/consequence_rules.py`) is shifted and tilted by what the shop's own decided claims
showed; nothing else is learned, because claims are few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.columns import Columns, Floats
from model.calibration import probability_of
from model.consequence_rules import expectations, expected


@dataclass(frozen=True, slots=True)
class Tilt:
    """Log-odds told = intercept + slope · log-odds that policy lets expect; claims: how many decided ones it rests on,
    prior_claims: how many the expectation is worth beside them."""

    intercept: float
    slope: float
    claims: float
    prior_claims: float

    def of(self, share: Floats) -> Floats:
        """Shares in (0, 1), any shape, tilted."""
        return probability_of(self.intercept + self.slope * (np.log(share) - np.log1p(-share)))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a claim would lead to, by type: (n, types) float64 each, in the order of CLAIM_TYPES."""

    seller_pays: Floats
    defect: Floats


@dataclass(frozen=True, slots=True)
class Consequences:
    """Both outcomes of a claim."""

    seller_pays: Tilt
    defect: Tilt

    def of(self, columns: Columns) -> Outlook:
        """What a claim would lead to, of n orders as known at their as_of."""
        told = expected(columns)
        return Outlook(self.seller_pays.of(told.seller_pays), self.defect.of(told.defect))

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: {f: getattr(getattr(self, name), f) for f in Tilt.__slots__} for name in self.__slots__}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Consequences:
        """The inverse of `to_state`."""
        return cls(*(Tilt(**state[name]) for name in cls.__slots__))


def from_policy_alone() -> Consequences:
    """What policy lets expect, before any claim of the shop was decided."""
    tilt = Tilt(0.0, 1.0, 0.0, expectations().prior.claims)
    return Consequences(tilt, tilt)
