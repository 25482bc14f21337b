"""Coverage of outcomes: from when to when each source is complete, for what, and whether its files leave gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import polars as pl

from features.seller.claims import claim_lists
from features.seller.facts import INSTANT
from features.seller.precedence import joining_rules
from features.seller.table import SellerTable

What = Literal["filed", "debited", "withdrawn", "denied"]
FILED: tuple[What, ...] = ("filed", "debited", "withdrawn", "denied")
DAY = 86_400.0
_DATES = ("claim_opened_at", "decided_at", "recorded_at")
_TYPES = ("not_received", "not_as_described", "return_or_refund")


@dataclass(frozen=True, slots=True)
class SourceCoverage:
    """What one source can be relied on for. source: as in the outcomes; since, until: first and last instant of its
    files; complete_for: empty where absence of a claim tells nothing; gaps: stretches that no file covers, left out."""

    source: str
    since: datetime
    until: datetime
    complete_for: tuple[What, ...]
    types: tuple[str, ...]
    gaps: tuple[tuple[datetime, datetime], ...] = ()


def coverage(tables: Sequence[SellerTable]) -> list[SourceCoverage]:
    """One per source that can show claims.

    A list of claims is taken as complete from its first to its last instant, and not a day more. Finances show what
    was debited. Returns show claims only of what was sent back, so that they are complete for nothing.
    """
    found = []
    seen = [*(t for t in tables if t.kind in ("returns", "finances")), *claim_lists(tables)]
    for source in ("seller_central", "manual", "finances", "returns_report"):
        spans = _by_file([t for t in seen if _source(t) == source])
        if spans:
            found.append(_covered(source, spans))
    return found


def coverage_toml(found: Sequence[SourceCoverage]) -> str:
    """The text of `outcomes.coverage.toml`, as training reads it."""
    head = "# From when to when the outcomes are complete, and for what. Correct it where you know better.\n[source]\n"
    return head + "".join(_table(one) for one in found)


def _table(one: SourceCoverage) -> str:
    lines = [
        f"[source.{one.source}]", f"from = {_instant(one.since)}", f"until = {_instant(one.until)}",
        f"complete_for = {_list(one.complete_for)}", f"types = {_list(one.types)}",
    ]  # fmt: skip
    return "\n" + "\n".join(lines) + "\n"


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _list(words: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _source(table: SellerTable) -> str:
    known = {"returns": "returns_report", "finances": "finances"}
    return known.get(table.kind) or str(table.frame["source"][0])


def _by_file(tables: Sequence[SellerTable]) -> list[tuple[datetime, datetime]]:
    """One span per file, from the first to the last instant of all its lists."""
    spans: dict[Path, tuple[datetime, datetime]] = {}
    for table in tables:
        span = _span(table)
        if span is not None:
            known = spans.get(table.path, span)
            spans[table.path] = min(known[0], span[0]), max(known[1], span[1])
    return list(spans.values())


def _span(table: SellerTable) -> tuple[datetime, datetime] | None:
    """First and last instant of a table, None where it has none. Of returns and finances what happened counts, of a
    list of claims all its dates."""
    frame = table.frame
    wanted = {"finances": ["posted_at"], "returns": ["return_requested_at"]}.get(table.kind, _DATES)
    names = [n for n, dtype in frame.schema.items() if dtype == INSTANT and n in wanted]
    moments = [frame[n] for n in names if frame[n].null_count() < frame.height]
    if not moments:
        return None
    ends = pl.DataFrame({"low": [m.min() for m in moments], "high": [m.max() for m in moments]})
    low, high = ends["low"].min(), ends["high"].max()
    return (low, high) if isinstance(low, datetime) and isinstance(high, datetime) else None


def _covered(source: str, spans: Sequence[tuple[datetime, datetime]]) -> SourceCoverage:
    """The longest stretch without a gap, the latest of equals."""
    runs = [list(min(spans))]
    for start, end in sorted(spans)[1:]:
        if (start - runs[-1][1]).total_seconds() > joining_rules().coverage_largest_gap_days * DAY:
            runs.append([start, end])
        else:
            runs[-1][1] = max(runs[-1][1], end)
    since, until = max(runs, key=lambda run: (run[1] - run[0], run[1]))
    gaps = tuple((a[1], b[0]) for a, b in pairwise(runs))
    complete: tuple[What, ...] = ("debited",) if source == "finances" else () if source == "returns_report" else FILED
    return SourceCoverage(source, since, until, complete, _TYPES[1:] if source == "returns_report" else _TYPES, gaps)
