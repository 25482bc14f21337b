"""Replies told apart from what the seller wrote before the buyer did, which answers nothing."""

from __future__ import annotations

import numpy as np

from features.columns import Columns


def replies_apart(columns: Columns) -> Columns:
    """The orders with a first reply that answers the first message: one before it is the seller's own message, and
    known as the last that he wrote; of replies after it then only the last is known."""
    if not ("first_reply_at" in columns and "first_message_at" in columns):
        return columns
    asked, first, last = (columns[name] for name in ("first_message_at", "first_reply_at", "last_reply_at"))
    is_own = first < asked
    if not is_own.any():
        return columns
    answered = np.where(is_own, np.where(last >= asked, last, np.nan), first)
    wrote = np.where(is_own, np.fmax(first, last), last)
    return columns.replacing({"first_reply_at": answered, "last_reply_at": wrote})
