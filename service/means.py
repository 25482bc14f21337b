"""The means of a decision: the model, the advice and what things cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from features.extras import ExtraKind
from model.artefact import Bundle
from service.advice_catalogue import Catalogue, catalogue
from service.cost_profile import Costs, default_costs


@dataclass(frozen=True, slots=True)
class Means:
    """What decisions are made with; advice and costs are those that ship unless others are given. hold_out: the share
    of some advice that is left out on purpose, so that what it does can be told."""

    bundle: Bundle
    catalogue: Catalogue = field(default_factory=catalogue)
    costs: Costs = field(default_factory=default_costs)
    hold_out: float = 0.0

    @property
    def extras(self) -> dict[str, ExtraKind]:
        """The shop's own attributes that the model takes, with their kinds."""
        return {e.name: e.kind for e in self.bundle.scorer.pipeline.extras}
