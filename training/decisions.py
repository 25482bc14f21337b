"""Decisions: who paid each claim and whether it counts as a defect, as known at one moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.columns import Array, Columns, Floats
from features.moments import DAY
from features.outcome import OUTCOME
from training.coverage import Coverage
from training.settings import fit_settings

_SELLER = OUTCOME["funded_by"].choices.index("seller")


@dataclass(frozen=True, slots=True)
class Decisions:
    """All (n,) float64. seller_paid, counts_as_defect: 1 or 0, NaN where unknown or undecided; decided_at: instants,
    NaN where no day is told, which counts as long ago."""

    seller_paid: Floats
    counts_as_defect: Floats
    decided_at: Floats

    def take(self, index: Array) -> Decisions:
        """The decisions at `index`; none where that is −1."""
        is_there = np.asarray(index) != -1 if index.dtype != np.bool_ else np.bool_(True)
        columns = (self.seller_paid, self.counts_as_defect, self.decided_at)
        if not len(self.seller_paid):
            return Decisions(*(np.full(len(index), np.nan) for _ in columns))
        return Decisions(*(np.where(is_there, column[index], np.nan) for column in columns))

    def known_by(self, moment: float) -> Decisions:
        """Without those decided later than `moment` (epoch seconds)."""
        columns = (self.seller_paid, self.counts_as_defect, self.decided_at)
        return Decisions(*(np.where(self.decided_at > moment, np.nan, column) for column in columns))


def decisions_of(claims: Columns, coverage: Coverage) -> Decisions:
    """The decisions on n claims out of their outcomes.

    A claim that nobody says who paid was not debited where a source shows all debits of its time and long enough after.
    What follows from a withdrawal is known from its day on.
    """
    payer, opened = claims["funded_by"], claims["claim_opened_at"]
    paid = np.where(np.isnan(claims["seller_paid"]) & ~np.isnan(payer), payer == _SELLER, claims["seller_paid"])
    since, until = coverage.debits
    shows_by = opened + fit_settings().consequences_debit_days * DAY
    would_show = np.isnan(paid) & (opened >= since) & (shows_by <= until)
    over = claims["decided_at"]
    over = np.where(np.isnan(over), claims["withdrawn_at"], over)
    decided_at = np.where(would_show, np.fmax(over, shows_by), over)
    return Decisions(np.where(would_show, 0.0, paid), claims["counts_as_defect"], decided_at)
