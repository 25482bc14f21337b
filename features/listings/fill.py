"""Flags of the listing check, and the share of returns "not as described", put onto orders by SKU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from features.columns import Floats
from features.errors import FileRefused
from features.listings.record import FLAGS
from features.listings.sheets import read_rows
from features.order import attributes
from features.parsing import parsed

RATE = "sku_not_as_described_rate"


def read_flags(path: Path) -> pl.DataFrame:
    """The flags by SKU out of a file that the listing check wrote: sku and the nine flags, each null where unknown.

    Of several listings of a SKU a flag is true if it is true for any.
    """
    frames = []
    for chunk in read_rows(path):
        there = [flag for flag in FLAGS if flag in chunk.frame.columns]
        if "sku" not in chunk.frame.columns or not there:
            raise FileRefused(
                f"{path}: expected sku and flags such as {FLAGS[0]}, got {', '.join(chunk.frame.columns[:8])}; "
                "`claimrisk listings check` writes such a file"
            )
        columns = {flag: _flag(chunk.frame, flag, path) for flag in FLAGS if flag in there}
        frames.append(pl.DataFrame({"sku": chunk.frame["sku"].cast(pl.String).str.strip_chars(), **columns}))
    if not frames:
        raise FileRefused(f"{path}: no rows below the header; expected one SKU a row")
    return pl.concat(frames).drop_nulls("sku").group_by("sku", maintain_order=True).agg(pl.all().max())


def _flag(frame: pl.DataFrame, flag: str, path: Path) -> pl.Series:
    found = parsed(frame[flag], attributes()[flag], None)
    if found.bad.any():
        row = int(np.flatnonzero(found.bad)[0]) + 1
        raise FileRefused(f"{path}: {flag}: row {row}: {found.problem.detail}")
    return pl.Series(flag, found.array).fill_nan(None).cast(pl.Boolean)


def filled(orders: pl.DataFrame, flags: pl.DataFrame, rates: Floats | None = None) -> pl.DataFrame:
    """The orders with what is known of their SKUs in the cells that are empty; nothing that stands there is changed.

    flags: as `read_flags` gives them; rates: (n,) share per order, NaN unknown. New columns come last.
    """
    skus = orders.select(pl.col("sku").cast(pl.String).str.strip_chars())
    found = skus.join(flags, on="sku", how="left", maintain_order="left")
    added = [_into(orders, found[flag]) for flag in flags.columns if flag != "sku"]
    if rates is not None:
        added.append(_into(orders, pl.Series(RATE, rates).fill_nan(None)))
    return orders.with_columns(added)


def _into(orders: pl.DataFrame, values: pl.Series) -> pl.Series:
    """The user's column with its empty cells filled, in the type that it has."""
    name = values.name
    if name not in orders.columns:
        return values
    own = orders[name]
    if own.dtype == pl.String:
        own = own.set(own.str.strip_chars() == "", None)
        return own.fill_null(values.cast(pl.String))
    return own.fill_null(values.cast(own.dtype)) if own.dtype != pl.Null else values
