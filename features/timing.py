"""When things happened or did not: promises, ages, lateness, unanswered messages and open returns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.columns import Columns, Floats
from features.feature import Feature
from features.former import is_refunded_since
from features.handover import carried_at, is_seen
from features.moments import DAY, HOUR, contact_at, message_at
from features.order import Known
from features.undated import arrived_at, undated

_TOPICS = {
    "topic_not_received": ("not_received",),
    "topic_product": ("not_as_described", "damaged"),
    "topic_return": ("return", "refund"),
    "topic_cancel": ("cancel",),
}

_PEAK_BEGINS, _PEAK_ENDS = 259.0, 306.0  # days after 1 March: 15 November, 1 January

_TOLD_OF_MESSAGES = ("last_message_at", "message_count", "message_topic")
_TOLD_OF_RETURNS = ("return_requested_at", "return_authorised_at", "return_delivered_at", "is_return_in_policy")

# Waiting acts by its ratio more than by its difference: the first day tells more than the fortieth.
_CURVED: dict[str, tuple[str, Known]] = {
    "days_since_delivery": ("delivered_at", "delivered"),
    "days_since_contact": ("first_message_at", "contact"),
    "quiet_days": ("delivered_at", "delivered"),
    "days_overdue": ("latest_delivery_at", "placed"),
    "unseen_days": ("latest_delivery_at", "shipped"),
    "days_to_close": ("latest_delivery_at", "placed"),
    "days_late": ("delivered_at", "delivered"),
    "unanswered_hours": ("first_reply_at", "contact"),
    "reply_hours": ("first_reply_at", "contact"),
    "unauthorised_hours": ("return_authorised_at", "contact"),
    "unshipped_hours_late": ("ship_by", "placed"),
    "unscanned_days": ("first_scan_at", "shipped"),
}

_DECLARED = (
    Feature("age_days", "placed_at", "days", "placed", "since the order was placed"),
    Feature("handling_promise_days", "ship_by", "days", "placed", "promised time to hand over"),
    Feature("transit_promise_days", "latest_delivery_at", "days", "placed", "from ship_by to the end of the promise"),
    Feature("promise_days", "latest_delivery_at", "days", "placed", "from placing to the end of the promise"),
    Feature("promise_is_estimated", "latest_delivery_basis", "flag", "placed", "latest_delivery_at was filled in"),
    Feature("is_peak_season", "placed_at", "flag", "placed", "placed from 15 November to 31 December"),
    Feature("unshipped_hours_late", "ship_by", "hours", "placed", "hours past ship_by while not handed over"),
    Feature("shipped_hours_late", "shipped_at", "hours", "shipped", "hours from ship_by to hand-over"),
    Feature("handling_days", "shipped_at", "days", "shipped", "from placing to hand-over"),
    Feature("slack_days", "shipped_at", "days", "shipped", "from hand-over to the end of the promise"),
    Feature("scan_lag_hours", "first_scan_at", "hours", "in_transit", "from hand-over to the first scan"),
    Feature("unscanned_days", "first_scan_at", "days", "shipped", "handed over without a scan, unless untracked"),
    Feature("carrier_slack_days", "carrier_latest_delivery_at", "days", "shipped", "carrier's promise past ours"),
    Feature(
        "estimate_slack_days", "carrier_estimated_delivery_at", "days", "in_transit", "carrier's estimate past ours"
    ),
    Feature("transit_days_so_far", "shipped_at", "days", "shipped", "since hand-over, while undelivered"),
    Feature("days_left", "latest_delivery_at", "days", "placed", "to the end of the promise, while undelivered"),
    Feature("days_overdue", "latest_delivery_at", "days", "placed", "past the promise, while undelivered; else 0"),
    Feature("unseen_days", "latest_delivery_at", "days", "shipped", "past the promise, not delivered by the tracking"),
    Feature("silent_days", "last_scan_at", "days", "in_transit", "since the last scan, while undelivered"),
    Feature("days_late", "delivered_at", "days", "delivered", "delivered this long after the promise"),
    Feature("lateness_days", "latest_delivery_at", "days", "placed", "of delivery, or so far, against the promise"),
    Feature("days_since_delivery", "delivered_at", "days", "delivered", "since it was delivered"),
    Feature("quiet_days", "delivered_at", "days", "delivered", "since delivery, while the buyer has not written"),
    Feature("days_to_close", "latest_delivery_at", "days", "placed", "from as_of to latest_delivery_at + claim window"),
    Feature("days_since_contact", "first_message_at", "days", "contact", "since the buyer's first contact"),
    Feature("contact_past_promise_days", "first_message_at", "days", "contact", "first contact after the promise"),
    Feature("contact_past_delivery_days", "first_message_at", "days", "contact", "first contact after delivery"),
    Feature("unanswered_hours", "first_reply_at", "hours", "contact", "first message without a reply; else 0"),
    Feature("reply_hours", "first_reply_at", "hours", "contact", "from the first message to the reply, so far"),
    Feature("last_unanswered_hours", "last_reply_at", "hours", "contact", "last message without a reply; else 0"),
    Feature("messages_log", "message_count", "log", "contact", "the buyer's messages"),
    *(Feature(f"{n}_log", of, "log", known, f"log of 1 + {n}, at least 0") for n, (of, known) in _CURVED.items()),
    *(Feature(n, "message_topic", "flag", "contact", "topic " + " or ".join(of)) for n, of in _TOPICS.items()),
    Feature("return_requested_days", "return_requested_at", "days", "contact", "since a return was asked for"),
    Feature("unauthorised_hours", "return_authorised_at", "hours", "contact", "return not authorised; else 0"),
    Feature("authorise_hours", "return_authorised_at", "hours", "contact", "from request to authorisation, so far"),
    Feature("unlabelled_hours", "return_label_sent_at", "hours", "contact", "authorised without a label; else 0"),
    Feature("unrefunded_days", "return_delivered_at", "days", "contact", "return arrived, not refunded; else 0"),
    Feature("is_return_in_policy", "is_return_in_policy", "flag", "contact", "the return is inside the policy"),
    Feature("is_refunded", "refunded_at", "flag", "contact", "refunded, in part or in full"),
    Feature("is_cancel_requested", "cancel_requested_at", "flag", "placed", "the buyer asked to cancel"),
    Feature("is_cancelled", "cancelled_at", "flag", "placed", "cancelled"),
)
FEATURES = tuple(replace(f, source="timing") for f in _DECLARED)


def timing(columns: Columns, window_days: float, told: Columns | None = None) -> dict[str, Floats]:
    """The features of this file by name, (n,) float64 each, NaN unknown; window_days: the claim window; told: the same
    orders with what else tells of their contact and arrival, where `columns` lack it."""
    told = columns if told is None else told
    out = _promises(columns, window_days)
    out.update(_travel(columns, told))
    contact = contact_at(told)
    out["quiet_days"] = np.where(np.isnan(contact), out["days_since_delivery"], np.nan)
    # By everything they read: an order must not read otherwise beside orders that have more.
    if not np.isnan(contact).all() or any(name in columns for name in _TOLD_OF_MESSAGES):
        out.update(_messages(columns, told))
    if any(name in columns for name in _TOLD_OF_RETURNS):
        out.update(_returns(columns))
    out.update({f"{n}_log": np.log1p(np.maximum(out[n], 0.0)) for n in _CURVED if n in out})
    out["is_refunded"] = np.where(undated(columns, "refunded_at"), 1.0, _happened(columns, "refunded_at"))
    out["is_refunded"] = np.where(np.isnan(contact), np.nan, out["is_refunded"])
    out["is_cancel_requested"] = _happened(columns, "cancel_requested_at")
    out["is_cancelled"] = _happened(columns, "cancelled_at")
    return out


def _happened(columns: Columns, name: str) -> Floats:
    return columns.known(name).astype(np.float64)


def _waiting(since: Floats, until: Floats, as_of: Floats, unit: float) -> Floats:
    """How long something has waited: 0 once it came, NaN if it never began."""
    return np.where(np.isnan(since), np.nan, np.where(np.isnan(until), (as_of - since) / unit, 0.0))


def _promises(columns: Columns, window_days: float) -> dict[str, Floats]:
    as_of, placed = columns["as_of"], columns["placed_at"]
    ship_by, latest = columns["ship_by"], columns["latest_delivery_at"]
    return {
        "age_days": (as_of - placed) / DAY,
        "handling_promise_days": (ship_by - placed) / DAY,
        "transit_promise_days": (latest - ship_by) / DAY,
        "promise_days": (latest - placed) / DAY,
        "promise_is_estimated": columns["latest_delivery_basis"],
        "is_peak_season": _is_peak_season(placed),
        "days_to_close": (latest - as_of) / DAY + window_days,
    }


def _is_peak_season(at: Floats) -> Floats:
    """(n,) float64: 1 from 15 November to 31 December (UTC), counted from 1 March, so that leap years do not matter.

    Days to years as in H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
    """
    days = np.floor(at / DAY) + 719_468.0
    of_era = days - np.floor(days / 146_097.0) * 146_097.0
    leap = np.floor(of_era / 1_460.0) - np.floor(of_era / 36_524.0) + np.floor(of_era / 146_096.0)
    year = np.floor((of_era - leap) / 365.0)
    of_year = of_era - (365.0 * year + np.floor(year / 4.0) - np.floor(year / 100.0))
    peak = (of_year >= _PEAK_BEGINS) & (of_year < _PEAK_ENDS)
    return np.where(np.isnan(at), np.nan, peak.astype(np.float64))


def _travel(columns: Columns, told: Columns) -> dict[str, Floats]:
    as_of, placed = columns["as_of"], columns["placed_at"]
    ship_by, latest = columns["ship_by"], columns["latest_delivery_at"]
    scan, arrived = columns["first_scan_at"], arrived_at(told)
    shipped, scanned = columns["shipped_at"], np.fmin(scan, told["last_scan_at"])
    handed = np.where(np.isnan(shipped), scan, shipped)
    away = np.isnan(arrived) & ~undated(told, "delivered_at")
    # Where only a later sign tells of the hand-over, it has happened, and when is unknown.
    is_carried = ~np.isnan(carried_at(told)) | is_seen(told)
    under_way = is_carried & away
    tracked, overdue = columns["has_tracking"], np.where(away, np.maximum((as_of - latest) / DAY, 0.0), 0.0)
    return {
        "unshipped_hours_late": np.where(~is_carried & away, (as_of - ship_by) / HOUR, np.nan),
        "shipped_hours_late": (handed - ship_by) / HOUR,
        "handling_days": (handed - placed) / DAY,
        "slack_days": (latest - handed) / DAY,
        "scan_lag_hours": (scan - shipped) / HOUR,
        # Nobody scans an untracked parcel, and nobody records that it came: its silence tells nothing.
        "unscanned_days": np.where(away & ~(tracked == 0.0), _waiting(shipped, scanned, as_of, DAY), np.nan),
        "unseen_days": np.where(under_way & (tracked == 1.0), overdue, np.nan),
        "carrier_slack_days": (columns["carrier_latest_delivery_at"] - latest) / DAY,
        "estimate_slack_days": np.where(away, (columns["carrier_estimated_delivery_at"] - latest) / DAY, np.nan),
        "transit_days_so_far": np.where(under_way, (as_of - handed) / DAY, np.nan),
        "days_left": np.where(away, (latest - as_of) / DAY, np.nan),
        "days_overdue": overdue,
        "silent_days": np.where(away, (as_of - columns["last_scan_at"]) / DAY, np.nan),
        "days_late": (arrived - latest) / DAY,
        "lateness_days": (np.where(away, as_of, arrived) - latest) / DAY,
        "days_since_delivery": (as_of - arrived) / DAY,
    }


def _messages(columns: Columns, told: Columns) -> dict[str, Floats]:
    as_of, reply, contact, message = columns["as_of"], columns["first_reply_at"], contact_at(told), message_at(told)
    # A reply from before the only message that is told answered another: how long that one waited is unknown.
    first = np.where(reply < message, columns["first_message_at"], message)
    last, last_reply = columns["last_message_at"], columns["last_reply_at"]
    waits = np.isnan(last_reply) | (last_reply < last)
    out = {
        "days_since_contact": (as_of - contact) / DAY,
        "contact_past_promise_days": (contact - columns["latest_delivery_at"]) / DAY,
        "contact_past_delivery_days": (contact - arrived_at(told)) / DAY,
        "unanswered_hours": _waiting(first, reply, as_of, HOUR),
        "reply_hours": (np.where(np.isnan(reply), as_of, reply) - first) / HOUR,
        "last_unanswered_hours": np.where(np.isnan(last), np.nan, np.where(waits, (as_of - last) / HOUR, 0.0)),
        "messages_log": np.log(np.maximum(columns["message_count"], 0.5)),
    }
    if "message_topic" in columns:
        out.update({name: columns.chosen("message_topic", *of) for name, of in _TOPICS.items()})
    return out


def _returns(columns: Columns) -> dict[str, Floats]:
    as_of, asked = columns["as_of"], columns["return_requested_at"]
    authorised, back = columns["return_authorised_at"], columns["return_delivered_at"]
    # A former return that was refunded in part waits for policy's rules alone.
    back = np.where((back < asked) & is_refunded_since(columns, back), np.nan, back)

    def waiting(since: Floats, name: str, unit: float) -> Floats:
        over = undated(columns, name) & ~np.isnan(since)
        return np.where(over, 0.0, _waiting(since, columns[name], as_of, unit))

    until = np.where(undated(columns, "return_authorised_at"), np.nan, as_of)
    return {
        "return_requested_days": (as_of - asked) / DAY,
        "unauthorised_hours": waiting(asked, "return_authorised_at", HOUR),
        "authorise_hours": (np.where(np.isnan(authorised), until, authorised) - asked) / HOUR,
        "unlabelled_hours": waiting(authorised, "return_label_sent_at", HOUR),
        "unrefunded_days": waiting(back, "refunded_at", DAY),
        "is_return_in_policy": columns["is_return_in_policy"],
    }
