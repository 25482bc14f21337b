"""Money of the order that an export repeats on each item row, told from money of the row by what adds up."""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations

import polars as pl

from features.seller.precedence import joining_rules
from features.seller.table import Note

TOTAL, REFUND = "order_total", "refund_amount"
# How the parts of a total enter it.
_SIGNS = {"item_price": 1.0, "shipping_price": 1.0, "gift_wrap_price": 1.0, "promotion_discount": -1.0}


def repeated_money(items: pl.DataFrame, report: str) -> tuple[frozenset[str], list[Note]]:
    """Columns of money whose amount is the order's on every row, and so must not be added up; and what was decided.

    Amazon's reports hold the money of the row by definition. In other files a total is the order's where most orders of
    several rows show one value; any other amount that is the same on all rows is the order's where the totals say so.
    """
    orders = _orders_of_several_rows(items)
    if orders.is_empty():
        return frozenset({TOTAL}), []
    repeated, notes = _total(orders)
    if report.startswith("amazon."):
        return repeated, notes
    back, told = _refunds(orders, is_total_once=TOTAL in repeated)
    repeated, notes = repeated | back, notes + told
    doubtful = [name for name in _SIGNS if name in items.columns and _is_mostly_same(orders, name)]
    if TOTAL not in repeated:
        return repeated, notes + [Note("money_added", n, {"orders": str(orders[n + "_same"].sum())}) for n in doubtful]
    parts = [name for name in _SIGNS if name in items.columns]
    fits = {once: _fitting(orders, parts, once) for k in range(len(doubtful) + 1) for once in combinations(doubtful, k)}
    best = max(fits, key=lambda once: (fits[once], -len(once)))
    told = [Note("money_repeated", name, {"orders": str(orders[name + "_same"].sum())}) for name in best]
    return repeated | frozenset(best), notes + told


def _orders_of_several_rows(items: pl.DataFrame) -> pl.DataFrame:
    """Per order of several rows and column: its sum, its largest value, and whether one amount stands on all rows."""
    names = [name for name in (TOTAL, REFUND, *_SIGNS) if name in items.columns]
    found = items.group_by("order_id").agg(
        pl.len().alias("rows"), *(pl.col(n).sum().alias(n + "_sum") for n in names),
        *(pl.col(n).max().alias(n + "_once") for n in names),
        *((pl.col(n).drop_nulls().n_unique() <= 1).alias(n + "_one") for n in names),
        *(_is_same(pl.col(n)).alias(n + "_same") for n in names),
    )  # fmt: skip
    return found.filter(pl.col("rows") > 1)


def _is_same(column: pl.Expr) -> pl.Expr:
    return column.is_not_null().all() & (column.min() == column.max()) & (column.max() > 0.0)


def _total(orders: pl.DataFrame) -> tuple[frozenset[str], list[Note]]:
    if TOTAL + "_one" not in orders.columns:
        return frozenset(), []
    count = {"orders": str(orders.height)}
    if orders.select(pl.col(TOTAL + "_one").mean()).item() >= joining_rules().items_repeated_total_share:
        return frozenset({TOTAL}), [Note("order_total_repeated", TOTAL, count)]
    return frozenset(), [Note("order_total_added", TOTAL, count)]


def _refunds(orders: pl.DataFrame, *, is_total_once: bool) -> tuple[frozenset[str], list[Note]]:
    """Refunds are the order's where most orders show one amount on all rows and some would else have got back more than
    they paid; without such an order nobody can tell, and they are added up."""
    if REFUND + "_sum" not in orders.columns or not _is_mostly_same(orders, REFUND):
        return frozenset(), []
    count = {"orders": str(orders[REFUND + "_same"].sum())}
    if TOTAL + "_one" in orders.columns:
        paid = pl.col(TOTAL + ("_once" if is_total_once else "_sum")) + joining_rules().agreement_number
        if orders.select((pl.col(REFUND + "_same") & (pl.col(REFUND + "_sum") > paid)).any()).item():
            return frozenset({REFUND}), [Note("refund_repeated", REFUND, count)]
    return frozenset(), [Note("refund_added", REFUND, count)]


def refunds_once(items: pl.DataFrame, report: str, repeated: Collection[str]) -> tuple[pl.DataFrame, list[Note]]:
    """The items with a refund on one row only of each order that would else have got back more than it paid and shows
    one amount on all rows, also where most orders do not repeat theirs."""
    if REFUND in repeated or report.startswith("amazon.") or not {TOTAL, REFUND} <= {*items.columns}:
        return items, []
    orders = _orders_of_several_rows(items)
    paid = pl.col(TOTAL + ("_once" if TOTAL in repeated else "_sum")) + joining_rules().agreement_number
    over = orders.filter(pl.col(REFUND + "_same") & (pl.col(REFUND + "_sum") > paid))["order_id"]
    if over.is_empty():
        return items, []
    is_again = pl.col("order_id").is_in(over.implode()) & ~pl.col("order_id").is_first_distinct()
    once = pl.when(~is_again).then(REFUND).alias(REFUND)
    return items.with_columns(once), [Note("refund_over_paid", REFUND, {"orders": str(len(over))})]


def _is_mostly_same(orders: pl.DataFrame, name: str) -> bool:
    """Whether most orders of several rows that have such money show one amount on all of them."""
    having = orders.filter(pl.col(name + "_once") > 0.0)
    share = having.select(pl.col(name + "_same").fill_null(value=False).mean()).item()
    return share is not None and share >= joining_rules().items_repeated_total_share


def _fitting(orders: pl.DataFrame, parts: Collection[str], once: Collection[str]) -> int:
    """How many totals the parts come to, where those in `once` are counted once and the others added up."""
    zero = pl.lit(0.0)
    terms = [_SIGNS[n] * pl.col(n + ("_once" if n in once else "_sum")).fill_null(0.0) for n in parts]
    away = (pl.sum_horizontal([zero, *terms]) - pl.col(TOTAL + "_once")).abs()
    return int(orders.select((away <= joining_rules().agreement_number).fill_null(value=False).sum()).item())
