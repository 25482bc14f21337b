"""Simulated messages, return requests and refunds, and what a shop knows of the buyer's past."""

from __future__ import annotations

import numpy as np
import polars as pl

from training.entities import Flags, Floats, Ints
from training.hazards import MISSING, OTHER, OVERDUE, PRODUCT, PRODUCT_LATE, REPLY_48_REFUND, REPLY_REFUND
from training.journey import on_clock
from training.story import Story, coded, flag, masked, money

_TOPICS = ("not_received", "not_as_described", "damaged", "return", "refund", "cancel", "other")
_REASONS = ("defective", "not as described", "no longer needed")


def contact_columns(story: Story, rng: np.random.Generator, decided: Floats, seller_paid: Flags) -> list[pl.Series]:
    """Messages, return request and refund, those after a claim among them."""
    j, b, n = story.journey, story.basket, len(story.basket)
    u = rng.random((7, n))
    is_goods = np.isfinite(j.contacted) & np.isin(j.kind, (PRODUCT, PRODUCT_LATE))
    is_return_only, is_both = is_goods & (u[0] < 0.4), is_goods & (u[0] >= 0.4) & (u[0] < 0.65)
    message = np.where(is_return_only, np.inf, j.contacted)
    requested = np.where(is_return_only, j.contacted, np.where(is_both, on_clock(j.contacted + 0.2 + u[1]), np.inf))
    authorised = np.maximum(requested, j.replied)
    has_way = b.offers_prepaid_label | b.has_return_address
    label = np.where(has_way, on_clock(authorised + 0.5 * u[2]), np.inf)
    sent_back = np.where(u[3] < 0.6, on_clock(label + 1.0 + 6.0 * u[4]), np.inf)
    back = on_clock(sent_back + 3.0 + 5.0 * u[5])
    refunded = np.where(np.isin(j.answer, (REPLY_REFUND, REPLY_48_REFUND)), j.replied, on_clock(back + 2.0))
    refunded = np.where(refunded < j.claimed, refunded, np.where(seller_paid, decided, np.inf))
    last_message = np.where(np.isfinite(message) & np.isfinite(j.claimed), j.claimed, message)
    count = np.where(np.isfinite(message), 1 + (u[6] < 0.5) + (u[6] < 0.2) + 2 * np.isfinite(j.claimed), 0)
    paid = np.where(refunded >= decided, 1.0, np.where(u[5] < 0.8, 1.0, 0.5)) * b.price * b.quantity
    in_policy = requested <= j.arrived + story.entities.shops.return_window_days[b.shop]
    return [
        story.instants("first_message_at", message),
        story.instants("last_message_at", last_message),
        story.instants("first_reply_at", j.replied),
        story.instants("last_reply_at", j.replied),
        masked(pl.Series("message_count", count), np.isfinite(message)),
        coded("message_topic", _topic(story, message, u[2]), _TOPICS),
        story.instants("return_requested_at", requested),
        coded("return_reason", np.where(np.isfinite(requested), (u[4] * 3).astype(np.int64), -1), _REASONS),
        flag("is_return_in_policy", in_policy, np.isfinite(requested)),
        story.instants("return_authorised_at", authorised),
        story.instants("return_label_sent_at", label),
        story.instants("return_shipped_at", sent_back),
        story.instants("return_delivered_at", back),
        story.instants("refunded_at", refunded),
        masked(money("refund_amount", paid), np.isfinite(refunded)),
    ]


def _topic(story: Story, message: Floats, u: Floats) -> Ints:
    """Code of the message's topic, -1 without a message."""
    j, b = story.journey, story.basket
    goods = np.where(b.is_fragile & b.is_rough & (u < 0.7), 2, np.where(u < 0.75, 1, np.where(u < 0.9, 3, 4)))
    other = np.where(u < 0.2, 5, 6)
    topic = np.select([np.isin(j.kind, (OVERDUE, MISSING)), j.kind == OTHER], [np.zeros_like(goods), other], goods)
    return np.where(np.isfinite(message), topic, -1)


def buyer_past(story: Story) -> list[pl.Series]:
    """Earlier orders, returns and claims of the same buyer in the same shop, in this part so far."""
    b, j = story.basket, story.journey
    key = b.shop * 10_000_019 + b.buyer
    is_goods = np.isin(j.kind, (PRODUCT, PRODUCT_LATE))
    events = {"orders": np.zeros(len(key)), "returns": np.where(is_goods, j.contacted, np.inf), "claims": j.claimed}
    return [pl.Series(f"buyer_prior_{name}", _counted(key, b.placed, days)) for name, days in events.items()]


def _counted(key: Ints, placed: Floats, days: Floats) -> Ints:
    """(n,) how many of the key's events came before each order was placed; `days` since the event's own order."""
    has_event = np.isfinite(days)
    keys = np.concatenate([key, key[has_event]])
    moments = np.concatenate([placed, placed[has_event] + days[has_event]])
    is_event = np.concatenate([np.zeros(len(key), np.int64), np.ones(int(has_event.sum()), np.int64)])
    sequence = np.lexsort((is_event, moments, keys))
    so_far = np.cumsum(is_event[sequence])
    is_first = np.r_[True, keys[sequence][1:] != keys[sequence][:-1]]
    before_key = np.maximum.accumulate(np.where(is_first, so_far - is_event[sequence], 0))
    counted = np.empty(len(keys), np.int64)
    counted[sequence] = so_far - before_key
    return counted[: len(key)]
