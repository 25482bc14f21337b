"""The plan: the duties of an order, and which of the actions that pay are best taken beside them."""

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
    """The plan of an order from what its actions are worth, or None where none pays and none is a duty.

    by_type, of_type: (types,) the probability of a claim of each type and what it costs. Duties are taken first,
    the first due before others, whether or not they pay; then whatever adds most beside those taken, as long as it adds
    something. Effects on the claim
    multiply; of what a claim would cost the better of two holds; one action a slot.
    """
    before = expected = _sum_of_products(by_type, of_type)
    left, taken, spent = sorted(found, key=_first_due), list[Action](), 0.0
    while left and (left[0].action.is_duty or len(taken) < MOST_ACTIONS):
        gains = [expected - _sum_of_products(*_with(worth, by_type, of_type)) - worth.cost for worth in left]
        best = 0 if left[0].action.is_duty else gains.index(max(gains))
        if not (left[best].action.is_duty or gains[best] > 0.0):  # nothing pays, or no rate is known
            break
        worth = left.pop(best)
        taken.append(worth.action)
        by_type, of_type = _with(worth, by_type, of_type)
        expected, spent = _sum_of_products(by_type, of_type), spent + worth.cost
        left = [other for other in left if not _excluded(other.action, taken)]
    if not taken:
        return None
    return Plan(tuple(taken), by_type[0] + by_type[1] + by_type[2], expected, spent, before - expected - spent)


def _first_due(worth: Worth) -> tuple[bool, float]:
    """Duties before all else, the first due before others; what has no deadline last."""
    due = worth.due if worth.due == worth.due else float("inf")
    return (not worth.action.is_duty, due if worth.action.is_duty else 0.0)


def _with(worth: Worth, by_type: Sequence[float], of_type: Sequence[float]) -> tuple[list[float], list[float]]:
    """Probability and cost of a claim of each type with one more action."""
    return [p * f for p, f in zip(by_type, worth.factor, strict=True)], list(map(min, of_type, worth.of_type))


def _sum_of_products(by_type: Sequence[float], of_type: Sequence[float]) -> float:
    return by_type[0] * of_type[0] + by_type[1] * of_type[1] + by_type[2] * of_type[2]


def _excluded(action: Action, taken: Sequence[Action]) -> bool:
    return action.slot is not None and any(action.slot == other.slot for other in taken)
