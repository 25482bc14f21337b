"""Files of different shops: the shop of each order, and a refusal where one order number means two orders."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from features.errors import FileRefused
from features.seller.facts import dtypes
from features.seller.precedence import joining_rules
from features.seller.table import Kind, SellerTable

ORDER_KINDS: tuple[Kind, ...] = ("order_items", "orders")
DAY = 86_400.0
_IDENTITY = ("shop_id", "placed_at", "marketplace", "currency")


def with_shop(orders: pl.DataFrame, shop: str | None) -> pl.DataFrame:
    """The orders with `shop` as the shop of those for which no file names one."""
    if shop is None:
        return orders
    said = [pl.col("shop_id")] if "shop_id" in orders.columns else []
    return orders.with_columns(pl.coalesce(*said, pl.lit(shop)).alias("shop_id"))


def refuse_mixed_shops(tables: Sequence[SellerTable]) -> None:
    """Raise where rows of one order number are two orders of two shops: everything is joined by that number."""
    rows = [_identity(t) for t in tables if t.kind in ORDER_KINDS and t.frame.height]
    if not rows:
        return
    seen = pl.concat(rows, how="diagonal_relaxed")
    span = (pl.col("placed_at").max() - pl.col("placed_at").min()).dt.total_seconds() / DAY
    orders = seen.group_by("order_id").agg(
        span.alias("days"),
        pl.col("file").n_unique().alias("files"),
        *(pl.col(c).drop_nulls().n_unique() for c in _IDENTITY),
    )
    is_apart = (pl.col("days") > joining_rules().shops_other_order_days).fill_null(value=False)
    differs = is_apart | (pl.col("marketplace") > 1) | (pl.col("currency") > 1)
    clash = orders.filter((pl.col("shop_id") > 1) & differs).sort("order_id")
    if clash.height:
        raise FileRefused(_refusal(seen, clash, "rows of two shops say different things of it"))
    common = orders.filter(pl.col("files") > 1)
    foreign = common.filter(is_apart).sort("order_id")
    rules = joining_rules()
    if foreign.height >= max(rules.shops_other_shop_fewest, rules.shops_other_shop_share * common.height):
        raise FileRefused(_refusal(seen, foreign, "the files place it days apart, as files of two shops would"))


def _identity(table: SellerTable) -> pl.DataFrame:
    """What tells one order from another, as the table says it; all texts that are not known are unknown."""
    known, frame = dtypes(), table.frame
    columns = [pl.col(n) if n in frame.columns else pl.lit(None, known[n]).alias(n) for n in ("order_id", *_IDENTITY)]
    return frame.select(*columns, pl.lit(str(table.path)).alias("file"))


def _refusal(seen: pl.DataFrame, clash: pl.DataFrame, why: str) -> str:
    first = clash["order_id"][0]
    files = sorted(seen.filter(pl.col("order_id") == first)["file"].unique().to_list())
    return (
        f"{', '.join(files)}: order {first}: {why} ({clash.height} order numbers in all); expected the files of one "
        "shop, or order numbers of their own for each; import each shop into a folder of its own, with --shop NAME"
    )
