"""Scoring a file: the user's columns first, ours behind; rows that cannot be used are set aside with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from features.columns import Floats
from features.delimited import Reject
from features.errors import InputError
from features.order import STATES
from features.seller.table import SellerTable
from features.tables import Chunk, TableOptions, orders_of, read_orders, unknown_columns
from model.artefact import Bundle
from service.answers import reason_of
from service.decide import BANDS, Decisions, decide
from service.instants import instant_text
from service.means import Means
from service.money import rounded
from service.results import Encoding, check_ending, write_rejects, write_table
from service.wording import Lang, text

PREFIX = "claimrisk_"
TOLD_REASONS = 3
TOLD_ACTIONS = 3
# What a spreadsheet would run as a formula (OWASP), full-width forms included; numbers stay numbers.


@dataclass(slots=True)
class Summary:
    """What became of a file: rows scored, rejected and left out by code, statuses, and what was warned of."""

    scored: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    strange_columns: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.scored + self.rejected.total() + self.dropped.total()


def score_file(
    orders: Path,
    out: Path,
    options: TableOptions,
    means: Means,
    *,
    lang: Lang,
    threads: int = 2,
    encoding: Encoding = "utf-8-sig",
    read: SellerTable | None = None,
) -> Summary:
    """Score every good row of `orders` into `out` (CSV, Parquet or xlsx by its ending), rejects beside it.

    read: the same file as a map has read it, where its columns do not have our names.
    """
    check_ending(out, (orders,))
    summary, frames, rejects = Summary(), list[pl.DataFrame](), list[Reject]()
    if read is not None:
        summary.dropped.update(read.dropped)
    for chunk in read_orders(orders, options) if read is None else orders_of(read, options):
        if not frames:
            _refuse_nested(chunk.frame, out)
            summary.strange_columns = [f"{p.attribute}: {p.detail}" for p in unknown_columns(chunk.frame.columns)]
        rejects += chunk.rejects
        summary.rejected.update(r.code for r in chunk.rejects)
        frames.append(_scored(chunk, means, lang, threads, summary))
    write_table(pl.concat(frames, how="vertical_relaxed"), out, encoding)
    write_rejects(rejects, out.with_name(out.name + ".rejects.csv"))
    return summary


def _refuse_nested(frame: pl.DataFrame, out: Path) -> None:
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    if nested and out.suffix.lower() != ".parquet":
        raise InputError(f"--out {out}: column {nested[0]!r} holds lists or structs, which only .parquet can")


def _scored(chunk: Chunk, means: Means, lang: Lang, threads: int, summary: Summary) -> pl.DataFrame:
    decisions = decide(chunk.columns, means, threads=threads)
    summary.scored += chunk.columns.n
    summary.statuses.update(decisions.status.tolist())
    for warned in decisions.warnings:
        summary.warnings[warned.code + (f" {warned.attribute}" if warned.attribute else "")] += int(warned.where.sum())
    ours = [name for name in chunk.frame.columns if name.startswith(PREFIX)]
    return chunk.frame.drop(ours).with_columns(_our_columns(decisions, means.bundle, lang))


def _our_columns(decisions: Decisions, bundle: Bundle, lang: Lang) -> list[pl.Series]:
    scores, stakes = decisions.scores, decisions.stakes
    told = ~np.isnan(scores.probability)
    n = decisions.columns.n
    bands = [BANDS[int(band)] if band == band else None for band in decisions.band]
    columns: list[tuple[str, Any, Any]] = [
        ("probability", _nullable(scores.probability), pl.Float64),
        ("low", _nullable(scores.low), pl.Float64),
        ("high", _nullable(scores.high), pl.Float64),
        ("score", [int(s) if ok else None for s, ok in zip(decisions.score, told, strict=True)], pl.Int64),
        ("band", bands, pl.String),
        ("disposition", decisions.disposition.tolist(), pl.String),
        ("state", [str(STATES[place]) for place in scores.state], pl.String),
        ("status", decisions.status.tolist(), pl.String),
        ("expected_cost", _nullable(rounded(stakes.expected.amount, stakes.prices.currency)), pl.Float64),
        ("cost_currency", stakes.prices.currency.tolist(), pl.String),
        *_told_reasons(decisions, told.tolist(), lang),
        *_told_actions(decisions, lang),
        ("warnings", [_warnings(decisions, i) for i in range(n)], pl.String),
        ("model", [bundle.version] * n, pl.String),
    ]
    return [pl.Series(PREFIX + name, values, dtype=dtype, strict=False) for name, values, dtype in columns]


def _nullable(values: Floats) -> pl.Series:
    return pl.Series(values).fill_nan(None)


def _told_reasons(decisions: Decisions, told: list[bool], lang: Lang) -> Iterator[tuple[str, list[str | None], Any]]:
    texts: list[list[str]] = [
        [reason_of(decisions, i, *found, lang)["text"] for found in decisions.reasons.of(i, TOLD_REASONS)] if ok else []
        for i, ok in enumerate(told)
    ]
    for k in range(TOLD_REASONS):
        yield f"reason_{k + 1}", [row[k] if k < len(row) else None for row in texts], pl.String


def _told_actions(decisions: Decisions, lang: Lang) -> Iterator[tuple[str, list[str | None], Any]]:
    told = [advice.recommendations for advice in decisions.advice]
    for k in range(TOLD_ACTIONS):
        texts = [f"{row[k].action.id}: {text(row[k].action, lang)}" if k < len(row) else None for row in told]
        yield f"action_{k + 1}", texts, pl.String
    first = [min((r.deadline for r in row if r.deadline is not None), default=None) for row in told]
    yield "deadline", [None if at is None else instant_text(at) for at in first], pl.String


def _warnings(decisions: Decisions, i: int) -> str:
    found = [w.code + (f":{w.attribute}" if w.attribute else "") for w in decisions.warnings if w.where[i]]
    return orjson.dumps(found).decode()
