"""What an action is worth on its orders: what it changes of a claim, what it takes, and what remains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Array, Bools, Columns, Floats
from features.conditions import held_value
from features.order import attributes
from model.effects import Evidence
from service.advice_catalogue import AS_OF, Action, Basis, Catalogue
from service.effects import History, effect_table
from service.metric_limits import blocked
from service.offers import Offer
from service.stakes import Stakes, summed

MEDIAN, LOW, HIGH = range(3)


@dataclass(frozen=True, slots=True)
class Worth:
    """An action on the k orders of its offer.

    relative: (k, ends) claim probability with it ÷ without. factor, of_type: (k, types) what it multiplies the
    probability of each type by, and what a claim of each type costs then. cost_after, cost, net: (k,) expected cost
    after, what it takes for one order with its side effects, and what remains; shared: (k,) the part of the cost that
    is spent once for all orders it serves. is_blocked: (k,) bool, by a hard limit.
    basis: what the sizes of the effects rest on; history: what the shop's own told.
    """

    offer: Offer
    relative: Floats
    factor: Floats
    of_type: Floats
    cost_after: Floats
    cost: Floats
    net: Floats
    shared: Floats
    is_blocked: Bools
    basis: Basis
    history: History


def worth_of(stakes: Stakes, offer: Offer, catalogue: Catalogue, evidence: Evidence) -> Worth:
    """What the action of an offer is worth on each of its orders."""
    rows, action = offer.rows, offer.action
    table = effect_table(catalogue, evidence)
    effect, before = table.risk[offer.place], stakes.by_type[rows]
    changed = after_action(stakes.columns.take(rows), action) if action.changes_who_pays else None
    after, of_type = stakes.changed(rows, before * effect[MEDIAN], changed)
    cost_after = summed(after * of_type)
    shared = (stakes.prices.of_action(action) / stakes.prices.served_by(action))[rows]
    cost = shared + stakes.prices.of_side_effects(action)[rows]
    net = stakes.expected.amount[rows] - cost_after - cost
    is_blocked = blocked(stakes.columns, action, catalogue.limits)[rows]
    return Worth(
        offer, _relative(before, effect), after / before, of_type, cost_after, cost, net, shared, is_blocked,
        table.basis[offer.place], table.history(offer.place),
    )  # fmt: skip


def _relative(by_type: Floats, effect: Floats) -> Floats:
    """(k, ends) float64: the claim probability with an action ÷ without, summed in a fixed order for equal bits."""
    shares = by_type / summed(by_type)[:, None]
    parts = shares[:, None, :] * (effect - 1.0)[None]
    return np.asarray(1.0 + (parts[:, :, 0] + parts[:, :, 1] + parts[:, :, 2]))


def after_action(columns: Columns, action: Action) -> Columns:
    """The orders as they would read once the action is done, for policy rules on who pays (not for the booster)."""
    replaced: dict[str, Array] = {}
    for name, value in action.sets.items():
        if attributes()[name].is_instant:
            replaced[name] = columns[AS_OF]
        else:
            held = held_value(attributes()[name], value)
            replaced[name] = np.full(columns.n, held, dtype=object if isinstance(held, str) else np.float64)
    return columns.replacing(replaced)
