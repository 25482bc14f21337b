"""The plan: which of the actions that pay for an order are best taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.advice_catalogue import Action
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


def best_plan(by_type: Sequence[float], of_type: Sequence[float], found: Sequence[Worth]) -> Plan | None:
    """The plan of an order from what its actions are worth, or None where none pays.

    by_type, of_type: (types,) the probability of a claim of each type and what it costs. The action that adds most is
    taken first, then whatever adds most beside those taken, as long as it adds something. Effects on the claim
    multiply; of what a claim would cost the better of two holds; one action a slot.
    """
    before = expected = _sum_of_products(by_type, of_type)
    if expected != expected:  # no rate is known, so no cost
        return None
    left, taken, spent = list(found), list[Action](), 0.0
    while left and len(taken) < MOST_ACTIONS:
        gains = [expected - _sum_of_products(*_with(worth, by_type, of_type)) - worth.cost for worth in left]
        best = gains.index(max(gains))
        if gains[best] <= 0.0:
            break
        worth = left.pop(best)
        taken.append(worth.action)
        by_type, of_type = _with(worth, by_type, of_type)
        expected, spent = _sum_of_products(by_type, of_type), spent + worth.cost
        left = [other for other in left if not _excluded(other.action, taken)]
    if not taken:
        return None
    return Plan(tuple(taken), by_type[0] + by_type[1] + by_type[2], expected, spent, before - expected - spent)


def _with(worth: Worth, by_type: Sequence[float], of_type: Sequence[float]) -> tuple[list[float], list[float]]:
    """Probability and cost of a claim of each type with one more action."""
    return [p * f for p, f in zip(by_type, worth.factor, strict=True)], list(map(min, of_type, worth.of_type))


def _sum_of_products(by_type: Sequence[float], of_type: Sequence[float]) -> float:
    return by_type[0] * of_type[0] + by_type[1] * of_type[1] + by_type[2] * of_type[2]


def _excluded(action: Action, taken: Sequence[Action]) -> bool:
    return action.slot is not None and any(action.slot == other.slot for other in taken)
