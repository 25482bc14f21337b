"""The plan: which of the actions that pay for an order are best taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.advice_catalogue import Action
from service.stakes import Stakes
from service.worth import Worth

MOST_ACTIONS = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions taken together, in the order in which they were chosen; amounts as in `Recommendation`."""

    actions: tuple[Action, ...]
    probability_after: float
    expected_cost_after: float
    cost: float
    net_benefit: float


def best_plan(stakes: Stakes, i: int, found: Sequence[tuple[Worth, int]]) -> Plan | None:
    """The plan of order i from its actions (and its row in each), or None where none pays.

    The action that adds most is taken first, then whatever adds most beside those taken, as long as it adds something.
    Effects on the claim multiply; of what a claim would cost the better of two holds; one action a slot.
    """
    by_type, of_type = stakes.by_type[i], stakes.claim.of_type[i]
    before = expected = float(by_type @ of_type)
    if expected != expected:  # no rate is known, so no cost
        return None
    left, taken, spent = list(found), list[Action](), 0.0
    while left and len(taken) < MOST_ACTIONS:
        gains = [_gain(worth, k, by_type, of_type, expected) for worth, k in left]
        best = int(np.argmax(gains))
        if gains[best] <= 0.0:
            break
        worth, k = left.pop(best)
        taken.append(worth.offer.action)
        by_type, of_type = by_type * worth.factor[k], np.minimum(of_type, worth.of_type[k])
        expected, spent = float(by_type @ of_type), spent + float(worth.cost[k])
        left = [other for other in left if not _excluded(other[0].offer.action, taken)]
    if not taken:
        return None
    return Plan(tuple(taken), float(by_type.sum()), expected, spent, before - expected - spent)


def _gain(worth: Worth, k: int, by_type: np.ndarray, of_type: np.ndarray, expected: float) -> float:
    after = float((by_type * worth.factor[k]) @ np.minimum(of_type, worth.of_type[k]))
    return expected - after - float(worth.cost[k])


def _excluded(action: Action, taken: Sequence[Action]) -> bool:
    return action.slot is not None and any(action.slot == other.slot for other in taken)
