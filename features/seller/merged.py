"""Cells that hold several numbers: orders that were merged into one parcel, parcels of one order."""

from __future__ import annotations

import polars as pl

from features.seller.keys import BETWEEN
from features.seller.precedence import joining_rules
from features.seller.vocabulary import PARCEL

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


def of_each_parcel(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, once for each parcel that they name: what is said of several parcels is said of each, but their insured
    value is that of all, and stands with the first."""
    if PARCEL not in rows.columns or not rows.select(_is_list().any()).item():
        return rows
    several = rows.filter(_is_list())
    split = several.with_columns(pl.col(PARCEL).str.split(BETWEEN), pl.int_range(pl.len()).alias("_row")).explode(
        PARCEL
    )
    if "insured_value" in rows.columns:
        first = pl.col("_row").is_first_distinct()
        split = split.with_columns(pl.when(first).then("insured_value").alias("insured_value"))
    return pl.concat([rows.filter(~_is_list()), split.drop("_row")])


def _is_list() -> pl.Expr:
    return pl.col(PARCEL).str.contains(BETWEEN, literal=True).fill_null(value=False)
