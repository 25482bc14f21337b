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
_OURS, _IS_OTHER = "_currency_of_order", "_is_other"


@dataclass(frozen=True, slots=True)
class Refunds:
    """What files of orders, and those of returns and finances, tell, without amounts in another currency."""

    sales: list[Told]
    tables: list[SellerTable]
    notes: list[Note]


def in_order_currency(sales: Sequence[Told], tables: Sequence[SellerTable], population: pl.DataFrame) -> Refunds:
    """A refund's amount is unknown where the currency of its row, or the sign beside it, is not the order's, or where
    the refunds of an order are in several; a number alone is in the order's currency."""
    ours = _of_orders(sales, population)
    marked = [_marked(one.frame, "refund_amount", ours) for one in sales]
    kept = [replace(one, frame=_without(frame, "refund_amount")) for one, frame in zip(sales, marked, strict=True)]
    found, reports = list[SellerTable](), _others(tables, ours)
    for table in tables:
        others = reports.get(table.report)
        if table.kind not in _AMOUNTS or others is None:
            found.append(table)
            continue
        amount = _AMOUNTS[table.kind]
        is_other = pl.col("order_id").is_in(others["order_id"].implode()) & _is_refund(table.frame, amount)
        frame = holding(table.frame, (CURRENCY,)).with_columns(is_other.fill_null(value=False).alias(_IS_OTHER))
        frame = frame.with_columns(pl.when(~pl.col(_IS_OTHER)).then(CURRENCY).alias(CURRENCY))
        found.append(replace(table, frame=_without(frame, amount)))
    told = pl.concat([*(frame.filter(_IS_OTHER).select("order_id", CURRENCY) for frame in marked), *reports.values()])
    if told.is_empty():
        return Refunds(kept, found, [])
    details = {"orders": str(told["order_id"].n_unique()), "words": listed_words(told[CURRENCY].drop_nulls())}
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


def _others(tables: Sequence[SellerTable], ours: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """By report, (order_id, currency or sign) of the orders with a refund in another currency than theirs."""
    rows: dict[str, list[pl.DataFrame]] = {}
    for table in tables:
        if table.kind in _AMOUNTS and table.frame.height and _AMOUNTS[table.kind] in table.frame.columns:
            amount = _AMOUNTS[table.kind]
            marked = _marked(table.frame.filter(_is_refund(table.frame, amount)), amount, ours)
            rows.setdefault(table.report, []).append(marked.select("order_id", CURRENCY, SIGN, _OURS, _IS_OTHER))
    found = dict[str, pl.DataFrame]()
    for report, frames in rows.items():
        of_all = pl.concat(frames)
        is_mixed = pl.col(_OURS).is_null() & (pl.col(CURRENCY).drop_nulls().n_unique().over("order_id") > 1)
        others = of_all.filter(pl.col(_IS_OTHER) | is_mixed)
        if others.height:
            found[report] = others.select("order_id", pl.coalesce(CURRENCY, SIGN).alias(CURRENCY))
    return found


def _is_refund(frame: pl.DataFrame, amount: str) -> pl.Expr:
    """(n,) bool: the row has an amount that went back."""
    is_one = pl.col("event") == REFUND if amount == "amount" else pl.lit(value=True)
    return is_one & (pl.col(amount) != 0.0) if amount in frame.columns else pl.lit(value=False)


def _marked(frame: pl.DataFrame, amount: str, ours: pl.DataFrame) -> pl.DataFrame:
    """The rows with the currency of their order, and whether their amount is in another."""
    if amount not in frame.columns:
        return holding(frame, (CURRENCY,)).with_columns(pl.lit(value=False).alias(_IS_OTHER))
    held = holding(frame, (CURRENCY,))
    held = held if SIGN in held.columns else held.with_columns(pl.lit(None, pl.String).alias(SIGN))
    is_other = pl.col(CURRENCY) != pl.col(_OURS)
    for mark in held[SIGN].drop_nulls().unique().sort():
        may_be = list(wordlists().signs.get(mark, (mark,)))
        by_sign = pl.col(CURRENCY).is_null() & (pl.col(SIGN) == mark) & ~pl.col(_OURS).is_in(may_be)
        is_other = is_other.fill_null(value=False) | by_sign
    is_other = (is_other & (pl.col(amount) != 0.0)).fill_null(value=False)
    joined = held.join(ours, on="order_id", how="left", maintain_order="left")
    return joined.with_columns(is_other.alias(_IS_OTHER))


def _without(marked: pl.DataFrame, amount: str) -> pl.DataFrame:
    """Marked rows as they were, without the amounts in another currency, which only say that there was a refund."""
    if not marked[_IS_OTHER].any():
        return marked.drop(_IS_OTHER, _OURS, SIGN, strict=False)
    has = pl.when(_IS_OTHER).then(pl.lit(value=True)).otherwise("has_refund").alias("has_refund")
    left = pl.when(~pl.col(_IS_OTHER)).then(amount).alias(amount)
    return holding(marked, ("has_refund",)).with_columns(has, left).drop(_IS_OTHER, _OURS, SIGN, strict=False)
