"""Cold start: a scorer without a model, from assumed priors and the two numbers that any shop can tell.

    log-odds = those of the shop's rate in the order's state + Σ terms of `priors.toml`

The rate is the prior's, shrunk with the claims and orders of 60 days: (prior claims + claims) ÷ (prior orders + orders
whose claims have shown). The two numbers are those given for the shop, else those of the order's own attributes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import get_args

import numpy as np

from features.columns import Bools, Columns, Floats, Ints
from features.conditions import Truths
from features.errors import SettingError, nearest
from features.feature import Feature
from features.kinds import ClaimType
from features.phases import PHASES, STATE_OF_PHASE
from features.pipeline import CONTRACT, FeaturePipeline
from features.refunds import is_in_part, refunded_share
from features.symbols import at
from model.artefact import Bundle
from model.booster import Booster
from model.calibration import Calibrator
from model.consequences import from_policy_alone
from model.delay import DelayCurve
from model.margin import Margin
from model.priors import FILE, Mute, Priors, Term, TypeFact, digest, priors
from model.scorer import Baseline, Scorer, log_odds_of

KINDS: tuple[ClaimType, ...] = get_args(ClaimType)


@dataclass(frozen=True, slots=True)
class ShopNumbers:
    """What Seller Central tells of the last 60 days: A-to-z claims, and orders."""

    claims: int
    orders: int


@dataclass(frozen=True, slots=True)
class PriorBaseline(Baseline):
    """The rate of any shop, shrunk with two numbers; numbers: of the one shop served, or None: each order's own."""

    numbers: ShopNumbers | None
    of_all: Priors

    def seen(self, columns: Columns) -> tuple[Floats, Floats]:
        """(n,) float64 claims and orders that the rate of each order's shop rests on, those of the prior included."""
        base = self.of_all.base
        if self.numbers is not None:
            claims, orders = np.full(columns.n, float(self.numbers.claims)), np.full(columns.n, self.numbers.orders)
        else:
            known = columns.known("seller_orders_60d") & columns.known("seller_defects_60d")
            claims = np.where(known, columns["seller_defects_60d"] * base.claims_per_defect, 0.0)
            orders = np.where(known, columns["seller_orders_60d"], 0.0)
        return base.prior_claims + claims, base.prior_claims / base.rate + orders * base.shown

    @property
    def reads(self) -> frozenset[str]:
        """Attributes of an order that its shop's rate rests on."""
        return frozenset() if self.numbers is not None else frozenset({"seller_orders_60d", "seller_defects_60d"})

    def is_of_shop(self, columns: Columns) -> Bools:
        """(n,) bool: whether the shop's own numbers are in the rate."""
        return self.seen(columns)[1] > self.of_all.base.prior_claims / self.of_all.base.rate

    def of(self, columns: Columns, state: Ints) -> Floats:
        """(n,) float64: the rate of each order's shop in its state."""
        claims, orders = self.seen(columns)
        rate = np.minimum(claims / orders, 0.5)
        odds: Floats = rate / (1.0 - rate) * at(self.rates, state)
        return odds / (1.0 + odds)

    def deviation(self, columns: Columns) -> Floats:
        """(n,) float64: standard deviation of the rate's logarithm, as of a rate seen by so many claims."""
        return 1.0 / np.sqrt(self.seen(columns)[0])


class MutedPipeline(FeaturePipeline):
    """The features of orders without any history, unknown where they say nothing (`mute` of priors.toml).

    A refund of a part leaves every ground as it was: what waits for the refund waits on, and the order is refunded as
    far as the part goes.
    """

    def __init__(self, window_days: float, mutes: tuple[Mute, ...]) -> None:
        super().__init__(window_days)
        self.mutes = mutes
        self.without_history()
        self._refunded = _column("is_refunded", self.features_)
        self._muted = [
            (mute.when, np.array([_column(name, self.features_) for name in mute.features])) for mute in mutes
        ]

    def transform(self, X: Columns) -> Floats:
        """(n, features) float64."""
        part = np.flatnonzero(is_in_part(X)) if "refund_amount" in X else _NONE
        out, truths = super().transform(_without_refunds(X, part)), Truths(X)
        if len(part):
            out[part, self._refunded] += refunded_share(X)[part]
        for when, places in self._muted:
            rows = np.flatnonzero(truths.all_of(when, np.ones(X.n, dtype=np.bool_)))
            out[np.ix_(rows, places)] = np.nan
        return out


_NONE: Ints = np.empty(0, np.int64)


def _without_refunds(columns: Columns, rows: Ints) -> Columns:
    """The orders, those of `rows` as if nothing had been refunded."""
    if not len(rows):
        return columns
    hidden = {name: columns[name].copy() for name in ("refunded_at", "has_refund", "refund_amount")}
    for array in hidden.values():
        array[rows] = np.nan
    return columns.replacing(hidden)


def _column(name: str, features: tuple[Feature, ...]) -> int:
    names = [f.name for f in features]
    if name not in names:
        raise SettingError(f"{FILE}: {name} is no feature{nearest(name, names)}")
    return names.index(name)


class ColdScorer(Scorer):
    """A scorer whose log-odds are terms beside its baseline, and which is as unsure of that as of them."""

    __slots__ = ()

    def type_facts(self) -> tuple[TypeFact, ...]:
        """All of them: nothing was learned."""
        return self.baseline.of_all.type_fact if isinstance(self.baseline, PriorBaseline) else super().type_facts()

    def calibrated(self, columns: Columns, state: Ints, phase: Ints, raw: Floats) -> tuple[Floats, Floats]:
        """(n,) float64 log-odds and their standard deviation."""
        level = log_odds_of(self.baseline.of(columns, state))
        deviation = np.hypot(self.calibrator.deviation(raw, phase), self.baseline.deviation(columns))
        return level + self.calibrator.log_odds(raw, phase), deviation


def cold_scorer(numbers: ShopNumbers | None, of: Priors | None = None) -> Scorer:
    """The scorer of a shop without a model. numbers: those of the shop, where all orders are of one that told them."""
    of = of or priors()
    states = tuple(of.state.values())
    pipeline = MutedPipeline(of.window.days, of.mute)
    doubt = of.uncertainty.weights**2
    return ColdScorer(
        pipeline=pipeline,
        margin=_margin(of.term, pipeline.features_),
        booster=Booster(""),
        calibrator=Calibrator(
            np.zeros(len(PHASES)),
            np.ones(len(PHASES)),
            np.array([[s.deviation**2, 0.0, doubt] for s in states])[STATE_OF_PHASE],
        ),
        delay=DelayCurve(np.stack([_shown(s.half_life, of.window.days) for s in states])),
        baseline=PriorBaseline(np.array([s.multiple for s in states]), {}, numbers, of),
        type_shares=np.array([[s.types[name] for name in KINDS] for s in states]),
        target="claim_filed",
        standing="degraded",
        consequences=from_policy_alone(),
    )


def _margin(terms: tuple[Term, ...], features: tuple[Feature, ...]) -> Margin:
    """A margin of assumed weights, zero for the ordinary order."""
    told = [(_column(name, features), term) for term in terms for name in term.features]
    twice = [features[place].name for place, count in Counter(place for place, _ in told).items() if count > 1]
    if twice:
        raise SettingError(f"{FILE}: expected one term for each feature, got two for {', '.join(twice)}")
    for place, term in told:
        of = features[place]
        if of.unit != term.unit:
            raise SettingError(f"{FILE}: term {of.name}: expected {of.unit}, in which the feature is, got {term.unit}")
    none = np.empty(0)
    return Margin(
        columns=np.array([place for place, _ in told], dtype=np.int64),
        low=np.array([t.low for _, t in told]),
        high=np.array([t.high for _, t in told]),
        centre=np.array([t.usual for _, t in told]),
        scale=np.array([t.high - t.low for _, t in told]),
        weights=np.log([t.multiple for _, t in told]),
        unknown_columns=np.empty(0, dtype=np.int64),
        unknown_shares=none,
        unknown_weights=none,
        intercept=0.0,
    )


def _shown(half_life: float, window_days: float) -> Floats:
    """(days + 1,) float64: cumulative hazard of claims that come with a half-life (days)."""
    return np.asarray(1.0 - 0.5 ** (np.arange(int(window_days) * 4 + 1) / half_life))


def cold_bundle(numbers: ShopNumbers | None = None) -> Bundle:
    """What is served where there is no model: no file, no training; the version names the priors and the numbers."""
    of, scorer = priors(), cold_scorer(numbers)
    told = digest() + ("" if numbers is None else f" {numbers.claims} of {numbers.orders}")
    version = f"priors-{of.valid_from:%Y.%m.%d}-{hashlib.sha256(told.encode()).hexdigest()[:4]}"
    return Bundle(
        scorer,
        version,
        {
            "created_on": of.valid_from.isoformat(),
            "simulated": False,
            "trained_until": None,
            "target": scorer.target,
            "standing": scorer.standing,
            "claim_window_days": of.window.days,
            "orders": 0 if numbers is None else numbers.orders,
            "claims": 0 if numbers is None else numbers.claims,
            "trees": 0,
            "dropped": [],
            "metrics": {},
            "versions": {"priors": digest()[:8]},
            "feature_contract": CONTRACT,
        },
    )
