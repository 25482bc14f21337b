"""Learning: rows into a margin, trees and a calibrator, all chosen by rolling origins inside what was known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
import polars as pl

from features.columns import Bools, Floats, Ints
from features.feature import Feature
from model.booster import Booster
from model.calibration import Calibrator
from model.delay import DelayCurve
from model.margin import Margin
from training.calibrate import Said, fitted_calibrator
from training.margin import fitted, prepared
from training.rows import Rows
from training.settings import fit_settings
from training.trees import grown, parameters, staged_losses

Progress = Callable[[str], None]
STAGE_TREES = 10


@dataclass(frozen=True, slots=True)
class Learned:
    """What was fitted on rows known at one moment. out_of_fold: the rolling rows with the raw log-odds they got."""

    margin: Margin
    booster: Booster
    calibrator: Calibrator
    penalty: float
    trees: int
    out_of_fold: Said

    def raw(self, X: Floats) -> Floats:
        """(n,) float64: uncalibrated log-odds."""
        return self.margin.log_odds(X) + self.booster.log_odds(X, threads=1)


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
    """Fit on everything known at `until`; penalty, number of trees and calibration come from rolling origins."""
    everything = known_at(rows, curve, until, np.ones(len(rows.order), dtype=np.bool_))
    folds = rolling_folds(rows, curve, until) or [Fold(everything, everything)]
    template = prepared(rows.X[everything.at], features)
    penalties = (_best_penalty(rows, folds, template, features), fit_settings().margin_stage_penalty)
    progress(f"margin chosen on {len(folds)} rolling origins: penalty {penalties[0]:g}")
    tried: dict[float, list[_Stage]] = {}
    for penalty in penalties:
        tried[penalty] = [_staged(rows, fold, template, features, penalty, seed) for fold in folds]
        progress(f"{len(folds)} rolling origins fitted on a margin of penalty {penalty:g}")
    losses = _pooled(tried)
    penalty = min(losses, key=lambda p: float(losses[p].min()))
    trees = int(np.argmin(losses[penalty])) * STAGE_TREES
    stages = tried[penalty]
    progress(f"{trees} trees on a margin of penalty {penalty:g} chosen")
    out_of_fold = _judged(rows, folds, stages, trees)
    margin, grown_booster = _fit(rows, everything, template, features, penalty, seed, trees)
    booster = Booster(grown_booster.model_to_string() if trees else "")
    X = rows.X[everything.at]
    calibrator = fitted_calibrator(out_of_fold, said(rows, everything, margin.log_odds(X) + booster.log_odds(X)))
    progress(f"fitted on {len(everything.at):,} rows, {trees} trees, slopes {calibrator.slopes.round(2)}")
    return Learned(margin, booster, calibrator, penalty, trees, out_of_fold)


@dataclass(frozen=True, slots=True)
class _Stage:
    """A fold fitted with the most trees. start: (judged,) margin; losses: after 0, STAGE_TREES … trees."""

    start: Floats
    booster: lightgbm.Booster
    losses: Floats


def _staged(
    rows: Rows, fold: Fold, template: Margin, features: tuple[Feature, ...], penalty: float, seed: int
) -> _Stage:
    margin, booster = _fit(rows, fold.fit, template, features, penalty, seed)
    X = rows.X[fold.judge.at]
    start = margin.log_odds(X)
    stages = range(0, parameters(features, seed)[1], STAGE_TREES)
    losses = staged_losses(booster, X, fold.judge.y, fold.judge.weight, start, stages)
    return _Stage(start, booster, losses)


def _pooled(tried: dict[float, list[_Stage]]) -> dict[float, Floats]:
    """Losses by number of trees, summed over the folds, for each penalty."""
    return {penalty: np.sum([stage.losses for stage in stages], axis=0) for penalty, stages in tried.items()}


def said(rows: Rows, known: Known, raw: Floats, fold: int = 0) -> Said:
    """Rows as they weighed at one moment, with the log-odds a model gave them."""
    at = known.at
    return Said(raw, rows.state[at], known.y, known.weight, rows.placed_at[at], np.full(len(at), fold))


def together(parts: list[Said]) -> Said:
    """Rows of several folds as one."""
    return Said(*(np.concatenate([getattr(part, name) for part in parts]) for name in Said.__slots__))


def _judged(rows: Rows, folds: list[Fold], stages: list[_Stage], trees: int) -> Said:
    parts = []
    for k, (stage, fold) in enumerate(zip(stages, folds, strict=True)):
        added = stage.booster.predict(rows.X[fold.judge.at], raw_score=True, num_iteration=trees) if trees else 0.0
        parts.append(said(rows, fold.judge, stage.start + added, k))
    return together(parts)


def _best_penalty(rows: Rows, folds: list[Fold], template: Margin, features: tuple[Feature, ...]) -> float:
    """The penalty of least rolling log-loss, on a sample of the rows by order."""
    penalties = fit_settings().margin_penalties
    losses = [_penalty_losses(rows, fold, template, features) for fold in folds]
    return penalties[int(np.argmin(np.sum(losses, axis=0)))]


def _penalty_losses(rows: Rows, fold: Fold, template: Margin, features: tuple[Feature, ...]) -> Floats:
    """(penalties,) float64: log-loss of the fold's judged rows."""
    settings = fit_settings()
    fit = _thinned(rows, fold.fit, settings.margin_selection_rows)
    X, judged = rows.X[fit.at], rows.X[fold.judge.at]
    sign = np.where(fold.judge.y, -1.0, 1.0)
    margin, out = template, []
    for penalty in settings.margin_penalties:
        margin = fitted(X, fit.y, fit.weight, features, penalty, margin)
        out.append(float(fold.judge.weight @ np.logaddexp(0.0, sign * margin.log_odds(judged))))
    return np.array(out)


def _thinned(rows: Rows, known: Known, most: int) -> Known:
    """At most about `most` rows: all with a claim, every k-th order of the others, re-weighted."""
    step = max(len(known.at) // most, 1)
    keep = known.y | (rows.group[known.at] % step == 0)
    weight = np.where(known.y, known.weight, known.weight * step)
    return Known(known.at[keep], known.y[keep], weight[keep])


def _fit(
    rows: Rows, known: Known, template: Margin, features: tuple[Feature, ...], penalty: float, seed: int,
    trees: int | None = None,
) -> tuple[Margin, lightgbm.Booster]:  # fmt: skip
    """A margin, and trees grown on its out-of-fold log-odds."""
    X = rows.X[known.at]
    margin = fitted(X, known.y, known.weight, features, penalty, template)
    folds = _fold_of(rows.group[known.at], fit_settings().rolling_margin_folds, seed)
    start = np.empty(len(known.at))
    for k in range(fit_settings().rolling_margin_folds):
        out, kept = folds == k, folds != k
        other = fitted(X[kept], known.y[kept], known.weight[kept], features, penalty, margin)
        start[out] = other.log_odds(X[out])
    most = parameters(features, seed)[1] if trees is None else trees
    return margin, grown(X, known.y, known.weight, start, features, seed, max(most, 1))


def _fold_of(order: Ints, folds: int, seed: int) -> Ints:
    """(m,) int64: the fold of each row, by its order."""
    hashed = pl.Series(order).hash(seed=seed).to_numpy()
    return np.asarray(hashed % np.uint64(folds), dtype=np.int64)
