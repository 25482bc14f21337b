"""The pieces of a scored file, each made by a process of its own out of the rows that were set down for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from features.columns import Columns, Ints
from features.delimited import RawChunk, Reject
from features.keys import digests
from features.tables import Chunk, TableOptions, checked_rows
from service.decide import Decisions, decide
from service.explained import Explained
from service.journal import Step, get, put
from service.means import Means
from service.result_columns import assessment, explanation
from service.wording import Lang

# In front of the names of our columns while they stand beside the user's, whose names may be anything.
OURS = "\x1f"
LINE, KEY, PLACE = f"{OURS}line", f"{OURS}key", f"{OURS}place"
# Orders decided at once: enough that Python does not count, few enough for the cache of a processor.
TOGETHER = 8_192


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done with every piece. folder: where the pieces lie; threads: of LightGBM."""

    folder: Path
    options: TableOptions
    means: Means
    lang: Lang
    explained: Explained
    threads: int = 1


def scored_name(k: int) -> str:
    """The good ones of rows k with what is told of all of them."""
    return f"scored-{k:05}"


def rejects_name(k: int) -> str:
    """What was set aside of rows k."""
    return f"rejects-{k:05}"


def explained_name(k: int) -> str:
    """What is told of some of rows k: their places among the good ones, reasons, advice."""
    return f"explained-{k:05}"


def set_down(folder: Path, k: int, raw: RawChunk) -> str:
    """Rows k for another process of this run to score. Returns the name of the piece."""
    name = f"rows-{k:05}-{os.getpid()}"
    put(folder, name, raw.frame.with_columns(pl.Series(LINE, raw.lines, dtype=pl.Int64)))
    return name


def scored(work: Work, k: int, name: str, rejects: list[Reject]) -> Step:
    """Score rows k, set down as `name`; rejects: of the reader. Returns the digests of the pieces written."""
    rows = get(work.folder, name)
    raw = RawChunk(rows.drop(LINE), rows[LINE].to_list(), rejects)
    chunk = checked_rows(raw, work.options)
    told, why = _told(chunk.columns, work)
    written = {scored_name(k): put(work.folder, scored_name(k), _beside(chunk, told))}
    if chunk.rejects:
        written[rejects_name(k)] = put(work.folder, rejects_name(k), pl.DataFrame(chunk.rejects))
    if why is not None:
        written[explained_name(k)] = put(work.folder, explained_name(k), why)
    (work.folder / name).unlink()
    return written


def explained(work: Work, k: int, places: Ints) -> Step:
    """Explain some of the good ones of rows k. Returns the digest of the piece written."""
    rows = get(work.folder, scored_name(k))[places]
    theirs = rows.select(pl.exclude(f"^{OURS}.*$"))
    columns = checked_rows(RawChunk(theirs, rows[LINE].to_list(), []), work.options).columns
    parts = [explanation(decisions, work.lang) for decisions in _decided(columns, work, explains=True)]
    why = pl.concat(parts).with_columns(pl.Series(PLACE, places, dtype=pl.UInt32))
    return {explained_name(k): put(work.folder, explained_name(k), why)}


def _decided(columns: Columns, work: Work, *, explains: bool) -> Iterator[Decisions]:
    for start in range(0, max(columns.n, 1), TOGETHER):
        some = columns.take(np.arange(start, min(start + TOGETHER, columns.n)))
        yield decide(some, work.means, threads=work.threads, explains=explains)


def _told(columns: Columns, work: Work) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """What is told of all orders, and of those that are explained at once, where that can be told from one order."""
    told: list[pl.DataFrame] = []
    why: list[pl.DataFrame] = []
    at_once, done = work.explained.is_told_at_once, 0
    for decisions in _decided(columns, work, explains=at_once and work.explained.band == 0):
        told.append(assessment(decisions, work.means.bundle))
        if at_once:
            places = np.flatnonzero(work.explained.by_band(decisions.band))
            of = decisions
            if work.explained.band:
                of = decide(columns.take(places + done), work.means, threads=work.threads)
            why.append(explanation(of, work.lang).with_columns(pl.Series(PLACE, places + done, dtype=pl.UInt32)))
        done += decisions.columns.n
    return pl.concat(told), pl.concat(why) if at_once else None


def _beside(chunk: Chunk, told: pl.DataFrame) -> pl.DataFrame:
    """The user's columns, and ours beside them under names of their own."""
    inner = [pl.Series(LINE, chunk.lines, dtype=pl.Int64), pl.Series(KEY, digests(chunk.columns))]
    return chunk.frame.hstack([*inner, *(column.alias(OURS + column.name) for column in told)])
