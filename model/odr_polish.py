"""Polishing a plan: at most two options are given up and at most two taken, as long as that is cheaper and reaches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from features.columns import Floats, Ints
from model.odr_task import Options, Task

_INSIDE, _NEARBY = 16, 32
_TRIES, _TURNS = 500, 12
_BENT, _LEAST = 0.5, 0.002
Move = tuple[tuple[int, ...], tuple[int, ...]]


def polished(task: Task, options: Options, chosen: Ints) -> Ints:
    """A plan that is no dearer, and keeps the bound if the one given does."""
    if task.breach(options, chosen) > task.alpha:
        return chosen
    for _ in range(_TURNS):
        plans = (_moved(chosen, move) for move in _moves(task, options, chosen))
        better = next((plan for plan in plans if _is_sound(task, options, plan)), None)
        if better is None:
            break
        chosen = better
    return chosen


def _moved(chosen: Ints, move: Move) -> Ints:
    gone, new = move
    return np.sort(np.append(chosen[~np.isin(chosen, gone)], new)).astype(np.int64)


def _is_sound(task: Task, options: Options, plan: Ints) -> bool:
    one_each = len(np.unique(options.order[plan])) == len(plan)
    return one_each and task.fits(options, plan) and task.breach(options, plan) <= task.alpha


def _moves(task: Task, options: Options, chosen: Ints) -> Iterator[Move]:
    """What may make a plan cheaper near its edge, by what it saves; kept if the bound bends no more than a little."""
    gain = task.weights(options, chosen)[options.order] * options.fall
    efficiency = gain / np.maximum(options.cost, 1e-9)
    outside = np.setdiff1d(np.arange(len(options.order)), chosen)
    gone = _sets(chosen[np.argsort(efficiency[chosen], kind="stable")][:_INSIDE].tolist())[1:]
    new = _sets(outside[np.argsort(-efficiency[outside], kind="stable")][:_NEARBY].tolist())
    saved = _sums(options.cost, gone)[:, None] - _sums(options.cost, new)[None, :]
    lost = _sums(gain, gone)[:, None] - (1.0 + _BENT) * _sums(gain, new)[None, :]
    slack = task.alpha - task.breach(options, chosen)
    row, column = np.nonzero((saved > _LEAST * options.cost[chosen].sum()) & ((1.0 - _BENT) * lost <= slack + 1e-12))
    for place in np.argsort(-saved[row, column], kind="stable")[:_TRIES].tolist():
        yield gone[row[place]], new[column[place]]


def _sets(places: list[int]) -> list[tuple[int, ...]]:
    """None, each, and each two of them."""
    return [(), *((place,) for place in places), *combinations(places, 2)]


def _sums(of: Floats, sets: list[tuple[int, ...]]) -> Floats:
    return np.array([sum(of[list(places)]) for places in sets], dtype=np.float64)
