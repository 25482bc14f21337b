"""Simulated windows of shops for benchmarks/odr.py: orders with true chances, shocks that they share, a past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.columns import Floats, Ints
from model.defect_priors import SharedKind, defect_priors
from model.odr import Rows, Shared
from model.shock_sizes import prior_of
from model.shocks import Spread, learned

DAYS, HALF_LIFE, WEEKS = 60, 25.0, 52
Law = Literal["as assumed", "bad weeks"]
KINDS: tuple[SharedKind, ...] = ("carrier_week", "sku_lot")


@dataclass(frozen=True)
class Window:
    """One shop's window of n orders. chance: (n,) P(a defect to come while the order is in the window), before shocks;
    shown: (n,) what it was expected to show by now; group: by kind (n,); past: by kind (observed, expected) of groups.

    known: (n,) defects by now; later: (n,) 1 where one is to come; truth: (n,) what shocks multiplied; deviation: of
    the level of all chances; true: the standard deviation of each kind of shock.
    """

    chance: Floats
    shown: Floats
    group: dict[SharedKind, Ints]
    past: dict[SharedKind, tuple[Floats, Floats]]
    known: Floats
    later: Floats
    truth: Floats
    deviation: float
    true: dict[SharedKind, float]

    def rows(self, spreads: dict[SharedKind, Spread]) -> Rows:
        """What a forecast is made from, with what is believed of shocks."""
        n, fixed = len(self.chance), Spread(np.array([self.deviation]), np.ones(1))
        shared = [Shared(np.zeros(n, dtype=np.int64), fixed)] + [Shared(self.group[k], spreads[k]) for k in KINDS]
        return Rows(shared, self.shown, self.known, 1.0 - self.chance)

    def learned(self) -> dict[SharedKind, Spread]:
        """What the shop's past tells of its shocks."""
        return {k: learned(prior_of(k), *self.past[k]) for k in KINDS}


def shown(age: Floats) -> Floats:
    """The share of an order's defects that has come by an age in days."""
    return np.asarray(1.0 - 0.5 ** (age / HALF_LIFE))


def simulated(seed: int, law: Law = "as assumed") -> Window:
    """A window: 5 to 500 expected defects a year, at 0.3 to 1.5 % of orders; a year of past at the same pace."""
    rng = np.random.default_rng(seed)
    yearly = float(np.exp(rng.uniform(np.log(5.0), np.log(500.0))))
    rate = float(np.exp(rng.uniform(np.log(0.003), np.log(0.015))))
    n = max(int(yearly / rate * DAYS / 365.0), 20)
    carriers, skus = int(rng.integers(1, 7)), int(rng.integers(3, 200))
    true = {kind: abs(rng.normal(0.0, defect_priors().shock[kind].scale)) for kind in KINDS}
    deviation = float(rng.uniform(0.05, 0.3))
    level = rng.normal(0.0, deviation) - 0.5 * deviation**2
    draw = _draws(rng, rate, (carriers, skus), n)
    whole, age, group = draw
    multiple = np.exp(level)
    for kind in KINDS:
        multiple = multiple * _shocks(rng, true[kind], int(group[kind].max()) + 1, law)[group[kind]]
    now, end = shown(age), shown(np.full(n, float(DAYS)))
    known = rng.random(n) < whole * multiple * now
    later = ~known & (rng.random(n) < whole * multiple * (end - now))
    past = _past(rng, rate, (carriers, skus), int(n * 365 / DAYS), true, law)
    return Window(
        np.where(known, 0.0, whole * (end - now)), whole * now, group, past, known.astype(float),
        later.astype(float), multiple, deviation, true,
    )  # fmt: skip


def _draws(
    rng: np.random.Generator, rate: float, sizes: tuple[int, int], n: int, days: int = DAYS
) -> tuple[Floats, Floats, dict[SharedKind, Ints]]:
    """(n,) chances over a whole life, ages in days, and groups by kind."""
    whole = np.minimum(rate * rng.gamma(0.5, 2.0, n), 0.5)
    age = rng.uniform(0.0, days, n)
    carrier = rng.choice(sizes[0], n, p=_popular(sizes[0]))
    sku = rng.choice(sizes[1], n, p=_popular(sizes[1]))
    weeks, months = (age // 7).astype(np.int64), (age // 30).astype(np.int64)
    group = {"carrier_week": carrier * (weeks.max() + 1) + weeks, "sku_lot": sku * (months.max() + 1) + months}
    return whole, age, {kind: np.unique(group[kind], return_inverse=True)[1] for kind in KINDS}


def _popular(size: int) -> Floats:
    share = 1.0 / np.arange(1, size + 1)
    return np.asarray(share / share.sum())


def _shocks(rng: np.random.Generator, deviation: float, groups: int, law: Law) -> Floats:
    """(groups,) multiples of mean 1: lognormal, or one group in ten bad and all others alike."""
    if law == "as assumed":
        return np.exp(deviation * rng.standard_normal(groups) - 0.5 * deviation**2)
    bad = np.exp(3.0 * deviation)
    return np.where(rng.random(groups) < 0.1, bad, 1.0) / (0.9 + 0.1 * bad)


def _past(
    rng: np.random.Generator, rate: float, sizes: tuple[int, int], n: int, true: dict[SharedKind, float], law: Law
) -> dict[SharedKind, tuple[Floats, Floats]]:
    """Defects observed and expected of the groups of a year before the window."""
    whole, _, group = _draws(rng, rate, sizes, n, 365)
    multiple = np.ones(n)
    for kind in KINDS:
        multiple *= _shocks(rng, true[kind], int(group[kind].max()) + 1, law)[group[kind]]
    hit = (rng.random(n) < whole * multiple).astype(float)
    return {kind: (np.bincount(group[kind], hit), np.bincount(group[kind], whole)) for kind in KINDS}
