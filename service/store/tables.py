"""The tables of the store, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text

# Orders or events asked for in one statement; more outgrow PostgreSQL's stack.
AT_ONCE = 200

metadata = MetaData()

# Instants are epoch seconds; rows are added, never changed, but for the `recorded` in an answer (see database.py).
decisions = Table(
    "decisions", metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("as_of", Double, nullable=False),
    Column("decided_at", Double, nullable=False),
    Column("cause", Text, nullable=False, comment="score: sent by the shop; event: computed after one"),
    Column("model", Text, nullable=False, comment="version of the bundle; the other versions are in the answer"),
    Column("probability", Double, comment="null where none is told"),
    Column("band", Text, comment="null where none is told"),
    Column("features", LargeBinary, nullable=False, comment="little-endian float64, in the order of the bundle"),
    Column("seen", Text, nullable=False, comment="the order as it was seen, JSON"),
    Column("answer", Text, nullable=False, comment="the bytes that were answered, UTF-8"),
    Column("shadow_model", Text, comment="version of the bundle that scored beside; null where none did"),
    Column("shadow_probability", Double, comment="what it said; told to nobody"),
    Index("decisions_of_order", "shop_id", "order_id", "id"),
    Index("decisions_of_shop", "shop_id", "as_of"),
)  # fmt: skip

events = Table(
    "events", metadata,
    Column("shop_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Double, nullable=False, comment="when it happened"),
    Column("received_at", Double, nullable=False, comment="when we came to know"),
    Column("body", Text, nullable=False, comment="the event as it was sent, JSON"),
    PrimaryKeyConstraint("shop_id", "event_id"),
    Index("events_of_order", "shop_id", "order_id"),
    Index("events_of_shop", "shop_id", "at"),
)  # fmt: skip

replies = Table(
    "replies", metadata,
    Column("caller", Text, nullable=False),
    Column("key", Text, nullable=False, comment="the Idempotency-Key"),
    Column("digest", Text, nullable=False, comment="SHA-256 of what was asked"),
    Column("work_id", Text, nullable=False, comment="of the request that was answered first"),
    Column("at", Double, nullable=False),
    Column("language", Text, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the bytes that were answered"),
    PrimaryKeyConstraint("caller", "key"),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    Column("id", Text, primary_key=True, comment="the webhook-id: the same, however often it is sent"),
    Column("shop_id", Text, nullable=False),
    Column("order_id", Text, comment="null where it is about the shop"),
    Column("topic", Text, nullable=False),
    Column("body", Text, nullable=False, comment="the bytes that are sent, UTF-8"),
    Column("next_at", Double, nullable=False, comment="not tried before"),
    Column("attempts", Integer, nullable=False),
    Column("ended_at", Double, comment="when it was delivered or given up; null while it waits"),
    Column("ending", Text, comment="delivered, outdated or given_up"),
    Index("outbox_waiting", "ended_at", "next_at"),
)  # fmt: skip
