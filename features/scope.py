"""Scope: orders that the guarantee leaves out whatever becomes of them: what the marketplace sends, digital goods."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from features.columns import Bools, Columns, Floats, Ints
from features.order import attributes
from features.policy.book import book
from features.symbols import at

OUTSIDE_GOODS = ("is_digital", "is_service", "is_stored_value")


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
    return _is_of_the_marketplace(columns) | _is_outside_goods(columns)


def is_out_of_scope(columns: Columns, moment: Floats) -> Bools:
    """(n,) bool: outside the guarantee by a fact of the order's marketplace at the moment ((n,), epoch seconds)."""
    own = _is_of_the_marketplace(columns) & is_under(columns, "exclusion.marketplace_fulfilled", moment)
    return own | (_is_outside_goods(columns) & is_under(columns, "exclusion.goods", moment))


def _is_of_the_marketplace(columns: Columns) -> Bools:
    found: Bools = columns.chosen("fulfilment_channel", "marketplace") == 1.0
    return found


def _is_outside_goods(columns: Columns) -> Bools:
    return reduce(np.logical_or, [columns[name] == 1.0 for name in OUTSIDE_GOODS])
