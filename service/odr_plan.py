"""The plan for a defect budget: the cheapest actions that make a breach unlikely, also if they do half of that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.columns import Ints
from model.odr_plan import cheapest
from model.odr_task import Options, Task
from service.means import Means
from service.odr import Forecast
from service.odr_options import Offered, Offers, offers

MOST_ORDERS = 2_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a plan is for: P(breach) at most alpha; budget: of all costs, in the currency of the cost profile."""

    alpha: float
    budget: float = float("inf")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. falls: the chance of a defect that each takes away, by what is believed of effects; breach: P(breach)
    if effects are so, and if they are half."""

    chosen: tuple[Offered, ...]
    before: tuple[float, ...]
    falls: tuple[float, ...]
    breach: float
    breach_if_half: float
    reaches: bool

    @property
    def cost(self) -> float:
        """Of all actions."""
        return float(sum(o.cost for o in self.chosen))


@dataclass(frozen=True, slots=True)
class Plans:
    """before: P(breach) if nothing is done; plan: by what is believed of effects; cautious: as if they were half."""

    before: float
    plan: Plan
    cautious: Plan
    wanted: Wanted


def plans(found: Forecast, means: Means, wanted: Wanted) -> Plans:
    """The cheapest plans for today's orders of a window."""
    told = offers(found, means)
    task = _task(found, told, wanted)
    task, told = _most_promising(task, told)
    plan, cautious = (cheapest(task, options) for options in (told.options, told.options.halved()))
    return Plans(
        task.breach(told.options, np.empty(0, dtype=np.int64)),
        _plan(task, told, plan, told.options), _plan(task, told, cautious, told.options.halved()), wanted,
    )  # fmt: skip


def _task(found: Forecast, told: Offers, wanted: Wanted) -> Task:
    return Task(
        mean=found.today.mean[:, 0],
        squares=found.today.squares[:, 0],
        multiple=found.multiples.of(told.rows),
        chance=found.coming.final[told.rows],
        number=found.allowed + 1 - found.known,
        alpha=wanted.alpha,
        budget=wanted.budget,
        room=told.room,
    )


def _most_promising(task: Task, told: Offers) -> tuple[Task, Offers]:
    """The same with the orders alone on which a cost does most, where there are very many."""
    if len(told.rows) <= MOST_ORDERS:
        return task, told
    options = told.options
    gain = task.weights(options, np.empty(0, dtype=np.int64))[options.order] * options.fall
    best = np.zeros(len(told.rows))
    np.maximum.at(best, options.order, gain / np.maximum(options.cost, 1e-9))
    kept = np.sort(np.argsort(-best, kind="stable")[:MOST_ORDERS])
    places = np.full(len(told.rows), -1)
    places[kept] = np.arange(len(kept))
    mine = np.flatnonzero(places[options.order] >= 0)
    few = options.take(mine)
    few = Options(places[few.order], few.fall, few.cost, few.uses)
    task = replace(task, multiple=task.multiple[kept], chance=task.chance[kept])
    return task, Offers([told.offered[j] for j in mine.tolist()], few, told.rows[kept], told.room)


def _plan(task: Task, told: Offers, chosen: Ints, believed: Options) -> Plan:
    breach = task.breach(believed, chosen)
    return Plan(
        tuple(told.offered[j] for j in chosen.tolist()),
        tuple(task.chance[believed.order[chosen]].tolist()),
        tuple(believed.fall[chosen].tolist()),
        breach,
        task.breach(told.options.halved(), chosen),
        breach <= task.alpha,
    )
