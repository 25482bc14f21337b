"""The decision: one pure function for API, file and page; orders in, what is told of each out."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from importlib import resources
from typing import Any

import numpy as np

from features.claim_window import TOPIC as WINDOW
from features.columns import Array, Bools, Columns, Floats, Ints
from features.handover import is_dispatched
from features.moments import DAY, HOUR, as_known, later_facts, states
from features.order import STATES, State
from features.rules import DOUBTFUL_SEQUENCES
from features.scope import is_under, is_unusual
from features.symbols import at
from features.tracing import of_each, written
from features.undated import SAID_BY, UNDATED, denied, undated
from model.artefact import Bundle
from model.reasons import Reasons, no_reasons, reasons
from model.scorer import Scores
from service.cost_profile import Costs
from service.disposition import NONE, PROCEED, REVIEW, dispositions, is_to_review, may_stop
from service.means import Means
from service.recommend import Advice, no_advice, recommended
from service.stakes import Stakes, stakes
from service.standing import Status, status_of, why_over
from service.wording import Lang

BANDS = ("low", "elevated", "high", "critical")
STALE_DAYS = 60.0


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
class Warned:
    """A warning that applies to some orders: a code of decision.toml, the attribute it is about, where ((n,) bool)."""

    code: str
    attribute: str | None
    where: Bools


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
    why = reasons(bundle.scorer, scores, threads=threads) if explains else no_reasons(columns.n)
    evidence = bundle.scorer.evidence
    advice = no_advice(columns.n)
    if explains:
        advice = recommended(at_stake, means.catalogue, evidence, hold_out=means.hold_out)

    def advise(rows: Ints) -> Advice:
        if explains:
            return Advice(tuple([advice[row] for row in rows.tolist()]))
        some = stakes(known.take(rows), told.taken(rows), bundle.scorer.consequences, bundle.scorer.target, costs)
        return recommended(some, means.catalogue, evidence, hold_out=means.hold_out)

    stops = may_stop(known, usual != NONE, means.catalogue)
    doubtful = is_to_review(known, usual == PROCEED, means.catalogue)
    disposition = dispositions(usual, may_hold, band == BANDS.index("critical"), stops, doubtful, advise)
    warnings = (*_of_moment(columns, known, status), *_caused(known, bundle, at_stake, costs))
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


def _of_moment(columns: Columns, known: Columns, status: Array) -> Iterator[Warned]:
    """What was masked, and what the status says."""
    yield from (Warned("LATER_FACT_MASKED", name, where) for name, where in later_facts(columns).items())
    found = set(status.tolist())
    yield from (Warned(code, name, status == of) for of, (code, name) in _OF_STATUS.items() if of in found)
    left = status == "not_eligible"
    for code, name, where in why_over(known) if left.any() else ():
        if (left & where).any():
            yield Warned(code, name, left & where)
        left = left & ~where


_OF_STATUS: dict[Status, tuple[str, str | None]] = {
    "claim_open": ("CLAIM_OPEN", "claim_opened_at"),
    "starter": ("STARTER_MODEL", None),
    "degraded": ("DEGRADED", None),
    "insufficient_data": ("INSUFFICIENT_DATA", None),
}


def _caused(known: Columns, bundle: Bundle, at_stake: Stakes, costs: Costs) -> Iterator[Warned]:
    """Warnings by what an order says, and by what was assumed of its money where that is told."""
    prices, is_told = at_stake.prices, ~np.isnan(at_stake.probability)
    given = (
        is_told, prices.value_assumed, prices.goods_assumed, prices.refund_assumed, prices.goods_exceed_value,
        prices.rate_assumed, prices.rate_is_old, prices.unit,
    )  # fmt: skip
    if known.is_few:
        of_one = bundle.scorer.written.of("warnings", lambda some, *more: _where_caused(some, bundle, *more), beside=8)
        told = of_each(of_one, known, *(array.tolist() for array in given))
        found = [(cause, np.array(where)) for cause, where in zip(_causes(bundle), told, strict=True) if any(where)]
    else:
        where_caused = _where_caused(known, bundle, *given)
        found = [pair for pair in zip(_causes(bundle), where_caused, strict=True) if pair[1].any()]
    yield from (Warned(*cause, where) for cause, where in found)
    if costs.is_default and is_told.any():
        yield Warned("COSTS_ASSUMED", None, is_told)


def _causes(bundle: Bundle) -> list[tuple[str, str | None]]:
    """Code and attribute of the warnings that `_where_caused` tells."""
    return [
        ("SHOP_RATE_ASSUMED", "seller_orders_60d"), ("PLACED_AT_UNKNOWN", "placed_at"),
        ("PROMISE_ESTIMATED", "latest_delivery_at"), ("WINDOW_UNKNOWN", "latest_delivery_at"), ("OUT_OF_SCOPE", None),
        ("HISTORY_STALE", None),
        ("AS_OF_BEFORE_TRAINING", "as_of"),
        *(("ATTRIBUTE_IGNORED", name) for name in _ignored(bundle)), ("ATTRIBUTE_IGNORED", "tracking_status"),
        ("EFFECT_ASSUMED", "tracking_status"),
        ("AMOUNT_ASSUMED", "order_total"), ("AMOUNT_ASSUMED", "unit_cost"), ("REFUND_ASSUMED", "refund_amount"),
        ("CANCELLED_YET_SENT", "cancelled_at"),
        ("COST_ABOVE_VALUE", "unit_cost"), ("RATE_ASSUMED", "currency"), ("RATE_UNKNOWN", "currency"),
        ("RATE_OLD", "currency"), *(("DAY_UNKNOWN", name) for name in UNDATED),
        *(("SAID_OTHERWISE", flag) for flag in SAID_BY.values()),
        *(("OUT_OF_SEQUENCE", later) for _, later in DOUBTFUL_SEQUENCES),
    ]  # fmt: skip


def _where_caused(
    known: Columns, bundle: Bundle, is_told: Bools, value_assumed: Bools, goods_assumed: Bools, refund_assumed: Bools,
    goods_exceed_value: Bools, rate_assumed: Bools, rate_is_old: Bools, unit: Floats,
) -> list[Bools]:  # fmt: skip
    """Where each warning of `_causes` is due, (n,) bool."""
    age = (known["as_of"] - bundle.scorer.pipeline.snapshot_.at) / DAY
    return [
        ~bundle.scorer.baseline.is_of_shop(known), ~known.known("placed_at"), known["latest_delivery_basis"] == 1.0,
        is_told & ~is_under(known, WINDOW, known["as_of"]) & (bundle.scorer.remaining_days(known) <= 0.0),
        is_told & is_unusual(known), age > STALE_DAYS, age < 0.0,
        *(known.known(name) for name in _ignored(bundle)),
        is_told & bundle.scorer.assumed.is_left_out(known, states(known)),
        is_told & (bundle.scorer.assumed.of(known, states(known)) != 0.0),
        is_told & value_assumed, is_told & goods_assumed, is_told & refund_assumed,
        is_told & known.known("cancelled_at") & is_dispatched(known), is_told & goods_exceed_value,
        is_told & rate_assumed & ~np.isnan(unit),
        is_told & np.isnan(unit), is_told & rate_is_old, *(undated(known, name) for name in UNDATED),
        *(denied(known, name) for name in SAID_BY),
        *(known[later] < known[earlier] for earlier, later in DOUBTFUL_SEQUENCES),
    ]  # fmt: skip


def _ignored(bundle: Bundle) -> list[str]:
    """Attributes that the model does not look at; that of `Assumed` is looked at apart."""
    scorer = bundle.scorer
    return [name for name in (*scorer.pipeline.ignored, *scorer.unread()) if name != scorer.assumed.attribute]
