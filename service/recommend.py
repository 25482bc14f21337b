"""The choice of actions: what pays for each order now, what it would change, what does not pay, and the best plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from model.effects import Evidence
from service.advice_catalogue import Action, Basis, Catalogue, Scope, SideEffect
from service.effects import History
from service.offers import offers
from service.planning import Plan, best_plan
from service.stakes import Stakes
from service.worth import HIGH, LOW, MEDIAN, Worth, worth_of

LIMIT = 5
Why = Literal["NEGATIVE_NET_BENEFIT", "METRIC_LIMIT", "TOO_LATE"]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One action for one order.

    deadline: epoch seconds, None where there is none; it may lie before as_of for what is worth doing late.
    effect_low, effect_high: the 90 % interval of the order's claim probability with the action ÷ without; basis: what
    that rests on; history: whether the shop's own past could tell it. cost: what it takes and the price of its side
    effects; net_benefit: expected cost before − after − cost. Where `action.helps` is "next_orders" all of these are of
    the next order like this one.
    """

    action: Action
    deadline: float | None
    probability_after: float
    effect_low: float
    effect_high: float
    expected_cost_after: float
    cost: float
    net_benefit: float
    basis: Basis
    history: History

    @property
    def scope(self) -> Scope:
        """What the action changes: the order, its SKU, its lane or the shop."""
        return self.action.scope

    @property
    def side_effects(self) -> tuple[SideEffect, ...]:
        """What the action makes more frequent."""
        return tuple(self.action.side_effects)


@dataclass(frozen=True, slots=True)
class Rejected:
    """An action that was looked at and is not advised, and why."""

    action: Action
    why: Why
    net_benefit: float


@dataclass(frozen=True, slots=True)
class OrderAdvice:
    """What is advised for one order: best first, then what is not, and the actions that are best taken together."""

    recommendations: tuple[Recommendation, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """The advice of n orders."""

    per_order: tuple[OrderAdvice, ...]

    def __getitem__(self, i: int) -> OrderAdvice:
        return self.per_order[i]

    def __len__(self) -> int:
        return len(self.per_order)

    def __iter__(self) -> Iterator[OrderAdvice]:
        return iter(self.per_order)


def no_advice(n: int) -> Advice:
    """For n orders, where none was asked for."""
    return Advice((OrderAdvice(),) * n)


def worths(stakes: Stakes, catalogue: Catalogue, evidence: Evidence) -> list[Worth]:
    """Every action that is feasible now, with what it is worth on each of its orders."""
    can = stakes.probability > 0
    found = offers(stakes.columns, stakes.state, can, catalogue)
    return [worth_of(stakes, offer, catalogue, evidence) for offer in found]


def recommended(stakes: Stakes, catalogue: Catalogue, evidence: Evidence, *, limit: int = LIMIT) -> Advice:
    """At most `limit` actions per order, of those feasible now and worth it; none where no probability is told.

    An action changes the probability of each type of claim by its relative risk, and where it changes what policy
    looks at, who would pay; the booster is not asked, because it predicts and does not tell what an action does.
    """
    found: dict[int, list[tuple[Worth, int]]] = {}
    for one in worths(stakes, catalogue, evidence):
        for k, row in enumerate(one.offer.rows.tolist()):
            found.setdefault(row, []).append((one, k))
    return Advice(tuple(_of_order(stakes, i, found.get(i, ()), limit) for i in range(stakes.columns.n)))


def _of_order(stakes: Stakes, i: int, found: Sequence[tuple[Worth, int]], limit: int) -> OrderAdvice:
    if not found:
        return OrderAdvice()
    told, rejected, planned = list[Recommendation](), list[Rejected](), list[tuple[Worth, int]]()
    probability = float(stakes.probability[i])
    for one, k in found:
        why = _rejected(one, k)
        if why is not None:
            rejected.append(Rejected(one.offer.action, why, float(one.net[k])))
            continue
        told.append(_recommendation(one, k, probability))
        if one.offer.action.helps == "this_order":
            planned.append((one, k))
    told.sort(key=_place)
    rejected.sort(key=lambda r: (-r.net_benefit, r.action.id))
    return OrderAdvice(tuple(told[:limit]), tuple(rejected[:limit]), best_plan(stakes, i, planned))


def _place(found: Recommendation) -> tuple[bool, float, float, str]:
    """Best first; where no rate is known and so no benefit, by what lowers the probability most."""
    benefit = -found.net_benefit if found.net_benefit == found.net_benefit else 0.0
    return (found.action.helps == "next_orders", benefit, found.probability_after, found.action.id)


def _rejected(one: Worth, k: int) -> Why | None:
    if one.offer.is_too_late[k]:
        return "TOO_LATE"
    if one.is_blocked[k]:
        return "METRIC_LIMIT"
    return "NEGATIVE_NET_BENEFIT" if one.net[k] <= 0.0 and not one.offer.action.is_duty else None


def _recommendation(one: Worth, k: int, probability: float) -> Recommendation:
    due, relative = float(one.offer.due[k]), one.relative[k]
    return Recommendation(
        action=one.offer.action,
        deadline=due if due == due else None,
        probability_after=min(probability, probability * float(relative[MEDIAN])),
        effect_low=float(relative[LOW]),
        effect_high=min(float(relative[HIGH]), 1.0 / probability),
        expected_cost_after=float(one.cost_after[k]),
        cost=float(one.cost[k]),
        net_benefit=float(one.net[k]),
        basis=one.basis,
        history=one.history,
    )
