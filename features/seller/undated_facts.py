"""What files say has happened without saying when: refunds by amount or state, returns by their status."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from features.seller.facts import holding
from features.seller.items import states
from features.seller.precedence import joining_rules
from features.seller.table import Note, SellerTable
from features.undated import SAID_BY


def with_refunds_said(orders: pl.DataFrame, tables: Sequence[SellerTable]) -> pl.DataFrame:
    """Orders as joined, with `has_refund` where every row of an order calls it refunded or an amount went back; a state
    of a part tells nothing, since the rest is still due."""
    said = _said(tables, joining_rules().items_refunded)
    if said.is_empty() and "refund_amount" not in orders.columns:
        return orders
    held = holding(orders, ("has_refund", "refund_amount"))
    is_said = pl.col("order_id").is_in(said["order_id"].implode()) | (pl.col("refund_amount") > 0.0)
    has = pl.when(is_said.fill_null(value=False)).then(pl.lit(value=True)).otherwise("has_refund")
    kept = held.with_columns(has.alias("has_refund"))
    return kept if "refund_amount" in orders.columns else kept.drop("refund_amount")


def undated_notes(orders: pl.DataFrame, tables: Sequence[SellerTable]) -> list[Note]:
    """How many of the orders have what nobody dates, and of how many only a part of unknown size was refunded."""
    held = holding(orders, (*SAID_BY, *SAID_BY.values()))
    count = {name: held.filter(pl.col(flag) & pl.col(name).is_null()).height for name, flag in SAID_BY.items()}
    notes = [
        Note("refunds_undated", "refunded_at", {"orders": str(count["refunded_at"])}),
        Note("returns_undated", "return_authorised_at", {"orders": str(count["return_authorised_at"])}),
        Note("labels_undated", "return_label_sent_at", {"orders": str(count["return_label_sent_at"])}),
    ]
    partly = held.join(_said(tables, joining_rules().items_partly_refunded), on="order_id", how="semi")
    untold = partly.filter(pl.col("refunded_at").is_null() & ~pl.col("has_refund").fill_null(value=False)).height
    notes.append(Note("refunds_in_part", "order_status", {"orders": str(untold)}))
    return [note for note in notes if note.details["orders"] != "0"]


def _said(tables: Sequence[SellerTable], words: Sequence[str]) -> pl.DataFrame:
    """(order_id) of orders of which every row of a file is in one of these states."""
    found = [pl.DataFrame(schema={"order_id": pl.String})]
    for table in tables:
        asked = [state.is_in(list(words)) for state in states(table.frame.columns)]
        if asked and table.kind in ("orders", "order_items"):
            of_each = table.frame.group_by("order_id").agg(pl.any_horizontal(asked).fill_null(value=False).all())
            found.append(of_each.filter(pl.nth(1)).select(pl.col("order_id").cast(pl.String)))
    return pl.concat(found).unique().drop_nulls()
