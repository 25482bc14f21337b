"""The shop's orders in the open window, with the defects that are known: what a defect budget is reckoned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from features.columns import Bools, Columns, Floats
from features.moments import DAY, claim_window_closes
from features.order import attributes
from features.outcome import CLAIM, OUTCOME
from features.ruled import is_claim_withdrawn
from model.defect_priors import defect_priors
from service.decide import Decisions, decide
from service.means import Means
from service.odr_rule import counts
from service.stakes import summed

PAYERS = ("marketplace", "seller")


@dataclass(frozen=True, slots=True)
class Span:
    """One shop on one marketplace. since, until: epoch seconds between which orders were placed; until is now."""

    shop_id: str
    marketplace: str
    since: float
    until: float


class Orders(Protocol):
    """Where orders and their outcomes come from."""

    def within(self, span: Span) -> Columns:
        """The shop's orders placed in the span, each once, as known at its end."""

    def outcomes(self, span: Span) -> Columns | None:
        """What is known of these orders' defects, by the columns of `OUTCOME`; None where nobody keeps them."""


@dataclass(frozen=True, slots=True)
class Known:
    """Defects of n orders. by_kind: (n,) bool, one of that kind is known; has_claim: (n,) bool, a claim was opened;
    open: (n,) float64, P(a claim counts of which nobody says whether it does), 0 where there is none."""

    by_kind: Mapping[str, Bools]
    has_claim: Bools
    open: Floats

    @property
    def is_defect(self) -> Bools:
        """(n,) bool: an order counts once, whatever it has."""
        return np.asarray(np.logical_or.reduce(list(self.by_kind.values())))


@dataclass(frozen=True, slots=True)
class Window:
    """The orders of a span as decided at its end. complete: whether known defects are complete, by file or count."""

    span: Span
    decisions: Decisions
    known: Known
    complete: bool

    @property
    def columns(self) -> Columns:
        """The orders."""
        return self.decisions.columns

    @property
    def age_days(self) -> Floats:
        """(n,) float64 since the order was placed."""
        return np.asarray((self.span.until - self.columns["placed_at"]) / DAY)


def window(orders: Orders, span: Span, means: Means) -> Window:
    """The window of a span: seller-fulfilled orders, with latest probabilities and known defects."""
    found = _of_seller(orders.within(span))
    now = found.replacing({"as_of": np.full(found.n, span.until)})
    decisions = decide(now, means, explains=False)
    outcomes = orders.outcomes(span)
    return Window(span, decisions, _known(decisions, outcomes, span, means), outcomes is not None)


def _of_seller(columns: Columns) -> Columns:
    return columns.take(columns.chosen("fulfilment_channel", "marketplace") != 1.0)


def in_span(columns: Columns, span: Span) -> Columns:
    """Of some orders those of the span."""
    code = float(attributes()["marketplace"].choices.index(span.marketplace))
    placed = columns["placed_at"]
    mine = (columns["marketplace"] == code) & (columns["shop_id"] == span.shop_id)
    return columns.take(np.asarray(mine & (placed > span.since) & (placed <= span.until), dtype=np.bool_))


def _known(decisions: Decisions, outcomes: Columns | None, span: Span, means: Means) -> Known:
    columns, now = decisions.columns, span.until
    told = _told(columns, outcomes, now)
    claimed = (columns["claim_opened_at"] <= now) | told[CLAIM].any
    withdrawn = is_claim_withdrawn(columns) | told[CLAIM].withdrawn
    withdrawn = withdrawn & (not counts(span.marketplace, "withdrawn", now))
    funded = told[CLAIM].funded & (not counts(span.marketplace, "amazon_funded", now))
    is_open = claimed & ~withdrawn & ~funded & ~told[CLAIM].counts & ~told[CLAIM].cleared
    by_kind = {kind: of.counts for kind, of in told.items()}
    charged_back = (columns["chargeback_filed_at"] <= now) & ~told["chargeback"].cleared
    by_kind["chargeback"] = by_kind["chargeback"] | charged_back
    return Known(by_kind, claimed, np.where(is_open, _chance_of_open(decisions, means, told[CLAIM]), 0.0))


def _chance_of_open(decisions: Decisions, means: Means, told: _Kind) -> Floats:
    """(n,) float64: P(a claim counts as a defect of which nobody says so): of its type where that is known, and by
    whether it is known to be at the seller's cost, as nearly all defects are."""
    outlook = decisions.stakes.outlook
    of_paid = np.fmin(outlook.defect / outlook.seller_pays, 1.0)
    by_type = np.where(told.paid[:, None], of_paid, outlook.defect)
    by_type = np.where(told.spared[:, None], defect_priors().not_paid.defect, by_type)
    kind = decisions.columns["claim_type"]
    place = np.where(np.isnan(kind), 0, kind).astype(np.int64)
    shares = means.bundle.scorer.type_shares[decisions.scores.state]
    mean = summed(by_type * shares) / summed(shares)
    return np.where(np.isnan(kind), mean, by_type[np.arange(len(kind)), place])


@dataclass(frozen=True, slots=True)
class _Kind:
    """Per order, of one kind of event: any, it happened; counts, cleared: as a defect, for sure; funded: not by the
    seller, undecided whether it counts; paid: by the seller; spared: decided, not at the seller's cost; withdrawn: all
    that happened."""

    any: Bools
    counts: Bools
    cleared: Bools
    funded: Bools
    paid: Bools
    spared: Bools
    withdrawn: Bools


def _told(columns: Columns, outcomes: Columns | None, now: float) -> dict[str, _Kind]:
    kinds = OUTCOME["kind"].choices
    if outcomes is None or not outcomes.n:
        none = np.zeros(columns.n, dtype=np.bool_)
        return {kind: _Kind(*[none] * 7) for kind in kinds}
    place = {order: i for i, order in enumerate(columns["order_id"].tolist())}
    at = np.array([place.get(order, -1) for order in outcomes["order_id"].tolist()], dtype=np.int64)
    since = np.fmax(outcomes["claim_opened_at"], outcomes["recorded_at"])
    good = (at >= 0) & ~(outcomes["retracted"] == 1.0) & ~(since > now)
    kind = np.where(np.isnan(outcomes["kind"]), 0.0, outcomes["kind"])
    counted = outcomes["counts_as_defect"]
    marketplace, seller = (outcomes["funded_by"] == OUTCOME["funded_by"].choices.index(who) for who in PAYERS)
    paid = (outcomes["seller_paid"] == 1.0) | (seller & ~(outcomes["seller_paid"] == 0.0))
    decided = outcomes["decided_at"] <= now
    withdrawn = (outcomes["withdrawn_at"] <= now) & ~(outcomes["decided_at"] > outcomes["withdrawn_at"])

    def orders(where: Bools) -> Bools:
        out = np.zeros(columns.n, dtype=np.bool_)
        out[at[good & where]] = True
        return out

    def of(name: str, here: Bools) -> _Kind:
        sure = counted == 1.0 if name == CLAIM else counted != 0.0
        cleared = orders(here & (counted == 0.0)) & ~orders(here & sure)
        funded = orders(here & np.isnan(counted) & marketplace)
        all_withdrawn = orders(here & withdrawn) & ~orders(here & ~withdrawn)
        at_cost, spared = orders(here & paid), orders(here & decided & (outcomes["seller_paid"] == 0.0))
        return _Kind(orders(here), orders(here & sure), cleared, funded, at_cost, spared & ~at_cost, all_withdrawn)

    return {name: of(name, kind == code) for code, name in enumerate(kinds)}


def whole_window_days(columns: Columns, window_days: float) -> float:
    """Days from placing until no claim can be opened any more, on the mean; NaN if no order tells."""
    left = (claim_window_closes(columns, window_days) - columns["placed_at"]) / DAY
    told = left[~np.isnan(left)]
    return float(told.mean()) if len(told) else float("nan")
