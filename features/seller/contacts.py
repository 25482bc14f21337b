"""Messages, returns and refunds, one row each, into the instants and flags of their orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from features.seller.facts import Told, holding, no_conflicts
from features.seller.items import summed
from features.seller.table import SellerTable

BUYER, SELLER = "buyer", "seller"
REFUND, SHIPMENT = "refund", "shipment"

Event = Literal["messages", "returns", "finances"]
_NEEDED: dict[Event, tuple[str, ...]] = {
    "messages": ("sent_at", "sender", "message_topic"), "returns": ("return_requested_at", "is_a_to_z"),
    "finances": ("posted_at", "amount", "currency", "event_id"),
}  # fmt: skip


def events(tables: Sequence[SellerTable], kind: Event) -> dict[str, pl.DataFrame]:
    """Rows of one kind by report, each event once: what two files both hold is one event, what stands twice in one
    file is two. Rows come sorted, so that the order of files and rows does not show."""
    by_report: dict[str, list[pl.DataFrame]] = {}
    for table in tables:
        if table.kind == kind and table.frame.height:
            by_report.setdefault(table.report, []).append(_counted(holding(table.frame, _NEEDED[kind])))
    return {
        report: pl.concat(frames, how="diagonal_relaxed").unique().sort(pl.all(), nulls_last=True).drop("_nth")
        for report, frames in sorted(by_report.items())
    }


def _counted(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows without their lines; equal rows of one file are told apart by a running number."""
    facts = [c for c in frame.columns if c != "line"]
    return frame.select(facts).with_columns(pl.int_range(pl.len()).over(facts).alias("_nth"))


def contacts(tables: Sequence[SellerTable]) -> list[Told]:
    """What messages, returns and refunds tell of orders, one row per order and report."""
    found = [(r, messages_told(f)) for r, f in events(tables, "messages").items()]
    found += [(r, returns_told(f)) for r, f in events(tables, "returns").items()]
    for report, posted in events(tables, "finances").items():
        found += [(report, refunds_told(posted)), (report, shipments_told(posted))]
    return [Told(report, frame, no_conflicts()) for report, frame in found if frame.height]


def messages_told(rows: pl.DataFrame) -> pl.DataFrame:
    """The buyer's messages, the seller's replies and what he wrote last: what he wrote before the buyer did answers
    nothing."""
    rows = rows.filter(pl.col("sent_at").is_not_null()).sort("sent_at", *sorted(set(rows.columns) - {"sent_at"}))
    asked = (
        rows.filter(pl.col("sender") == BUYER)
        .group_by("order_id", maintain_order=True)
        .agg(
            pl.col("sent_at").min().alias("first_message_at"), pl.col("sent_at").max().alias("last_message_at"),
            pl.len().cast(pl.Int64).alias("message_count"), pl.col("message_topic").drop_nulls().first(),
        )
    )  # fmt: skip
    at = pl.col("sent_at")
    wrote = (
        rows.filter(pl.col("sender") == SELLER)
        .join(asked.select("order_id", "first_message_at"), on="order_id", how="left")
        .group_by("order_id", maintain_order=True)
        .agg(
            at.filter(at >= pl.col("first_message_at")).min().alias("first_reply_at"),
            at.max().alias("last_reply_at"),
        )
    )
    return asked.join(wrote, on="order_id", how="full", coalesce=True, maintain_order="left_right")


def returns_told(rows: pl.DataFrame) -> pl.DataFrame:
    """The first return request with its reason, the last arrival, all refunds; in policy, authorised and labelled only
    if each return is. A label is there once the return is authorised: before that its type is only planned."""
    if {"has_return_label", "has_return_authorisation"} <= {*rows.columns}:
        rows = rows.with_columns(pl.col("has_return_label") & pl.col("has_return_authorisation"))
    rows = rows.sort("return_requested_at", *sorted(set(rows.columns) - {"return_requested_at"}), nulls_last=True)
    how = {
        "return_requested_at": pl.col("return_requested_at").min(),
        "return_authorised_at": pl.col("return_authorised_at").min(),
        "return_label_sent_at": pl.col("return_label_sent_at").min(),
        "return_method_given_at": pl.col("return_method_given_at").min(),
        "refund_checked_at": pl.col("refund_checked_at").max(),
        "return_shipped_at": pl.col("return_shipped_at").min(),
        "return_delivered_at": pl.col("return_delivered_at").max(),
        "return_reason": pl.col("return_reason").drop_nulls().first(),
        "is_return_in_policy": pl.col("is_return_in_policy").min(),
        "has_return_authorisation": _is_all("has_return_authorisation"),
        "has_return_label": _is_all("has_return_label"),
        "has_refund": pl.col("has_refund").max(),
        "refunded_at": pl.col("refunded_at").min(),
        "refund_amount": summed("refund_amount"),
        "currency": pl.col("currency").drop_nulls().first(),
    }
    return rows.group_by("order_id", maintain_order=True).agg(e for name, e in how.items() if name in rows.columns)


def _is_all(name: str) -> pl.Expr:
    """Whether a flag is true of all rows of a group; unknown where it is of one and no other says false."""
    return pl.col(name).all(ignore_nulls=False).alias(name)


def shipments_told(rows: pl.DataFrame) -> pl.DataFrame:
    """When an order's first shipment was posted, which is when it was confirmed to the marketplace."""
    posted = rows.filter(pl.col("event") == SHIPMENT)
    return posted.group_by("order_id").agg(pl.col("posted_at").min().alias("ship_confirmed_at")).sort("order_id")


def refunds_told(rows: pl.DataFrame) -> pl.DataFrame:
    """The first refund and the sum of all, as the finances record them; debits of claims are no refunds."""
    refunds = rows.filter(pl.col("event") == REFUND).with_columns(refund_amount="amount")
    return refunds.group_by("order_id", maintain_order=True).agg(
        pl.col("posted_at").min().alias("refunded_at"),
        summed("refund_amount").abs(),
        pl.col("currency").drop_nulls().first(),
    )
