"""The decision: one pure function for API, file and page; orders in, what is told of each out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, reduce
from importlib import resources
from typing import Literal

import numpy as np

from features.columns import Array, Bools, Columns, Floats
from features.moments import DAY, HOUR, as_known, later_facts
from model.artefact import Bundle
from model.reasons import Reasons, no_reasons, reasons
from model.scorer import Scores
from service.cost_profile import Costs
from service.means import Means
from service.recommend import Advice, no_advice, recommended
from service.stakes import Stakes, stakes
from service.wording import Lang

Status = Literal["assessed", "starter", "degraded", "insufficient_data", "claim_open", "not_eligible"]
BANDS = ("low", "elevated", "high", "critical")
STALE_DAYS = 60.0


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers and texts of decision.toml."""

    hold_hours: float
    per_decade: float
    decades: float
    warnings: Mapping[str, Mapping[Lang, str]]


@cache
def rules() -> Rules:
    """What `decision.toml` says."""
    table = tomllib.loads((resources.files("service") / "decision.toml").read_text("utf-8"))
    return Rules(
        float(table["hold"]["hours_before_ship_by"]),
        float(table["score"]["per_decade"]),
        float(table["score"]["decades"]),
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
    status = _status(known, bundle)
    told = _told(scores, (status != "claim_open") & (status != "not_eligible"))
    multiple = told.probability / told.baseline
    score = np.clip(np.rint(rules().per_decade * (np.log10(told.probability) + rules().decades)), 0.0, 100.0)
    at_stake = stakes(known, told, bundle.scorer.consequences, bundle.scorer.target, costs)
    band = _band(at_stake)
    why = reasons(bundle.scorer, scores, threads=threads) if explains else no_reasons(columns.n)
    evidence = bundle.scorer.evidence
    advice = recommended(at_stake, means.catalogue, evidence) if explains else no_advice(columns.n)
    return Decisions(
        known, told, status, multiple, score, band, _disposition(known, status, band),
        _warnings(columns, known, bundle, status) + _of_money(at_stake, costs), why, advice, at_stake,
    )  # fmt: skip


def _band(at_stake: Stakes) -> Floats:
    """(n,) float64: places in BANDS by expected cost, as each shop's profile says; NaN without an expected cost."""
    prices, amount = at_stake.prices, at_stake.expected.amount
    begins = np.array([[p.band.elevated, p.band.high, p.band.critical] for p in prices.profiles])[prices.place]
    place = (amount[:, None] >= prices.unit[:, None] * begins).sum(axis=1)
    return np.where(np.isnan(amount), np.nan, place)


def _of_money(at_stake: Stakes, costs: Costs) -> tuple[Warned, ...]:
    prices, told = at_stake.prices, ~np.isnan(at_stake.probability)
    out = [
        Warned("AMOUNT_ASSUMED", "order_total", told & prices.value_assumed),
        Warned("AMOUNT_ASSUMED", "unit_cost", told & prices.goods_assumed),
        Warned("RATE_ASSUMED", "currency", told & prices.rate_assumed & ~np.isnan(prices.unit)),
        Warned("RATE_UNKNOWN", "currency", told & np.isnan(prices.unit)),
        Warned("RATE_OLD", "currency", told & prices.rate_is_old),
        Warned("COSTS_ASSUMED", None, told & costs.is_default),
    ]
    return tuple(w for w in out if w.where.any())


def _status(columns: Columns, bundle: Bundle) -> Array:
    """(n,) object: the assessment status of each order."""
    usual: Status = "assessed"
    if bundle.is_starter:
        usual = "starter"
    elif bundle.scorer.standing != "fitted":
        usual = bundle.scorer.standing
    status = np.full(columns.n, usual, dtype=object)
    status[bundle.scorer.remaining_days(columns) <= 0.0] = "not_eligible"
    status[columns["claim_opened_at"] <= columns["as_of"]] = "claim_open"
    return status


def _told(scores: Scores, has_probability: Bools) -> Scores:
    """The scores with NaN where no probability is told."""
    if has_probability.all():
        return scores
    hidden = ("probability", "low", "high", "within_7", "within_30")
    kept = {name: getattr(scores, name) for name in Scores.__slots__}
    return Scores(**kept | {name: np.where(has_probability, kept[name], np.nan) for name in hidden})


def _disposition(columns: Columns, status: Array, band: Floats) -> Array:
    """(n,) object: proceed, review or hold where an assessed order may be automated, else None.

    Hold only before shipping and only until ship_by less the margin; nothing may keep a parcel longer.
    """
    out = np.full(columns.n, None, dtype=object)
    assessed = status == "assessed"
    out[assessed & (band < BANDS.index("high"))] = "proceed"
    out[assessed & (band >= BANDS.index("high"))] = "review"
    unshipped = np.isnan(np.fmin(columns["shipped_at"], columns["first_scan_at"])) & np.isnan(columns["delivered_at"])
    in_time = columns["as_of"] < columns["ship_by"] - rules().hold_hours * HOUR
    out[assessed & (band == BANDS.index("critical")) & unshipped & in_time] = "hold"
    return out


def _warnings(given: Columns, known: Columns, bundle: Bundle, status: Array) -> tuple[Warned, ...]:
    out = [Warned("LATER_FACT_MASKED", name, where) for name, where in later_facts(given).items()]
    states = set(status.tolist())
    out += [Warned(code, name, status == of) for of, (code, name) in _OF_STATUS.items() if of in states]
    causes = _causes(bundle)
    if known.is_one:
        told = bundle.scorer.written.of("warnings", lambda some: _caused(some, bundle))(known.values_of_one)
        return (*out, *(Warned(*cause, _TRUE) for cause, holds in zip(causes, told, strict=True) if holds))
    out += [Warned(*cause, where) for cause, where in zip(causes, _caused(known, bundle), strict=True)]
    return tuple(w for w in out if w.where.any())


_TRUE = np.ones(1, dtype=np.bool_)
_OF_STATUS: dict[Status, tuple[str, str | None]] = {
    "claim_open": ("CLAIM_OPEN", "claim_opened_at"),
    "not_eligible": ("WINDOW_CLOSED", "latest_delivery_at"),
    "starter": ("STARTER_MODEL", None),
    "degraded": ("DEGRADED", None),
    "insufficient_data": ("INSUFFICIENT_DATA", None),
}


def _causes(bundle: Bundle) -> list[tuple[str, str | None]]:
    """Code and attribute of the warnings that `_caused` tells."""
    return [
        ("SHOP_RATE_ASSUMED", "seller_orders_60d"), ("PLACED_AT_UNKNOWN", "placed_at"),
        ("PROMISE_ESTIMATED", "latest_delivery_at"), ("OUT_OF_SCOPE", None), ("HISTORY_STALE", None),
        ("AS_OF_BEFORE_TRAINING", "as_of"),
        *(("ATTRIBUTE_IGNORED", name) for name in bundle.scorer.pipeline.ignored),
    ]  # fmt: skip


def _caused(known: Columns, bundle: Bundle) -> list[Bools]:
    """Where each warning of `_causes` is due, (n,) bool."""
    age = (known["as_of"] - bundle.scorer.pipeline.snapshot_.at) / DAY
    return [
        ~bundle.scorer.baseline.is_of_shop(known), ~known.known("placed_at"), known["latest_delivery_basis"] == 1.0,
        _out_of_scope(known), age > STALE_DAYS, age < 0.0,
        *(known.known(name) for name in bundle.scorer.pipeline.ignored),
    ]  # fmt: skip


def _out_of_scope(columns: Columns) -> Bools:
    flags = [columns[name] == 1.0 for name in ("is_digital", "is_service", "is_stored_value")]
    by_marketplace = columns.chosen("fulfilment_channel", "marketplace") == 1.0
    return reduce(np.logical_or, [*flags, by_marketplace])
