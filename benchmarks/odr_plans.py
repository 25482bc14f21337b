"""Plans for the defect budget, carried out in simulated windows whose law is known, and beside the exact optimum.

    python -m benchmarks.odr_plans --windows 800 --small 200

Windows as in benchmarks/odr.py. Each of the riskiest orders has one or two things that may be done about it, of random
effect and cost. Where a breach is likelier than alpha the product plans; the plan is then carried out and the window is
lived many times, by the shocks that it truly had and with effects that are true, or half of that.
    said       mean P(breach) after the plan, of windows whose plan keeps alpha by its own count
    replayed   share of lives of these windows that end in a breach; it must not lie above alpha by more than chance
    cost       of the plan ÷ of the cheapest set of all that keeps alpha (every set is tried), on small shops
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.odr import RULE
from benchmarks.odr_worlds import Window, simulated
from features.columns import Floats, Ints
from model.defect_priors import defect_priors
from model.odr import multiples
from model.odr_plan import cheapest
from model.odr_task import Options, Task

ALPHA, LIVES, MOST_ORDERS = 0.05, 400, 2_000
MOST_SMALL = 8  # orders of a small shop about which something may be done; each set of actions is tried


@dataclass(frozen=True)
class Planned:
    """A window, what may be done in it, and the plan. rows: (c,) the orders that the options are about."""

    window: Window
    task: Task
    options: Options
    rows: Ints
    plan: Ints

    def after(self, share: float) -> float:
        """P(breach) as the product counts it, with this share of the effects."""
        return self.task.breach(_weakened(self.options, share), self.plan)

    def replayed(self, share: float, rng: np.random.Generator) -> float:
        """The share of lives that end in a breach once the plan is carried out with this share of its effects."""
        w, chance = self.window, self.window.chance.copy()
        chance[self.rows[self.options.order[self.plan]]] -= share * self.options.fall[self.plan]
        return float(np.mean(_counts(np.minimum(chance * w.truth, 1.0), rng) >= self.task.number))


def _weakened(options: Options, share: float) -> Options:
    return Options(options.order, share * options.fall, options.cost, options.uses)


def _counts(chance: Floats, rng: np.random.Generator) -> Ints:
    """(LIVES,) how many defects come."""
    return np.concatenate([(rng.random((LIVES // 20, len(chance))) < chance).sum(axis=1) for _ in range(20)])


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=800)
    parser.add_argument("--small", type=int, default=200, help="small shops whose optimum is found by trying every set")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; simulated, alpha {ALPHA}\n"
    )
    with threadpool_limits(limits=1):
        carried_out(given.windows, given.seed)
        beside_optimum(given.small, given.seed)


def carried_out(number: int, seed: int) -> None:
    """Plans in the windows in which a breach is likelier than alpha."""
    kept, missed, sure, cautious = list[Planned](), 0, 0, list[Planned]()
    for i in range(number):
        for halved in (False, True):
            found = planned(simulated(seed * 1_000_000 + i), i, MOST_ORDERS, halved=halved)
            if found is None:
                sure += not halved
            elif found.after(0.5 if halved else 1.0) > ALPHA:
                missed += not halved
            else:
                (cautious if halved else kept).append(found)
    print(f"{number} windows: in {sure} a breach is sure, or no likelier than alpha; {missed} plans cannot keep alpha")
    print("| plan for | effects | windows | P(breach) before | said | replayed | 95 % of chance |")
    print("|---|---|---|---|---|---|---|")
    for name, found, share in (("full effects", kept, 1.0), ("full effects", kept, 0.5), ("half", cautious, 0.5)):
        rng = np.random.default_rng(seed)
        before = np.mean([p.task.breach(p.options, _NOTHING) for p in found])
        said = np.mean([p.after(share) for p in found])
        lived = np.array([p.replayed(share, rng) for p in found])
        chance = 1.96 * lived.std() / np.sqrt(len(lived))
        told = f"{before:.3f} | {said:.4f} | {lived.mean():.4f} | ± {chance:.4f}"
        print(f"| {name} | {share:g} | {len(found)} | {told} |", flush=True)


_NOTHING: Ints = np.empty(0, dtype=np.int64)


def planned(window: Window, seed: int, most: int, *, halved: bool = False) -> Planned | None:
    """A window with its plan; None where a breach is no likelier than alpha, or there already."""
    rng = np.random.default_rng([seed, 7])
    number = RULE.allowed(len(window.chance)) - int(window.known.sum()) + 1
    if number <= 0:
        return None
    drawn = multiples(window.rows(window.learned()), defect_priors().draws)
    counted = drawn.counts(window.chance[:, None], np.zeros(len(window.chance)))
    if float(counted.at_least(np.array([number]))[0]) <= ALPHA:
        return None
    rows = np.sort(np.argsort(-window.chance, kind="stable")[:most])
    rows = rows[window.chance[rows] > 0.0]
    options, room = _options(window.chance[rows], rng), np.empty(0)
    mean, squares = counted.mean[:, 0], counted.squares[:, 0]
    task = Task(mean, squares, drawn.of(rows), window.chance[rows], number, ALPHA, np.inf, room)
    return Planned(window, task, options, rows, cheapest(task, options.halved() if halved else options))


def _options(chance: Floats, rng: np.random.Generator) -> Options:
    """One thing that may be done about each order, and about half of them a dearer one that does more."""
    c = len(chance)
    weak, dear = rng.uniform(0.2, 0.6, c), np.flatnonzero(rng.random(c) < 0.5)
    cost = rng.lognormal(1.0, 0.8, c)
    strong = 1.0 - (1.0 - weak[dear]) * rng.uniform(0.3, 0.8, len(dear))
    order, share = np.concatenate([np.arange(c), dear]), np.concatenate([weak, strong])
    costs = np.concatenate([cost, cost[dear] * rng.uniform(1.2, 3.0, len(dear))])
    return Options(order, share * chance[order], costs, np.empty((len(order), 0)))


def beside_optimum(number: int, seed: int) -> None:
    """Costs of plans of small shops beside the cheapest of all sets."""
    ratios, i = list[float](), 0
    while len(ratios) < number and i < 60 * number:
        window = simulated(9_000_000 + seed * 1_000_000 + i)
        i += 1
        if len(window.chance) > 1_500:
            continue
        found = planned(window, i, MOST_SMALL)
        if found is None or found.after(1.0) > ALPHA:
            continue
        ratios.append(float(found.options.cost[found.plan].sum()) / _least(found))
    worst = f"mean {np.mean(ratios):.4f}, worst {np.max(ratios):.3f} (bar 1.15)"
    print(f"\n{len(ratios)} small shops: cost ÷ optimum: {worst}")


def _least(found: Planned) -> float:
    """The cost of the cheapest of all sets that keep alpha: the first that does, of the cheapest first."""
    by_cost = sorted((float(found.options.cost[c].sum()), c.tolist()) for c in _sets(found.options))
    return next(cost for cost, c in by_cost if found.task.breach(found.options, np.array(c, dtype=np.int64)) <= ALPHA)


def _sets(options: Options) -> Iterator[Ints]:
    """Every set with at most one option an order."""
    each = [[-1, *np.flatnonzero(options.order == order).tolist()] for order in np.unique(options.order)]
    for chosen in product(*each):
        yield np.array([place for place in chosen if place >= 0], dtype=np.int64)


if __name__ == "__main__":
    main()
