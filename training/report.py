"""The training report: how good the model is, on which orders, at what work, and what it was not allowed to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from features.columns import Bools, Floats, Ints
from features.moments import DAY
from features.order import STATES
from features.phases import PHASES, STATE_OF_PHASE
from model.calibration import Z_90
from training import plots
from training.card import Judged, by_order, everywhere, expected_model, judged, models, order_places, rendered
from training.evaluate import OURS, Test
from training.leaks import Ratio
from training.plots import LONGEST_LIST
from training.train import Prepared, Recipe, Trained

AGES = (0.0, 1.0, 3.0, 7.0, 14.0, 30.0, np.inf)  # days since placed
SHOWN_ATTRIBUTES, SHOWN_RATIOS = 25, 15
SAMPLE_ROWS = 20_000
DAYS_WORK = 20  # orders a day of which the summary speaks


@dataclass(frozen=True, slots=True)
class Daily:
    """The latest test row of each order on each day: at, its place; day and order, counted from 0; all (d,) int64."""

    at: Ints
    day: Ints
    order: Ints


def daily(test: Test) -> Daily:
    """What a list of each day's orders would hold."""
    day = np.floor(test.as_of / DAY).astype(np.int64)
    by_time = np.lexsort((test.as_of, test.order, day))
    ends = (np.diff(day[by_time], append=-1) != 0) | (np.diff(test.order[by_time], append=-1) != 0)
    at = by_time[ends]
    return Daily(at, np.unique(day[at], return_inverse=True)[1], np.unique(test.order[at], return_inverse=True)[1])


def workload(test: Test, model: str, stands_for: Floats) -> Floats:
    """(LONGEST_LIST,) float64: share of the orders with a claim that stand among the k riskiest of some day.

    stands_for: (m,) orders that a row stands for, where orders without a claim were sampled. Ties are drawn.
    """
    rows = daily(test)
    drawn = np.random.default_rng(0).random(len(rows.at))
    rank = np.lexsort((drawn, -test.probability[model][rows.at], rows.day))
    size, day = stands_for[rows.at][rank], rows.day[rank]
    before = np.cumsum(size) - size
    before -= before[np.searchsorted(day, day)]
    claimed = test.y[rows.at][rank]
    best = np.full(int(rows.order.max()) + 1, np.inf)
    np.minimum.at(best, rows.order[rank][claimed], before[claimed])
    best = best[np.isfinite(best)]
    lists = np.arange(1, LONGEST_LIST + 1)
    return np.asarray((best[:, None] < lists).mean(axis=0)) if len(best) else np.zeros(LONGEST_LIST)


def workload_by_chance(test: Test, stands_for: Floats) -> Floats:
    """(LONGEST_LIST,) float64: the same share if each day's list were drawn by lot."""
    rows = daily(test)
    orders_a_day = np.bincount(rows.day, stands_for[rows.at])
    claimed = test.y[rows.at]
    drawn = np.arange(1, LONGEST_LIST + 1) / orders_a_day[rows.day[claimed]][:, None]
    missed = np.ones((int(rows.order.max()) + 1, LONGEST_LIST))
    np.multiply.at(missed, rows.order[claimed], 1.0 - np.minimum(drawn, 1.0))
    found = 1.0 - missed[np.unique(rows.order[claimed])]
    return np.asarray(found.mean(axis=0)) if len(found) else np.zeros(LONGEST_LIST)


def stands_for(prepared: Prepared, test: Test) -> Floats:
    """(m,) float64: how many orders each test row stands for; 1 unless orders without a claim were sampled."""
    importance = np.ones(prepared.dataset.orders.n)
    importance[prepared.handled.order] = prepared.handled.importance
    return np.asarray(importance[test.order] / prepared.handled.importance.min())


@dataclass(frozen=True, slots=True)
class Effects:
    """Mean absolute effect in log-odds by attribute, largest first: of the margin, and the trees' by share of gain."""

    attributes: tuple[str, ...]
    margin: Floats
    trees: Floats


def effects(trained: Trained) -> Effects:
    """Over an even sample of the training rows, each weighed by the orders that it stands for."""
    scorer, rows = trained.scorer, trained.prepared.rows
    at = np.unique(np.linspace(0, len(rows.X) - 1, SAMPLE_ROWS).astype(np.int64))
    X, weight = rows.X[at], rows.importance[at] / rows.importance[at].sum()
    features = scorer.pipeline.features_
    names, of = np.unique([f.attribute for f in features], return_inverse=True)
    by_feature = scorer.margin.by_feature(X, len(features))
    by_attribute = np.stack([by_feature[:, of == j].sum(axis=1) for j in range(len(names))], axis=1)
    margin = weight @ np.abs(by_attribute - weight @ by_attribute)
    gain = np.bincount(of, scorer.booster.gain(len(features)), len(names))
    trees = scorer.booster.log_odds(X, rows.state[at], threads=2)
    spread = weight @ np.abs(trees - weight @ trees)
    trees_by_attribute = gain / gain.sum() * spread if gain.any() else np.zeros(len(names))
    order = np.lexsort((names, -(margin + trees_by_attribute)))[:SHOWN_ATTRIBUTES]
    order = order[(margin + trees_by_attribute)[order] > 0.0]
    return Effects(tuple(names[order].tolist()), margin[order], trees_by_attribute[order])


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """One phase in training. rate: of all shops in its state; spread: what a probability may be multiplied or divided
    by inside its 90 % interval, at the phase's mean log-odds; NaN without rows."""

    phase: str
    rows: int
    claims: int
    rate: float
    intercept: float
    slope: float
    spread: float


def by_phase(trained: Trained) -> list[PhaseFacts]:
    """What was learned of each phase."""
    rows, scorer, calibrator = trained.prepared.rows, trained.scorer, trained.scorer.calibrator
    dataset = trained.prepared.dataset
    claimed, order = rows.labels(dataset.observed_until), order_places(dataset)[rows.order]
    found = []
    for place, phase in enumerate(PHASES):
        here = rows.phase == place
        spread = np.nan
        if here.any():
            some = np.flatnonzero(here)[:SAMPLE_ROWS]
            raw = scorer.raw_log_odds(rows.X[some], rows.state[some], threads=2).mean(keepdims=True)
            spread = float(np.exp(Z_90 * calibrator.deviation(raw, np.array([place]))[0]))
        claims = len(np.unique(order[here & claimed]))
        rate = float(scorer.baseline.rates[STATE_OF_PHASE[place]])
        intercept, slope = float(calibrator.intercepts[place]), float(calibrator.slopes[place])
        found.append(PhaseFacts(phase, int(here.sum()), claims, rate, intercept, slope, spread))
    return found


def by_age(test: Test) -> dict[str, Bools]:
    """Test rows by days since placed, without bands that hold none."""
    age = (test.as_of - test.placed_at) / DAY
    bands = {}
    for low, high in pairwise(AGES):
        where = (age >= low) & (age < high)
        if where.any():
            bands[f"{low:g}–{high:g} days" if np.isfinite(high) else f"from {low:g} days"] = where
    return bands


def reasons_of_dropped(prepared: Prepared) -> dict[str, list[str]]:
    """Attributes dropped, by the reason."""
    found: dict[str, list[str]] = {}
    for dropped in prepared.dropped:
        found.setdefault(dropped.reason, []).append(dropped.attribute)
    return found


def largest_ratios(ratios: Sequence[Ratio]) -> list[Ratio]:
    """The ratios farthest from 1 on either side."""
    return sorted(ratios, key=lambda r: (-abs(np.log(max(r.ratio, 1e-9))), r.attribute, r.state))[:SHOWN_RATIOS]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the final test says. by_state: quality by state and model; found, chance: share of claims in the day's
    list of DAYS_WORK orders; figures: plots by name."""

    overall: list[Judged]
    by_state: dict[str, list[Judged]]
    expected: Judged
    orders: int
    orders_a_day: float
    found: float
    chance: float
    list_size: int
    figures: Mapping[str, Markup]


def evaluation(prepared: Prepared, test: Test) -> Evaluation:
    """Quality, curves and workload on the test rows."""
    size, test = stands_for(prepared, test), by_order(prepared, test)
    names, ours, listed = models(test), expected_model(test), daily(test)
    states = {str(s): test.in_state(p) for p, s in enumerate(STATES) if test.in_state(p).any()}
    shares = {name: workload(test, name, size) for name in names}
    chance = workload_by_chance(test, size)
    quality = {model: judged(test, model, everywhere(test)) for model in names}
    return Evaluation(
        overall=list(quality.values()),
        by_state={s: [judged(test, model, where) for model in names] for s, where in states.items()},
        expected=quality[ours], orders=len(np.unique(test.order)),
        orders_a_day=float(size[listed.at].sum() / (listed.day.max() + 1)),
        found=float(shares[ours][DAYS_WORK - 1]), chance=float(chance[DAYS_WORK - 1]), list_size=DAYS_WORK,
        figures=_figures_of(test, states, shares | {plots.CHANCE: chance}),
    )  # fmt: skip


def _figures_of(test: Test, states: Mapping[str, Bools], shares: Mapping[str, Floats]) -> dict[str, Markup]:
    ours = [m for m in models(test) if m.startswith(OURS)]
    titled = {state.replace("_", " "): where for state, where in states.items()}
    return {
        "reliability": plots.reliability(test, ours, {"all test rows": everywhere(test)}, "Reliability"),
        "by_state": plots.reliability(test, ours, titled, "Reliability by state"),
        "by_age": plots.reliability(test, ours, by_age(test), "Reliability by days since placed"),
        "precision_recall": plots.precision_recall(test, models(test)),
        "gain": plots.gain(test, models(test)),
        "workload": plots.workload_curves(shares),
    }


def report(trained: Trained, recipe: Recipe, *, simulated: bool, made_on: date) -> bytes:
    """The report as one HTML page that needs nothing else; equal arguments give equal bytes."""
    prepared, scorer = trained.prepared, trained.scorer
    found = effects(trained) if trained.learned else None
    importance = plots.importance(found.attributes, found.margin, found.trees) if found and found.attributes else None
    return rendered(
        "report.html", trained, recipe, simulated=simulated, made_on=made_on,
        tested=evaluation(prepared, trained.test) if trained.test else None,
        importance=importance, phases=by_phase(trained),
        delay=plots.delay(scorer.delay, recipe.window_days), dropped=reasons_of_dropped(prepared),
        ratios=largest_ratios(prepared.ratios),
    )  # fmt: skip
