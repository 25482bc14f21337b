"""What actions take: their own cost, how many orders doing one once serves, and the price of their side effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features.columns import Array, Bools, Floats, Ints
from service.advice_catalogue import Action, Catalogue, CostKind
from service.cost_profile import CostProfile, Costs
from service.money import Prices

_AMOUNTS: Mapping[CostKind, Callable[[CostProfile], float]] = {
    "minutes": lambda profile: profile.staff.minute,
    "label_upgrade": lambda profile: profile.action.label_upgrade,
    "signature_fee": lambda profile: profile.action.signature_fee,
    "return_label": lambda profile: profile.action.return_label,
    "duties": lambda profile: profile.action.duties_share,
    "outstanding_refund": lambda _: 1.0,
    "lost_margin": lambda _: 1.0,
}
_OF: Mapping[CostKind, Callable[[Prices], Floats]] = {  # kinds by what they are a share of; the others are in units
    "duties": lambda prices: prices.value,
    "outstanding_refund": lambda prices: prices.outstanding,
    "lost_margin": lambda prices: np.maximum(prices.outstanding - prices.goods, 0.0),
}


@dataclass(frozen=True, slots=True)
class ActionCosts:
    """Over the p profiles of the costs and the a actions of a catalogue. kinds: (a,) what each action takes; of: (a,)
    int64, 0 where that is reckoned in units of the profile's currency, else the place in `_OF` of what it is a share
    of, from 1; quantity: (p, a) how much of it; served: (p, a) orders that doing an action once serves; side: (p, a)
    side effects on one order, each by its chance, in units. in_minutes: (a,) bool."""

    kinds: Array
    of: Ints
    quantity: Floats
    served: Floats
    side: Floats

    @property
    def in_minutes(self) -> Bools:
        """(a,) bool: what takes staff time."""
        is_time: Bools = self.kinds == "minutes"
        return is_time

    def once(self, prices: Prices, rows: Ints, place: Ints) -> Floats:
        """(m,) float64: what doing the actions at `place` once takes for the orders at `rows`."""
        amounts = np.array([prices.unit, *(told(prices) for told in _OF.values())])
        return np.asarray(amounts[self.of[place], rows] * self.quantity[prices.place[rows], place])


@lru_cache(maxsize=8)
def action_costs(costs: Costs, catalogue: Catalogue) -> ActionCosts:
    """What the actions of a catalogue take by the profiles of the costs."""
    actions = catalogue.actions

    def each(told: Callable[[CostProfile, Action], float]) -> Floats:
        return np.array([[told(profile, action) for action in actions] for profile in costs.profiles], dtype=np.float64)

    return ActionCosts(
        np.array([action.cost.kind for action in actions], dtype=object),
        np.array([1 + [*_OF].index(action.cost.kind) if action.cost.kind in _OF else 0 for action in actions]),
        each(lambda profile, action: _AMOUNTS[action.cost.kind](profile) * action.cost.quantity),
        each(_served),
        each(lambda profile, a: sum(chance * profile.side_effect[name] for name, chance in a.side_effects.items())),
    )


def _served(profile: CostProfile, action: Action) -> float:
    """Work on a SKU, lane or shop serves many orders."""
    return 1.0 if action.scope == "order" or action.cost.kind != "minutes" else profile.serves[action.scope]
