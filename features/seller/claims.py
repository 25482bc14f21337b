"""Claims and chargebacks as lists, returns and finances show them, made one outcome each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from features.outcome import CLAIM, OUTCOME
from features.seller.claim_endings import ENDING, with_endings
from features.seller.contacts import events
from features.seller.facts import disagreements, dtypes, no_conflicts
from features.seller.table import SellerTable

CHARGEBACK = "chargeback"
BASIS = "claim_opened_basis"
# How well a source knows when a claim was opened: it says so; the buyer asked for the return that became the claim;
# the money left the account, days later; it was decided, or came to be known. The best known is taken.
BASES = ("stated", "return_requested", "debited", "decided")
_EVENT = ("order_id", "kind", "nth")
_LISTS, _RETURNS, _FINANCES, _MANUAL = "seller_central", "returns_report", "finances", "manual"
# Of these the finances know better than a list, since the money moved.
_OF_MONEY = ("seller_paid", "amount", "currency")
_COMPARED = (*_OF_MONEY, "claim_type", "counts_as_defect")


def outcomes(tables: Sequence[SellerTable]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(one row per event with the columns of `OUTCOME`, the basis of its date and `ENDING`; what sources disagree in).

    A claim that a list, the returns and the finances all show is one; two claims of one order are two only where one
    list tells them apart. Retracted rows stand alone. An event without any date has claim_opened_at unknown.
    """
    seen = pl.concat(
        [_nothing(), *_listed(claim_lists(tables)), *_returned(tables), *_debited(tables)], how="diagonal_relaxed"
    )
    is_retracted = pl.col("retracted").fill_null(value=False)
    merged = _merged(seen.filter(~is_retracted))
    rows = pl.concat([merged, seen.filter(is_retracted).select(merged.columns).unique()])
    name = pl.format("{}-{}-{}", "kind", "order_id", "nth")
    rows = rows.with_columns(pl.coalesce("event_id", name).alias("event_id")).select(*OUTCOME, BASIS, ENDING)
    return rows.sort("claim_opened_at", "order_id", "event_id", nulls_last=True), _conflicts(merged, seen)


def claim_lists(tables: Sequence[SellerTable]) -> list[SellerTable]:
    """Lists of claims, and files of orders that say themselves when a claim was opened, cut to those that were."""
    own = [t for t in tables if t.kind in ("orders", "order_items") and "claim_opened_at" in t.frame.columns]
    cut = [replace(t, frame=_of_claims(t.frame)) for t in own]
    return [part for t in (*(t for t in tables if t.kind == "claims"), *cut) for part in _by_source(t)]


def _by_source(table: SellerTable) -> list[SellerTable]:
    """A list cut by where its rows say they are from; where they say nothing, the marketplace's own export or the
    shop's notes, by the report."""
    said = [pl.col("source")] if "source" in table.frame.columns else []
    otherwise = _LISTS if table.report.startswith("amazon.") else _MANUAL
    frame = table.frame.with_columns(pl.coalesce(*said, pl.lit(otherwise)).alias("source"))
    return [replace(table, frame=part) for part in frame.partition_by("source")]


def _of_claims(orders: pl.DataFrame) -> pl.DataFrame:
    names = [c for c in ("order_id", "claim_opened_at", "claim_type", "line") if c in orders.columns]
    over = [pl.col(f"claim_{c}").alias(c) for c in ("decided_at", "withdrawn_at") if f"claim_{c}" in orders.columns]
    return orders.filter(pl.col("claim_opened_at").is_not_null()).select(*names, *over)


def _nothing() -> pl.DataFrame:
    known = dtypes()
    own = {BASIS: pl.String(), ENDING: pl.String(), "nth": pl.Int64()}
    return pl.DataFrame(schema={name: known[name] for name in OUTCOME} | own)


def _listed(tables: Sequence[SellerTable]) -> list[pl.DataFrame]:
    """Rows of lists of claims by report, whose numbers of events mean the same in all its files."""
    by_report: dict[str, list[pl.DataFrame]] = {}
    for table in tables:
        by_report.setdefault(table.report, []).append(table.frame)
    return [_numbered(pl.concat([_nothing(), *frames], how="diagonal_relaxed")) for frames in by_report.values()]


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of one report; nth tells the events of one order apart, by date and number of the event."""
    frame = with_endings(rows).select(*OUTCOME, ENDING)
    later = pl.coalesce("decided_at", "withdrawn_at", "recorded_at")
    basis = pl.when(pl.col("claim_opened_at").is_not_null()).then(pl.lit(BASES[0])).when(later.is_not_null())
    frame = frame.with_columns(
        pl.col("kind").fill_null(CLAIM),
        basis.then(pl.lit(BASES[3])).alias(BASIS), pl.coalesce("claim_opened_at", later).alias("claim_opened_at"),
    )  # fmt: skip
    frame = frame.filter(pl.col("order_id").is_not_null()).unique()
    event = pl.coalesce("event_id", pl.col("claim_opened_at").cast(pl.String))
    first = pl.col("claim_opened_at").min().over("order_id", "kind", event)
    place = pl.struct(first, event).rank("dense").over("order_id", "kind")
    return frame.with_columns(place.cast(pl.Int64).alias("nth"))


def _returned(tables: Sequence[SellerTable]) -> list[pl.DataFrame]:
    """Orders with a return that is marked as a claim: at the earliest when its return was asked for."""
    asked = pl.col("return_requested_at").min()
    return [
        rows.filter("is_a_to_z").group_by("order_id").agg(
            pl.lit(CLAIM).alias("kind"), pl.lit(1, pl.Int64).alias("nth"), pl.lit(_RETURNS).alias("source"),
            asked.alias("claim_opened_at"), pl.when(asked.is_not_null()).then(pl.lit(BASES[1])).alias(BASIS),
        )
        for rows in events(tables, "returns").values()
    ]  # fmt: skip


def _debited(tables: Sequence[SellerTable]) -> list[pl.DataFrame]:
    """Claims and chargebacks that moved money: at the latest when they were posted; several postings are one event.

    Where what was taken has come back in full, the seller did not pay in the end.
    """
    total, amount, posted = pl.col("amount").sum(), pl.col("amount"), pl.col("posted_at").min()
    is_back = (amount < 0.0).any() & (amount > 0.0).any() & (total >= 0.0)
    return [
        rows.filter(pl.col("event").is_in([CLAIM, CHARGEBACK])).rename({"event": "kind"})
        .sort("amount", nulls_last=True).group_by("order_id", "kind").agg(
            pl.lit(1, pl.Int64).alias("nth"), pl.lit(_FINANCES).alias("source"),
            pl.when(posted.is_not_null()).then(pl.lit(BASES[2])).alias(BASIS), posted.alias("claim_opened_at"),
            posted.alias("decided_at"), posted.alias("recorded_at"),
            (~is_back).fill_null(value=True).alias("seller_paid"),
            pl.when(amount.is_not_null().any()).then(total.abs().round(4)).alias("amount"),
            pl.col("currency").drop_nulls().first(), pl.col("event_id").drop_nulls().min(),
        )
        for rows in events(tables, "finances").values()
    ]  # fmt: skip


def _merged(seen: pl.DataFrame) -> pl.DataFrame:
    """One row per event: of each fact the best source that has it, of equals what ended last."""
    rank = pl.col(BASIS).replace_strict({b: i for i, b in enumerate(BASES)}, default=len(BASES), return_dtype=pl.Int64)
    late = ("_over", "decided_at", "recorded_at")
    others = sorted({*OUTCOME, BASIS, ENDING} - {*late, *_EVENT})
    by = [*_EVENT, "_rank", *late, *others]
    over = pl.max_horizontal("decided_at", "withdrawn_at").alias("_over")
    ranked = seen.with_columns(rank.alias("_rank"), over).sort(by, descending=[c in late for c in by], nulls_last=True)
    believed = [
        pl.col(c).drop_nulls().first() for c in seen.columns if c not in (*_EVENT, *_OF_MONEY, "claim_opened_at")
    ]
    opened = pl.col("claim_opened_at").filter(pl.col("_rank") == pl.col("_rank").min()).min()
    by_money = pl.col("source") != _FINANCES
    money = [pl.col(c).sort_by(by_money, maintain_order=True).drop_nulls().first() for c in _OF_MONEY]
    return ranked.group_by(_EVENT, maintain_order=True).agg(*believed, opened, *money).select(seen.columns)


def _conflicts(merged: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Where a source says something else of an event than its outcome does; dates only where they are stated."""
    stated = pl.when(pl.col(BASIS) == BASES[0]).then("claim_opened_at").alias("claim_opened_at")
    kept = merged.select(*_EVENT, *_COMPARED, stated)
    found = [no_conflicts()]
    for (source,), rows in (
        seen.filter(~pl.col("retracted").fill_null(value=False)).partition_by("source", as_dict=True).items()
    ):
        found.append(disagreements(kept, rows.select(*_EVENT, *_COMPARED, stated), _EVENT, ("outcomes", str(source))))
    return pl.concat(found).sort(pl.all())
