"""The import report as JSON: rows in, orders out, and all that was left out, completed or contradictory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from features.outcome import CLAIM
from features.seller.claim_endings import stands_withdrawn
from features.seller.claims import BASIS
from features.seller.gathering import Gathered
from features.seller.table import Note, SellerTable

FORMAT = 1
CONFLICTS, COVERAGE, ORPHANS = "conflicts.csv", "outcomes.coverage.toml", "orphans.csv"
_EXAMPLES = 3


def report_document(tables: Sequence[SellerTable], found: Gathered, left_out: Sequence[str] = ()) -> dict[str, Any]:
    """The report as JSON values; its texts are codes and names, the numbers are counts. left_out: why files were."""
    counted = found.outcomes.filter(~pl.col("retracted").fill_null(value=False))
    return {
        "format": FORMAT,
        "files": [_file(table) for table in tables],
        "files_left_out": list(left_out),
        "orders": {
            "given": found.orders.height + found.set_aside.height, "out": found.orders.height,
            "set_aside": _counts(found.set_aside["code"]), "only_in": dict(found.only_in),
        },
        "known": {name: found.orders.height - found.orders[name].null_count() for name in found.orders.columns},
        "told": sorted(_told(tables)),
        "filled": dict(found.filled),
        "conflicts": _conflicts(found.conflicts),
        "orphans": _counts(found.orphans["kind"]),
        "parcels_of_no_order": found.strays,
        "outcomes": [
            {"kind": kind, "source": source, "rows": rows}
            for kind, source, rows in counted.group_by("kind", "source").len().sort("kind", "source").rows()
        ],
        "claims": _standing(counted.filter(pl.col("kind") == CLAIM)),
        "opened_by": _counts(counted.filter(pl.col("kind") == CLAIM)[BASIS]),
        "coverage": [
            {"source": c.source, "from": _day(c.since), "until": _day(c.until), "complete_for": list(c.complete_for),
             "is_assumed": c.is_assumed,
             "gaps": [[_day(a), _day(b)] for a, b in c.gaps]} for c in found.coverage
        ],
        "target": _target(found),
        "reconciliation": [
            {"kind": r.kind, "from": _day(r.since), "until": _day(r.until), "told": r.told, "found": r.found,
             "gap": r.gap, "orders_told": r.orders_told, "orders_found": r.orders_found} for r in found.reconciliations
        ],
        "notes": [_note(note) for note in found.notes],
    }  # fmt: skip


def _standing(claims: pl.DataFrame) -> dict[str, int]:
    """How many claims were withdrawn, decided, or are not known to be over."""
    withdrawn = claims.filter(stands_withdrawn()).height
    decided = claims.filter(~stands_withdrawn() & pl.col("decided_at").is_not_null()).height
    return {"withdrawn": withdrawn, "decided": decided, "open": claims.height - withdrawn - decided}


def _file(table: SellerTable) -> dict[str, Any]:
    return {
        "file": table.path.name, "report": table.report, "kind": table.kind, "of": _of(table), "rows": table.rows,
        "taken": table.frame.height, "left_out": dict(table.dropped),
        "rejected": len({reject.line for reject in table.rejects}), "notes": [_note(note) for note in table.notes],
    }  # fmt: skip


def _told(tables: Sequence[SellerTable]) -> set[str]:
    """Names of attributes that some file has a column for, unless every row that could be read leaves it empty."""
    frames = (table.frame for table in tables)
    return {n for f in frames for n in f.columns if n != "line" and (not f.height or f[n].null_count() < f.height)}


def _of(table: SellerTable) -> str | None:
    """What tells this table from others of the same kind in its file: the one event or figure that its rows are of."""
    name = {"finances": "event", "performance": "metric"}.get(table.kind, "")
    values = table.frame[name].unique().to_list() if name in table.frame.columns else list[str]()
    return str(values[0]) if len(values) == 1 else None


def _note(note: Note) -> dict[str, Any]:
    return {"code": note.code, "column": note.column, "details": dict(note.details)}


def _counts(values: pl.Series) -> dict[str, int]:
    return dict(sorted(Counter(values.drop_nulls().to_list()).items()))


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _target(found: Gathered) -> str | None:
    complete = {what for one in found.coverage for what in one.complete_for}
    return "claim_filed" if "filed" in complete else "claim_debited" if "debited" in complete else None


def _conflicts(conflicts: pl.DataFrame) -> list[dict[str, Any]]:
    """Conflicts by attribute and reports, the most frequent first, with examples and, of instants that always lie
    equally far apart, how many hours."""
    keys = ["attribute", "kept_from", "other_from"]
    return [
        {**dict(zip(keys, key, strict=True)), "rows": rows.height, "hours_apart": _steady_hours(rows),
         "examples": rows.head(_EXAMPLES).select("order_id", "kept", "other").to_dicts()}
        for key, rows in sorted(conflicts.partition_by(keys, as_dict=True).items(), key=lambda g: (-g[1].height, g[0]))
    ]  # fmt: skip


def _steady_hours(rows: pl.DataFrame) -> float | None:
    """Hours between two instants where at least two orders show the same, whole or half, difference."""
    form = "%Y-%m-%dT%H:%M:%SZ"
    pair = rows.select(pl.col("kept", "other").str.to_datetime(form, strict=False)).drop_nulls()
    halves = pair.select(((pl.col("other") - pl.col("kept")).dt.total_seconds() / 1800).round()).to_series()
    if pair.height < 2 or pair.height < rows.height or halves.n_unique() != 1 or not halves[0]:
        return None
    return abs(float(halves[0])) / 2
