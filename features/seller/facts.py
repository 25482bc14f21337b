"""Facts of several rows and reports made one: the most believed wins, and every disagreement is written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from features.kinds import Kind
from features.order import attributes
from features.outcome import OUTCOME
from features.seller.precedence import by_precedence, joining_rules
from features.seller.vocabulary import OF_CLAIMS, OWN

INSTANT = pl.Datetime("us", "UTC")
CONFLICT_COLUMNS = ("order_id", "attribute", "kept", "kept_from", "other", "other_from")
_CONFLICTS = dict.fromkeys(CONFLICT_COLUMNS, pl.String)
_DTYPES = {Kind.FLAG: pl.Boolean(), Kind.COUNT: pl.Int64(), Kind.INSTANT: INSTANT} | dict.fromkeys(
    (Kind.NUMBER, Kind.RATE, Kind.MONEY), pl.Float64()
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says. frame: rows in our names; conflicts: what its own rows disagree in (`CONFLICT_COLUMNS`)."""

    report: str
    frame: pl.DataFrame
    conflicts: pl.DataFrame


def no_conflicts() -> pl.DataFrame:
    """An empty table of disagreements."""
    return pl.DataFrame(schema=_CONFLICTS)


@cache
def dtypes() -> dict[str, pl.DataType]:
    """The column type of every attribute of orders and outcomes, and of this room's own."""
    declared = (*OUTCOME.values(), *OF_CLAIMS.values(), *OWN.values(), *attributes().values())
    return {a.name: _DTYPES.get(a.kind, pl.String()) for a in declared}


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with attributes in their own types, as empty columns of another type would spread when joined."""
    known = dtypes()
    return frame.with_columns(
        pl.col(n).cast(known[n]) for n, dtype in frame.schema.items() if known.get(n, dtype) != dtype
    )


def holding(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The frame with columns of these names, unknown where a map gives none."""
    known = dtypes()
    return frame.with_columns(pl.lit(None, known[n]).alias(n) for n in names if n not in frame.columns)


def settled(told: Sequence[Told], keys: Sequence[str]) -> Told:
    """Rows of one report, or of several files of it, made one row per key.

    The row that knows the latest fact comes first (a newer export), then larger values; what it leaves open is taken
    from the next. (n, facts) → (distinct keys, facts), ordered by key.
    """
    frame = pl.concat([t.frame for t in told], how="diagonal_relaxed")
    is_several = frame.select(pl.struct(keys).is_duplicated()).to_series()
    several, report = frame.filter(is_several), told[0].report
    conflicts = [t.conflicts for t in told]
    facts = [name for name in frame.columns if name not in keys]
    if several.height and facts:
        kept = newest_first(several, keys).group_by(keys, maintain_order=True).agg(pl.col(facts).drop_nulls().first())
        conflicts.append(disagreements(kept, several, keys, (report, report)))
        frame = pl.concat([frame.filter(~is_several), kept.select(frame.columns)])
    elif several.height:
        frame = frame.unique(keys)
    return Told(report, frame.sort(keys), pl.concat(conflicts).unique())


def newest_first(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Rows by key, of each key the one with the latest fact first; the order they came in does not matter."""
    facts = sorted(name for name in frame.columns if name not in keys)  # files may name them in any order
    promised = {a.name for a in attributes().values() if a.role == "promise"}
    instants = [name for name, dtype in frame.schema.items() if dtype == INSTANT and name not in promised]
    newest = pl.max_horizontal(instants) if instants else pl.lit(None, INSTANT)
    by = [*keys, "_newest", *facts]
    descending = [False] * len(keys) + [True] * (1 + len(facts))
    return frame.with_columns(newest.alias("_newest")).sort(by, descending=descending, nulls_last=True).drop("_newest")


def combined(told: Iterable[Told], keys: Sequence[str], population: pl.DataFrame) -> Told:
    """What all reports say of the keys of `population` ((n, keys), distinct): per fact the most believed report's.

    Frame: (n, keys and facts), in the order of the population.
    """
    by_report: dict[str, list[Told]] = {}
    for one in told:
        by_report.setdefault(one.report, []).append(one)
    ranked = [settled(by_report[report], keys) for report in by_precedence(by_report)]
    conflicts = [one.conflicts for one in ranked]
    aligned = {o.report: population.join(o.frame, on=keys, how="left", maintain_order="left") for o in ranked}
    frame = population
    for name in dict.fromkeys(n for one in ranked for n in one.frame.columns if n not in keys):
        column, found = _believed(name, aligned, population["order_id"])
        frame, conflicts = frame.with_columns(column), [*conflicts, *found]
    return Told("", frame, pl.concat([no_conflicts(), *conflicts]))


def _believed(name: str, aligned: dict[str, pl.DataFrame], order_id: pl.Series) -> tuple[pl.Series, list[pl.DataFrame]]:
    """The values of one fact, (n,), and what less believed reports say differently."""
    given = {report: frame[name] for report, frame in aligned.items() if name in frame.columns}
    reports = list(given)
    kept, source = given[reports[0]], pl.Series([reports[0]], dtype=pl.String).new_from_index(0, len(order_id))
    found: list[pl.DataFrame] = []
    for report in reports[1:]:
        other = given[report]
        pair = pl.DataFrame({"order_id": order_id, "kept": kept, "kept_from": source, "other": other})
        found.append(_told_apart(pair, name, report))
        source = pair.select(pl.when(pl.col("kept").is_null()).then(pl.lit(report)).otherwise("kept_from")).to_series()
        kept = pair.select(pl.coalesce("kept", "other")).to_series()
    return kept.alias(name), found


def disagreements(
    kept: pl.DataFrame, rows: pl.DataFrame, keys: Sequence[str], reports: tuple[str, str]
) -> pl.DataFrame:
    """What rows of one report say differently from the row that is kept of their key."""
    both = rows.join(kept, on=keys, how="left", suffix="_kept")
    facts = [name for name in rows.columns if name not in keys]
    pairs = [
        _told_apart(
            both.select("order_id", pl.col(name + "_kept").alias("kept"), pl.lit(reports[0]).alias("kept_from"),
                        pl.col(name).alias("other")), name, reports[1]
        )
        for name in facts
    ]  # fmt: skip
    return pl.concat([no_conflicts(), *pairs]).unique()


def _told_apart(pair: pl.DataFrame, name: str, other_from: str) -> pl.DataFrame:
    """The rows of (order_id, kept, kept_from, other) in which both are known and differ, as texts."""
    differing = pair.filter(_differ(pair.schema["kept"])) if name[0] != "_" else pair.clear()
    return differing.select(
        "order_id", pl.lit(name).alias("attribute"), _as_text(differing.schema["kept"], "kept"), "kept_from",
        _as_text(differing.schema["other"], "other"), pl.lit(other_from).alias("other_from"),
    )  # fmt: skip


def _differ(dtype: pl.DataType) -> pl.Expr:
    rules, kept, other = joining_rules(), pl.col("kept"), pl.col("other")
    if dtype == INSTANT:
        return (kept - other).dt.total_seconds(fractional=True).abs() > rules.agreement_seconds
    if dtype.is_float():
        return (kept - other).abs() > rules.agreement_number
    return kept != other


def _as_text(dtype: pl.DataType, name: str) -> pl.Expr:
    column = pl.col(name)
    return column.dt.strftime("%Y-%m-%dT%H:%M:%SZ") if dtype == INSTANT else column.cast(pl.String)
