"""What is at stake on each order: a claim by type, what it would cost, and who would pay."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from features.columns import Columns, Floats, Ints
from model.consequences import Consequences, Outlook
from model.scorer import Target
from service.cost_profile import Costs
from service.money import CostOfClaim, ExpectedCost, Prices, prices


class Chances(Protocol):
    """What was inferred of n orders: places in STATES, probability of a claim (NaN where none is told), (n, types)
    share of each type of claim."""

    @property
    def state(self) -> Ints:
        """(n,) int64."""

    @property
    def probability(self) -> Floats:
        """(n,) float64."""

    @property
    def type_shares(self) -> Floats:
        """(n, types) float64."""


@dataclass(frozen=True)
class Stakes:
    """n orders as known at their as_of. state: (n,) places in STATES; by_type: (n, types) probability of a claim of
    each type, NaN where none is told; claim, expected: what a claim costs, and that times its probability.

    Where the labels only show claims that were debited (`target`), the probability is of those, and is not multiplied
    by P(the seller pays) again.
    """

    columns: Columns
    state: Ints
    by_type: Floats
    prices: Prices
    outlook: Outlook
    claim: CostOfClaim
    expected: ExpectedCost
    consequences: Consequences
    target: Target

    @cached_property
    def probability(self) -> Floats:
        """(n,) float64: of a claim of any type."""
        return summed(self.by_type)

    @cached_property
    def seller_pays(self) -> Floats:
        """(n,) float64: P(the seller pays | claim), NaN where no probability is told."""
        return _mean(self.by_type, self.outlook.seller_pays)

    @cached_property
    def defect(self) -> Floats:
        """(n,) float64: P(it counts as an order defect | claim), NaN where no probability is told."""
        return _mean(self.by_type, self.outlook.defect)

    def changed(self, rows: Ints, columns: Columns) -> tuple[Outlook, Floats | float]:
        """The orders at `rows` as `columns` would read: what follows of a claim of the kind that is told, and what
        (m, types) its probability is multiplied by."""
        after = self.consequences.of(columns)
        if self.target != "claim_debited":
            return after, 1.0
        before = self.consequences.of(self.columns.take(rows))
        return _given_debited(after), after.seller_pays / before.seller_pays


def stakes(columns: Columns, chances: Chances, consequences: Consequences, target: Target, costs: Costs) -> Stakes:
    """What is at stake on scored orders."""
    shares = chances.type_shares
    by_type = chances.probability[:, None] * (shares / summed(shares)[:, None])
    known = prices(columns, costs)
    outlook = consequences.of(columns, chances.state)
    if target == "claim_debited":
        outlook = _given_debited(outlook)
    claim = known.per_claim(outlook)
    return Stakes(columns, chances.state, by_type, known, outlook, claim, claim.expected(by_type), consequences, target)


def _given_debited(outlook: Outlook) -> Outlook:
    """What follows once the seller has been debited."""
    return Outlook(np.ones_like(outlook.seller_pays), np.minimum(outlook.defect / outlook.seller_pays, 1.0))


def summed(by_type: Floats) -> Floats:
    """(n,) float64: over the types, in a fixed order, so that a row alone equals the row in a table."""
    return np.asarray(by_type[:, 0] + by_type[:, 1] + by_type[:, 2])


def _mean(by_type: Floats, of: Floats) -> Floats:
    return np.asarray(summed(by_type * of) / summed(by_type))
