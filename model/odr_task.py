"""The task of a plan: what may be done about which orders, and how likely too many defects are once it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.columns import Bools, Floats, Ints
from model.odr import Counts


@dataclass(frozen=True, slots=True)
class Options:
    """m options on c orders. order: (m,) places from 0 on; fall: (m,) how much the chance of that order falls; cost:
    (m,); uses: (m, r) of each limited thing."""

    order: Ints
    fall: Floats
    cost: Floats
    uses: Floats

    def take(self, index: Ints | Bools) -> Options:
        """The options at `index`."""
        return Options(self.order[index], self.fall[index], self.cost[index], self.uses[index])

    def halved(self) -> Options:
        """The same with half the effect."""
        return replace(self, fall=0.5 * self.fall)


@dataclass(frozen=True, slots=True)
class Task:
    """What a plan is for. mean, squares: (s,) of the count without it; multiple: (c, s) of the orders; chance: (c,)
    theirs before; number: a count from which there is a breach; alpha: the bound of its probability; budget: of all
    costs; room: (r,) of each limited thing."""

    mean: Floats
    squares: Floats
    multiple: NDArray[np.float32]
    chance: Floats
    number: int
    alpha: float
    budget: float
    room: Floats

    def counts(self, options: Options, chosen: Ints) -> Counts:
        """The count once the chosen options are done."""
        order, fall = options.order[chosen], options.fall[chosen]
        before, multiple = self.chance[order], self.multiple[order]
        lower, squared = fall @ multiple, (before**2 - (before - fall) ** 2) @ multiple**2
        return Counts((self.mean - lower)[:, None], np.maximum(self.squares - squared, 0.0)[:, None])

    def breach(self, options: Options, chosen: Ints) -> float:
        """P(breach) once the chosen options are done."""
        return float(self.counts(options, chosen).at_least(np.array([self.number]))[0])

    def weights(self, options: Options, chosen: Ints) -> Floats:
        """(c,) float64: how fast P(breach) falls with the chance of each order, where the chosen options are done."""
        after = self.counts(options, chosen)
        last = after.mass(self.number - 1)[:, 0]
        return np.asarray(self.multiple @ last.astype(np.float32), dtype=np.float64) / len(last)

    def fits(self, options: Options, chosen: Ints) -> bool:
        """Whether the chosen options keep within budget and limits."""
        within = options.cost[chosen].sum() <= self.budget + 1e-9
        return bool(within and (options.uses[chosen].sum(axis=0) <= self.room + 1e-9).all())
