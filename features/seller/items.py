"""Item rows into orders: money and units added up, goods as of the dearest item, flags true if any is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from features.order import attributes
from features.seller.facts import disagreements
from features.seller.precedence import joining_rules
from features.seller.repeats import refunds_once, repeated_money
from features.seller.table import Note, SellerTable

MIXED_CURRENCIES, CANCELLED = "mixed_currencies", "cancelled"
TOTAL = "_total_of_items"
_WHOLE = 1e4  # sums are made of whole ten-thousandths, so that the order of rows cannot show


@dataclass(frozen=True, slots=True)
class ItemOrders:
    """Orders out of one table of item rows. frame: one row per order, by order_id, without parcels; conflicts: what
    the rows of an order disagree in; unusable: (order_id, code) of those that cannot be used; live: the item rows that
    count, neither cancelled nor repeated."""

    frame: pl.DataFrame
    conflicts: pl.DataFrame
    unusable: pl.DataFrame
    live: pl.DataFrame
    notes: list[Note]


def item_orders(table: SellerTable, leave_out: frozenset[str]) -> ItemOrders:
    """One row per order; columns named in `leave_out` (parcels) are not looked at."""
    rows, notes = _once(table.frame.filter(pl.col("order_id").is_not_null()))
    live = _live(rows)
    notes += _equal_rows(live)
    items = _one_discount(live.select(c for c in live.columns if c not in leave_out and c != "line"))
    repeated, told = repeated_money(items, table.report)
    items, of_refunds = refunds_once(items, table.report, repeated)
    facts = [c for c in items.columns if c not in ("order_id", "line_count")]
    combined = (_combined(name, repeated) for name in facts)
    frame = (
        _dearest_first(items)
        .group_by("order_id", maintain_order=True)
        .agg(_line_count(items.columns), *combined)
        .pipe(_with_total, facts)
    )
    return ItemOrders(
        frame.sort("order_id"), _contradictions(items, frame, table.report, repeated),
        pl.concat([cancelled_orders(rows), _mixed(items)]), live, notes + told + of_refunds,
    )  # fmt: skip


def _once(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """Each item once: a file that holds two exports repeats items, which their own number shows."""
    if "order_item_id" not in rows.columns:
        return rows, []
    ordered = rows.sort([c for c in rows.columns if c != "line"], descending=True, nulls_last=True)
    item = pl.struct("order_id", "order_item_id")
    kept = ordered.filter(pl.col("order_item_id").is_null() | item.is_first_distinct())
    lost = rows.height - kept.height
    return kept, [Note("repeated_items", "order_item_id", {"rows": str(lost)})] if lost else []


def _one_discount(items: pl.DataFrame) -> pl.DataFrame:
    """Items with what was taken off goods and shipping as one discount, which is unknown where neither is known."""
    if "shipping_discount" not in items.columns:
        return items
    both = [c for c in ("promotion_discount", "shipping_discount") if c in items.columns]
    told = pl.any_horizontal(pl.col(c).is_not_null() for c in both)
    total = pl.when(told).then(pl.sum_horizontal(both).round(4)).alias("promotion_discount")
    return items.with_columns(total).drop("shipping_discount")


def _equal_rows(rows: pl.DataFrame) -> list[Note]:
    """Rows that say all the same: two of the goods, or one export twice in the file; nobody can tell."""
    if "order_item_id" in rows.columns:
        return []
    count = int((~rows.select(pl.struct(pl.exclude("line")).is_first_distinct()).to_series()).sum())
    return [Note("equal_rows", "order_id", {"rows": str(count)})] if count else []


def _live(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that were not cancelled, or all rows of an order in which each was."""
    off = _is_cancelled(rows.columns)
    return (
        rows.with_columns(off.alias("_off"))
        .filter(~pl.col("_off") | pl.col("_off").all().over("order_id"))
        .drop("_off")
    )


def cancelled_orders(rows: pl.DataFrame) -> pl.DataFrame:
    """(order_id, code) of orders all of whose rows were cancelled at a moment nobody tells."""
    when = pl.col("cancelled_at") if "cancelled_at" in rows.columns else pl.lit(None)
    is_gone = (_is_cancelled(rows.columns) & when.is_null()).all()
    gone = rows.group_by("order_id").agg(is_gone.alias("_gone")).filter("_gone")
    return gone.select("order_id", pl.lit(CANCELLED).alias("code"))


def _is_cancelled(columns: list[str]) -> pl.Expr:
    """(rows,) bool: whether the item or its order is said to be cancelled."""
    words = list(joining_rules().items_cancelled)
    said = [state.is_in(words).fill_null(value=False) for state in states(columns)]
    return pl.any_horizontal(said) if said else pl.lit(value=False)


def states(columns: Sequence[str]) -> list[pl.Expr]:
    """What the rows say of the item and its order, in lower case."""
    return [pl.col(c).str.strip_chars().str.to_lowercase() for c in ("item_status", "order_status") if c in columns]


def _dearest_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows by order, the dearest item first, equals by SKU, then by all the rest."""
    first = [c for c in ("item_price", "sku") if c in rows.columns]
    rest = sorted(c for c in rows.columns if c not in (*first, "order_id"))
    descending = [c == "item_price" for c in ("order_id", *first, *rest)]
    return rows.sort("order_id", *first, *rest, descending=descending, nulls_last=True)


def _line_count(columns: list[str]) -> pl.Expr:
    """Distinct SKUs, or rows where no SKU is told; what the file itself says goes before."""
    skus = pl.col("sku").drop_nulls().n_unique() if "sku" in columns else pl.lit(0)
    counted = pl.when(skus > 0).then(skus).otherwise(pl.len()).cast(pl.Int64)
    said = [pl.col("line_count").max()] if "line_count" in columns else []
    return pl.coalesce(*said, counted).alias("line_count")


def _combined(name: str, repeated: frozenset[str]) -> pl.Expr:
    """How the values of one column become the order's; rows stand dearest first."""
    rules, column, declared = joining_rules(), pl.col(name), attributes().get(name)
    if name not in repeated and name in (*rules.items_summed, "order_total"):
        return summed(name)
    if name in repeated or (declared is not None and declared.kind == "flag"):
        return column.max()
    if declared is not None and declared.is_instant:
        return column.max() if name in rules.items_latest else column.min()
    return column.drop_nulls().first()


def summed(name: str) -> pl.Expr:
    """The sum of the known values of a group, unknown where none is."""
    column = pl.col(name)
    whole = ((column * _WHOLE).round().cast(pl.Int64).sum() / _WHOLE).round(4)  # polars multiplies with 1 ÷ 10,000
    total = pl.when(column.is_not_null().any()).then(whole)
    return (total.cast(pl.Int64) if name == "quantity" else total).alias(name)


def _with_total(orders: pl.DataFrame, facts: list[str]) -> pl.DataFrame:
    """`TOTAL`: what the items come to, with tax where it comes on top of prices; unknown without prices."""
    if "item_price" not in facts:
        return orders

    def known(name: str) -> pl.Expr:
        return pl.col(name).fill_null(0.0) if name in facts else pl.lit(0.0)

    marketplace = pl.col("marketplace") if "marketplace" in facts else pl.lit(None, pl.String)
    on_top = marketplace.is_in(list(joining_rules().items_tax_on_top)).fill_null(value=False)
    taxes = known("item_tax") + known("shipping_tax") + known("gift_wrap_tax")
    tax = pl.when(on_top).then(taxes).otherwise(0.0)
    prices = pl.col("item_price") + known("shipping_price") + known("gift_wrap_price")
    total = prices + tax - known("promotion_discount")
    return orders.with_columns(total.round(4).clip(0.0).alias(TOTAL))


def _mixed(items: pl.DataFrame) -> pl.DataFrame:
    """Orders whose items have prices in two currencies."""
    if "currency" not in items.columns:
        return pl.DataFrame(schema={"order_id": pl.String, "code": pl.String})
    counted = items.group_by("order_id").agg(pl.col("currency").drop_nulls().n_unique().alias("currencies"))
    return counted.filter(pl.col("currencies") > 1).select("order_id", pl.lit(MIXED_CURRENCIES).alias("code"))


def _contradictions(items: pl.DataFrame, orders: pl.DataFrame, report: str, repeated: frozenset[str]) -> pl.DataFrame:
    """Where item rows disagree in what an order can have only one of."""
    rules, declared = joining_rules(), attributes()
    single = [
        name
        for name in items.columns
        if name in declared and name not in (*rules.items_summed, *rules.items_of_goods, "order_id", "line_count")
        and declared[name].kind != "flag" and (name == "placed_at" or not declared[name].is_instant)
        and (name != "order_total" or name in repeated)
    ]  # fmt: skip
    several = items.filter(pl.col("order_id").is_duplicated()).select("order_id", *single)
    return disagreements(orders.select("order_id", *single), several, ["order_id"], (report, report))
