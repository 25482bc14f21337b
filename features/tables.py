"""Files of orders, in and out: the table door, which sets bad rows aside and keeps the user's own columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from features.columns import EXTRA_PREFIX, Array, Bools, Columns, rounded_money
from features.completion import completed
from features.delimited import CHUNK_ROWS, DELIMITERS, RawChunk, Reject, read_delimited
from features.errors import FileRefused, Problem, nearest
from features.kinds import Kind
from features.order import Attribute, attributes
from features.parsing import parsed
from features.rules import contradictions

ExtraKind = Literal["number", "flag", "category"]
_EXTRA_KINDS: dict[ExtraKind, Kind] = {"number": Kind.NUMBER, "flag": Kind.FLAG, "category": Kind.TEXT}
UNKNOWN_COLUMN = "unknown_column"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Good rows of a file. frame: the user's columns as they stood; columns: the same n orders, checked and completed;
    lines: the physical line of each; rejects: the rows set aside."""

    frame: pl.DataFrame
    columns: Columns
    lines: list[int]
    rejects: list[Reject]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a file is to be read. as_of: epoch seconds for rows without their own; extras: the declared `x_…` columns."""

    as_of: float | None = None
    zone: ZoneInfo | None = None
    extras: Mapping[str, ExtraKind] | None = None


def read_orders(path: Path, options: TableOptions) -> Iterator[Chunk]:
    """The orders of a CSV, TSV or Parquet file, in the order of their rows."""
    seen: set[tuple[str, float]] = set()
    empty = True
    for raw in _raw_chunks(path):
        _require_order_id(raw.frame.columns, path)
        empty = empty and raw.frame.is_empty() and not raw.rejects
        yield _chunk(raw, options, seen)
    if empty:
        raise FileRefused(f"{path}: no rows below the header; expected one order a row")


def read_raw(path: Path) -> Iterator[RawChunk]:
    """The rows of a CSV, TSV or Parquet file as they stand."""
    return _raw_chunks(path)


def _raw_chunks(path: Path) -> Iterator[RawChunk]:
    suffix = path.suffix.lower()
    if not path.is_file():
        raise FileRefused(f"{path}: no such file")
    if suffix in DELIMITERS:
        return read_delimited(path)
    if suffix == ".parquet":
        return _read_parquet(path)
    raise FileRefused(f"{path}: expected a file ending in .csv, .tsv or .parquet, got {suffix or 'no ending'!r}")


def _read_parquet(path: Path) -> Iterator[RawChunk]:
    row = 0
    try:
        lazy = pl.scan_parquet(path)
        if not lazy.collect_schema():
            raise FileRefused(f"{path}: the file has no columns; expected at least order_id")
        for frame in lazy.collect_batches(chunk_size=CHUNK_ROWS, maintain_order=True):
            for part in frame.iter_slices(CHUNK_ROWS):
                yield RawChunk(part, list(range(row + 1, row + 1 + part.height)), [])
                row += part.height
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FileRefused(f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})") from error
    if row == 0:
        raise FileRefused(f"{path}: no rows; expected one order a row")


def _require_order_id(names: list[str], path: Path) -> None:
    if "order_id" not in names:
        hint = next((nearest(name, ["order_id"]) for name in names if nearest(name, ["order_id"])), "")
        raise FileRefused(
            f"{path}: expected a column order_id, got {', '.join(names[:8])}{hint and ' (rename the near one)'}"
        )


def unknown_columns(names: Iterable[str]) -> list[Problem]:
    """Columns that are neither attributes nor the shop's own, with the nearest attribute; they are carried through."""
    known = attributes()
    strange = [n for n in names if n not in known and not n.startswith(EXTRA_PREFIX)]
    return [Problem(n, UNKNOWN_COLUMN, f"not an attribute, carried through{nearest(n, known)}") for n in strange]


def _declared_extras(options: TableOptions) -> dict[str, Attribute]:
    extras = options.extras or {}
    return {
        name: Attribute(name, _EXTRA_KINDS[kind], "placed", "value", None, None, "the shop's own", (), -1e12)
        for name, kind in extras.items()
    }


def _chunk(raw: RawChunk, options: TableOptions, seen: set[tuple[str, float]]) -> Chunk:
    wrong = _Wrong(raw.frame.height)
    declared = {**attributes(), **_declared_extras(options)}
    arrays: dict[str, Array] = {}
    for name in raw.frame.columns:
        if name in declared:
            result = parsed(raw.frame[name], declared[name], options.zone)
            arrays[name] = result.array
            wrong.add(result.bad, result.problem)
    columns = _with_as_of(Columns(raw.frame.height, arrays), options)
    wrong.add(~columns.known("order_id"), Problem("order_id", "missing", "expected an order_id in every row"))
    for finding in contradictions(columns):
        wrong.add(finding.where, finding.problem)
    wrong.add(_repeated(columns, wrong.good, seen), Problem("order_id", "repeated", _REPEATED))
    good = wrong.good
    rejects = raw.rejects + wrong.rejects(raw)
    lines = [line for line, is_good in zip(raw.lines, good, strict=True) if is_good]
    kept = completed(rounded_money(columns.take(good)))
    return Chunk(raw.frame.filter(pl.Series(good)), kept, lines, sorted(rejects, key=lambda r: r.line))


_REPEATED = "the same order_id and as_of stand in an earlier row; keep one"


def _with_as_of(columns: Columns, options: TableOptions) -> Columns:
    if options.as_of is None:
        return columns
    own = columns["as_of"]
    return columns.replacing({"as_of": np.where(np.isnan(own), options.as_of, own)})


def _repeated(columns: Columns, good: Bools, seen: set[tuple[str, float]]) -> Bools:
    """(n,) bool: good rows whose key (order_id, as_of) stood in an earlier good row."""
    repeated = np.zeros(columns.n, dtype=np.bool_)
    as_of = np.nan_to_num(columns["as_of"], nan=-1.0).tolist()
    for i, key in enumerate(zip(columns["order_id"].tolist(), as_of, strict=True)):
        if good[i]:
            repeated[i] = key in seen
            seen.add(key)
    return repeated


class _Wrong:
    """What is wrong with which row of a chunk; the first problem of a row is the one that is told."""

    def __init__(self, n: int) -> None:
        self.good: Bools = np.ones(n, dtype=np.bool_)
        self._found: dict[int, list[Problem]] = {}

    def add(self, where: Bools, problem: Problem) -> None:
        self.good &= ~where
        for i in np.flatnonzero(where):
            self._found.setdefault(int(i), []).append(problem)

    def rejects(self, raw: RawChunk) -> list[Reject]:
        return [_reject(raw, i, self._found[i]) for i in sorted(self._found)]


def _reject(raw: RawChunk, i: int, problems: list[Problem]) -> Reject:
    reason = "; ".join(f"{p.attribute}: {p.detail}" for p in problems)
    text = ",".join("" if cell is None else str(cell) for cell in raw.frame.row(i))
    return Reject(raw.lines[i], problems[0].attribute, problems[0].code, reason, text)
