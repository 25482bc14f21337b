"""The decision: one pure function for API, file and page; orders in, what is told of each out."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from importlib import resources
from typing import Any

import numpy as np

from features.columns import Array, Bools, Columns, Floats, Ints
from features.moments import HOUR, as_known
from features.order import STATES, State
from features.symbols import at
from features.tracing import of_each, written
from model.artefact import Bundle
from model.reasons import Reasons, no_reasons, reasons
from model.scorer import Scores
from service.cost_profile import Costs
from service.disposition import NONE, PROCEED, REVIEW, dispositions, is_to_review, may_stop
from service.means import Means
from service.recommend import Advice, no_advice, recommended
from service.stakes import Stakes, stakes
from service.standing import status_of
from service.warned import Warned, warned
from service.wording import Lang

BANDS = ("low", "elevated", "high", "critical")


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers and texts of decision.toml."""

    hold_hours: float
    per_decade: float
    decades: float
    band_by_multiple: Mapping[str, float]
    warnings: Mapping[str, Mapping[Lang, str]]


@cache
def rules() -> Rules:
    """What `decision.toml` says."""
    table = tomllib.loads((resources.files("service") / "decision.toml").read_text("utf-8"))
    return Rules(
        float(table["hold"]["hours_before_ship_by"]),
        float(table["score"]["per_decade"]),
        float(table["score"]["decades"]),
        table["band_by_multiple"],
        table["warnings"],
    )


@dataclass(frozen=True, slots=True)
class Decisions:
    """What is told of n orders. columns: as known at as_of. Where the status has no probability, scores are NaN.

    status: (n,) Status texts; multiple, score: (n,) float64; band: (n,) float64 places in BANDS, NaN without a
    probability; disposition: (n,) texts or None.
    """

    columns: Columns
    scores: Scores
    status: Array
    multiple: Floats
    score: Floats
    band: Floats
    disposition: Array
    warnings: tuple[Warned, ...]
    reasons: Reasons
    advice: Advice
    stakes: Stakes


def decide(columns: Columns, means: Means, *, threads: int = 1, explains: bool = True) -> Decisions:
    """Decide on orders that went through a door; later facts are masked here and warned of.

    explains: whether reasons and advice are told too; without them a decision takes a fraction of the time.
    """
    bundle, costs = means.bundle, means.costs
    known = as_known(columns)
    scores = bundle.scorer.score(known, threads)
    status = status_of(known, bundle)
    told = _told(scores, (status != "claim_open") & (status != "not_eligible"))
    at_stake = stakes(known, told, bundle.scorer.consequences, bundle.scorer.target, costs)
    ordinary = _ordinary(known, bundle, told, at_stake)
    multiple, score, band, usual, may_hold = _placed(known, costs, status == "assessed", told, ordinary, at_stake)
    evidence = bundle.scorer.evidence
    if explains:
        why = reasons(bundle.scorer, scores, threads=threads)
        advice = recommended(at_stake, means.catalogue, evidence, hold_out=means.hold_out)
    else:
        why, advice = no_reasons(columns.n), no_advice(columns.n)

    def advise(rows: Ints) -> Advice:
        if explains:
            return Advice(tuple([advice[row] for row in rows.tolist()]))
        some = stakes(known.take(rows), told.taken(rows), bundle.scorer.consequences, bundle.scorer.target, costs)
        return recommended(some, means.catalogue, evidence, hold_out=means.hold_out)

    stops = may_stop(known, usual != NONE, means.catalogue)
    doubtful = is_to_review(known, usual == PROCEED, means.catalogue)
    disposition = dispositions(usual, may_hold, band == BANDS.index("critical"), stops, doubtful, advise)
    warnings = tuple(warned(columns, known, status, bundle, at_stake, costs))
    return Decisions(known, told, status, multiple, score, band, disposition, warnings, why, advice, at_stake)


def _told(scores: Scores, has_probability: Bools) -> Scores:
    """The scores with NaN where no probability is told."""
    if has_probability.all():
        return scores
    hidden = ("probability", "low", "high", "within_7", "within_30")
    kept = {name: getattr(scores, name) for name in Scores.__slots__}
    return Scores(**kept | {name: np.where(has_probability, kept[name], np.nan) for name in hidden})


def _ordinary(columns: Columns, bundle: Bundle, scores: Scores, at_stake: Stakes) -> Floats:
    """(n,) float64: the rate of each shop's orders just placed, where no cost is known to judge by; else NaN."""
    out = np.full(columns.n, np.nan)
    rows = np.flatnonzero(np.isnan(at_stake.expected.amount) & ~np.isnan(scores.probability))
    if len(rows):
        out[rows] = bundle.scorer.baseline.of(columns.take(rows), np.full(len(rows), STATES.index(State.PLACED)))
    return out


def _placed(
    columns: Columns, costs: Costs, is_assessed: Bools, scores: Scores, ordinary: Floats, at_stake: Stakes
) -> list[Array]:
    """Multiple, score and band as `Decisions` holds them, the disposition that follows from the band alone ((n,)
    int64), and whether there is time to hold a parcel ((n,) bool)."""
    prices = at_stake.prices
    given = (
        is_assessed,
        scores.probability,
        scores.baseline,
        ordinary,
        at_stake.expected.amount,
        prices.unit,
        prices.place,
    )
    if columns.is_few:
        return [
            np.array(told) for told in of_each(_placed_of_one(costs), columns, *(array.tolist() for array in given))
        ]
    return _places(columns, costs, *given)


@lru_cache(maxsize=8)
def _placed_of_one(costs: Costs) -> Callable[..., list[Any]]:
    return written(lambda columns, *given: _places(columns, costs, *given), beside=7)


def _places(
    columns: Columns, costs: Costs, is_assessed: Bools, probability: Floats, baseline: Floats, ordinary: Floats,
    amount: Floats, unit: Floats, profile: Ints,
) -> list[Array]:  # fmt: skip
    """The same, (n,) each. Bands are by expected cost, as each shop's profile says, and by the multiple of its rate of
    orders just placed where no cost is known; NaN without a probability. Dispositions where an assessed order may be
    automated. Hold only until ship_by less the margin; nothing may keep a parcel longer."""
    bands = [profile.band for profile in costs.profiles]
    borders = (at(np.array([getattr(band, name) for band in bands]), profile) for name in BANDS[1:])
    by_cost = reduce(np.add, [np.where(amount >= unit * border, 1.0, 0.0) for border in borders])
    multiples = [rules().band_by_multiple[name] for name in BANDS[1:]]
    by_risk = reduce(np.add, [np.where(probability >= ordinary * multiple, 1.0, 0.0) for multiple in multiples])
    band = np.where(np.isnan(probability), np.nan, np.where(np.isnan(amount), by_risk, by_cost))
    score = np.clip(np.rint(rules().per_decade * (np.log10(probability) + rules().decades)), 0.0, 100.0)
    may_hold = columns["as_of"] < columns["ship_by"] - rules().hold_hours * HOUR
    usual = np.where(band >= BANDS.index("high"), REVIEW, np.where(band < BANDS.index("high"), PROCEED, NONE))
    return [probability / baseline, score, band, np.where(is_assessed, usual, NONE), may_hold]
