"""Consequences: if a claim is opened, how likely the seller pays and how likely it counts as a defect, by type.

What policy lets expect (`model/consequence_rules.py`) is shifted and tilted by what the shop's own decided claims
showed; nothing else is learned, because claims are few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from features.columns import Columns, Floats, Ints
from features.moments import states
from features.order import STATES
from features.outcome import CLAIM_TYPES
from model.calibration import probability_of
from model.consequence_rules import expectations, rules_that_hold, shares

_KINDS = np.arange(len(CLAIM_TYPES))


@dataclass(frozen=True, slots=True)
class Tilt:
    """Log-odds told = intercept + slope · log-odds that policy lets expect; claims: how many decided ones it rests on,
    prior_claims: how many the expectation is worth beside them; shift: added by state and type (states × types), where
    claims of the state went so otherwise that chance does not explain it; empty where none did."""

    intercept: float
    slope: float
    claims: float
    prior_claims: float
    shift: tuple[tuple[float, ...], ...] = ()

    @property
    def shifted_states(self) -> list[str]:
        """The states in which claims went otherwise."""
        return [str(state) for state, row in zip(STATES, self.shift, strict=False) if any(row)]

    def of(self, share: Floats, state: Ints | None = None) -> Floats:
        """Shares in (0, 1) tilted: any shape, or (n, types) of orders in a state ((n,) places in STATES)."""
        log_odds = self.intercept + self.slope * (np.log(share) - np.log1p(-share))
        if self.shift and state is not None:
            log_odds = log_odds + np.array(self.shift)[state]
        return probability_of(log_odds)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a claim would lead to, by type: (n, types) float64 each, in the order of CLAIM_TYPES."""

    seller_pays: Floats
    defect: Floats


@dataclass(frozen=True)
class Consequences:
    """Both outcomes of a claim. Without slots, so that what is made of it once can stay with it."""

    seller_pays: Tilt
    defect: Tilt

    def of(self, columns: Columns, state: Ints | None = None) -> Outlook:
        """What a claim would lead to, of n orders as known at their as_of. state: (n,), if it is known already."""
        state = states(columns) if state is None else state
        at = (state[:, None], rules_that_hold(columns, expectations()), _KINDS)
        pays, defect = self._tilted
        return Outlook(pays[at], defect[at])

    @cached_property
    def _tilted(self) -> tuple[Floats, Floats]:
        """(states, rules + 1, types) float64 each: what is told in each state where a rule holds, the base last."""
        pays, defect = shares(expectations())
        return _by_state(self.seller_pays, pays), _by_state(self.defect, defect)

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {f.name: {name: getattr(getattr(self, f.name), name) for name in Tilt.__slots__} for f in fields(self)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Consequences:
        """The inverse of `to_state`."""
        return cls(*(_tilt(state[f.name]) for f in fields(cls)))


def _by_state(tilt: Tilt, told: Floats) -> Floats:
    return np.stack([tilt.of(told, np.full(len(told), place)) for place in range(len(STATES))])


def _tilt(state: Mapping[str, Any]) -> Tilt:
    return Tilt(**{**state, "shift": tuple(tuple(row) for row in state.get("shift", ()))})


def from_policy_alone() -> Consequences:
    """What policy lets expect, before any claim of the shop was decided."""
    tilt = Tilt(0.0, 1.0, 0.0, expectations().prior.claims)
    return Consequences(tilt, tilt)
