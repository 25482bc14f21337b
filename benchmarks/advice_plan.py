"""The best use of a fixed budget: at most one action an order, as much saved as the money buys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Floats = np.ndarray
Ints = np.ndarray
STEPS = 60


@dataclass(frozen=True, slots=True)
class Options:
    """c pairs of an order and an action. row: (c,) the order at one moment; action: (c,) place in the catalogue; cost:
    (c,) what it takes; told, true: (c,) what it is said to save and what it saves, both in money. with_risks and
    with_effects: what it would be said to save if each order's risk, or each action's mean effect, were known."""

    row: Ints
    action: Ints
    cost: Floats
    told: Floats
    true: Floats
    with_risks: Floats
    with_effects: Floats


def chosen(options: Options, saves: Floats, budget: float) -> Ints:
    """Places of the options taken, given what each is held to save ((c,)).

    For a price of money, each order takes the option that saves most beyond its cost at that price; the price is closed
    in on until the budget is spent, and what is left then buys the best ratios (the relaxed multiple-choice knapsack).
    """
    low, high = 0.0, 1e4
    for _ in range(STEPS):
        price = 0.5 * (low + high) if high < 1.0 else float(np.sqrt(max(low, 1e-4) * high))
        taken = _best_of_each(options.row, saves - price * options.cost)
        low, high = (price, high) if options.cost[taken].sum() > budget else (low, price)
    taken = _best_of_each(options.row, saves - high * options.cost)
    rest, served = budget - float(options.cost[taken].sum()), set(options.row[taken].tolist())
    more: list[int] = []
    for place in np.argsort(-saves / np.maximum(options.cost, 1e-9), kind="stable").tolist():
        if saves[place] <= 0.0 or rest <= 0.0:
            break
        if options.cost[place] <= rest and int(options.row[place]) not in served:
            more.append(place)
            rest -= float(options.cost[place])
            served.add(int(options.row[place]))
    return np.append(taken, more).astype(np.int64)


def _best_of_each(row: Ints, gain: Floats) -> Ints:
    """Of each order the option with the most gain, where that is above 0."""
    ranked = np.lexsort((-gain, row))
    first = ranked[np.r_[True, row[ranked][1:] != row[ranked][:-1]]]
    return first[gain[first] > 0.0]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a plan saves, what the best plan of the same budget saves, both in money, and what each spends."""

    saved: float
    best: float
    spent: float

    @property
    def regret(self) -> float:
        """Share of the best possible saving that is lost."""
        return 1.0 - self.saved / self.best


def judged(options: Options, says: Floats, budget: float) -> Judged:
    """The plan by what each option is said to save ((c,)), beside the best possible by the truth."""
    ours, best = chosen(options, says, budget), chosen(options, options.true, budget)
    return Judged(float(options.true[ours].sum()), float(options.true[best].sum()), float(options.cost[ours].sum()))
