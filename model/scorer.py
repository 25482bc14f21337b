"""The scorer: orders as known at their as_of into calibrated probabilities, intervals and reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np

from features.columns import Bools, Columns, Floats, Ints
from features.moments import DAY, claim_window_closes, states
from features.order import STATES, shop_computed
from features.phases import phases
from features.pipeline import FeaturePipeline
from features.symbols import at, each
from features.tracing import Written, of_each
from model.assumed import Assumed
from model.booster import Booster
from model.calibration import Z_90, Calibrator, probability_of
from model.consequences import Consequences
from model.delay import DelayCurve
from model.effects import Evidence
from model.margin import Margin
from model.priors import TypeFact, priors
from model.shock_sizes import ShockSizes
from model.type_facts import moved
from model.types import Leaning

Target = Literal["claim_filed", "claim_debited"]
Standing = Literal["fitted", "insufficient_data", "degraded"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The shop's own rate by state, shrunk to that of all shops: rates (states,), multiples by shop."""

    rates: Floats
    multiples: Mapping[str, float]

    def of(self, columns: Columns, state: Ints) -> Floats:
        """(n,) float64: the rate of each order's shop in its state."""
        get = self.multiples.get
        rate: Floats = at(self.rates, state) * each(lambda shop: get(shop, 1.0), columns["shop_id"])
        return np.minimum(rate, 0.999)

    @property
    def reads(self) -> frozenset[str]:
        """Attributes of an order that its shop's rate rests on."""
        return frozenset()

    def is_of_shop(self, columns: Columns) -> Bools:
        """(n,) bool: whether the shop's own numbers are in the rate."""
        return np.ones(columns.n, dtype=np.bool_)

    def deviation(self, columns: Columns) -> Floats:
        """(n,) float64: standard deviation of the rate's logarithm; a fitted calibrator knows of it already."""
        return np.zeros(columns.n)


def log_odds_of(share: Floats) -> Floats:
    """(n,) float64 of shares in (0, 1)."""
    log_odds: Floats = np.log(share) - np.log1p(-share)
    return log_odds


@dataclass(frozen=True, slots=True)
class Scores:
    """What is inferred of n orders. All (n,) float64 but state and phase ((n,) int64) and type_shares ((n, 3)).

    X: the feature matrix, raw: the uncalibrated log-odds, and assumed: the log-odds that are assumed beside the
    calibrated ones, from which reasons are told.
    """

    state: Ints
    phase: Ints
    probability: Floats
    low: Floats
    high: Floats
    within_7: Floats
    within_30: Floats
    baseline: Floats
    type_shares: Floats
    X: Floats
    raw: Floats
    assumed: Floats

    def taken(self, rows: Ints) -> Scores:
        """Those of the orders at `rows`."""
        return Scores(*(getattr(self, name)[rows] for name in Scores.__slots__))


@dataclass(frozen=True, slots=True)
class Scorer:
    """Everything that inference needs, without files: see `model/artefact.py` for how it is kept.

    type_shares: (states, types) P(type | claim) of each state, which `leaning` leans by what is known of an order,
    and type_facts move.
    assumed: what stands beside the model where its history could not teach it.
    """

    pipeline: FeaturePipeline
    margin: Margin
    booster: Booster
    calibrator: Calibrator
    delay: DelayCurve
    baseline: Baseline
    type_shares: Floats
    target: Target
    standing: Standing
    consequences: Consequences
    evidence: Evidence = field(default_factory=Evidence)
    leaning: Leaning = field(default_factory=Leaning)
    shocks: ShockSizes = field(default_factory=ShockSizes)
    assumed: Assumed = field(default_factory=Assumed)
    written: Written = field(default_factory=Written, init=False, compare=False, repr=False)
    _unread: list[tuple[str, ...]] = field(default_factory=list, init=False, compare=False, repr=False)

    def unread(self) -> tuple[str, ...]:
        """Figures the shop computes that neither margin, trees, types nor baseline look at: its history had none."""
        if not self._unread:
            margin, features = self.margin, self.pipeline.features_
            weighed = [margin.columns[margin.weights != 0.0], margin.unknown_columns[margin.unknown_weights != 0.0]]
            weighed += [self.leaning.columns]
            places = self.booster.columns.union(*(columns.tolist() for columns in weighed))
            read = {features[place].attribute for place in places} | self.baseline.reads
            self._unread.append(tuple(sorted(shop_computed() - read - set(self.pipeline.ignored))))
        return self._unread[0]

    def score(self, columns: Columns, threads: int = 1) -> Scores:
        """Probabilities of orders masked to their as_of (`features.moments.as_known`)."""
        state = states(columns)
        X = self.pipeline.transform(columns)
        raw = self.raw_log_odds(X, state, threads)
        leans = X.take(self.leaning.columns, axis=1).T
        if columns.is_few:
            of_one = self.written.of(
                "scores", lambda some, raw, *leans: self._told(some, states(some), raw, leans), beside=1 + len(leans)
            )
            first, *others = of_each(of_one, columns, raw.tolist(), *leans.tolist())
            told = [np.array(first), *np.array(others)]
        else:
            told = self._told(columns, state, raw, leans)
        phase, probability, low, high, within_7, within_30, baseline, assumed, *shares = told
        types = np.array(shares).T
        return Scores(state, phase, probability, low, high, within_7, within_30, baseline, types, X, raw, assumed)

    def raw_log_odds(self, X: Floats, state: Ints, threads: int = 1) -> Floats:
        """(n,) float64: margin plus trees, before calibration."""
        return self.margin.log_odds(X) + self.booster.log_odds(X, state, threads)

    def _told(self, columns: Columns, state: Ints, raw: Floats, leans: Sequence[Floats] | Floats) -> list[Any]:
        """The fields of `Scores` from phase to baseline, what is assumed, and the share of each type. leans: by column
        of `leaning`."""
        baseline = self.baseline.of(columns, state)
        phase, assumed = phases(columns, state), self.assumed.of(columns, state)
        calibrated, deviation = self.calibrated(columns, state, phase, raw)
        calibrated = calibrated + assumed
        spread = Z_90 * np.hypot(deviation, self.assumed.doubt * assumed)
        probability = probability_of(calibrated)
        remaining = self.remaining_days(columns)
        within = [probability * self.delay.share(state, days, remaining) for days in (7.0, 30.0)]
        low, high = probability_of(calibrated - spread), probability_of(calibrated + spread)
        shares = self.leaning.leaned([at(share, state) for share in self.type_shares.T], leans)
        shares = moved(shares, columns, self.type_facts())
        return [phase, probability, low, high, *within, baseline, assumed, *shares]

    def calibrated(self, columns: Columns, state: Ints, phase: Ints, raw: Floats) -> tuple[Floats, Floats]:
        """(n,) float64 log-odds that are told and their standard deviation; those of the baseline where the model has
        seen too little."""
        deviation = self.calibrator.deviation(raw, phase)
        if self.standing == "insufficient_data":
            return log_odds_of(self.baseline.of(columns, state)), deviation
        return self.calibrator.log_odds(raw, phase), deviation

    def type_facts(self) -> tuple[TypeFact, ...]:
        """The facts that move the type of a claim whatever was learned."""
        return priors().type_facts_beside_model

    def remaining_days(self, columns: Columns) -> Floats:
        """(n,) float64: days until the claim window closes; the whole window where its end is unknown."""
        window = self.pipeline.window_days
        left = (claim_window_closes(columns, window) - columns["as_of"]) / DAY
        return np.where(np.isnan(left), window, left)

    def to_state(self) -> dict[str, Any]:
        """Plain JSON values of everything but the booster."""
        return {
            "target": self.target,
            "standing": self.standing,
            "states": list(STATES),
            "pipeline": self.pipeline.to_state(),
            "margin": self.margin.to_state(),
            "calibrator": self.calibrator.to_state(),
            "delay": self.delay.to_state(),
            "baseline": {"rates": self.baseline.rates.tolist(), "multiples": dict(self.baseline.multiples)},
            "type_shares": self.type_shares.tolist(),
            "consequences": self.consequences.to_state(),
            "evidence": self.evidence.to_state(),
            "leaning": self.leaning.to_state(),
            "shocks": self.shocks.to_state(),
            "assumed": self.assumed.to_state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], booster: Booster) -> Scorer:
        """The inverse of `to_state`."""
        baseline = Baseline(np.array(state["baseline"]["rates"]), dict(state["baseline"]["multiples"]))
        return cls(
            pipeline=FeaturePipeline.from_state(state["pipeline"]),
            margin=Margin.from_state(state["margin"]),
            booster=booster,
            calibrator=Calibrator.from_state(state["calibrator"]),
            delay=DelayCurve.from_state(state["delay"]),
            baseline=baseline,
            type_shares=np.array(state["type_shares"]),
            target=cast("Target", state["target"]),
            standing=cast("Standing", state["standing"]),
            consequences=Consequences.from_state(state["consequences"]),
            evidence=Evidence.from_state(state.get("evidence", {})),
            leaning=Leaning.from_state(state.get("leaning", {})),
            shocks=ShockSizes.from_state(state.get("shocks", {})),
            assumed=Assumed.from_state(state.get("assumed", {})),
        )
