"""The means of a decision: the model, the advice and what things cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from model.artefact import Bundle
from service.advice_catalogue import Catalogue, catalogue
from service.cost_profile import Costs, default_costs


@dataclass(frozen=True, slots=True)
class Means:
    """What decisions are made with; advice and costs are those that ship unless others are given."""

    bundle: Bundle
    catalogue: Catalogue = field(default_factory=catalogue)
    costs: Costs = field(default_factory=default_costs)
