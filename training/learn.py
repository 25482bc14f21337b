"""Learning: rows into a margin, trees and a calibrator, all chosen by rolling origins inside what was known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import lightgbm
import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.columns import Bools, Floats, Ints
from features.feature import Feature
from features.order import STATES
from features.spread import Spread, here
from model.booster import Booster, booster_text
from model.calibration import Calibrator
from model.delay import DelayCurve
from model.margin import Margin
from training.calibrate import Said, fitted_calibrator
from training.choice import STAGE_TREES, Stage, chosen_trees, least_loss
from training.margin import fitted, prepared
from training.rows import Rows
from training.settings import fit_settings
from training.surrogate import targets
from training.trees import Own, grown, parameters, staged_log_odds

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Learned:
    """What was fitted on rows known at one moment. out_of_fold: the rolling rows with the raw log-odds they got;
    judged: (r,) their places; none where nothing was judged out of fold."""

    margin: Margin
    booster: Booster
    calibrator: Calibrator
    trees: int
    out_of_fold: Said
    judged: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

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
    rows: Rows, curve: DelayCurve, features: tuple[Feature, ...], *, until: float, seed: int, progress: Progress,
    own: Own = MappingProxyType({}), spread: Spread = here,
) -> Learned:  # fmt: skip
    """Fit on everything known at `until`; numbers of trees and calibration come from rolling origins. own: LightGBM
    parameters in place of those of fit.toml; spread: where the origins are fitted, to the same bits anywhere."""
    everything = known_at(rows, curve, until, np.ones(len(rows.order), dtype=np.bool_))
    rolling = rolling_folds(rows, curve, until)
    folds = rolling or [Fold(everything, everything)]
    fit = _Fitting(rows, prepared(rows.X[everything.at], features), features, seed, dict(own))
    penalties, n = _penalties(everything), len(folds)
    fits = spread(_origin, fit, [(penalty, fold) for penalty in penalties for fold in folds])
    tried = {penalty: fits[k * n : (k + 1) * n] for k, penalty in enumerate(penalties)}
    progress(f"{n} rolling origins fitted, margin's penalty {', '.join(f'{penalty:g}' for penalty in penalties)}")
    penalty = min(tried, key=lambda p: least_loss(tried[p]))
    stages = tried[penalty]
    trees = chosen_trees(stages, fewest=_few(everything))
    progress(f"trees chosen: {', '.join(f'{state} {n}' for state, n in zip(STATES, trees, strict=True))}")
    out_of_fold = together(
        [_judged(rows, fold, stage, trees, k) for k, (fold, stage) in enumerate(zip(folds, stages, strict=True))]
    )
    more = more_to_learn_from(everything, folds)
    learned = _finished(rows, everything, fit(everything, penalty, trees), out_of_fold, more)
    progress(f"fitted on {len(everything.at):,} rows, penalty {penalty:g}, slopes {learned.calibrator.slopes.round(2)}")
    return replace(learned, judged=np.concatenate([fold.judge.at for fold in folds])) if rolling else learned


def rolling_losses(
    rows: Rows, curve: DelayCurve, features: tuple[Feature, ...], *, until: float, seed: int, own: Own
) -> Iterator[float]:
    """The least rolling log-loss with LightGBM parameters `own`, summed over the origins so far, after each."""
    everything = known_at(rows, curve, until, np.ones(len(rows.order), dtype=np.bool_))
    fit = _Fitting(rows, prepared(rows.X[everything.at], features), features, seed, own)
    stages: list[Stage] = []
    for fold in rolling_folds(rows, curve, until):
        stages.append(_staged(rows, fold, fit(fold.fit, _penalties(everything)[-1])))
        yield least_loss(stages)


def _penalties(known: Known) -> list[float]:
    """The margin's penalties to try: those of fit.toml where claims are few, else the one for as many claims."""
    settings, claims = fit_settings(), float(known.weight @ known.y)
    if _few(known):
        return list(settings.margin_penalties)
    return [max(settings.margin_penalties[-1], settings.margin_penalty_per_claim * claims)]


def _few(known: Known) -> bool:
    """Whether claims are so few that rolling log-loss chooses the penalty, and the fewest trees that it allows."""
    return float(known.weight @ known.y) < fit_settings().margin_choose_below


def learned_without_search(
    rows: Rows, curve: DelayCurve, features: tuple[Feature, ...], *, until: float, seed: int, trees: int
) -> Learned:
    """Fit once with `trees` trees in every state, calibrated on the fitted rows: for who cannot wait for the search."""
    everything = known_at(rows, curve, until, np.ones(len(rows.order), dtype=np.bool_))
    fit = _Fitting(rows, prepared(rows.X[everything.at], features), features, seed)
    return _finished(rows, everything, fit(everything, _penalties(everything)[-1], np.full(len(STATES), trees)), None)


def _finished(rows: Rows, everything: Known, fit: _Fitted, out_of_fold: Said | None, more: float = 1.0) -> Learned:
    """What is kept of a fit. out_of_fold: what calibrates, by models that had 1 ÷ `more` of the claims; the fitted rows
    themselves if None."""
    booster = Booster(booster_text({STATES[s]: b.model_to_string() for s, b in fit.boosters.items()}))
    X, state = rows.X[everything.at], rows.state[everything.at]
    own = said(rows, everything, fit.margin.log_odds(X) + booster.log_odds(X, state))
    seen = own if out_of_fold is None else out_of_fold
    return Learned(fit.margin, booster, fitted_calibrator(seen, own, more), booster.n_trees, seen)


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A margin and the trees of each state (by its place) that add to it."""

    margin: Margin
    boosters: dict[int, lightgbm.Booster]


@dataclass(frozen=True, slots=True)
class _Fitting:
    """How rows become a margin over all of them, and for each state trees grown on its out-of-fold log-odds."""

    rows: Rows
    template: Margin
    features: tuple[Feature, ...]
    seed: int
    own: Own = field(default_factory=dict)

    def __call__(self, known: Known, penalty: float, trees: Ints | None = None) -> _Fitted:
        """trees: (states,) how many; the most there may be if None. penalty: the margin's, on all of the rows."""
        rows, features, weight = self.rows.take(known.at), self.features, known.weight
        if trees is None:
            trees = np.full(len(STATES), parameters(features, self.seed, self.own)[1])
        fold = _fold_of(rows.group, fit_settings().rolling_margin_folds, self.seed)
        y = targets(rows, known.y, weight, fold, features, self.seed)
        margin = fitted(rows.X, y, weight, features, penalty, self.template)
        start = np.empty(len(y))
        for k in range(fit_settings().rolling_margin_folds):
            out, kept = fold == k, fold != k
            other = fitted(rows.X[kept], y[kept], weight[kept], features, penalty, margin)
            start[out] = other.log_odds(rows.X[out])
        boosters = {}
        for place, most in enumerate(trees.tolist()):
            at = np.flatnonzero(rows.state == place)
            if most and known.y[at].any():
                boosters[place] = grown(rows.X[at], y[at], weight[at], start[at], features, self.seed, most, self.own)
        return _Fitted(margin, boosters)


def _origin(fit: _Fitting, task: tuple[float, Fold]) -> Stage:
    """One rolling origin, judged; on one thread wherever it is done, so that sums are the same."""
    penalty, fold = task
    with threadpool_limits(limits=1):
        return _staged(fit.rows, fold, fit(fold.fit, penalty))


def _staged(rows: Rows, fold: Fold, found: _Fitted) -> Stage:
    at, state = fold.judge.at, rows.state[fold.judge.at]
    raw = staged_log_odds(found.boosters, rows.X[at], state, found.margin.log_odds(rows.X[at]), STAGE_TREES)
    return Stage(raw, fold.judge.y, fold.judge.weight, state, rows.group[at])


def more_to_learn_from(everything: Known, folds: list[Fold]) -> float:
    """How many times the claims of the mean fold all rows have."""
    return float(everything.weight @ everything.y) / float(np.mean([f.fit.weight @ f.fit.y for f in folds]))


def said(rows: Rows, known: Known, raw: Floats, fold: int = 0) -> Said:
    """Rows as they weighed at one moment, with the log-odds a model gave them."""
    at = known.at
    return Said(raw, rows.phase[at], known.y, known.weight, rows.placed_at[at], np.full(len(at), fold))


def together(parts: list[Said]) -> Said:
    """Rows of several folds as one."""
    return Said(*(np.concatenate([getattr(part, name) for part in parts]) for name in Said.__slots__))


def _judged(rows: Rows, fold: Fold, stage: Stage, trees: Ints, place: int) -> Said:
    """The judged rows of a fold with as many trees as each state has in the end."""
    after = np.minimum(trees[rows.state[fold.judge.at]] // STAGE_TREES, len(stage.raw) - 1)
    return said(rows, fold.judge, stage.raw[after, np.arange(len(after))], place)


def _fold_of(order: Ints, folds: int, seed: int) -> Ints:
    """(m,) int64: the fold of each row, by its order."""
    hashed = pl.Series(order).hash(seed=seed).to_numpy()
    return np.asarray(hashed % np.uint64(folds), dtype=np.int64)
