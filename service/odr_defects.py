"""Defects of orders as known: which orders have one for sure, and how likely a claim that is undecided becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from features.columns import Bools, Columns, Floats, Ints
from features.outcome import CLAIM, OUTCOME
from features.refunds import is_surely_in_full
from features.ruled import OF_CLAIM, is_claim_withdrawn
from model.defect_priors import defect_priors
from service.decide import Decisions
from service.means import Means
from service.odr_rule import counts, surely_counts
from service.stakes import summed


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
class _Told:
    """The outcomes of one kind, laid onto n orders. order: (m,) int64, the order of each outcome; now: epoch seconds.
    Each property is (n,): of each order, of what is told of it."""

    n: int
    order: Ints
    outcomes: Columns
    now: float
    kind: str

    def _any(self, where: Bools) -> Bools:
        """(n,) bool: orders of which some outcome is such a one ((m,) bool)."""
        found = np.zeros(self.n, dtype=np.bool_)
        found[self.order[where]] = True
        return found

    @property
    def any(self) -> Bools:
        """It happened."""
        return self._any(np.ones(len(self.order), dtype=np.bool_))

    @property
    def counts(self) -> Bools:
        """It is a defect for sure: other kinds are, unless it is said that they are not."""
        counted = self.outcomes["counts_as_defect"]
        return self._any(counted == 1.0 if self.kind == CLAIM else counted != 0.0)

    @property
    def cleared(self) -> Bools:
        """It is none for sure."""
        return self._any(self.outcomes["counts_as_defect"] == 0.0) & ~self.counts

    @property
    def funded(self) -> Bools:
        """The marketplace paid, and nobody says whether it counts."""
        return self._any(np.isnan(self.outcomes["counts_as_defect"]) & self._paid_by("marketplace"))

    @property
    def paid(self) -> Bools:
        """The seller paid."""
        said = self.outcomes["seller_paid"]
        return self._any((said == 1.0) | (self._paid_by("seller") & ~(said == 0.0)))

    @property
    def spared(self) -> Bools:
        """It was decided, and not at the seller's cost."""
        decided = self.outcomes["decided_at"] <= self.now
        return self._any(decided & (self.outcomes["seller_paid"] == 0.0)) & ~self.paid

    @property
    def withdrawn(self) -> Bools:
        """All of it was withdrawn, and not decided since."""
        at, decided = self.outcomes["withdrawn_at"], self.outcomes["decided_at"]
        gone = (at <= self.now) & ~(decided > at)
        return self._any(gone) & ~self._any(~gone)

    @property
    def opened_at(self) -> Floats:
        """Epoch seconds, NaN unknown: when the first of it was."""
        first = np.full(self.n, np.nan)
        np.fmin.at(first, self.order, self.outcomes["claim_opened_at"])
        return first

    def _paid_by(self, who: str) -> Bools:
        found: Bools = self.outcomes["funded_by"] == OUTCOME["funded_by"].choices.index(who)
        return found


def known_defects(decisions: Decisions, outcomes: Columns | None, marketplace: str, now: float, means: Means) -> Known:
    """What is known by now (epoch seconds) of the defects of orders of one marketplace; outcomes: by the columns of
    `OUTCOME`, None where nobody keeps them."""
    columns, told = decisions.columns, _told(decisions.columns, outcomes, now)
    claims = told[CLAIM]
    claimed = reduce(np.logical_or, [columns[name] <= now for name in OF_CLAIM]) | claims.any
    withdrawn, funded = is_claim_withdrawn(columns) | claims.withdrawn, claims.funded
    stands = claimed & ~withdrawn & ~funded & ~claims.cleared & ~claims.spared & ~_is_debit_reversed(columns, now)
    refunded = _refunded_after_filing(columns, claims) & surely_counts(marketplace, "refund_after_filing", now)
    cancelled = (columns["cancelled_at"] <= now) & surely_counts(marketplace, "cancelled", now)
    certain = claims.counts | (stands & (refunded | cancelled))
    outside = (withdrawn & (not counts(marketplace, "withdrawn", now))) | (
        funded & (not counts(marketplace, "amazon_funded", now))
    )
    is_open = claimed & ~outside & ~certain & ~claims.cleared
    charged_back = (columns["chargeback_filed_at"] <= now) & ~told["chargeback"].cleared
    by_kind = {kind: of.counts for kind, of in told.items()}
    by_kind |= {CLAIM: certain, "chargeback": by_kind["chargeback"] | charged_back}
    return Known(by_kind, claimed, np.where(is_open, _chance_of_open(decisions, means, claims), 0.0))


def _refunded_after_filing(columns: Columns, claims: _Told) -> Bools:
    """(n,) bool: the seller refunded in full, and after the claim was filed."""
    opened = columns["claim_opened_at"]
    opened = np.where(np.isnan(opened), claims.opened_at, opened)
    found: Bools = is_surely_in_full(columns) & (columns["refunded_at"] >= opened)
    return found


def _is_debit_reversed(columns: Columns, now: float) -> Bools:
    """(n,) bool: an appeal took back the debit of the claim that is there; the defect it may have left."""
    decided, opened = columns["appeal_decided_at"], columns["claim_opened_at"]
    reversed_: Bools = (decided <= now) & ~(decided < opened) & (columns["is_debit_upheld"] == 0.0)
    return reversed_ & ~(columns["debited_at"] > decided)


def _chance_of_open(decisions: Decisions, means: Means, claims: _Told) -> Floats:
    """(n,) float64: P(a claim counts as a defect of which nobody says so): of its type where that is known, and by
    whether it is known to be at the seller's cost, as nearly all defects are."""
    outlook, columns = decisions.stakes.outlook, decisions.columns
    is_reversed = _is_debit_reversed(columns, claims.now)
    spared = claims.spared | is_reversed
    debited = columns.known("debited_at") & ~(columns["claim_opened_at"] > columns["debited_at"])
    paid = (claims.paid & ~is_reversed) | (debited & ~spared)
    of_paid = np.fmin(outlook.defect / outlook.seller_pays, 1.0)
    by_type = np.where(paid[:, None], of_paid, outlook.defect)
    by_type = np.where(spared[:, None], defect_priors().not_paid.defect, by_type)
    kind = columns["claim_type"]
    place = np.where(np.isnan(kind), 0, kind).astype(np.int64)
    shares = means.bundle.scorer.type_shares[decisions.scores.state]
    mean = summed(by_type * shares) / summed(shares)
    return np.where(np.isnan(kind), mean, by_type[np.arange(len(kind)), place])


def _told(columns: Columns, outcomes: Columns | None, now: float) -> dict[str, _Told]:
    """By kind, the outcomes of these orders that are known by now and no data errors."""
    outcomes = Columns(0, {}) if outcomes is None else outcomes
    places = {order: i for i, order in enumerate(columns["order_id"].tolist())}
    order = np.array([places.get(one, -1) for one in outcomes["order_id"].tolist()], dtype=np.int64)
    since = np.fmax(outcomes["claim_opened_at"], outcomes["recorded_at"])
    good = (order >= 0) & ~(outcomes["retracted"] == 1.0) & ~(since > now)
    code = np.where(np.isnan(outcomes["kind"]), 0.0, outcomes["kind"])
    return {
        kind: _Told(columns.n, order[mine], outcomes.take(mine), now, kind)
        for kind, mine in ((kind, good & (code == at)) for at, kind in enumerate(OUTCOME["kind"].choices))
    }
