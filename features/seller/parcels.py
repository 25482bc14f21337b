"""Parcels of an order: split, merged or followed by number alone; the worst of them speaks for the order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import polars as pl

from features.order import attributes
from features.seller.facts import INSTANT, Told, combined, no_conflicts
from features.seller.items import summed
from features.seller.precedence import joining_rules

PARCEL_ID = "parcel_id"
NUMBERED = "_has_number"
_KEYS = ("order_id", PARCEL_ID)
_OF_ORDER = frozenset({"latest_delivery_basis", "order_id"})
_TOLD_BY = ("delivered_at", "shipped_at", "first_scan_at")


@cache
def parcel_names() -> frozenset[str]:
    """The attributes that a parcel has, and so differ between the parcels of one order."""
    known = ("planned", "shipped", "in_transit", "delivered")
    return frozenset(a.name for a in attributes().values() if a.known in known) - _OF_ORDER


def parcel_facts(frame: pl.DataFrame) -> pl.DataFrame:
    """The parcel's columns of any table; rows that tell nothing of a parcel are left out, equal ones count once.

    `NUMBERED`: true with a tracking number, false where the table has numbers and a parcel that left has none.
    """
    names = [c for c in frame.columns if c in parcel_names()]
    has_ids = PARCEL_ID in frame.columns
    if not names and not has_ids:
        return pl.DataFrame(schema={"order_id": pl.String, PARCEL_ID: pl.String})
    ids = pl.col(PARCEL_ID) if has_ids else pl.lit(None, pl.String).alias(PARCEL_ID)
    rows = frame.select("order_id", ids, *names)
    rows = rows.filter(pl.any_horizontal(pl.col(n).is_not_null() for n in (PARCEL_ID, *names))).unique()
    left = [pl.col(n).is_not_null() for n in ("shipped_at", "ship_confirmed_at") if n in names]
    without = (
        pl.when(pl.any_horizontal(left)).then(pl.lit(value=False)) if has_ids and left else pl.lit(None, pl.Boolean)
    )
    return rows.with_columns(
        pl.when(pl.col(PARCEL_ID).is_not_null()).then(pl.lit(value=True)).otherwise(without).alias(NUMBERED)
    )


def worst_parcels(rows: Sequence[Told]) -> tuple[list[Told], pl.DataFrame]:
    """Per report what it tells of each order's parcels, the worst standing for the order; and the parcels (`PARCEL_ID`)
    that belong to no order.

    rows: `parcel_facts` of each table. Parcels with a number are made one over all reports first, so that a shipment
    file and a tracking file speak of the same parcel; they come back under the report "parcels".
    """
    numbered = [Told(t.report, t.frame.filter(pl.col(PARCEL_ID).is_not_null()), t.conflicts) for t in rows]
    loose = [Told(t.report, t.frame.filter(pl.col(PARCEL_ID).is_null()).drop(PARCEL_ID), t.conflicts) for t in rows]
    known, strays = _with_orders(numbered)
    parcels = combined(known, _KEYS, _population(known))
    worst = Told("parcels", _worst(parcels.frame), parcels.conflicts)
    counts = parcels.frame.group_by("order_id").len("parcels")
    split = counts.filter(pl.col("parcels") > 1).select("order_id")
    alone = [_without(t, split, worst.frame.columns) for t in loose]
    return [t for t in (worst, *alone) if t.frame.height], strays


def _population(told: Iterable[Told]) -> pl.DataFrame:
    keys = [t.frame.select(_KEYS) for t in told]
    empty = pl.DataFrame(schema=dict.fromkeys(_KEYS, pl.String))
    return pl.concat([empty, *keys]).unique().sort(_KEYS)


def _with_orders(told: Sequence[Told]) -> tuple[list[Told], pl.DataFrame]:
    """Rows that name only the parcel get every order that some row ships with it: merged parcels count for each."""
    links = _population([Told(t.report, t.frame.filter(pl.col("order_id").is_not_null()), t.conflicts) for t in told])
    out: list[Told] = []
    strays = [pl.DataFrame(schema={PARCEL_ID: pl.String})]
    for one in told:
        bare = one.frame.filter(pl.col("order_id").is_null()).drop("order_id")
        linked = bare.join(links, on=PARCEL_ID, how="inner")
        strays.append(bare.join(links, on=PARCEL_ID, how="anti").select(PARCEL_ID))
        rows = one.frame.filter(pl.col("order_id").is_not_null())
        out.append(Told(one.report, pl.concat([rows, linked.select(rows.columns)]), one.conflicts))
    return [t for t in out if t.frame.height], pl.concat(strays).unique()


def _without(told: Told, split: pl.DataFrame, named: list[str]) -> Told:
    """Rows without a number: the worst of each order; of a split order only what no numbered parcel tells."""
    worst = _worst(told.frame)
    hidden = [c for c in worst.columns if c in named and c != "order_id"]
    is_split = pl.col("order_id").is_in(split["order_id"].implode())
    masked = worst.with_columns(pl.when(~is_split).then(pl.col(c)).alias(c) for c in hidden)
    return Told(told.report, masked, no_conflicts())


def _worst(parcels: pl.DataFrame) -> pl.DataFrame:
    """One row per order: the parcel that is least advanced, the latest of those that are equally far; insured values
    are added up."""
    columns = [c for c in parcels.columns if c != "order_id"]
    late = [c for c in _TOLD_BY if c in columns]
    rest = sorted(c for c in columns if c not in late)
    by = ["order_id", "_stage", *late, *rest]
    descending = [c in late for c in by]
    nulls_last = [c not in late for c in by]
    ordered = parcels.with_columns(_stage(columns).alias("_stage")).sort(
        by, descending=descending, nulls_last=nulls_last
    )
    values = [summed(c) if c == "insured_value" else pl.col(c).first() for c in columns if c != PARCEL_ID]
    return ordered.group_by("order_id", maintain_order=True).agg(values)


def _stage(columns: list[str]) -> pl.Expr:
    """(rows,) how far a parcel is: a place in the list of stages, out of its status or else of its instants."""
    stages = joining_rules().parcels_stages

    def told(name: str) -> pl.Expr:
        return pl.col(name) if name in columns else pl.lit(None, INSTANT)

    scanned = told("first_scan_at").is_not_null() | told("last_scan_at").is_not_null()
    shipped = told("shipped_at").is_not_null() | told("ship_confirmed_at").is_not_null()
    seen = (
        pl.when(scanned)
        .then(pl.lit("in_transit"))
        .when(shipped)
        .then(pl.lit("pre_transit"))
        .otherwise(pl.lit("unshipped"))
    )
    status = pl.col("tracking_status") if "tracking_status" in columns else pl.lit(None, pl.String)
    name = pl.when(told("delivered_at").is_not_null()).then(pl.lit("delivered")).otherwise(pl.coalesce(status, seen))
    return name.replace_strict(
        {stage: place for place, stage in enumerate(stages)}, default=stages.index("unshipped"), return_dtype=pl.Int64
    )
