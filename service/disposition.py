"""The disposition: whether the fulfilment system goes on with an order, shows it to somebody, or holds it."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np

from features.columns import Array, Bools, Columns, Ints
from features.conditions import Truths
from service.advice_catalogue import Catalogue
from service.recommend import Advice, OrderAdvice

NONE, PROCEED, REVIEW, HOLD = range(4)
_NAMES = np.array([None, "proceed", "review", "hold"], dtype=object)


def dispositions(
    usual: Ints, may_hold: Bools, is_critical: Bools, stops: Bools, is_doubtful: Bools, advise: Callable[[Ints], Advice]
) -> Array:
    """(n,) texts or None.

    usual: (n,) what the band says, NONE where nothing may be automated; may_hold: (n,) bool, there is time for it;
    stops: (n,) bool, an advice that stops shipping may apply; is_doubtful: (n,) bool, it would proceed and may not;
    advise: the advice for the orders at some rows. A hold is told only beside an advice that has to be done before the
    parcel leaves; neither an order with one that stops shipping proceeds, nor a doubtful one, whatever is advised.
    """
    found = np.where(is_doubtful, REVIEW, usual)
    rows = np.flatnonzero((usual != NONE) & (stops | (is_critical & may_hold)))
    if len(rows):
        for row, told in zip(rows.tolist(), advise(rows), strict=True):
            found[row] = _of_one(int(found[row]), bool(may_hold[row]), bool(is_critical[row]), told)
    return _NAMES[found]


def _of_one(usual: int, may_hold: bool, is_critical: bool, told: OrderAdvice) -> int:
    actions = [recommendation.action for recommendation in told.recommendations]
    must_stop = any(action.stops_shipping for action in actions)
    if may_hold and (must_stop or (is_critical and any(action.holds_parcel for action in actions))):
        return HOLD
    return REVIEW if must_stop else usual


def may_stop(columns: Columns, among: Bools, catalogue: Catalogue) -> Bools:
    """(n,) bool: of the orders of `among` those for which an action that stops shipping may be feasible."""
    found = np.zeros(columns.n, dtype=np.bool_)
    if not np.count_nonzero(among):
        return found
    truths = Truths(columns)
    for action in catalogue.actions:
        if action.stops_shipping:
            found = found | truths.all_of(action.when, among)
    return found


def is_to_review(columns: Columns, among: Bools, catalogue: Catalogue) -> Bools:
    """(n,) bool: of the orders of `among` those that somebody looks at before they go on, as `limits.toml` says."""
    if not np.count_nonzero(among):
        return among
    truths = Truths(columns)
    return among & reduce(np.logical_or, [truths.of(condition) for condition in catalogue.limits.to_review])
