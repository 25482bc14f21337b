"""What is of a former matter: messages from before the order, and the steps of a return before it was asked for anew.

A question before buying is none about the order. A return that is asked for after one has arrived is another return:
what answered the first answers nothing. Its arrival stays until it was refunded, since that is still due, and where a
part is known to have been, since the rest may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

import numpy as np

from features.columns import Bools, Columns, Floats
from features.refunds import is_in_part, is_refunded
from features.symbols import Value
from features.tracing import written
from features.undated import SAID_BY

MESSAGES = ("first_message_at", "last_message_at", "first_reply_at", "last_reply_at")
ASKED, SENT_BACK, BACK = "return_requested_at", "return_shipped_at", "return_delivered_at"
FORMER = {
    **dict.fromkeys(MESSAGES, "placed_at"),
    BACK: ASKED,
}  # what may be of a former matter, and what begins this one
_STEPS = ("return_authorised_at", "return_label_sent_at", "return_method_given_at", SENT_BACK)


def former_facts(columns: Columns) -> dict[str, Bools]:
    """Per fact that is of a former matter in any order: (n,) bool, where it is."""
    if columns.is_few and not any(map(any, map(_former_of_one(), columns.each))):
        return {}
    found = {
        later: columns[later] < columns[since]
        for later, since in FORMER.items()
        if later in columns and since in columns
    }
    return {name: where for name, where in found.items() if where.any()}


@cache
def _former_of_one() -> Callable[[Mapping[str, Value]], list[bool]]:
    return written(lambda columns: [columns[later] < columns[since] for later, since in FORMER.items()])


def without_former(columns: Columns) -> Columns:
    """The orders in which what is of a former matter is unknown; later facts must be masked already."""
    former = former_facts(columns)
    hidden = {name: where for name, where in former.items() if name != BACK}
    for name, of in (("message_topic", MESSAGES[:1]), ("message_count", MESSAGES[:2])):
        for fact in of:
            if fact in former:
                hidden[name] = hidden[name] | former[fact] if name in hidden else former[fact]
    if BACK in former:
        hidden |= dict(_of_former_return(columns, former[BACK]))
    return columns.replacing({
        name: np.where(where, np.nan, columns[name]) for name, where in hidden.items() if name in columns
    })  # fmt: skip


def _of_former_return(columns: Columns, is_anew: Bools) -> Iterator[tuple[str, Bools]]:
    for name in _STEPS:
        is_former: Bools = is_anew & (columns[name] < columns[ASKED])
        yield name, is_former
        if name in SAID_BY:
            yield SAID_BY[name], is_former
    is_charged = columns["refund_charged_at"] >= columns[BACK]
    is_settled = is_refunded_since(columns, columns[BACK]) & ~is_in_part(columns)
    yield BACK, is_anew & (is_settled | is_charged)


def is_refunded_since(columns: Columns, back: Floats) -> Bools:
    """(n,) bool: something was refunded, and not before the goods came `back`."""
    return is_refunded(columns) & ~(columns["refunded_at"] < back)
