"""The cheapest plan: which orders to act on so that the chance of too many defects falls below a bound.

A knapsack with one option an order. What an option takes off the chance of a breach is its order's fall in chance times
a weight: P(the count is at its last allowed number) as that order's shocks lean it. Options are taken by that over cost
until the bound holds, weights are taken anew where that ends, and the end is polished (`model/odr_polish.py`); then
the same without each of the dearest options or their orders, as one dear option may stand for several cheap ones.
"""

from __future__ import annotations

import numpy as np

from features.columns import Floats, Ints
from model.odr_polish import polished
from model.odr_task import Options, Task

_ROUNDS = 4
_DEAR = 0.05


def cheapest(task: Task, options: Options) -> Ints:
    """(k,) places of the options of a plan; as good as can be had where bound, budget and limits cannot all be kept."""
    nothing = np.empty(0, dtype=np.int64)
    if not len(options.order) or task.breach(options, nothing) <= task.alpha:
        return nothing
    best = polished(task, options, _by_efficiency(task, options))
    dear = best[options.cost[best] > _DEAR * options.cost[best].sum()]
    for place in dear[np.argsort(-options.cost[dear], kind="stable")].tolist():
        for kept in (np.arange(len(options.order)) != place, options.order != options.order[place]):
            others = np.flatnonzero(kept)
            other = others[_by_efficiency(task, options.take(others))]
            if _is_better(task, options, other, best):
                best = polished(task, options, other)
    return best


def _by_efficiency(task: Task, options: Options) -> Ints:
    """The best of some rounds, each with weights taken where the one before it ended."""
    best = at = np.empty(0, dtype=np.int64)
    steps, slopes = _hulls(options)
    for _ in range(_ROUNDS):
        rate = slopes * task.weights(options, at)[options.order[steps]]
        at = _prefix(task, options, steps[np.argsort(-rate, kind="stable")])
        if _is_better(task, options, at, best):
            best = at
    return best


def _is_better(task: Task, options: Options, one: Ints, other: Ints) -> bool:
    first, second = task.breach(options, one), task.breach(options, other)
    if max(first, second) <= task.alpha:
        return bool(options.cost[one].sum() < options.cost[other].sum() - 1e-9)
    return first < second


def _prefix(task: Task, options: Options, steps: Ints) -> Ints:
    """The fewest of the steps, in turn, that keep the bound; all of them where they do not."""
    accepted = _accepted(task, options, steps)
    low, high = 0, len(accepted)
    while low < high:
        middle = (low + high) // 2
        reached = task.breach(options, _last_of_each(options, accepted[:middle])) <= task.alpha
        low, high = (low, middle) if reached else (middle + 1, high)
    return _last_of_each(options, accepted[:low])


def _last_of_each(options: Options, steps: Ints) -> Ints:
    """Of the steps of each order the last, which stands for those before it."""
    backwards = steps[::-1]
    return np.sort(backwards[np.unique(options.order[backwards], return_index=True)[1]])


def _accepted(task: Task, options: Options, steps: Ints) -> Ints:
    """The steps that budget and limits allow, each after those before it."""
    held, out, spent = dict[int, int](), list[int](), 0.0
    cost, uses, order = options.cost.tolist(), options.uses, options.order.tolist()
    used, limited = np.zeros(uses.shape[1]), bool(np.isfinite(task.room).any())
    for step in steps.tolist():
        old = held.get(order[step])
        then = spent + cost[step] - (0.0 if old is None else cost[old])
        if then > task.budget:
            continue
        if limited:
            more = used + uses[step] - (0.0 if old is None else uses[old])
            if (more > task.room).any():
                continue
            used = more
        held[order[step]], spent = step, then
        out.append(step)
    return np.array(out, dtype=np.int64)


def _hulls(options: Options) -> tuple[Ints, Floats]:
    """Options on the upper hull of their order (fall over cost), cheapest first, and the slope that leads to each."""
    steps, slopes = list[int](), list[float]()
    sorted_ = np.lexsort((-options.fall, options.cost, options.order))
    bounds = np.flatnonzero(np.diff(options.order[sorted_]))
    for mine in np.split(sorted_, bounds + 1):
        for option, slope in _hull(mine.tolist(), options.cost[mine].tolist(), options.fall[mine].tolist()):
            steps.append(option)
            slopes.append(slope)
    return np.array(steps, dtype=np.int64), np.array(slopes)


def _hull(places: list[int], costs: list[float], falls: list[float]) -> list[tuple[int, float]]:
    """The options of one order that no mix of others beats, each with the slope of its step."""
    hull: list[tuple[int, float, float, float]] = []
    for place, cost, fall in zip(places, costs, falls, strict=True):
        while True:
            cost_before, fall_before = hull[-1][2:] if hull else (0.0, 0.0)
            slope = (fall - fall_before) / max(cost - cost_before, 1e-9)
            if fall <= fall_before or not hull or slope < hull[-1][1]:
                break
            hull.pop()
        if fall > fall_before:
            hull.append((place, slope, cost, fall))
    return [(place, slope) for place, slope, _, _ in hull]
