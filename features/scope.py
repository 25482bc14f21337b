"""Scope: what puts an order outside the guarantee where its marketplace says so, in one table for all who ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Literal, NamedTuple

import numpy as np

from features.columns import Bools, Columns, Floats, Ints
from features.order import attributes
from features.policy.book import book
from features.refunds import is_surely_in_full
from features.ruled import RuledOrder
from features.symbols import at

OutsideWhy = Literal["marketplace_fulfilled", "goods", "chargeback", "full_refund", "prime"]


class Outside(NamedTuple):
    """One such thing. topic: of the fact that says so; unless: of one by which some of these orders are inside.

    of_order, of_columns: whether it is so of one order, and by column ((n,) bool). warning, attribute: as it is warned
    of. teaches: whether training learns from such orders.
    """

    why: OutsideWhy
    topic: str
    of_order: Callable[[RuledOrder], bool]
    of_columns: Callable[[Columns], Bools]
    warning: str
    attribute: str | None = None
    unless: str | None = None
    teaches: bool = True

    def holds(self, columns: Columns, moment: Floats) -> Bools:
        """(n,) bool: it is so, by a fact of the order's marketplace at the moment ((n,), epoch seconds), and surely."""
        told = self.of_columns(columns) & is_under(columns, self.topic, moment)
        return told if self.unless is None else told & ~is_under(columns, self.unless, moment)


def is_under(columns: Columns, topic: str, moment: Floats) -> Bools:
    """(n,) bool: whether an order's marketplace has the fact at its moment ((n,), epoch seconds); those of others are
    never lent."""
    return is_under_all(columns, (topic,), moment)


def is_under_all(columns: Columns, topics: Sequence[str], moment: Floats) -> Bools:
    """(n,) bool: whether it has a fact on each of the topics."""
    spans, place = [book().spans(topic) for topic in topics], _place(columns)
    begins, ends = reduce(np.maximum, [span[0] for span in spans]), reduce(np.minimum, [span[1] for span in spans])
    held: Bools = (at(begins, place) <= moment) & (moment < at(ends, place))
    return held


def value_under(columns: Columns, topic: str, moment: Floats) -> Floats:
    """(n,) float64: what the fact of an order's marketplace says at its moment, a flag as 0 or 1; NaN without one."""
    told = at(book().spans(topic)[2], _place(columns))
    return np.where(is_under(columns, topic, moment), told, np.nan)


def _place(columns: Columns) -> Ints:
    """(n,) int64: where an order's marketplace stands in the tables of the book; at the end where it is unknown."""
    code = columns["marketplace"]
    last = float(len(attributes()["marketplace"].choices))
    place: Ints = np.where(np.isnan(code), last, code).astype(np.int64)
    return place


def is_unusual(columns: Columns) -> Bools:
    """(n,) bool: of the kinds that are usually outside the guarantee, wherever they were bought."""
    return reduce(np.logical_or, [found.of_columns(columns) for found in OUTSIDE if not found.teaches])


def is_out_of_scope(columns: Columns, moment: Floats) -> Bools:
    """(n,) bool: of those kinds, by a fact of the order's marketplace at the moment ((n,), epoch seconds)."""
    kinds = [found for found in OUTSIDE if not found.teaches]
    return reduce(np.logical_or, [f.of_columns(columns) & is_under(columns, f.topic, moment) for f in kinds])


def _is_of_the_marketplace(columns: Columns) -> Bools:
    found: Bools = columns.chosen("fulfilment_channel", "marketplace") == 1.0
    return found


def _is_digital_or_value(columns: Columns) -> Bools:
    found: Bools = (columns["is_digital"] == 1.0) | (columns["is_stored_value"] == 1.0)
    return found


def _is_service(columns: Columns) -> Bools:
    found: Bools = columns["is_service"] == 1.0
    return found


def _is_charged_back(columns: Columns) -> Bools:
    found: Bools = ~np.isnan(columns["chargeback_filed_at"])
    return found


def _is_prime(columns: Columns) -> Bools:
    found: Bools = columns["is_seller_fulfilled_prime"] == 1.0
    return found


# The plainest first.
OUTSIDE: tuple[Outside, ...] = (
    Outside(
        "marketplace_fulfilled", "exclusion.marketplace_fulfilled",
        lambda order: order.fulfilment_channel == "marketplace", _is_of_the_marketplace, "OUT_OF_SCOPE", teaches=False,
    ),
    Outside(
        "goods", "exclusion.goods",
        lambda order: 1.0 in (order.is_digital, order.is_stored_value), _is_digital_or_value, "OUT_OF_SCOPE",
        teaches=False,
    ),
    Outside(
        "goods", "exclusion.goods",
        lambda order: order.is_service == 1.0, _is_service, "OUT_OF_SCOPE", unless="claim.service_quality",
        teaches=False,
    ),
    Outside(
        "prime", "exclusion.seller_fulfilled_prime",
        lambda order: order.is_seller_fulfilled_prime == 1.0, _is_prime, "SELLER_FULFILLED_PRIME",
        "is_seller_fulfilled_prime",
    ),
    Outside(
        "full_refund", "exclusion.full_refund",
        lambda order: order.is_fully_refunded is True, is_surely_in_full, "REFUNDED_IN_FULL", "refunded_at",
    ),
    Outside(
        "chargeback", "exclusion.chargeback",
        lambda order: order.chargeback_filed_at is not None, _is_charged_back, "CHARGEBACK_FILED",
        "chargeback_filed_at",
    ),
)  # fmt: skip
