"""How large the shocks of each kind are believed to be: what training learned, or the prior of `odr.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.defect_priors import SharedKind, defect_priors
from model.shocks import Spread, half_normal


@dataclass(frozen=True, slots=True)
class ShockSizes:
    """learned: the posterior of the standard deviation of each kind of which training had anything to learn from."""

    learned: Mapping[SharedKind, Spread] = field(default_factory=dict)

    def of(self, kind: SharedKind) -> Spread:
        """What is believed of one kind."""
        return self.learned.get(kind) or prior_of(kind)

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {kind: spread.to_state() for kind, spread in self.learned.items()}

    @classmethod
    def from_state(cls, state: Mapping[SharedKind, Any]) -> ShockSizes:
        """The inverse of `to_state`; the prior where a bundle says nothing."""
        return cls({kind: Spread.from_state(of) for kind, of in state.items()})


def prior_of(kind: SharedKind) -> Spread:
    """What is believed before anything was seen."""
    return half_normal(defect_priors().shock[kind].scale)
