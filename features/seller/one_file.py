"""The orders of one file, with what its other tables tell of them: an ERP sheet holds parcels beside orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from features.delimited import Reject
from features.errors import FileRefused
from features.seller.gathering import gathered
from features.seller.table import SellerTable


def orders_of_file(tables: Sequence[SellerTable]) -> SellerTable:
    """The one table of orders, joined by order number with the others of the same rows as `claimrisk import` does.

    Orders that cannot be used then, or whose row another table cannot use, are set aside where they stand.
    `FileRefused` where there is no one table of orders.
    """
    held = [table for table in tables if table.kind in ("orders", "order_items")]
    if len(held) != 1:
        raise FileRefused(
            f"{tables[0].path}: expected one table of orders, got {len(held)}; claimrisk import reads the others"
        )
    of = (held[0].report, held[0].rows)
    others = [table for table in tables if table is not held[0] and (table.report, table.rows) == of]
    lines = held[0].frame.select("order_id", "line", *({"as_of"} & {*held[0].frame.columns}))
    if not others or lines["order_id"].is_duplicated().any():
        return held[0]  # orders in several rows are refused where they are read: import alone joins them
    wrong = [reject for table in others for reject in table.rejects]
    whole = held[0].frame.filter(~pl.col("line").is_in([reject.line for reject in wrong]))
    found = gathered([replace(held[0], frame=whole), *others])
    aside = found.set_aside.drop("line").join(lines, on="order_id").rename({"order_id": "raw"})
    wrong += [Reject(**row) for row in aside.select("line", "column", "code", "reason", "raw").iter_rows(named=True)]
    notes = [*held[0].notes, *(note for table in others for note in table.notes), *found.notes]
    return replace(
        held[0], frame=found.orders.join(lines, on="order_id").sort("line"),
        rejects=sorted([*held[0].rejects, *wrong], key=lambda reject: reject.line),
        notes=list({(note.code, note.column): note for note in notes}.values()),
    )  # fmt: skip
