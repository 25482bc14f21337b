"""The shop's orders in the open window, with the defects that are known: what a defect budget is reckoned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from features.columns import Columns, Floats
from features.moments import DAY, claim_window_closes
from features.order import attributes
from service.decide import Decisions, decide
from service.means import Means
from service.odr_defects import Known, known_defects


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
    known = known_defects(decisions, outcomes, span.marketplace, span.until, means)
    return Window(span, decisions, known, outcomes is not None)


def _of_seller(columns: Columns) -> Columns:
    return columns.take(columns.chosen("fulfilment_channel", "marketplace") != 1.0)


def in_span(columns: Columns, span: Span) -> Columns:
    """Of some orders those of the span."""
    code = float(attributes()["marketplace"].choices.index(span.marketplace))
    placed = columns["placed_at"]
    mine = (columns["marketplace"] == code) & (columns["shop_id"] == span.shop_id)
    return columns.take(np.asarray(mine & (placed > span.since) & (placed <= span.until), dtype=np.bool_))


def whole_window_days(columns: Columns, window_days: float) -> float:
    """Days from placing until no claim can be opened any more, on the mean; NaN if no order tells."""
    left = (claim_window_closes(columns, window_days) - columns["placed_at"]) / DAY
    told = left[~np.isnan(left)]
    return float(told.mean()) if len(told) else float("nan")
