"""What is assumed beside a learned model: the carrier's word on a parcel, which a file of final states cannot teach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features.columns import Bools, Columns, Floats, Ints
from features.order import STATES, State, attributes
from features.parcel import troubles
from features.symbols import at
from model.priors import Priors

_DELIVERED = STATES.index(State.DELIVERED)


@dataclass(frozen=True, slots=True)
class Assumed:
    """Log-odds by choice of one attribute, {} where nothing is assumed. doubt: standard deviation of each, as a share
    of its size.

    They are added until delivery or contact: then the buyer's word or the delivery says more, and what a model has
    learned of overdue parcels and of contacts holds the lost ones among them.
    """

    attribute: str = ""
    log_odds: Mapping[str, float] = field(default_factory=dict)
    doubt: float = 0.0

    def of(self, columns: Columns, state: Ints) -> Floats:
        """(n,) float64 log-odds; 0 where the attribute is unknown. state: (n,) places in STATES."""
        if not self.log_odds:
            return np.zeros(columns.n)
        told: Floats = np.where(state < _DELIVERED, self._worth(columns), 0.0)
        return told

    def is_left_out(self, columns: Columns, state: Ints) -> Bools:
        """(n,) bool: whether the attribute says something that is not added, since delivery or contact."""
        if not self.log_odds:
            return np.zeros(columns.n, dtype=np.bool_)
        left_out: Bools = (state >= _DELIVERED) & (self._worth(columns) != 0.0)
        return left_out

    def _worth(self, columns: Columns) -> Floats:
        table = np.array([0.0, *(self.log_odds.get(choice, 0.0) for choice in attributes()[self.attribute].choices)])
        code = columns[self.attribute]
        told: Floats = at(table, np.where(np.isnan(code), 0.0, np.nan_to_num(code) + 1.0).astype(np.int64))
        return told

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"attribute": self.attribute, "log_odds": dict(self.log_odds), "doubt": self.doubt}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Assumed:
        """The inverse of `to_state`; nothing is assumed where a bundle says nothing of it."""
        return cls(state["attribute"], dict(state["log_odds"]), float(state["doubt"])) if state else cls()


def assumed_by(priors: Priors) -> Assumed:
    """What the priors say of each choice of the attribute that stands beside a model."""
    name = priors.beside_model.attribute
    choices = attributes()[name].choices
    flags = troubles(Columns(len(choices), {name: np.arange(float(len(choices)))}))
    log_odds = np.zeros(len(choices))
    for term in priors.term:
        for feature in flags.keys() & set(term.features):
            log_odds += np.log(term.multiple) * (flags[feature] - term.usual) / (term.high - term.low)
    told = {choice: float(value) for choice, value in zip(choices, log_odds, strict=True) if value}
    return Assumed(name, told, priors.uncertainty.weights)
