"""Cells that hold several order numbers, as ERPs write orders that were merged into one parcel."""

from __future__ import annotations

import polars as pl

from features.seller.precedence import joining_rules

SEVERAL = "several_orders"


def holds_several(order_id: pl.Expr) -> pl.Expr:
    """(rows,) bool: whether a cell is a list of order numbers."""
    number = joining_rules().orders_number
    return order_id.str.contains(f"^{number}([^0-9A-Za-z-]+{number})+$")


def several_orders(rows: pl.DataFrame) -> pl.DataFrame:
    """(order_id, code) of rows of orders whose money and goods cannot be told apart."""
    return rows.filter(holds_several(pl.col("order_id"))).select("order_id", pl.lit(SEVERAL).alias("code")).unique()


def of_each_order(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, once for each order that they name: what befalls a merged parcel befalls all its orders."""
    is_list = holds_several(pl.col("order_id")).fill_null(value=False)
    if not rows.select(is_list.any()).item():
        return rows
    numbers = pl.col("order_id").str.extract_all(joining_rules().orders_number)
    split = rows.filter(is_list).with_columns(numbers).explode("order_id")
    return pl.concat([rows.filter(~is_list), split])
