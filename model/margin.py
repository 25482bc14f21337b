"""The margin: a regularised logistic model in log-odds, the ground on which the booster stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from features.columns import Floats, Ints

BLOCK = 256  # rows whose terms fit the processor's nearer memory


@dataclass(frozen=True)
class Margin:
    """Log-odds = intercept + Σ weight · standardised column, and weight where a value is unknown.

    columns: (p,) places in the feature matrix; low, high: (p,) clipping; centre, scale: (p,) of the clipped values;
    weights: (p,). unknown_columns, unknown_weights: (q,) columns whose being unknown tells something. An unknown value
    itself counts as the centre. Without slots, so that what is made of it once can stay with it.
    """

    columns: Ints
    low: Floats
    high: Floats
    centre: Floats
    scale: Floats
    weights: Floats
    unknown_columns: Ints
    unknown_shares: Floats
    unknown_weights: Floats
    intercept: float

    def design(self, X: Floats) -> Floats:
        """(n, p + q) float64: what the weights act on; zero is the ordinary order."""
        known = X.take(self.columns, axis=1)
        np.minimum(np.maximum(known, self.low, out=known), self.high, out=known)
        known -= self.centre
        known /= self.scale
        known[np.isnan(known)] = 0.0
        unknown = np.isnan(X.take(self.unknown_columns, axis=1)) - self.unknown_shares
        return np.concatenate([known, unknown], axis=1)

    def terms(self, X: Floats) -> Floats:
        """(n, p + q) float64: the part of each term in the log-odds."""
        return np.asarray(self.design(X) * self._all_weights)

    @cached_property
    def _all_weights(self) -> Floats:
        """(p + q,) float64."""
        return np.concatenate([self.weights, self.unknown_weights])

    def log_odds(self, X: Floats) -> Floats:
        """(n,) float64. Summed one term after the other, so that a row alone equals the row in a table, bit for bit."""
        out = np.zeros(len(X))
        for begin in range(0, len(X) if len(self.weights) + len(self.unknown_weights) else 0, BLOCK):
            # By column, which numpy sums in the order of the terms; those of one row alone it would add in pairs.
            terms = np.ascontiguousarray(self.terms(X[begin : begin + BLOCK]).T)
            out[begin : begin + BLOCK] = np.add.reduce(terms) if terms.shape[1] > 1 else np.cumsum(terms)[-1]
        return self.intercept + out

    def by_feature(self, X: Floats, n_features: int) -> Floats:
        """(n, n_features) float64: the terms summed by the column of the feature matrix they come from."""
        out = np.zeros((len(X), n_features))
        terms, p = self.terms(X), len(self.columns)
        out[:, self.columns] = terms[:, :p]  # each column has one term of either kind
        out[:, self.unknown_columns] += terms[:, p:]
        return out

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            field.name: value.tolist() if isinstance(value, np.ndarray) else value
            for field in fields(self)
            for value in (getattr(self, field.name),)
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Margin:
        """The inverse of `to_state`."""

        def floats(name: str) -> Floats:
            return np.array(state[name], dtype=np.float64)

        return cls(
            columns=np.array(state["columns"], dtype=np.int64),
            low=floats("low"),
            high=floats("high"),
            centre=floats("centre"),
            scale=floats("scale"),
            weights=floats("weights"),
            unknown_columns=np.array(state["unknown_columns"], dtype=np.int64),
            unknown_shares=floats("unknown_shares"),
            unknown_weights=floats("unknown_weights"),
            intercept=float(state["intercept"]),
        )
