"""The back-test: what daily lists would have found in a past window, beside simple rules and chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import gammainc

from features.columns import Array, Bools, Floats
from features.moments import DAY
from model.calibration import Z_90
from training.book import Book, book_of
from training.bounds import Bounded, ratio_by_order, sum_over_days
from training.chance import drawn_by_chance
from training.dataset import Dataset
from training.dearest import Dearest, dearest
from training.learn import Progress
from training.looks import Looks, looked
from training.occasions import OCCASIONS
from training.refits import Given, Origin, Refits
from training.window import Window, backtest_settings
from training.worked import PROBABILITY, RANKINGS, Worked, worked

Verdict = Literal["too_few", "better", "no_better"]
ALL = "all"


@dataclass(frozen=True, slots=True)
class Found:
    """What a list found among orders on one occasion, or on all. worked: orders put on a list for the first time;
    money: value of the orders found, in the main currency; lead_days: median from being worked to the claim."""

    worked: int
    claims: Bounded
    money: Bounded
    lead_days: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """One way to rank. visits: orders worked, repeats after a change included; found: by occasion when first worked,
    ALL first; ahead: claims that `probability` found more, with limits; None for that itself."""

    visits: int
    found: Mapping[str, Found]
    ahead: Bounded | None


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Weekly looks at open orders. claims: distinct orders with one; expected: claims foretold until the end of
    observation, once for each look; ratio: observed ÷ expected."""

    looks: int
    claims: int
    expected: float
    ratio: Bounded


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a window tells. chance, chance_money: expected of lists drawn by lot; money in `currency`, that of most
    claims, `foreign` claims are in others; curve: claims found by ranking (chance included), for each of `capacities`;
    to_come: share of the claims foretold of the orders worked that can still come after the end of observation."""

    window: Window
    months: int
    capacity: int
    orders: int
    open_a_day: float
    claims: int
    money: float
    currency: str | None
    foreign: int
    rankings: Mapping[str, Ranking]
    chance: float
    chance_money: float
    capacities: Sequence[int]
    curve: Mapping[str, Floats]
    calibration: Mapping[str, Calibrated]
    to_come: float
    dearest: Dearest
    origins: Sequence[Origin]
    book: Book
    first_worked: Floats

    @property
    def verdict(self) -> Verdict:
        """Whether ranking by probability finds more claims than lists drawn by lot would, but for rare luck."""
        if self.claims < backtest_settings().fewest_claims:
            return "too_few"
        found = self.rankings[PROBABILITY].found[ALL].claims.value
        by_lot = float(gammainc(found, self.chance)) if found > 0.0 else 1.0  # P(a Poisson count is as large)
        return "better" if by_lot < backtest_settings().luck else "no_better"

    @property
    def months_needed(self) -> int | None:
        """Months at this pace until there are claims enough to tell; None if there was none."""
        needed = backtest_settings().fewest_claims
        return int(np.ceil(needed * self.months / self.claims)) if self.claims else None


@dataclass(frozen=True, slots=True)
class _Money:
    """Entries whose claim opened in the window ((n,) bool) and their value in the main currency, 0 in others."""

    is_claimed: Bools
    value: Floats
    currency: str | None
    foreign: int

    @property
    def typical(self) -> float:
        """The mean value of a claim in the main currency; 0 if there is none."""
        known = self.value > 0.0
        return float(self.value[known].mean()) if known.any() else 0.0


def backtest(
    dataset: Dataset, window: Window, models: Refits | Given, progress: Progress, *, months: int, capacity: int,
    window_days: float, seed: int,
) -> Backtest:  # fmt: skip
    """Look back over a window; deterministic given its arguments. window_days: the claim window."""
    book = book_of(dataset, window, window_days, seed)
    looks = looked(dataset, book, window, models)
    progress(f"{len(looks.entry):,} looks at {book.n:,} orders on {window.days} days")
    money, chance = _money(book, window), drawn_by_chance(looks, book, window, capacity)
    lists = {name: worked(looks, book, window, key(looks, book), capacity) for name, key in RANKINGS.items()}
    capacities = [max(round(capacity * times), 1) for times in backtest_settings().capacities]
    ours = lists[PROBABILITY]
    return Backtest(
        window=window, months=months, capacity=capacity, orders=int((book.first <= book.last).sum()),
        open_a_day=float(np.maximum(book.last - book.first + 1, 0).sum() / window.days),
        claims=int(money.is_claimed.sum()), money=float(money.value.sum()), currency=money.currency,
        foreign=money.foreign,
        rankings={name: _ranking(done, ours, book, looks, window, money) for name, done in lists.items()},
        chance=float(chance[money.is_claimed].sum()), chance_money=float(chance @ money.value),
        capacities=capacities, curve=_curve(looks, book, window, money.is_claimed, capacities),
        calibration=_calibration(looks, book, window), to_come=_still_to_come(looks, ours),
        dearest=dearest(dataset, book, window, models, looks, ours), origins=tuple(models.origins), book=book,
        first_worked=ours.first_day(book.n),
    )  # fmt: skip


def _money(book: Book, window: Window) -> _Money:
    claimed = book.claimed_in(window)
    currencies, counts = np.unique(book.currency[claimed & (book.currency != None)].astype(str), return_counts=True)  # noqa: E711 - elementwise
    main = str(currencies[np.argmax(counts)]) if len(counts) else None
    is_main = np.asarray(book.currency == main, dtype=np.bool_) & ~np.isnan(book.value)
    value = np.where(claimed & is_main, book.value, 0.0)
    return _Money(claimed, value, main, int((claimed & ~is_main).sum()))


def _ranking(done: Worked, ours: Worked, book: Book, looks: Looks, window: Window, money: _Money) -> Ranking:
    first = done.is_first
    entry, day, occasion = done.entry[first], done.day[first], looks.occasion[done.look[first]]
    everywhere = np.ones(len(entry), dtype=np.bool_)
    wheres = {ALL: everywhere} | {name: occasion == place for place, name in enumerate(OCCASIONS)}
    found = {name: _found(book, window, money, entry[at], day[at]) for name, at in wheres.items()}
    return Ranking(len(done.entry), found, None if done is ours else _ahead(ours, done, book.n, money.is_claimed))


def _found(book: Book, window: Window, money: _Money, entry: Array, day: Array) -> Found:
    hit = money.is_claimed[entry]
    value, on = money.value[entry][hit], day[hit]
    priced = value > 0.0
    lead = (book.claimed_at[entry][hit] - window.instants(on)) / DAY
    claims = sum_over_days(np.ones(len(on)), on, window.days)
    value_found = sum_over_days(value[priced], on[priced], window.days, money.typical)
    return Found(len(entry), claims, value_found, float(np.median(lead)) if len(lead) else float("nan"))


def _ahead(ours: Worked, other: Worked, n: int, claimed: Bools) -> Bounded:
    """Claims that we found and another list did not, less those that it alone found; either may be luck."""
    we, they = (~np.isnan(done.first_day(n)) & claimed for done in (ours, other))
    only_we, only_they = int((we & ~they).sum()), int((they & ~we).sum())
    error = Z_90 * float(np.sqrt(only_we + only_they))
    return Bounded(float(only_we - only_they), only_we - only_they - error, only_we - only_they + error)


def _curve(looks: Looks, book: Book, window: Window, claimed: Bools, capacities: Sequence[int]) -> dict[str, Floats]:
    """Claims found by ranking, and by chance, for each capacity."""

    def found(name: str, capacity: int) -> float:
        done = worked(looks, book, window, RANKINGS[name](looks, book), capacity)
        return float(claimed[done.entry[done.is_first]].sum())

    curve = {name: np.array([found(name, capacity) for capacity in capacities]) for name in RANKINGS}
    by_chance = [drawn_by_chance(looks, book, window, capacity)[claimed].sum() for capacity in capacities]
    return curve | {"chance": np.array(by_chance)}


def _calibration(looks: Looks, book: Book, window: Window) -> dict[str, Calibrated]:
    """Observed and expected claims of the weekly looks, over all and by occasion."""
    weekly = looks.take(looks.day % backtest_settings().every_days == 0)
    claimed_at = np.fmin(book.claimed_at, np.inf)[weekly.entry]
    comes = (claimed_at > window.instants(weekly.day)) & (
        claimed_at <= np.fmin(window.until, book.closes[weekly.entry])
    )
    wheres = {ALL: np.ones(len(comes), dtype=np.bool_)} | {
        name: weekly.occasion == place for place, name in enumerate(OCCASIONS)
    }
    return {name: _calibrated(weekly, comes, at) for name, at in wheres.items()}


def _calibrated(weekly: Looks, comes: Bools, at: Bools) -> Calibrated:
    expected = float(weekly.expected[at].sum())
    _, observed = np.unique(weekly.entry[at & comes], return_counts=True)
    return Calibrated(int(at.sum()), len(observed), expected, ratio_by_order(observed.astype(np.float64), expected))


def _still_to_come(looks: Looks, done: Worked) -> float:
    """Of the claims foretold of the orders worked, the share that can come after the end of observation."""
    at = done.look[done.is_first]
    foretold = float(looks.probability[at].sum())
    return 1.0 - float(looks.expected[at].sum()) / foretold if foretold > 0.0 else float("nan")
