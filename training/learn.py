"""Learning: rows into a margin, trees and a calibrator, all chosen by rolling origins inside what was known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
import polars as pl

from features.columns import Bools, Floats, Ints
from features.feature import Feature
from features.order import STATES
from model.booster import Booster, booster_text
from model.calibration import Calibrator
from model.delay import DelayCurve
from model.margin import Margin
from training.calibrate import Said, fitted_calibrator
from training.margin import fitted, prepared
from training.rows import Rows
from training.settings import fit_settings
from training.surrogate import CONTACT, targets
from training.trees import grown, parameters, staged_log_odds

Progress = Callable[[str], None]
STAGE_TREES = 10


@dataclass(frozen=True, slots=True)
class Learned:
    """What was fitted on rows known at one moment. out_of_fold: the rolling rows with the raw log-odds they got."""

    margin: Margin
    booster: Booster
    calibrator: Calibrator
    trees: int
    out_of_fold: Said

    def raw(self, X: Floats, state: Ints) -> Floats:
        """(n,) float64: uncalibrated log-odds."""
        return self.margin.log_odds(X) + self.booster.log_odds(X, state, threads=1)


@dataclass(frozen=True, slots=True)
class Known:
    """Rows as they weighed at one moment: places in the rows, labels, weights."""

    at: Ints
    y: Bools
    weight: Floats


def known_at(rows: Rows, curve: DelayCurve, moment: float, among: Bools) -> Known:
    """The rows of `among` that had entered by `moment` (epoch seconds), with what was known of them then."""
    weight = rows.weights(curve, moment)
    at = np.flatnonzero(among & (weight > 0.0))
    return Known(at, rows.labels(moment)[at], weight[at])


@dataclass(frozen=True, slots=True)
class Fold:
    """One rolling origin: fit on what was known then, judge on the orders placed after it until the next."""

    fit: Known
    judge: Known


def rolling_folds(rows: Rows, curve: DelayCurve, until: float) -> list[Fold]:
    """Folds at the shares of the orders named in fit.toml; those without a claim on either side are left out."""
    origins = np.quantile(rows.placed_at, fit_settings().rolling_origins)
    ends = np.append(origins[1:], np.inf)
    folds = []
    for origin, end in zip(origins, ends, strict=True):
        before, after = rows.placed_at < origin, (rows.placed_at >= origin) & (rows.placed_at < end)
        fold = Fold(known_at(rows, curve, float(origin), before), known_at(rows, curve, until, after))
        if fold.fit.y.any() and fold.judge.y.any():
            folds.append(fold)
    return folds


def learn(
    rows: Rows, curve: DelayCurve, features: tuple[Feature, ...], *, until: float, seed: int, progress: Progress
) -> Learned:
    """Fit on everything known at `until`; numbers of trees and calibration come from rolling origins."""
    everything = known_at(rows, curve, until, np.ones(len(rows.order), dtype=np.bool_))
    folds = rolling_folds(rows, curve, until) or [Fold(everything, everything)]
    template = prepared(rows.X[everything.at], features)
    most = np.full(len(STATES), parameters(features, seed)[1])
    stages = []
    for k, fold in enumerate(folds, 1):
        stages.append(_staged(rows, fold, _fit(rows, fold.fit, template, features, seed, most)))
        progress(f"rolling origin {k} of {len(folds)} fitted")
    trees = _best_trees(stages, _more_to_learn_from(everything, folds), int(most[0]))
    progress(f"trees chosen: {', '.join(f'{state} {n}' for state, n in zip(STATES, trees, strict=True))}")
    out_of_fold = together(
        [_judged(rows, fold, stage, trees, k) for k, (fold, stage) in enumerate(zip(folds, stages, strict=True))]
    )
    learned = _finished(rows, everything, _fit(rows, everything, template, features, seed, trees), out_of_fold)
    progress(f"fitted on {len(everything.at):,} rows, slopes {learned.calibrator.slopes.round(2)}")
    return learned


def learned_without_search(
    rows: Rows, curve: DelayCurve, features: tuple[Feature, ...], *, until: float, seed: int, trees: int
) -> Learned:
    """Fit once with `trees` trees in every state, calibrated on the fitted rows: for who cannot wait for the search."""
    everything = known_at(rows, curve, until, np.ones(len(rows.order), dtype=np.bool_))
    template = prepared(rows.X[everything.at], features)
    return _finished(
        rows, everything, _fit(rows, everything, template, features, seed, np.full(len(STATES), trees)), None
    )


def _finished(rows: Rows, everything: Known, fit: _Fitted, out_of_fold: Said | None) -> Learned:
    """What is kept of a fit. out_of_fold: what calibrates; the fitted rows themselves if None."""
    booster = Booster(booster_text({STATES[s]: b.model_to_string() for s, b in fit.boosters.items()}))
    X, state = rows.X[everything.at], rows.state[everything.at]
    own = said(rows, everything, fit.margin.log_odds(X) + booster.log_odds(X, state))
    seen = own if out_of_fold is None else out_of_fold
    return Learned(fit.margin, booster, fitted_calibrator(seen, own), booster.n_trees, seen)


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A margin and the trees of each state (by its place) that add to it."""

    margin: Margin
    boosters: dict[int, lightgbm.Booster]


def _fit(rows: Rows, known: Known, template: Margin, features: tuple[Feature, ...], seed: int, trees: Ints) -> _Fitted:
    """A margin over all rows, and for each state trees grown on its out-of-fold log-odds. trees: (states,)."""
    settings, folds = fit_settings(), fit_settings().rolling_margin_folds
    rows = rows.take(known.at)
    claims = float(known.weight @ known.y)
    penalty = max(settings.margin_penalty, settings.margin_penalty_per_claim * claims)
    fold = _fold_of(rows.group, folds, seed)
    y = targets(rows, known.y, known.weight, fold, features, seed)
    margin = fitted(rows.X, y, known.weight, features, penalty, template)
    start = np.empty(len(y))
    for k in range(folds):
        out, kept = fold == k, fold != k
        other = fitted(rows.X[kept], y[kept], known.weight[kept], features, penalty, margin)
        start[out] = other.log_odds(rows.X[out])
    boosters = {}
    for place, most in enumerate(trees.tolist()):
        at = np.flatnonzero(rows.state == place)
        if most and known.y[at].any():
            boosters[place] = grown(rows.X[at], y[at], known.weight[at], start[at], features, seed, most)
    return _Fitted(margin, boosters)


@dataclass(frozen=True, slots=True)
class _Stage:
    """A fold fitted with the most trees. raw: (trees ÷ STAGE_TREES + 1, judged) log-odds after 0, STAGE_TREES …;
    losses: (…, states) weighted log-loss of the judged rows of each state after as many."""

    raw: Floats
    losses: Floats


def _staged(rows: Rows, fold: Fold, found: _Fitted) -> _Stage:
    X, state = rows.X[fold.judge.at], rows.state[fold.judge.at]
    raw = staged_log_odds(found.boosters, X, state, found.margin.log_odds(X), STAGE_TREES)
    losses = fold.judge.weight * np.logaddexp(0.0, np.where(fold.judge.y, -1.0, 1.0) * raw)
    return _Stage(raw, np.stack([np.bincount(state, loss, len(STATES)) for loss in losses]))


def _more_to_learn_from(everything: Known, folds: list[Fold]) -> float:
    """How many times the claims of the mean fold all rows have."""
    return float(everything.weight @ everything.y) / float(np.mean([f.fit.weight @ f.fit.y for f in folds]))


def _best_trees(stages: list[_Stage], more: float, most: int) -> Ints:
    """(states,) int64: trees of least rolling log-loss, one number for the states before contact, where claims are
    rare, and one for contact; more by the root of how much more there is to learn from in the end."""
    losses = np.sum([stage.losses for stage in stages], axis=0)
    before = np.asarray([place != CONTACT for place in range(len(STATES))])
    best = np.where(before, np.argmin(losses[:, before].sum(axis=1)), np.argmin(losses[:, CONTACT]))
    return np.asarray(np.minimum(np.rint(best * np.sqrt(more)) * STAGE_TREES, most), dtype=np.int64)


def said(rows: Rows, known: Known, raw: Floats, fold: int = 0) -> Said:
    """Rows as they weighed at one moment, with the log-odds a model gave them."""
    at = known.at
    return Said(raw, rows.state[at], known.y, known.weight, rows.placed_at[at], np.full(len(at), fold))


def together(parts: list[Said]) -> Said:
    """Rows of several folds as one."""
    return Said(*(np.concatenate([getattr(part, name) for part in parts]) for name in Said.__slots__))


def _judged(rows: Rows, fold: Fold, stage: _Stage, trees: Ints, place: int) -> Said:
    """The judged rows of a fold with as many trees as each state has in the end."""
    after = np.minimum(trees[rows.state[fold.judge.at]] // STAGE_TREES, len(stage.raw) - 1)
    return said(rows, fold.judge, stage.raw[after, np.arange(len(after))], place)


def _fold_of(order: Ints, folds: int, seed: int) -> Ints:
    """(m,) int64: the fold of each row, by its order."""
    hashed = pl.Series(order).hash(seed=seed).to_numpy()
    return np.asarray(hashed % np.uint64(folds), dtype=np.int64)
