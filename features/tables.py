"""Files of orders, in and out: the table door, which sets bad rows aside and keeps the user's own columns."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from features.columns import Array, Bools, Columns, Ints
from features.completion import completed
from features.delimited import CHUNK_ROWS, DELIMITERS, Block, RawChunk, Reject, delimited_blocks, read_delimited
from features.errors import FileRefused, Problem, nearest
from features.extras import EXTRA_PREFIX, ExtraKind, extra_attributes, with_every_extra
from features.keys import Keys, digests
from features.order import attributes
from features.outcome import is_outcomes
from features.parquet_rows import ParquetRows
from features.parsing import parsed
from features.rounding import rounded_money
from features.rules import contradictions
from features.seller.keys import DIGITS_LOST, shortened
from features.seller.maps import OWN_NAMES, fitting
from features.seller.plainorders import read_lines_of_orders, read_sheet_of_orders
from features.seller.sources import what_to_do
from features.seller.table import SellerTable
from features.spread import Spread, here

SLICE_ROWS = 32_768
LONGEST_SHOWN = 300  # characters of names in a message
REPORTS = (".txt", ".json")
UNKNOWN_COLUMN = "unknown_column"
AnyBlock = TypeVar("AnyBlock", bound=Block)
_REPEATED = Problem("order_id", "repeated", "the same order_id and as_of stand in an earlier row; keep one")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Good rows of a file. frame: the user's columns as they stood; columns: the same n orders, checked and completed;
    lines: the physical line of each; rejects: the rows set aside; places: (n,) of the good among the rows as read."""

    frame: pl.DataFrame
    columns: Columns
    lines: list[int]
    rejects: list[Reject]
    places: Ints


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a file is to be read. as_of: epoch seconds for rows without their own; extras: the declared `x_…` columns;
    takes_map: whether who reads it may be told to give --map."""

    as_of: float | None = None
    zone: ZoneInfo | None = None
    extras: Mapping[str, ExtraKind] | None = None
    takes_map: bool = False


def read_orders(path: Path, options: TableOptions, spread: Spread = here) -> Iterator[Chunk]:
    """The orders of a file whose columns have our names, in the order of their rows; of a folder file by file, by name.

    spread: where the files of a folder are read.
    """
    if not path.is_dir():
        takes_map = options.takes_map
        raws = with_order_ids(read_raw(path, takes_map=takes_map), path, takes_map=takes_map)
        return _first_of_each(raws, options)
    parts = spread(_checked_file, options, parquet_files(path))
    return _without_repeats_among(chunk for chunks in parts for chunk in chunks)


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files of a folder, by name; `FileRefused` without any."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise FileRefused(
            f"{folder}: expected a folder with .parquet files, found none; give a file of another kind by its name, or "
            f"the folder to claimrisk import, which joins what is in it"
        )
    return files


def first_file(path: Path) -> Path:
    """The file itself, or the first of a folder."""
    return parquet_files(path)[0] if path.is_dir() else path


def _checked_file(options: TableOptions, path: Path) -> list[Chunk]:
    return [checked_rows(raw, options) for raw in with_order_ids(read_raw(path), path)]


def orders_of(table: SellerTable, options: TableOptions) -> Iterator[Chunk]:
    """The orders of a seller's file that a map has read."""
    return _first_of_each(with_order_ids(raw_of(table), table.path), options)


def raw_of(table: SellerTable) -> Iterator[RawChunk]:
    """The rows of a seller's file that a map has read; one row an order, as nothing is joined here."""
    if table.kind not in ("orders", "order_items"):
        raise FileRefused(f"{table.path}: expected orders, got {table.kind}; claimrisk import joins them with orders")
    if table.frame.height and table.frame["order_id"].is_duplicated().any():
        raise FileRefused(f"{table.path}: expected one row an order, got several; claimrisk import joins them first")
    if table.dropped and not table.frame.height and not table.rejects:
        why = ", ".join(f"{reason} {count:,}" for reason, count in table.dropped.items())
        raise FileRefused(f"{table.path}: expected at least one order, got rows that its map leaves out alone: {why}")
    return cut(RawChunk(table.frame.drop("line"), table.frame["line"].to_list(), table.rejects), CHUNK_ROWS)


def with_order_ids(blocks: Iterable[AnyBlock], path: Path, *, takes_map: bool = False) -> Iterator[AnyBlock]:
    """The rows of a file as they stand; `FileRefused` where they can be no orders, or there are none."""
    empty = True
    for block in blocks:
        _require_orders(block.header, path, takes_map=takes_map)
        empty = empty and not block.height and not (isinstance(block, RawChunk) and block.rejects)
        yield block
    if empty:
        raise _without_rows(path)


def parquet_of_orders(path: Path) -> ParquetRows:
    """A Parquet file whose rows may be orders; `FileRefused` where they can be none, or there are none."""
    file = ParquetRows.of(path)
    _require_orders(list(file.schema), path, takes_map=True)
    if not file.height:
        raise _without_rows(path)
    return file


def _without_rows(path: Path) -> FileRefused:
    return FileRefused(f"{path}: no rows below the header; expected one order a row", about="empty_file")


def _first_of_each(raws: Iterable[RawChunk], options: TableOptions) -> Iterator[Chunk]:
    return _without_repeats_among(checked_rows(raw, options) for raw in raws)


def _without_repeats_among(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    seen = Keys()
    for chunk in chunks:
        yield without_repeats(chunk, seen.repeated(digests(chunk.columns)))


def checked(frame: pl.DataFrame) -> Iterator[Chunk]:
    """Orders that are already a frame in our names, as the table door takes them; lines are rows, the first is 1."""
    return _first_of_each(cut(RawChunk(frame, list(range(1, frame.height + 1)), []), CHUNK_ROWS), TableOptions())


def cut(raw: RawChunk, most: int) -> Iterator[RawChunk]:
    """The same rows in parts of at most `most`, each with the rejects that stand before the next part."""
    starts = range(0, max(raw.frame.height, 1), most)
    bounds = [-math.inf, *(raw.lines[start] for start in starts[1:]), math.inf]
    for start, after, before in zip(starts, bounds, bounds[1:], strict=False):
        rejects = [reject for reject in raw.rejects if after <= reject.line < before]
        yield RawChunk(raw.frame.slice(start, most), raw.lines[start : start + most], rejects)


def read_blocks(path: Path) -> Iterator[Block]:
    """The rows of a file as they stand, those that are sound text not yet read into columns."""
    return (
        delimited_blocks(path)
        if path.suffix.lower() in DELIMITERS and path.is_file()
        else iter(read_raw(path, takes_map=True))
    )


def read_raw(path: Path, *, takes_map: bool = False) -> Iterator[RawChunk]:
    """The rows of a CSV, TSV, Parquet, xlsx or JSON lines file as they stand."""
    suffix = path.suffix.lower()
    if not path.is_file():
        raise FileRefused(f"{path}: no such file", about="no_such_file")
    if suffix in DELIMITERS:
        return read_delimited(path)
    if suffix == ".parquet":
        return _read_parquet(path)
    if suffix == ".xlsx":
        return read_sheet_of_orders(path)
    if suffix == ".jsonl":
        return read_lines_of_orders(path)
    expected = ".csv, .tsv, .parquet, .xlsx or .jsonl"
    by = "by --map, such as amazon.unshipped" if takes_map else "by claimrisk import"
    hint = f"; a report of the platform goes in {by}" if suffix in REPORTS else what_to_do(suffix)
    raise FileRefused(
        f"{path}: expected a file ending in {expected}, got {suffix or 'no ending'!r}{hint}", about="file_type"
    )


def _read_parquet(path: Path) -> Iterator[RawChunk]:
    """Slice by slice: polars' own batches are read far ahead of their use, into as much memory as the file takes."""
    file = ParquetRows.of(path)
    for start in range(0, max(file.height, 1), SLICE_ROWS):
        yield RawChunk(*file.read(start, SLICE_ROWS), [])


def _require_orders(names: Sequence[str], path: Path, *, takes_map: bool) -> None:
    if is_outcomes(names):
        raise FileRefused(
            f"{path}: expected orders, got outcomes ({', '.join(names[:8])}); give the file of their orders here, and "
            "this one as the outcomes of train, backtest, monitor or odr"
        )
    if "order_id" not in names:
        near, report = next((name for name in names if nearest(name, ["order_id"])), None), fitting(names)
        hint = "" if near is None else f"; rename {near!r} to order_id"
        if _is_written_otherwise(names):
            how = f"add --map {OWN_NAMES}, which finds that out" if takes_map else "save it as UTF-8 CSV with commas"
            hint = f"; its cells stand between other signs than its ending tells, or it is in another encoding: {how}"
        if report is not None:
            what = f"add --map {report.report}" if takes_map else "claimrisk import reads it"
            hint = f"; it looks like {report.report}: {what}"
        raise FileRefused(f"{path}: expected a column order_id, got {_shown(names[:8])}{hint}", about="no_order_id")


def _is_written_otherwise(names: Sequence[str]) -> bool:
    """Whether all names stand in one, or are no text: the delimiter or the encoding is another."""
    return (len(names) == 1 and bool(re.search(r"order_id\"?[,;|\t]", names[0]))) or "\0" in "".join(names)


def _shown(names: Sequence[str]) -> str:
    """Names to be read in a terminal, whatever stands in the file."""
    text = ", ".join(names)
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)[:LONGEST_SHOWN].strip()


def unknown_columns(names: Iterable[str]) -> list[Problem]:
    """Columns that are neither attributes nor the shop's own, with the nearest attribute; they are carried through."""
    known = attributes()
    strange = [n for n in names if n not in known and not n.startswith(EXTRA_PREFIX)]
    return [Problem(n, UNKNOWN_COLUMN, f"not an attribute, carried through{nearest(n, known)}") for n in strange]


def checked_rows(raw: RawChunk, options: TableOptions) -> Chunk:
    """The orders in rows as they stand, each looked at by itself: repeats are still there."""
    wrong = _Wrong(raw.frame.height)
    own = extra_attributes(options.extras)
    arrays: dict[str, Array] = {}
    for name, declared in (attributes() | own).items():
        if name in raw.frame.columns:
            result = parsed(raw.frame[name], declared, options.zone)
            arrays[name] = result.array
            wrong.add(result.bad, result.problem)
    columns = _with_as_of(with_every_extra(Columns(raw.frame.height, arrays), own), options)
    missing = wrong.good & ~columns.known("order_id")
    wrong.add(missing, Problem("order_id", "missing", "expected an order_id in every row"))
    wrong.add(_without_digits(raw.frame), Problem("order_id", "digits_lost", DIGITS_LOST))
    sound = wrong.good
    for finding in contradictions(columns):
        wrong.add(finding.where & sound, finding.problem)
    good = wrong.good
    rejects = sorted(raw.rejects + wrong.rejects(raw.frame, raw.lines), key=_line)
    places, frame, lines = np.flatnonzero(good), raw.frame, raw.lines
    if not good.all():
        frame, lines = frame[places], [lines[i] for i in places.tolist()]
    return Chunk(frame, completed(rounded_money(columns.take(good))), lines, rejects, places)


def _without_digits(frame: pl.DataFrame) -> Bools:
    """(n,) bool: order numbers that a spreadsheet has made 1.14E+16 of, which many orders may share."""
    if "order_id" not in frame.columns or frame["order_id"].dtype != pl.String:
        return np.zeros(frame.height, dtype=np.bool_)
    return shortened(frame["order_id"]).to_numpy()


def without_repeats(chunk: Chunk, repeated: Bools) -> Chunk:
    """The orders that are no repeat ((n,) bool) of an earlier row; the others are set aside."""
    if not repeated.any():
        return chunk
    kept = np.flatnonzero(~repeated)
    rejects = sorted(chunk.rejects + repeats(chunk.frame, chunk.lines, repeated), key=_line)
    lines = [chunk.lines[i] for i in kept.tolist()]
    return Chunk(chunk.frame[kept], chunk.columns.take(kept), lines, rejects, chunk.places[kept])


def repeats(frame: pl.DataFrame, lines: Sequence[int], repeated: Bools) -> list[Reject]:
    """What is set aside of rows because an earlier one has their key."""
    wrong = _Wrong(frame.height)
    wrong.add(repeated, _REPEATED)
    return wrong.rejects(frame, lines)


def _with_as_of(columns: Columns, options: TableOptions) -> Columns:
    if options.as_of is None:
        return columns
    own = columns["as_of"]
    return columns.replacing({"as_of": np.where(np.isnan(own), options.as_of, own)})


class _Wrong:
    """What is wrong with which row of a chunk; the first problem of a row gives the column and the code."""

    def __init__(self, n: int) -> None:
        self.good: Bools = np.ones(n, dtype=np.bool_)
        self._found: dict[int, list[Problem]] = {}

    def add(self, where: Bools, problem: Problem) -> None:
        self.good = self.good & ~where
        for i in np.flatnonzero(where):
            self._found.setdefault(int(i), []).append(problem)

    def rejects(self, frame: pl.DataFrame, lines: Sequence[int]) -> list[Reject]:
        return [_reject(frame.row(i), lines[i], self._found[i]) for i in sorted(self._found)]


def _reject(cells: tuple[object, ...], line: int, problems: list[Problem]) -> Reject:
    """A row set aside; its text is a CSV record with the columns of the file, to be corrected and given once more."""
    reason = "; ".join(f"{p.attribute}: {p.detail}" for p in problems)
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return Reject(line, problems[0].attribute, problems[0].code, reason, text.getvalue())


def _line(reject: Reject) -> int:
    return reject.line
