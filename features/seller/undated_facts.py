"""What files say has happened without saying when: refunds by amount or state, returns by their status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from features.seller.facts import holding, no_conflicts
from features.seller.items import states
from features.seller.precedence import joining_rules
from features.seller.table import Note, SellerTable
from features.undated import SAID_BY


@dataclass(frozen=True, slots=True)
class RefundsSaid:
    """orders: with `has_refund` and the amounts that words tell; conflicts: where `has_refund` was denied."""

    orders: pl.DataFrame
    conflicts: pl.DataFrame
    notes: list[Note]


def refunds_said(orders: pl.DataFrame, tables: Sequence[SellerTable]) -> RefundsSaid:
    """Completed orders, with `has_refund` where every row of an order calls it refunded, an amount went back or a date
    is told; a state of a part tells nothing, since the rest is still due. Beside such a word an amount of 0 is unknown,
    as ERPs write it, and a word for all of it makes it the total."""
    rules = joining_rules()
    full, part = _said(tables, rules.items_fully_refunded), _said(tables, rules.items_partly_refunded)
    said = _said(tables, (*rules.items_refunded, *rules.items_fully_refunded))
    if said.is_empty() and not {"refund_amount", "has_refund"} & {*orders.columns}:
        return RefundsSaid(orders, no_conflicts(), [])
    given = holding(orders, ("has_refund", "refund_amount", "refunded_at", "order_total"))
    is_said = _among(said) | pl.col("has_refund").fill_null(value=False)
    is_zero = ((pl.col("refund_amount") == 0.0) & (is_said | _among(part))).fill_null(value=False)
    is_full = _among(full) & (is_zero | pl.col("refund_amount").is_null()) & (pl.col("order_total") > 0.0)
    told = given.with_columns(
        is_said.alias("_said"), is_zero.alias("_zero"), is_full.fill_null(value=False).alias("_full")
    )
    amount = pl.when("_full").then("order_total").when(~pl.col("_zero")).then("refund_amount")
    told = told.with_columns(amount.alias("refund_amount"))
    denied = told.filter(
        ~pl.col("has_refund") & (_has_amount() | pl.col("refunded_at").is_not_null() | pl.col("_said"))
    )
    is_made = pl.col("_said") | _has_amount() | _among(denied)
    has = pl.when(is_made).then(pl.lit(value=True)).otherwise("has_refund")
    made = told.with_columns(has.alias("has_refund"))
    own = [
        n for n in made.columns if n in orders.columns or n == "has_refund" or (n == "refund_amount" and full.height)
    ]
    in_full, of_nothing = int(told["_full"].sum()), told.filter(pl.col("_zero") & ~pl.col("_full")).height
    notes = [Note("refunds_in_full", "refund_amount", {"orders": str(in_full)})] if in_full else []
    notes += [Note("refunds_of_nothing", "refund_amount", {"orders": str(of_nothing)})] if of_nothing else []
    return RefundsSaid(made.select(own), _denials(denied), notes)


def _among(orders: pl.DataFrame) -> pl.Expr:
    return pl.col("order_id").is_in(orders["order_id"].implode())


def _has_amount() -> pl.Expr:
    return (pl.col("refund_amount") > 0.0).fill_null(value=False)


def _denials(denied: pl.DataFrame) -> pl.DataFrame:
    """Orders that a file calls not refunded though an amount, a date or a state says so: the refund is kept."""
    says = pl.when(_has_amount()).then(pl.lit("refund_amount")).when(pl.col("refunded_at").is_not_null())
    return denied.select(
        "order_id", pl.lit("has_refund").alias("attribute"), pl.lit("true").alias("kept"),
        says.then(pl.lit("refunded_at")).otherwise(pl.lit("order_status")).alias("kept_from"),
        pl.lit("false").alias("other"), pl.lit("has_refund").alias("other_from"),
    )  # fmt: skip


def undated_notes(orders: pl.DataFrame, tables: Sequence[SellerTable]) -> list[Note]:
    """How many of the orders have what nobody dates, of how many only a part of unknown size was refunded, and of how
    many more than they cost."""
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
    over = pl.col("refund_amount") > pl.col("order_total") + joining_rules().agreement_number
    count_over = holding(orders, ("refund_amount", "order_total")).filter(over).height
    notes.append(Note("refunds_over_total", "refund_amount", {"orders": str(count_over)}))
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
