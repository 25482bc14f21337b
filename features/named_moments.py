"""Moments by name: an instant of the order, or one derived from several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from features.columns import Bools, Columns, Floats
from features.errors import nearest
from features.handover import READ, dispatched_at, handed_over_at, is_seen, left_at
from features.moments import contact_at, message_at
from features.order import attributes
from features.refunds import is_of_unknown_size, is_surely_in_full, perhaps_in_full_at, surely_in_full_at
from features.return_answers import answered_at, is_answered_undated, is_way_given_undated, on_its_way_at, way_given_at
from features.ruled import ABOUT_GOODS, OF_CLAIM, claim_filed_at, is_called_off, sent_back_at
from features.symbols import Value
from features.tracing import written
from features.undated import UNDATED, arrived_at, undated
from features.withheld import auto_cancel_at, is_perhaps_refunded_undated, is_withheld_undated, withheld_at


def _contact_once_arrived(columns: Columns) -> Floats:
    """(n,) instants: from when the parcel has come and the buyer has written, the later of both."""
    return np.maximum(contact_at(columns), arrived_at(columns))


def _seller_wrote(columns: Columns) -> Floats:
    return np.fmax(columns["first_reply_at"], columns["last_reply_at"])


def _waiting_since(columns: Columns) -> Floats:
    """(n,) instants: the buyer's message that has no reply yet, NaN where none waits."""
    asked, wrote = np.fmax(columns["first_message_at"], columns["last_message_at"]), _seller_wrote(columns)
    first = message_at(columns)
    is_before = np.isnan(wrote) | (wrote < first)  # what the seller wrote before a question is no answer
    return np.where(is_before, first, np.where(wrote < asked, asked, np.nan))


def _cancel_waiting_since(columns: Columns) -> Floats:
    """(n,) instants: the message about cancelling that has no reply yet, NaN where there is none."""
    return np.where(columns.chosen("message_topic", "cancel") == 1.0, _waiting_since(columns), np.nan)


def _return_waiting_since(columns: Columns) -> Floats:
    """(n,) instants: the return request since which the seller has not written, NaN where there is none."""
    asked, wrote = columns["return_requested_at"], _seller_wrote(columns)
    return np.where(wrote >= asked, np.nan, asked)


def _parcel_missed(columns: Columns) -> Floats:
    """(n,) instants: the buyer's earliest message, where it says that the parcel did not come, or it has not come
    yet; NaN else."""
    has_come = undated(columns, "delivered_at") | ~np.isnan(columns["delivered_at"])
    says_so: Bools = columns.chosen("message_topic", "not_received") == 1.0
    return np.where(says_so | ~has_come, message_at(columns), np.nan)


def _return_due_since(columns: Columns) -> Floats:
    """(n,) instants: the return request that has to be met: inside the policy for all that is known, or authorised, as
    one outside it need not be; NaN else."""
    is_outside: Bools = columns["is_return_in_policy"] == 0.0
    is_answered = ~np.isnan(answered_at(columns)) | is_answered_undated(columns)
    return np.where(is_outside & ~is_answered, np.nan, columns["return_requested_at"])


def _return_label_due_since(columns: Columns) -> Floats:
    """(n,) instants: the return request for which a label is due: the shop has no address where the buyer is, or pays
    for returns, or the goods are at fault and it is not known to have one; NaN else. One of both is enough."""
    has_address = columns["has_return_address_in_marketplace"]
    offers, buyer_pays = columns["offers_prepaid_return_label"], columns["buyer_pays_return_shipping"]
    is_promised: Bools = (offers == 1.0) | (buyer_pays == 0.0)
    is_at_fault: Bools = (columns.chosen("message_topic", *ABOUT_GOODS) == 1.0) & ~(has_address == 1.0)
    return np.where((has_address == 0.0) | is_promised | is_at_fault, columns["return_requested_at"], np.nan)


def _called_off(columns: Columns) -> Floats:
    return np.where(is_called_off(columns), columns["cancelled_at"], np.nan)


def _refund_unclear(columns: Columns) -> Floats:
    """(n,) instants: the refund of which nobody tells how much, unless the shop has looked it up since, and since the
    goods came back; NaN else."""
    refunded = columns["refunded_at"]
    is_checked: Bools = columns["refund_checked_at"] >= np.fmax(refunded, columns["return_delivered_at"])
    return np.where(is_of_unknown_size(columns) & ~is_checked, refunded, np.nan)


def _is_refund_unclear_undated(columns: Columns) -> Bools:
    checked = columns["refund_checked_at"]
    is_checked: Bools = ~np.isnan(checked) & ~(checked < columns["return_delivered_at"])
    return undated(columns, "refunded_at") & is_of_unknown_size(columns) & ~is_checked


def _is_surely_refunded_undated(columns: Columns) -> Bools:
    return undated(columns, "refunded_at") & is_surely_in_full(columns)


def _answered_undated(columns: Columns) -> Bools:
    return is_answered_undated(columns) | is_of_unknown_size(columns)


def _way_given_undated(columns: Columns) -> Bools:
    return is_way_given_undated(columns) | is_of_unknown_size(columns)


_DERIVED_FROM = (
    *READ, *OF_CLAIM, "claim_withdrawn_at", "cancel_requested_at", "cancelled_at", "is_out_of_stock", "marketplace",
    "ship_by", "first_message_at", "last_message_at", "first_reply_at", "last_reply_at",
    "return_requested_at", "return_authorised_at", "has_return_authorisation", "return_label_sent_at",
    "has_return_label", "has_return_address_in_marketplace", "offers_prepaid_return_label",
    "buyer_pays_return_shipping", "is_return_in_policy", "refunded_at",
    "has_refund", "refund_amount", "order_total", "item_price", "shipping_price", "promotion_discount",
    "message_topic", "cancellation_checked_at", "refund_checked_at", "return_method_given_at",
)  # fmt: skip
DERIVED: dict[str, Callable[[Columns], Floats]] = {
    "arrived_at": arrived_at,
    "message_at": message_at,
    "handed_over_at": handed_over_at,
    "dispatched_at": dispatched_at,
    "left_at": left_at,
    "withheld_at": withheld_at,
    "called_off_at": _called_off,
    "claim_filed_at": claim_filed_at,
    "sent_back_at": sent_back_at,
    "auto_cancel_at": auto_cancel_at,
    "contact_at": contact_at,
    "contact_once_arrived_at": _contact_once_arrived,
    "seller_wrote_at": _seller_wrote,
    "waiting_since": _waiting_since,
    "cancel_waiting_since": _cancel_waiting_since,
    "return_waiting_since": _return_waiting_since,
    "return_due_since": _return_due_since,
    "return_label_due_since": _return_label_due_since,
    "return_on_its_way_at": on_its_way_at,
    "parcel_missed_at": _parcel_missed,
    "perhaps_refunded_in_full_at": perhaps_in_full_at,
    "surely_refunded_in_full_at": surely_in_full_at,
    "refund_unclear_at": _refund_unclear,
    "return_answered_at": answered_at,
    "return_way_given_at": way_given_at,
}
# Of derived moments, where they have come, or for all that is known may have, though nobody tells when.
_UNDATED: dict[str, Callable[[Columns], Bools]] = {
    "handed_over_at": is_seen,
    "dispatched_at": is_seen,
    "left_at": is_seen,
    "withheld_at": is_withheld_undated,
    "perhaps_refunded_in_full_at": is_perhaps_refunded_undated,
    "surely_refunded_in_full_at": _is_surely_refunded_undated,
    "refund_unclear_at": _is_refund_unclear_undated,
    "return_answered_at": _answered_undated,
    "return_way_given_at": _way_given_undated,
}


def moment(columns: Columns, name: str) -> Floats:
    """(n,) float64 instants: an attribute of the order, or a moment derived from several; NaN unknown."""
    derived = DERIVED.get(name)
    return columns[name] if derived is None else derived(columns)


def moment_of(columns: Columns, i: int, name: str) -> float:
    """The same of order i alone."""
    if name not in DERIVED:
        return float(columns.value(name, i))
    if columns.is_few:
        return float(_of_one(name)(columns.each[i])[0])
    few = {of: columns[of][i : i + 1] for of in _DERIVED_FROM if of in columns}
    return float(DERIVED[name](Columns(1, few))[0])


@cache
def _of_one(name: str) -> Callable[[Mapping[str, Value]], list[float]]:
    return written(lambda columns: [DERIVED[name](columns)])


def has_come(columns: Columns, name: str) -> Bools:
    """(n,) bool: whether the moment lies at or before as_of, or is known to have come though nobody tells when."""
    came: Bools = moment(columns, name) <= columns["as_of"]
    if name in _UNDATED:
        return came | _UNDATED[name](columns)
    return came | undated(columns, name) if name in UNDATED else came


def is_absent(columns: Columns, name: str) -> bool:
    """Whether no order has the moment, told without looking at any."""
    return name not in DERIVED and name not in UNDATED and name not in columns


def checked_moment(name: str) -> str:
    """The name, if it is a moment; else a ValueError."""
    known = [*DERIVED, *(a.name for a in attributes().values() if a.is_instant)]
    if name not in known:
        raise ValueError(f"expected a moment, got {name!r}{nearest(name, known)}")
    return name
