"""The choice of actions: what pays for each order now, what it would change, what does not pay, and the best plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import Literal, NamedTuple

from features.policy.book import Rules, book
from model.effects import Evidence
from service.advice_catalogue import Action, Basis, Catalogue, Scope, SideEffect
from service.effects import History
from service.hold_out import Lot
from service.planning import Plan, best_plan
from service.stakes import Stakes
from service.worth import HIGH, LOW, MEDIAN, Worth, worths

LIMIT = 5
Why = Literal["NEGATIVE_NET_BENEFIT", "METRIC_LIMIT", "TOO_LATE", "HELD_OUT"]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One action for one order.

    deadline: epoch seconds, None where there is none; it may lie before as_of for what is worth doing late.
    effect_low, effect_high: the 90 % interval of the order's claim probability with the action ÷ without; basis: what
    that rests on; history: whether the shop's own past could tell it. cost: what it takes and the price of its side
    effects; net_benefit: expected cost before − after − cost; propensity: the chance with which it is advised, where a
    lot was drawn. Where `action.helps` is "next_orders" all of these are of
    the next order like this one. rules: the facts of the order's marketplace.
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
    rules: Rules = field(default_factory=dict)
    propensity: float | None = None

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
    rules: Rules = field(default_factory=dict)


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


def recommended(
    stakes: Stakes, catalogue: Catalogue, evidence: Evidence, *, limit: int = LIMIT, hold_out: float = 0.0
) -> Advice:
    """At most `limit` actions per order and every duty, of those feasible and worth it; none where no probability is
    told.

    hold_out: the share of some advice that is left out on purpose (`service/hold_out.py`).
    """
    found: list[list[Worth]] = [[] for _ in range(stakes.columns.n)]
    for row, worth in worths(stakes, catalogue, evidence).each():
        found[row].append(worth)
    by_type, of_type = stakes.by_type.tolist(), stakes.claim.of_type.tolist()
    lots = _lots(stakes, hold_out) if hold_out else repeat(None)
    rules = (groups[0].rules if groups else {} for groups in book().groups_of_each(stakes.columns))
    terms = map(_Terms, repeat(limit), lots, rules)
    return Advice(tuple(map(_of_order, found, by_type, of_type, terms)))


class _Terms(NamedTuple):
    """By what the advice of one order is chosen: how many actions, its lot, the facts of its marketplace."""

    limit: int
    lot: Lot | None
    rules: Rules


def _lots(stakes: Stakes, hold_out: float) -> Iterator[Lot]:
    columns = stakes.columns
    return map(
        Lot, repeat(hold_out), columns["shop_id"].tolist(), columns["order_id"].tolist(), stakes.prices.unit.tolist()
    )


def _of_order(found: list[Worth], by_type: list[float], of_type: list[float], terms: _Terms) -> OrderAdvice:
    if not found:
        return OrderAdvice()
    limit, lot, rules = terms
    told, rejected, planned = list[Recommendation](), list[Rejected](), list[Worth]()
    probability = by_type[0] + by_type[1] + by_type[2]
    for one in found:
        why = _rejected(one)
        chance = 0.0 if why is not None or lot is None else lot.chance(one.action, one.net)
        if chance and lot is not None and lot.is_left_out(one.action):
            why = "HELD_OUT"
        if why is not None:
            rejected.append(Rejected(one.action, why, one.net, rules))
            continue
        told.append(_recommendation(one, probability, rules, 1.0 - chance if chance else None))
        if one.action.helps == "this_order":
            planned.append(one)
    told.sort(key=_place)
    rejected.sort(key=lambda r: (-r.net_benefit, r.action.id))
    return OrderAdvice(_most(told, limit), tuple(rejected[:limit]), best_plan(by_type, of_type, planned))


def _most(told: list[Recommendation], limit: int) -> tuple[Recommendation, ...]:
    """The best, at most `limit`, best first; a duty is never left out for what pays more."""
    room = max(limit - sum(one.action.is_duty for one in told), 0)
    others = islice((one.action.id for one in told if not one.action.is_duty), room)
    kept = set(others)
    return tuple([one for one in told if one.action.is_duty or one.action.id in kept])


def _place(found: Recommendation) -> tuple[bool, float, float, str]:
    """Best first; where no rate is known and so no benefit, by what lowers the probability most."""
    benefit = -found.net_benefit if found.net_benefit == found.net_benefit else 0.0
    return (found.action.helps == "next_orders", benefit, found.probability_after, found.action.id)


def _rejected(one: Worth) -> Why | None:
    if one.is_too_late:
        return "TOO_LATE"
    if one.is_blocked:
        return "METRIC_LIMIT"
    return "NEGATIVE_NET_BENEFIT" if one.net <= 0.0 and not one.action.is_duty else None


def _recommendation(one: Worth, probability: float, rules: Rules, propensity: float | None) -> Recommendation:
    return Recommendation(
        action=one.action,
        deadline=one.due if one.due == one.due else None,
        probability_after=min(probability, probability * one.relative[MEDIAN]),
        effect_low=one.relative[LOW],
        effect_high=min(one.relative[HIGH], 1.0 / probability),
        expected_cost_after=one.cost_after,
        cost=one.cost,
        net_benefit=one.net,
        basis=_basis(one, rules),
        history=one.history,
        rules=rules,
        propensity=propensity,
    )


def _basis(one: Worth, rules: Rules) -> Basis:
    """What rests on policy that this marketplace is not known to have is a prior here."""
    is_borrowed = one.basis == "policy" and one.action.policy and not one.action.policy_of(rules)
    return "prior" if is_borrowed else one.basis
