"""Types learned: the shares of claim types in each state, and what leans them, from every moment before each claim."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from scipy.optimize import minimize

from features.columns import Bools, Floats, Ints
from features.feature import Feature
from features.order import STATES
from features.outcome import CLAIM_TYPES
from model.calibration import probability_of
from model.types import Leaning
from training.settings import fit_settings

NOT_RECEIVED, _, RETURN = range(len(CLAIM_TYPES))


@dataclass(frozen=True, slots=True)
class Leaner:
    """A column that may lean the type of a claim; see `types.toml`."""

    name: str
    sign: int
    received_penalty: float
    goods_penalty: float
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class TypeSettings:
    """The numbers of `types.toml`. arrival: the name of the leaner that is known from delivery on."""

    clip_quantile: float
    arrival: str
    leaners: tuple[Leaner, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """m rows of what was known before claims. X: (m, features); state, kind (place in CLAIM_TYPES), group (which
    claim): (m,); importance: (m,)."""

    X: Floats
    state: Ints
    kind: Ints
    group: Ints
    importance: Floats

    @property
    def weight(self) -> Floats:
        """(m,) float64: the rows of a claim share weight 1."""
        _, of, count = np.unique(self.group, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / count[of])


@cache
def type_settings() -> TypeSettings:
    """What `types.toml` says."""
    table: Mapping[str, Any] = tomllib.loads((resources.files("training") / "types.toml").read_text("utf-8"))
    usual = {name: table[name] for name in ("received_penalty", "goods_penalty")}
    leaners = tuple(Leaner(**{**usual, **column}) for column in table["column"])
    return TypeSettings(table["clip_quantile"], table["arrival"], leaners)


def state_shares(claims: Claimed) -> Floats:
    """(states, types) float64: P(type | claim), each state's own shares shrunk to those of all."""
    prior, size = fit_settings().shares_type_prior_claims, len(CLAIM_TYPES)
    cells = claims.state * size + claims.kind
    counts = np.bincount(cells, claims.importance, len(STATES) * size).reshape(len(STATES), size)
    overall = (counts.sum(axis=0) + 1.0) / (counts.sum() + size)
    return np.asarray((counts + prior * overall) / (counts.sum(axis=1, keepdims=True) + prior))


def leaning(claims: Claimed, base: Floats, features: tuple[Feature, ...]) -> Leaning:
    """What leans the shares of a state (base, (states, types)): weights of least penalised log-loss on top of them.

    With few claims the penalty holds all weights near nothing, and what is told is the state's shares.
    """
    places = {feature.name: place for place, feature in enumerate(features)}
    known = [leaner for leaner in type_settings().leaners if np.isfinite(claims.X[:, places[leaner.name]]).any()]
    if not known:
        return Leaning()
    # Orders will be delivered though none with a claim was: the column of that is kept, at no weight then.
    leaners = [leaner for leaner in type_settings().leaners if leaner in known or _is_arrival(leaner)]
    columns = np.array([places[leaner.name] for leaner in leaners])
    low, high, centre = _spread(np.where([leaner in known for leaner in leaners], claims.X[:, columns], 0.0))
    nothing = np.zeros(len(columns))
    plain = Leaning(columns, low, high, centre, nothing, nothing, _awaited(leaners), _arrival(leaners))
    design, weight, shares = plain.design(claims.X), claims.weight, base[claims.state]
    scale = np.sqrt((weight @ design**2) / weight.sum())
    is_told = scale > 1e-9
    used = is_told | np.array([_is_arrival(leaner) for leaner in leaners])
    scale = np.where(is_told, scale, 1.0)
    leaners = [leaner for leaner, is_used in zip(leaners, used, strict=True) if is_used]
    design = design[:, used] / scale[used]
    received = fitted(
        design, (claims.kind == NOT_RECEIVED).astype(np.float64), weight,
        offset=np.log(shares[:, NOT_RECEIVED]) - np.log1p(-shares[:, NOT_RECEIVED]),
        penalty=np.array([leaner.received_penalty for leaner in leaners]),
        sign=np.array([leaner.sign for leaner in leaners]),
    )  # fmt: skip
    goods = fitted(
        design, (claims.kind == RETURN).astype(np.float64), np.where(claims.kind == NOT_RECEIVED, 0.0, weight),
        offset=np.log(shares[:, RETURN]) - np.log(shares[:, 1]),
        penalty=np.array([leaner.goods_penalty for leaner in leaners]),
        sign=np.zeros(len(leaners)),
    )  # fmt: skip
    return Leaning(
        columns[used], low[used], high[used], centre[used], received / scale[used], goods / scale[used],
        _awaited(leaners), _arrival(leaners),
    )  # fmt: skip


def _awaited(leaners: list[Leaner]) -> Bools:
    """(p,) bool: which lean only until the parcel is delivered."""
    return np.array([leaner.awaited for leaner in leaners], dtype=np.bool_)


def _arrival(leaners: list[Leaner]) -> int:
    """The place of the column that is known from delivery on."""
    return [leaner.name for leaner in leaners].index(type_settings().arrival)


def _is_arrival(leaner: Leaner) -> bool:
    return leaner.name == type_settings().arrival


def _spread(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Clipping and centre of columns (m, p) that each have a known value: (p,) each."""
    clip = type_settings().clip_quantile
    low, high = np.nanquantile(values, [clip, 1.0 - clip], axis=0)
    rare = low == high
    low, high = np.where(rare, np.nanmin(values, axis=0), low), np.where(rare, np.nanmax(values, axis=0), high)
    return low, high, np.asarray(np.nanmean(np.clip(values, low, high), axis=0))


def fitted(design: Floats, y: Floats, weight: Floats, *, offset: Floats, penalty: Floats, sign: Floats) -> Floats:
    """(p,) float64: the weights of least log-loss plus ½ Σ penalty · weight², on top of the offset.

    design: (m, p); y: (m,) 1 or 0; weight: (m,); offset: (m,) log-odds; sign: (p,) the sign a weight must have, 0 any.
    """

    def loss(beta: Floats) -> tuple[float, Floats]:
        log_odds = offset + design @ beta
        value = weight @ (np.logaddexp(0.0, log_odds) - y * log_odds) + 0.5 * penalty @ beta**2
        return float(value), design.T @ (weight * (probability_of(log_odds) - y)) + penalty * beta

    bounds = [(0.0 if s > 0 else None, 0.0 if s < 0 else None) for s in sign]
    options = {"ftol": 1e-13, "gtol": 1e-8, "maxiter": 1000}
    found = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x)
