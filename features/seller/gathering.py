"""Everything the seller's files tell, gathered: orders, outcomes, coverage, and all that did not fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from features.errors import FileRefused
from features.outcome import CLAIM
from features.seller.claim_endings import settled_claims
from features.seller.claims import outcomes
from features.seller.contacts import contacts
from features.seller.facts import Told, combined, holding, no_conflicts, typed
from features.seller.items import cancelled_orders, item_orders
from features.seller.merged import of_each_order, of_each_parcel, several_orders
from features.seller.parcels import PARCEL_ID, parcel_facts, parcel_names, worst_parcels
from features.seller.reconciliation import Reconciled, reconciled
from features.seller.refund_currency import in_order_currency
from features.seller.scans import SCANNED, latest_words
from features.seller.shops import ORDER_KINDS, refuse_mixed_shops, with_shop
from features.seller.spans import SourceCoverage, coverage
from features.seller.table import Note, SellerTable
from features.seller.undated_facts import refunds_said, undated_notes
from features.seller.usable import UNDATED_CLAIM, completed, usable
from features.seller.vocabulary import OWN

PLACE = ("report", "file", "line")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came of a shop's files.

    orders: one row per order, attributes by their names and the shop's own (`x_…`), all of which the table door takes;
    outcomes: one row per event; set_aside: orders that cannot be used (`SET_ASIDE` and `PLACE`); conflicts: see
    `CONFLICT_COLUMNS`; orphans: rows of orders that no file of orders has (order_id, kind, `PLACE`); filled: how many
    orders had a value completed, by what; strays: how many parcels no file gives an order, stray_rows: their rows, as
    orphans are; only_in: orders that one report alone has.
    """

    orders: pl.DataFrame
    outcomes: pl.DataFrame
    coverage: list[SourceCoverage]
    set_aside: pl.DataFrame
    conflicts: pl.DataFrame
    orphans: pl.DataFrame
    filled: dict[str, int]
    reconciliations: list[Reconciled]
    notes: list[Note]
    strays: int
    stray_rows: pl.DataFrame
    only_in: dict[str, int]


def gathered(tables: Sequence[SellerTable], *, shop: str | None = None) -> Gathered:
    """Join the tables by order number. The order of tables and of their rows changes nothing.

    Distinct order numbers of the files of orders = orders + set aside. `FileRefused` where there is no file of orders,
    or where files are of two shops whose order numbers collide.
    """
    given, tables = tables, [_prepared(t) for t in tables if t.frame.height]
    refuse_mixed_shops(tables)
    population = _population(tables, given)
    sales = [_sale(table) for table in tables if table.kind in ORDER_KINDS]
    parcels, strays = worst_parcels([*(sale.parcels for sale in sales), *_shipments(tables)])
    back = in_order_currency([sale.told for sale in sales], tables, population)
    facts = combined([*back.sales, *parcels, *contacts(back.tables)], ["order_id"], population)
    events, disputed = outcomes(tables)
    events, of_claims = settled_claims(events, facts.frame)
    counts = (pl.col("kind") == CLAIM) & ~pl.col("retracted").fill_null(value=False)
    is_undated = counts & pl.col("claim_opened_at").is_null()
    undated = events.filter(is_undated).select("order_id", pl.lit(UNDATED_CLAIM).alias("code"))
    known, filled = completed(with_shop(facts.frame, shop), events)
    refunds = refunds_said(known, tables)
    orders, set_aside = usable(refunds.orders, pl.concat([*(sale.unusable for sale in sales), undated]))
    dated = events.filter(~is_undated)
    return Gathered(
        orders=orders,
        outcomes=dated,
        coverage=coverage(tables, _first_order(facts.frame)),
        set_aside=set_aside.join(_places(tables, set_aside), on="order_id", how="left"),
        conflicts=pl.concat([facts.conflicts, disputed, refunds.conflicts]).unique().sort(pl.all()),
        orphans=_orphans(tables, population),
        filled=filled,
        reconciliations=reconciled(tables, orders, dated),
        notes=[
            *(note for sale in sales for note in sale.notes),
            *back.notes,
            *refunds.notes,
            *undated_notes(orders, tables),
            *of_claims,
        ],
        strays=strays.height,
        stray_rows=_stray_rows(tables, strays),
        only_in=_only_in(tables),
    )


@dataclass(frozen=True, slots=True)
class _Sale:
    """What one table of orders tells: of the orders, of their parcels, and which cannot be used."""

    told: Told
    parcels: Told
    unusable: pl.DataFrame
    notes: list[Note]


def _sale(table: SellerTable) -> _Sale:
    of_parcels = parcel_names() | {PARCEL_ID}
    if table.kind == "order_items":
        found = item_orders(table, of_parcels)
        parcels = Told(table.report, parcel_facts(of_each_parcel(of_each_order(found.live))), no_conflicts())
        facts = found.frame.select(c for c in found.frame.columns if c not in OWN)
        unusable = pl.concat([found.unusable, several_orders(table.frame)])
        return _Sale(Told(table.report, facts, found.conflicts), parcels, unusable, found.notes)
    rows = table.frame.filter(pl.col("order_id").is_not_null())
    facts = rows.select(c for c in rows.columns if c not in of_parcels and c not in OWN and c != "line")
    parcels = Told(table.report, parcel_facts(of_each_parcel(of_each_order(rows))), no_conflicts())
    return _Sale(
        Told(table.report, facts, no_conflicts()),
        parcels,
        pl.concat([cancelled_orders(rows), several_orders(rows)]),
        [],
    )


def _shipments(tables: Sequence[SellerTable]) -> list[Told]:
    """What files of parcels tell: shipments, and tracking, whose files of one report follow each other in time."""
    parcels = [t for t in tables if t.kind == "parcels"]
    of_report: dict[str, list[pl.DataFrame]] = {}
    for table in parcels:
        if SCANNED in table.frame.columns:
            of_report.setdefault(table.report, []).append(table.frame)
    rows = [(t.report, t.frame) for t in parcels if SCANNED not in t.frame.columns]
    rows += [(report, latest_words(files)) for report, files in of_report.items()]
    return [Told(report, parcel_facts(frame), no_conflicts()) for report, frame in rows]


def _prepared(table: SellerTable) -> SellerTable:
    """The table with columns of their own types; what followed an order stands once for each order it names."""
    frame = typed(table.frame if table.kind != "parcels" else holding(table.frame, ("order_id",)))
    is_of_orders = table.kind in ORDER_KINDS or "order_id" not in frame.columns
    return replace(table, frame=frame if is_of_orders else of_each_parcel(of_each_order(frame)))


def _population(tables: Sequence[SellerTable], given: Sequence[SellerTable]) -> pl.DataFrame:
    """(orders, 1): every order number of the files of orders, sorted."""
    numbers = [t.frame.select("order_id") for t in tables if t.kind in ORDER_KINDS]
    if not numbers:
        got = ", ".join(sorted({t.kind for t in given})) or "nothing"
        rejects = [f"; {t.path}: line {r.line}: {r.reason}" for t in given for r in t.rejects if t.kind in ORDER_KINDS]
        why = rejects[0] if rejects else "; add the orders that these belong to"
        raise FileRefused(f"expected at least one usable row of orders, got {got}{why}")
    return pl.concat(numbers).drop_nulls().unique().sort("order_id")


def _first_order(orders: pl.DataFrame) -> datetime | None:
    first = orders["placed_at"].min() if "placed_at" in orders.columns else None
    return first if isinstance(first, datetime) else None


def _placed(table: SellerTable) -> pl.DataFrame:
    line = pl.col("line").cast(pl.Int64) if "line" in table.frame.columns else pl.lit(None, pl.Int64).alias("line")
    kind = pl.col("event") if "event" in table.frame.columns else pl.lit(table.kind)
    return table.frame.select(
        pl.col("order_id").cast(pl.String), kind.alias("kind"), pl.lit(table.report).alias("report"),
        pl.lit(str(table.path)).alias("file"), line,
    )  # fmt: skip


def _places(tables: Sequence[SellerTable], wanted: pl.DataFrame) -> pl.DataFrame:
    """Where each wanted order stands first, by file and line."""
    rows = [_placed(t).join(wanted, on="order_id", how="semi") for t in tables if t.kind in ORDER_KINDS]
    return (
        pl.concat(rows)
        .sort("order_id", "file", "line")
        .unique("order_id", keep="first", maintain_order=True)
        .drop("kind")
    )


def _only_in(tables: Sequence[SellerTable]) -> dict[str, int]:
    """How many orders only one report has, by report; empty where there is one report only."""
    rows = [t.frame.select("order_id", pl.lit(t.report).alias("report")) for t in tables if t.kind in ORDER_KINDS]
    seen = pl.concat(rows).drop_nulls().unique()
    if seen["report"].n_unique() < 2:
        return {}
    alone = seen.filter(~pl.col("order_id").is_duplicated())
    return dict(alone.group_by("report").len().sort("report").rows())


def _orphans(tables: Sequence[SellerTable], population: pl.DataFrame) -> pl.DataFrame:
    """Rows of what followed (claims, returns, refunds, messages, parcels) whose order no file of orders has."""
    rows = [
        _placed(t).drop_nulls("order_id").join(population, on="order_id", how="anti")
        .select("order_id", "kind", *PLACE)
        for t in tables
        if t.kind not in ORDER_KINDS and t.kind != "performance"
    ]  # fmt: skip
    return _sorted(rows)


def _stray_rows(tables: Sequence[SellerTable], strays: pl.DataFrame) -> pl.DataFrame:
    """Where parcels stand that no file gives an order; whoever looks there finds their numbers."""
    bare = [
        replace(t, frame=t.frame.filter(pl.col("order_id").is_null()).join(strays, on=PARCEL_ID, how="semi"))
        for t in tables
        if t.kind == "parcels" and PARCEL_ID in t.frame.columns
    ]
    return _sorted([_placed(t).select("order_id", "kind", *PLACE) for t in bare])


def _sorted(rows: list[pl.DataFrame]) -> pl.DataFrame:
    empty = pl.DataFrame(
        schema={"order_id": pl.String, "kind": pl.String, "report": pl.String, "file": pl.String, "line": pl.Int64}
    )
    return pl.concat([empty, *rows]).unique().sort(pl.all(), nulls_last=True)
