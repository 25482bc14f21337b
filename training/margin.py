"""Fitting the margin: penalised logistic regression with weights bounded by the sign an attribute must have."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from features.columns import Array, Floats, Ints
from features.feature import Feature
from model.margin import Margin
from training.settings import fit_settings

STATISTICS_ROWS = 200_000


def prepared(X: Floats, features: tuple[Feature, ...]) -> Margin:
    """A margin without weights: which columns are used, and their clipping and scale, from a sample of the rows."""
    step = max(len(X) // STATISTICS_ROWS, 1)
    sample = X[::step]
    known = ~np.isnan(sample)
    share = known.mean(axis=0)
    columns = np.flatnonzero(share > 0.0)
    low, high = np.empty(len(columns)), np.empty(len(columns))
    centre, scale = np.empty(len(columns)), np.empty(len(columns))
    clip = fit_settings().margin_clip_quantile
    for k, j in enumerate(columns):
        values = sample[known[:, j], j]
        low[k], high[k] = np.quantile(values, [clip, 1.0 - clip])
        if low[k] == high[k]:
            low[k], high[k] = values.min(), values.max()
        values = np.clip(values, low[k], high[k])
        centre[k] = values.mean()
        scale[k] = np.sqrt(np.mean((values - centre[k]) ** 2) * share[j])
    used = scale > 1e-9
    unknown = _telling_unknowns(known, share, features)
    return Margin(
        columns[used], low[used], high[used], centre[used], scale[used], np.zeros(int(used.sum())),
        unknown, 1.0 - share[unknown], np.zeros(len(unknown)), 0.0,
    )  # fmt: skip


def _telling_unknowns(known: Array, share: Floats, features: tuple[Feature, ...]) -> Ints:
    """Columns that are sometimes unknown, one for each pattern of being unknown that is not a state's own."""
    rarest = fit_settings().margin_rarest_unknown
    patterns = {known[:, 0].tobytes()}
    patterns |= {
        known_in.tobytes() for j, f in enumerate(features) if f.attribute == "state" for known_in in (known[:, j],)
    }
    out: list[int] = []
    for j in np.flatnonzero((share > rarest) & (share < 1.0 - rarest)):
        pattern = known[:, j].tobytes()
        if pattern not in patterns:
            patterns.add(pattern)
            out.append(int(j))
    return np.array(out, dtype=np.int64)


def fitted(X: Floats, y: Array, weight: Floats, features: tuple[Feature, ...], penalty: float, start: Margin) -> Margin:
    """The margin of least penalised log-loss, from the columns, scales and weights of `start`.

    X: (m, d); y: (m,) bool; weight: (m,); penalty: of the squared weights, in claims. What merely tells the stage and
    the waiting of an order is penalised less: it acts on every order, and much.
    """
    design = start.design(X).astype(np.float32)
    signs = [features[j].sign for j in start.columns] + [0] * len(start.unknown_columns)
    bounds = [{1: (0.0, None), -1: (None, 0.0), 0: (None, None)}[s] for s in signs] + [(None, None)]
    begin = np.concatenate([start.weights, start.unknown_weights, [start.intercept or _prior_log_odds(y, weight)]])
    ridge = penalty * _relative_penalties(start, features)
    target, mass = y.astype(np.float32), weight.astype(np.float32)

    def loss(beta: Floats) -> tuple[float, Floats]:
        z = design @ beta[:-1].astype(np.float32) + np.float32(beta[-1])
        softplus = np.logaddexp(np.float32(0.0), z)
        residual = mass * (1.0 / (1.0 + np.exp(-z)) - target)
        value = float(np.sum(mass * (softplus - target * z), dtype=np.float64) + 0.5 * ridge @ beta[:-1] ** 2)
        gradient = np.append(design.T @ residual + ridge * beta[:-1], np.sum(residual, dtype=np.float64))
        return value, gradient.astype(np.float64)

    found = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 80, "ftol": 1e-7})
    p = len(start.columns)
    return Margin(
        start.columns, start.low, start.high, start.centre, start.scale, found.x[:p],
        start.unknown_columns, start.unknown_shares, found.x[p:-1], float(found.x[-1]),
    )  # fmt: skip


def _relative_penalties(margin: Margin, features: tuple[Feature, ...]) -> Floats:
    """(p + q,) float64: 1, or the milder share for features of timing and state."""
    milder = fit_settings().margin_timing_penalty
    own = [milder if features[j].source == "timing" else 1.0 for j in margin.columns]
    return np.array(own + [1.0] * len(margin.unknown_columns))


def _prior_log_odds(y: Array, weight: Floats) -> float:
    rate = float((weight @ y + 0.5) / (weight.sum() + 1.0))
    return float(np.log(rate / (1.0 - rate)))
