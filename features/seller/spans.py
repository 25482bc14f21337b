"""Coverage of outcomes: from when to when each source is complete, for what, and whether its files leave gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
_UNDATED = pl.DataFrame(schema={"claim_opened_at": INSTANT})
_COMPLETE: dict[str, tuple[What, ...]] = {"finances": ("debited",), "returns_report": ()}
_DATES = ("claim_opened_at", "decided_at", "withdrawn_at", "recorded_at")
_TYPES = ("not_received", "not_as_described", "return_or_refund")


@dataclass(frozen=True, slots=True)
class SourceCoverage:
    """What one source can be relied on for. source: as in the outcomes; since, until: first and last instant of its
    files; complete_for: empty where absence of a claim tells nothing; gaps: stretches that no file covers, left out;
    is_assumed: a list that is taken to go back to the first order, earlier than its first claim."""

    source: str
    since: datetime
    until: datetime
    complete_for: tuple[What, ...]
    types: tuple[str, ...]
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    is_assumed: bool = False


def coverage(tables: Sequence[SellerTable], first_order: datetime | None) -> list[SourceCoverage]:
    """One per source that can show claims.

    A list of claims is taken as complete to its last instant, and from the first order where its first claim comes
    soon enough after that, else from its first claim. Finances show what was debited. Returns show claims only of what
    was sent back, so that they are complete for nothing.
    """
    found = []
    seen = [*(t for t in tables if t.kind in ("returns", "finances")), *claim_lists(tables)]
    for source in ("seller_central", "manual", "finances", "returns_report"):
        spans = _by_file([t for t in seen if _source(t) == source])
        if spans:
            covered = _covered(source, spans)
            lists = [t.frame for t in seen if _source(t) == source and t.kind not in ("returns", "finances")]
            found.append(_from_first_order(covered, lists, first_order) if lists else covered)
    return found


def _from_first_order(
    covered: SourceCoverage, lists: Sequence[pl.DataFrame], first_order: datetime | None
) -> SourceCoverage:
    """The coverage of lists of claims, from the first order where that can be believed."""
    opened = pl.concat([f.select("claim_opened_at") for f in lists if "claim_opened_at" in f.columns] or [_UNDATED])
    first, last = opened["claim_opened_at"].min(), opened["claim_opened_at"].max()
    if first_order is None or covered.gaps or not isinstance(first, datetime) or not isinstance(last, datetime):
        return covered
    claims = opened.drop_nulls().height
    distance = (last - first) / max(claims - 1, 1)
    rules = joining_rules()
    soon = timedelta(days=rules.coverage_list_first_claim_days) + rules.coverage_list_mean_distances * distance
    if not first_order < covered.since or first - first_order > soon:
        return covered
    return replace(covered, since=first_order, is_assumed=True)


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
    complete = _COMPLETE.get(source, FILED)
    return SourceCoverage(source, since, until, complete, _TYPES[1:] if source == "returns_report" else _TYPES, gaps)
