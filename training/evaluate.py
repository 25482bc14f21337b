"""The final test: the latest orders, judged against baselines that were learned and calibrated in the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features.columns import Array, Bools, Floats, Ints
from features.order import STATES
from model.calibration import Calibrator, probability_of
from model.delay import DelayCurve
from model.metrics import Quality, quality
from training.calibrate import fitted_calibrator
from training.learn import Known, known_at, more_to_learn_from, rolling_folds, said, together
from training.rows import Rows

RawModel = Callable[[Floats, Ints], Floats]
Fitter = Callable[[Floats, Array, Floats, int], RawModel]
OURS = "claimrisk"
HIDDEN = "claimrisk, suspects hidden"


@dataclass(frozen=True, slots=True)
class Test:
    """m rows of the latest orders. All (m,): place of the order and of the state, instants, label, weight, landmark;
    probability by name of the model."""

    order: Ints
    state: Ints
    placed_at: Floats
    as_of: Floats
    y: Bools
    weight: Floats
    name: Array
    probability: dict[str, Floats]

    def quality(self, model: str, where: Bools | None = None) -> Quality:
        """Quality of one model on all rows, or on those `where`."""
        at = slice(None) if where is None else where
        return quality(self.y[at], self.probability[model][at], self.weight[at])

    def in_state(self, place: int) -> Bools:
        """(m,) bool: the rows in one state."""
        return np.asarray(self.state == place)


def constant(X: Floats, y: Array, weight: Floats, seed: int) -> RawModel:  # noqa: ARG001 - one shape for all
    """The overall rate."""
    rate = float(weight @ y / weight.sum())
    return lambda rows, _: np.full(len(rows), np.log(rate / (1.0 - rate)))


def logistic(X: Floats, y: Array, weight: Floats, seed: int) -> RawModel:  # noqa: ARG001
    """scikit-learn's logistic regression on standardised columns, unknown as the mean with a flag."""
    model = make_pipeline(
        SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler(),
        LogisticRegression(C=0.1, max_iter=200),
    )  # fmt: skip
    model.fit(X, y, logisticregression__sample_weight=weight)
    return lambda rows, _: np.asarray(model.decision_function(rows))


def rare_event_trees(X: Floats, y: Array, weight: Floats, seed: int) -> RawModel:
    """LightGBM alone as it is usually set for rare events: shallow, slow, strongly regularised."""
    params = {
        "objective": "binary", "num_leaves": 8, "learning_rate": 0.03, "min_sum_hessian_in_leaf": 5.0,
        "lambda_l2": 20.0, "feature_fraction": 0.5, "seed": seed, "deterministic": True, "num_threads": 1,
        "verbosity": -1,
    }  # fmt: skip
    booster = lightgbm.train(params, lightgbm.Dataset(X, label=y.astype(float), weight=weight), num_boost_round=200)
    return lambda rows, _: np.asarray(booster.predict(rows, raw_score=True))


BASELINES: dict[str, Fitter] = {
    "constant": constant, "logistic regression": logistic, "LightGBM, rare events": rare_event_trees,
}  # fmt: skip


def calibrated(fit: Fitter, rows: Rows, curve: DelayCurve, until: float, seed: int) -> tuple[RawModel, Calibrator]:
    """A baseline fitted on what was known at `until`, with a calibrator from the same rolling origins as ours."""
    parts = []
    folds = rolling_folds(rows, curve, until)
    for k, fold in enumerate(folds):
        model = fit(rows.X[fold.fit.at], fold.fit.y, fold.fit.weight, seed)
        parts.append(said(rows, fold.judge, model(rows.X[fold.judge.at], rows.state[fold.judge.at]), k))
    everything = known_at(rows, curve, until, np.ones(len(rows.order), dtype=np.bool_))
    model = fit(rows.X[everything.at], everything.y, everything.weight, seed)
    own = said(rows, everything, model(rows.X[everything.at], rows.state[everything.at]))
    more = more_to_learn_from(everything, folds) if folds else 1.0
    return model, fitted_calibrator(together(parts or [own]), own, more)


def tested(rows: Rows, test: Known, models: dict[str, tuple[RawModel, Calibrator]]) -> Test:
    """The test rows with what every model says of them."""
    X, state, phase = rows.X[test.at], rows.state[test.at], rows.phase[test.at]
    told = {
        name: probability_of(calibrator.log_odds(raw(X, state), phase)) for name, (raw, calibrator) in models.items()
    }
    return Test(
        rows.order[test.at], state, rows.placed_at[test.at], rows.as_of[test.at], test.y, test.weight,
        rows.name[test.at], told,
    )  # fmt: skip


def metrics(test: Test) -> dict[str, dict[str, dict[str, float]]]:
    """Quality by model and by state ("all" first), for the manifest."""
    scopes: dict[str, Bools | None] = {"all": None} | {str(s): test.in_state(p) for p, s in enumerate(STATES)}
    return {
        model: {scope: _numbers(test.quality(model, where)) for scope, where in scopes.items() if _any(where)}
        for model in test.probability
    }


def _any(where: Bools | None) -> bool:
    return where is None or bool(where.any())


def _numbers(found: Quality) -> dict[str, float]:
    return {name: float(getattr(found, name)) for name in found.__slots__}
