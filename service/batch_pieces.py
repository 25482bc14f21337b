"""The pieces of a scored file, each made by a process of its own out of its rows of the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from features.columns import Columns, Ints
from features.delimited import RawChunk
from features.keys import digests
from features.kinds import TEXT_KINDS
from features.order import attributes
from features.tables import TableOptions, checked_rows
from service.batch_rows import InParquet, InPieces, Rows
from service.decide import Decisions, decide
from service.explained import Explained
from service.journal import Step, get, put, put_text
from service.means import Means
from service.result_columns import PREFIX, assessment, explanation
from service.results import may_run
from service.wording import Lang

# Columns of a piece that are none of the result; the user's may have any name.
KEY, ROW, PLACE = ("\x1fkey", "\x1frow", "\x1fplace")
# Orders decided at once: enough that Python does not count, few enough for the cache of a processor.
TOGETHER = 8_192


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done with every piece. folder: where pieces are put; given: where the rows lie; is_csv: of the
    result."""

    folder: Path
    given: InPieces | InParquet
    options: TableOptions
    means: Means
    lang: Lang
    explained: Explained
    is_csv: bool


@dataclass(frozen=True, slots=True)
class Riskiest:
    """Orders of piece k that are to be explained: their places among the good rows."""

    k: int
    places: Ints


@dataclass(frozen=True, slots=True)
class Done:
    """The digests of the pieces that came out of a task, by name, and how many rows it was about."""

    step: Step
    rows: int


def scored_name(k: int) -> str:
    """What is told of all good ones of rows k."""
    return f"scored-{k:05}"


def rejects_name(k: int) -> str:
    """What was set aside of rows k."""
    return f"rejects-{k:05}"


def plain_name(k: int) -> str:
    """Says that all rows k are good and their lines can be copied into a CSV."""
    return f"plain-{k:05}"


def explained_name(k: int) -> str:
    """What is told of some good ones of rows k: reasons, advice."""
    return f"explained-{k:05}"


def scored(work: Work, rows: Rows) -> Done:
    """Score rows of a file."""
    k, folder = rows.k, work.folder
    columns, places, step = _checked(work, rows)
    told, why = _told(columns, work)
    beside = [pl.Series(ROW, places, dtype=pl.UInt32), pl.Series(KEY, digests(columns))]
    step[scored_name(k)] = put(folder, scored_name(k), told.hstack(beside))
    if why is not None:
        step[explained_name(k)] = put(folder, explained_name(k), why)
    return Done(step, rows.count)


def _checked(work: Work, rows: Rows) -> tuple[Columns, Ints, dict[str, str]]:
    """The good rows with their places, and what is told of all of them as they stand; they are not held any longer."""
    k, folder = rows.k, work.folder
    chunk = checked_rows(RawChunk(*work.given.read(k), rows.rejects), work.options)
    step = dict(rows.pieces)
    if chunk.rejects:
        step[rejects_name(k)] = put(folder, rejects_name(k), pl.DataFrame(chunk.rejects))
    elif work.is_csv and _is_copied(chunk.frame) and work.given.plain(k) is not None:
        step[plain_name(k)] = put_text(folder, plain_name(k), b"")
    return chunk.columns, chunk.places, step


def explained(work: Work, some: Riskiest) -> Done:
    """Explain some orders of a piece."""
    frame, lines = work.given.read(some.k)
    rows = get(work.folder, scored_name(some.k), [ROW])[ROW].to_numpy()[some.places]
    raw = RawChunk(frame[rows], [lines[i] for i in rows.tolist()], [])
    told = _decided(checked_rows(raw, work.options).columns, work, explains=True)
    why = pl.concat(explanation(decisions, work.lang) for decisions in told)
    name = explained_name(some.k)
    return Done({name: put(work.folder, name, _placed(why, some.places))}, len(some.places))


def _is_copied(rows: pl.DataFrame) -> bool:
    """Whether all columns of good rows stand in the result as they are. Good numbers, instants and names of closed sets
    are not escaped."""
    known = attributes()
    texts = [name for name in rows.columns if name not in known or known[name].kind in TEXT_KINDS]
    return not any(name.startswith(PREFIX) for name in rows.columns) and not may_run(rows.select(texts))


def _decided(columns: Columns, work: Work, *, explains: bool) -> Iterator[Decisions]:
    for start in range(0, max(columns.n, 1), TOGETHER):
        yield decide(columns.part(start, start + TOGETHER), work.means, explains=explains)


def _told(columns: Columns, work: Work) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """What is told of all orders, and of those that are explained, where an order alone tells whether it is."""
    told: list[pl.DataFrame] = []
    why: list[pl.DataFrame] = []
    which, done = work.explained, 0
    explains = which.is_told_at_once and not which.is_none
    for decisions in _decided(columns, work, explains=explains and not which.band):
        told.append(assessment(decisions, work.means.bundle))
        if explains:
            places = np.flatnonzero(which.by_band(decisions.band)) + done
            of = decide(columns.take(places), work.means) if which.band else decisions
            why.append(_placed(explanation(of, work.lang), places))
        done += decisions.columns.n
    return pl.concat(told), pl.concat(why) if why else None


def _placed(frame: pl.DataFrame, places: Ints) -> pl.DataFrame:
    return frame.with_columns(pl.Series(PLACE, places, dtype=pl.UInt32))
