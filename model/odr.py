"""How many of a shop's orders become defective: the distribution of a count of rare events that share shocks.

Given the shocks, orders are independent and their count is close to binomial (mean and variance matched); the shocks
are integrated by draws that are stratified within each group, their sizes by quadrature over what is believed of them.
What has already shown of a group moves its shock: Laplace's approximation, one group after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.columns import Floats, Ints
from model.defect_priors import Draws
from model.shocks import Spread

_SWEEPS, _STILL = 20, 1e-3
_PIECE = 2_000
_BINS = 128
_TAIL = 1e-6


@dataclass(frozen=True, slots=True)
class Shared:
    """One kind of shock over n rows. group: (n,) places from 0 on; spread: of its standard deviation."""

    group: Ints
    spread: Spread


@dataclass(frozen=True, slots=True)
class Rows:
    """n rows, each an order or many orders in one. All (n,) float64 but `shared`.

    seen: defects that had time to show by now; known: that did; give: how far shocks reach a row, 1 fully, 0 not.
    """

    shared: Sequence[Shared]
    seen: Floats
    known: Floats
    give: Floats


@dataclass(frozen=True, slots=True)
class Counts:
    """Distributions of c counts over s equally likely draws. mean, squares: (s, c) float64, the expected count of each
    draw, and the sum over its orders of the squared chances (0 for what is many orders in one)."""

    mean: Floats
    squares: Floats

    def at_least(self, number: Ints) -> Floats:
        """(c,) float64: P(count ≥ number), number (c,); 1 where that is 0 or less."""
        return np.asarray(1.0 - _cdf(self.mean, self.squares, np.asarray(number)[None, :] - 1).mean(axis=0))

    def only(self, place: int) -> Counts:
        """One of the counts alone."""
        return Counts(self.mean[:, place : place + 1], self.squares[:, place : place + 1])

    def mass(self, number: int) -> Floats:
        """(s, c) float64: P(count = number) in each draw."""
        whole = np.array(number)
        return np.asarray(_cdf(self.mean, self.squares, whole) - _cdf(self.mean, self.squares, whole - 1))

    def masses(self, place: int) -> Floats:
        """(k,) float64: P(count = 0, 1, …) of one of the counts, until less than a millionth is left; sums to 1."""
        order = np.argsort(self.mean[:, place], kind="stable")
        bins = np.array_split(order, min(_BINS, len(order)))
        share = np.array([len(b) for b in bins]) / len(order)
        mean = np.array([self.mean[b, place].mean() for b in bins])
        squares = np.array([self.squares[b, place].mean() for b in bins])
        most = int(np.ceil(mean.max() + 8.0 * np.sqrt(mean.max()) + 8.0))
        below = share @ _cdf(mean[:, None], squares[:, None], np.arange(most + 1)[None, :])
        kept = below[: int(np.searchsorted(below, 1.0 - _TAIL)) + 1]
        masses = np.diff(kept, prepend=0.0)
        return np.asarray(np.maximum(masses, 0.0) / np.maximum(masses, 0.0).sum())


def _cdf(mean: Floats, squares: Floats, number: Ints) -> Floats:
    """P(count ≤ number) of a binomial of that mean and of the variance mean − squares; Poisson where squares are 0."""
    from scipy.special import betainc  # takes a tenth of a second, which most commands need not wait for

    safe = np.maximum(mean, 1e-12)
    chance = np.clip(squares / safe, 1e-7, 0.999)
    trials = safe / chance
    left = np.maximum(trials - number, 1e-12)
    inside = betainc(left, np.maximum(number + 1.0, 1e-12), 1.0 - chance)
    return np.where(number < 0, 0.0, np.where(number >= trials, 1.0, inside))


@dataclass(frozen=True, slots=True)
class Multiples:
    """What shocks multiply the chances of n rows by, in s draws; made piece by piece, as all of them are large.

    shocks: per kind (groups, s) float32; variance: (s,) float32, of the sum of a row's shocks before anything showed.
    """

    rows: Rows
    shocks: Sequence[NDArray[np.float32]]
    variance: NDArray[np.float32]

    def of(self, at: slice | Ints) -> NDArray[np.float32]:
        """(m, s) of some rows; its mean over draws is 1 where nothing has shown yet."""
        give = self.rows.give[at].astype(np.float32)[:, None]
        total = -0.5 * give * self.variance
        for shock, shared in zip(self.shocks, self.rows.shared, strict=True):
            total += shock[shared.group[at]]
        return np.asarray(np.exp(total * give))

    def counts(self, chances: Floats, pooled: Floats) -> Counts:
        """The c counts of which rows have `chances` ((n, c)). pooled: (n,) 1 where a row is many orders in one."""
        shape = (chances.shape[1], len(self.variance))
        mean, squares = np.zeros(shape), np.zeros(shape)
        chances = chances.astype(np.float32)
        single = (chances * (1.0 - pooled.astype(np.float32))[:, None]) ** 2
        for start in range(0, len(chances), _PIECE):
            piece = slice(start, start + _PIECE)
            multiple = self.of(piece)
            mean += chances[piece].T @ multiple
            squares += single[piece].T @ multiple**2
        return Counts(mean.T, squares.T)


def multiples(rows: Rows, draws: Draws) -> Multiples:
    """Draws of the shocks given what has shown; equal arguments give equal draws."""
    rng = np.random.default_rng(draws.seed)
    grid = (np.arange(draws.nodes) + 0.5) / draws.nodes
    deviations = np.stack([shared.spread.at(rng.permutation(grid)) for shared in rows.shared], axis=1)
    sizes = [int(shared.group.max()) + 1 for shared in rows.shared]
    shocks = [_stratified(rng, draws.nodes * draws.each, size) for size in sizes]
    for node in range(draws.nodes):
        for shock, mode, width in zip(shocks, *_moved(rows, sizes, deviations[node]), strict=True):
            mine = shock[:, node :: draws.nodes]
            mine *= width[:, None]
            mine += mode[:, None]
    variance = np.tile((deviations**2).sum(axis=1), draws.each)
    return Multiples(rows, shocks, variance.astype(np.float32))


def _stratified(rng: np.random.Generator, draws: int, groups: int) -> NDArray[np.float32]:
    """(groups, draws) standard normal, each row spread evenly over its distribution."""
    from scipy.special import ndtri

    even = ndtri((np.arange(draws) + 0.5) / draws).astype(np.float32)
    return rng.permuted(np.tile(even, (groups, 1)), axis=1)


def _moved(rows: Rows, sizes: Sequence[int], deviations: Floats) -> tuple[list[Floats], list[Floats]]:
    """Per kind of shock, mode and standard deviation of each group's shock given what has shown of its orders."""
    at = np.flatnonzero(rows.seen > 0.0)
    groups = [shared.group[at] for shared in rows.shared]
    known = [np.bincount(g, rows.known[at], size) for g, size in zip(groups, sizes, strict=True)]
    mode = [np.zeros(size) for size in sizes]
    width = [np.full(size, d) for size, d in zip(sizes, deviations, strict=True)]
    level = np.log(rows.seen[at]) - 0.5 * float(np.sum(deviations**2))
    for _ in range(_SWEEPS if len(at) else 0):
        furthest = 0.0
        for f, size in enumerate(sizes):
            precision = 1.0 / max(float(deviations[f]), 1e-6) ** 2
            total = np.sum([m[g] for m, g in zip(mode, groups, strict=True)], axis=0)
            rate = np.bincount(groups[f], np.exp(level + total), size)
            step = np.clip((known[f] - rate - precision * mode[f]) / (rate + precision), -1.0, 1.0)
            mode[f], width[f] = mode[f] + step, 1.0 / np.sqrt(rate + precision)
            furthest = max(furthest, float(np.abs(step).max()))
        if furthest < _STILL:
            break
    return mode, width
