"""Fitting the margin: penalised logistic regression with weights bounded by the sign an attribute must have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear
from scipy.special import expit

from features.columns import Array, Floats, Ints
from features.feature import Feature
from model.margin import Margin
from training.settings import fit_settings

STATISTICS_ROWS = 200_000
PIECE_ROWS = 10_000  # whose terms are reckoned at once in float64: a fraction of the memory that all take in float32
MOST_STEPS = 30
LEVELS = ("state", "message_topic")  # attributes
SMALLEST_GAIN = 1e-3  # of the log-loss, in claims' worth of nats


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
    """Columns that are sometimes unknown, one for each pattern of being unknown that is not a state's own: of equals
    what sets the level (LEVELS)."""
    rarest = fit_settings().margin_rarest_unknown
    patterns = {known[:, 0].tobytes()}
    patterns |= {
        known_in.tobytes() for j, f in enumerate(features) if f.attribute == "state" for known_in in (known[:, j],)
    }
    out: list[int] = []
    some = np.flatnonzero((share > rarest) & (share < 1.0 - rarest))
    for j in sorted(some, key=lambda j: features[j].attribute not in LEVELS):
        pattern = known[:, j].tobytes()
        if pattern not in patterns:
            patterns.add(pattern)
            out.append(int(j))
    return np.array(out, dtype=np.int64)


def fitted(X: Floats, y: Array, weight: Floats, features: tuple[Feature, ...], penalty: float, start: Margin) -> Margin:
    """The margin of least penalised log-loss, from the columns, scales and weights of `start`.

    X: (m, d); y: (m,) labels or their expectation; weight: (m,); penalty: of the squared weights, in claims. The flags
    of the state and of what the buyer wrote about (if known) are penalised less: they set the level of every order.
    """
    signs = np.array([features[j].sign for j in start.columns] + [0] * (len(start.unknown_columns) + 1))
    low, high = np.where(signs > 0, 0.0, -np.inf), np.where(signs < 0, 0.0, np.inf)
    design = np.ones((len(X), len(signs)), dtype=np.float32)
    for begin in range(0, len(X), PIECE_ROWS):
        piece = slice(begin, begin + PIECE_ROWS)
        design[piece, :-1] = start.design(X[piece])
    ridge = np.append(_penalties(start, features, penalty), 0.0)
    beta = np.concatenate([start.weights, start.unknown_weights, [start.intercept or _prior_log_odds(y, weight)]])
    beta = _bounded_newton(_Loss(design, y.astype(np.float64), weight, ridge), np.clip(beta, low, high), low, high)
    p = len(start.columns)
    return Margin(
        start.columns, start.low, start.high, start.centre, start.scale, beta[:p],
        start.unknown_columns, start.unknown_shares, beta[p:-1], float(beta[-1]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Loss:
    """Penalised log-loss. design: (m, p) float32, the last column ones; y, weight: (m,); ridge: (p,)."""

    design: NDArray[np.float32]
    y: Floats
    weight: Floats
    ridge: Floats

    def value(self, beta: Floats) -> float:
        """The loss at beta ((p,))."""
        z = self._log_odds(beta)
        return float(self.weight @ (np.logaddexp(0.0, z) - self.y * z) + 0.5 * self.ridge @ beta**2)

    def slopes(self, beta: Floats) -> tuple[Floats, Floats]:
        """(p,) gradient and (p, p) Hessian at beta."""
        p = expit(self._log_odds(beta))
        gradient = self.design.T @ (self.weight * (p - self.y)).astype(np.float32) + self.ridge * beta
        curved = self.design * np.sqrt(self.weight * p * (1.0 - p)).astype(np.float32)[:, None]
        return np.asarray(gradient, dtype=np.float64), np.asarray(curved.T @ curved, dtype=np.float64) + np.diag(
            self.ridge + 1e-6
        )

    def _log_odds(self, beta: Floats) -> Floats:
        return np.asarray(self.design @ beta.astype(np.float32), dtype=np.float64)


def _bounded_newton(loss: _Loss, beta: Floats, low: Floats, high: Floats) -> Floats:
    """The minimum within bounds: each step solves the bounded quadratic model, halved until the loss falls."""
    value = loss.value(beta)
    for _ in range(MOST_STEPS):
        gradient, hessian = loss.slopes(beta)
        root = np.linalg.cholesky(hessian)
        target = -np.linalg.solve(root, gradient)
        step = lsq_linear(root.T, target, (low - beta, high - beta), method="bvls").x  # type: ignore[operator]
        share = 1.0
        while share > 1e-3 and loss.value(beta + share * step) > value:
            share /= 2.0
        after = loss.value(beta + share * step)
        if value - after < SMALLEST_GAIN:
            break
        beta, value = np.clip(beta + share * step, low, high), after
    return beta


def _penalties(margin: Margin, features: tuple[Feature, ...], penalty: float) -> Floats:
    """(p + q,) float64: the penalty of each squared weight; a small one for what sets the level (LEVELS), of topics
    whatever their share, so that a rare one without a claim is not called impossible."""
    settings, columns = fit_settings(), [*margin.columns, *margin.unknown_columns]
    attributes = np.array([features[j].attribute for j in columns])
    scale = np.concatenate([margin.scale, np.ones(len(margin.unknown_columns))])
    of_topic = settings.margin_topic_penalty / scale**2
    return np.select(
        [attributes == "state", attributes == "message_topic"],
        [np.full(len(columns), settings.margin_state_penalty), of_topic], penalty,
    )  # fmt: skip


def _prior_log_odds(y: Array, weight: Floats) -> float:
    rate = float((weight @ y + 0.5) / (weight.sum() + 1.0))
    return float(np.log(rate / (1.0 - rate)))
