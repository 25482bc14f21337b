"""Refunds told in another currency than their order's: how much went back is unknown, that it did is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from features.seller.contacts import REFUND
from features.seller.currencies import CURRENCY, SIGN
from features.seller.facts import INSTANT, Told, combined, holding
from features.seller.table import Note, SellerTable, listed_words
from features.seller.wordlists import wordlists

_AMOUNTS = {"returns": "refund_amount", "finances": "amount"}
_OURS = "_currency_of_order"
_NO_REFUNDS = pl.DataFrame(schema=dict.fromkeys(("report", "order_id", CURRENCY, SIGN), pl.String))


@dataclass(frozen=True, slots=True)
class Refunds:
    """What files of orders, and those of returns and finances, tell, without amounts in another currency."""

    sales: list[Told]
    tables: list[SellerTable]
    notes: list[Note]


def in_order_currency(sales: Sequence[Told], tables: Sequence[SellerTable], population: pl.DataFrame) -> Refunds:
    """A refund's amount is unknown where the currency of its row, or the sign beside it, is not the order's, or where
    the refunds of an order are in several; a number alone is in the order's currency."""
    told = [_refunds(one.report, one.frame, "refund_amount") for one in sales]
    told += [_refunds(table.report, table.frame, _AMOUNTS[table.kind]) for table in tables if table.kind in _AMOUNTS]
    others = _in_another(pl.concat([_NO_REFUNDS, *told]), _of_orders(sales, population))
    kept = [replace(one, frame=_without(one.frame, "refund_amount", _of_report(others, one.report))) for one in sales]
    found = [
        replace(table, frame=_without(table.frame, _AMOUNTS[table.kind], _of_report(others, table.report), (CURRENCY,)))
        if table.kind in _AMOUNTS else table
        for table in tables
    ]  # fmt: skip
    if others.is_empty():
        return Refunds(kept, found, [])
    details = {"orders": str(others["order_id"].n_unique()), "words": listed_words(others["said"].drop_nulls())}
    return Refunds(kept, found, [Note("refunds_in_other_currency", "refund_amount", details)])


def _of_orders(sales: Sequence[Told], population: pl.DataFrame) -> pl.DataFrame:
    """(order_id, `_OURS`): the currency that the files of orders are believed to tell, null where none does."""
    frames = [
        replace(one, frame=one.frame.select(n for n, t in one.frame.schema.items() if n in names or t == INSTANT))
        for names in [("order_id", CURRENCY)]
        for one in sales
    ]
    believed = holding(combined(frames, ["order_id"], population).frame, (CURRENCY,))
    return believed.select("order_id", pl.col(CURRENCY).alias(_OURS))


def _refunds(report: str, frame: pl.DataFrame, amount: str) -> pl.DataFrame:
    """(refunds, columns of `_NO_REFUNDS`): rows in which money went back, with the currency or the sign they tell."""
    if amount not in frame.columns:
        return _NO_REFUNDS
    held = frame.filter(_is_refund(amount))
    held = held.with_columns(pl.lit(None, pl.String).alias(n) for n in (CURRENCY, SIGN) if n not in held.columns)
    return held.select(pl.lit(report).alias("report"), "order_id", CURRENCY, SIGN)


def _is_refund(amount: str) -> pl.Expr:
    """(n,) bool: the row has an amount that went back."""
    is_one = pl.col("event") == REFUND if amount == "amount" else pl.lit(value=True)
    return (is_one & (pl.col(amount) != 0.0)).fill_null(value=False)


def _in_another(refunds: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """(report, order_id, said): refunds in another currency than their order's, with the currency or sign they tell."""
    may_be = {mark: list(wordlists().signs.get(mark, (mark,))) for mark in refunds[SIGN].drop_nulls().unique()}
    is_other = [pl.col(CURRENCY) != pl.col(_OURS)]
    is_other += [
        pl.col(CURRENCY).is_null() & (pl.col(SIGN) == mark) & ~pl.col(_OURS).is_in(codes)
        for mark, codes in may_be.items()
    ]
    several = pl.col(CURRENCY).drop_nulls().n_unique().over("report", "order_id") > 1
    is_other.append(pl.col(_OURS).is_null() & several)
    held = refunds.join(ours, on="order_id", how="left", maintain_order="left")
    said = pl.coalesce(CURRENCY, SIGN).alias("said")
    return held.filter(pl.any_horizontal(is_other)).select("report", "order_id", said)


def _of_report(others: pl.DataFrame, report: str) -> pl.Series:
    """The orders of a report with a refund in another currency."""
    return others.filter(pl.col("report") == report)["order_id"]


def _without(frame: pl.DataFrame, amount: str, orders: pl.Series, also: Sequence[str] = ()) -> pl.DataFrame:
    """Rows as they were, but that refunds of these orders only say that there was one; without signs of currencies."""
    bare = frame.drop(SIGN, strict=False)
    if orders.is_empty() or amount not in frame.columns:
        return bare
    is_other = pl.col("order_id").is_in(orders.implode()) & _is_refund(amount)
    has = pl.when(is_other).then(pl.lit(value=True)).otherwise("has_refund").alias("has_refund")
    left = [pl.when(~is_other).then(name).alias(name) for name in (amount, *also)]
    return holding(bare, ("has_refund", *also)).with_columns(has, *left)
