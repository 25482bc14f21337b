"""Files of orders, in and out: the table door, which sets bad rows aside and keeps the user's own columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.columns import EXTRA_PREFIX, Array, Bools, Columns, extra_attributes, rounded_money, with_every_extra
from features.columns import ExtraKind as ExtraKind
from features.completion import completed
from features.delimited import CHUNK_ROWS, DELIMITERS, RawChunk, Reject, read_delimited
from features.errors import FileRefused, Problem, nearest
from features.order import attributes
from features.parsing import parsed
from features.rules import contradictions
from features.seller.maps import fitting
from features.seller.plainorders import read_lines_of_orders, read_sheet_of_orders
from features.seller.table import SellerTable

REPORTS = (".txt", ".json")
UNKNOWN_COLUMN = "unknown_column"
_REPEATED = Problem("order_id", "repeated", "the same order_id and as_of stand in an earlier row; keep one")


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
    """The orders of a file whose columns have our names, in the order of their rows."""
    return _checked(_raw_chunks(path), path, options)


def orders_of(table: SellerTable, options: TableOptions) -> Iterator[Chunk]:
    """The orders of a seller's file that a map has read; one row an order, as nothing is joined here."""
    if table.kind not in ("orders", "order_items"):
        raise FileRefused(f"{table.path}: expected orders, got {table.kind}; claimrisk import joins them with orders")
    if table.frame.height and table.frame["order_id"].is_duplicated().any():
        raise FileRefused(f"{table.path}: expected one row an order, got several; claimrisk import joins them first")
    return _checked(_mapped_chunks(table), table.path, options)


def _mapped_chunks(table: SellerTable) -> Iterator[RawChunk]:
    frame = table.frame.drop("line")
    for start in range(0, max(frame.height, 1), CHUNK_ROWS):
        lines = table.frame["line"].slice(start, CHUNK_ROWS).to_list()
        yield RawChunk(frame.slice(start, CHUNK_ROWS), lines, [] if start else table.rejects)


def _checked(raws: Iterable[RawChunk], path: Path, options: TableOptions) -> Iterator[Chunk]:
    seen = _Keys()
    empty = True
    for raw in raws:
        _require_order_id(raw.frame.columns, path)
        empty = empty and raw.frame.is_empty() and not raw.rejects
        yield _chunk(raw, options, seen)
    if empty:
        raise FileRefused(f"{path}: no rows below the header; expected one order a row")


def checked(frame: pl.DataFrame) -> Iterator[Chunk]:
    """Orders that are already a frame in our names, as the table door takes them; lines are rows, the first is 1."""
    seen = _Keys()
    for start in range(0, frame.height, CHUNK_ROWS):
        part = frame.slice(start, CHUNK_ROWS)
        yield _chunk(RawChunk(part, list(range(start + 1, start + 1 + part.height)), []), TableOptions(), seen)


def read_raw(path: Path) -> Iterator[RawChunk]:
    """The rows of a CSV, TSV, Parquet, xlsx or JSON lines file as they stand."""
    return _raw_chunks(path)


def _raw_chunks(path: Path) -> Iterator[RawChunk]:
    suffix = path.suffix.lower()
    if not path.is_file():
        raise FileRefused(f"{path}: no such file")
    if suffix in DELIMITERS:
        return read_delimited(path)
    if suffix == ".parquet":
        return _read_parquet(path)
    if suffix == ".xlsx":
        return read_sheet_of_orders(path)
    if suffix == ".jsonl":
        return read_lines_of_orders(path)
    expected = ".csv, .tsv, .parquet, .xlsx or .jsonl"
    hint = "; a report of the platform goes in by --map, such as amazon.unshipped" if suffix in REPORTS else ""
    raise FileRefused(f"{path}: expected a file ending in {expected}, got {suffix or 'no ending'!r}{hint}")


def _read_parquet(path: Path) -> Iterator[RawChunk]:
    row = 0
    try:
        lazy = pl.scan_parquet(path, glob=False)
        if not lazy.collect_schema():
            raise FileRefused(f"{path}: the file has no columns; expected at least order_id")
        for frame in lazy.collect_batches(chunk_size=CHUNK_ROWS, maintain_order=True):
            for part in frame.iter_slices(CHUNK_ROWS):
                yield RawChunk(part, list(range(row + 1, row + 1 + part.height)), [])
                row += part.height
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise FileRefused(f"{path}: not a readable Parquet file ({str(error).partition(chr(10))[0]})") from error


def _require_order_id(names: list[str], path: Path) -> None:
    if "order_id" not in names:
        near, report = next((name for name in names if nearest(name, ["order_id"])), None), fitting(names)
        hint = "" if near is None else f"; rename {near!r} to order_id"
        hint = hint if report is None else f"; it looks like {report.report}: add --map {report.report}"
        raise FileRefused(f"{path}: expected a column order_id, got {', '.join(names[:8])}{hint}")


def unknown_columns(names: Iterable[str]) -> list[Problem]:
    """Columns that are neither attributes nor the shop's own, with the nearest attribute; they are carried through."""
    known = attributes()
    strange = [n for n in names if n not in known and not n.startswith(EXTRA_PREFIX)]
    return [Problem(n, UNKNOWN_COLUMN, f"not an attribute, carried through{nearest(n, known)}") for n in strange]


def _chunk(raw: RawChunk, options: TableOptions, seen: _Keys) -> Chunk:
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
    sound = wrong.good
    for finding in contradictions(columns):
        wrong.add(finding.where & sound, finding.problem)
    wrong.add(_repeated(columns, wrong.good, seen), _REPEATED)
    good = wrong.good
    rejects = sorted(raw.rejects + wrong.rejects(raw), key=lambda reject: reject.line)
    lines = [line for line, is_good in zip(raw.lines, good, strict=True) if is_good]
    return Chunk(raw.frame.filter(pl.Series(good)), completed(rounded_money(columns.take(good))), lines, rejects)


def _with_as_of(columns: Columns, options: TableOptions) -> Columns:
    if options.as_of is None:
        return columns
    own = columns["as_of"]
    return columns.replacing({"as_of": np.where(np.isnan(own), options.as_of, own)})


def _repeated(columns: Columns, good: Bools, seen: _Keys) -> Bools:
    """(n,) bool: good rows whose key (order_id, as_of) stood in an earlier good row."""
    keys = pl.DataFrame({"order_id": pl.Series(columns["order_id"], dtype=pl.String), "as_of": columns["as_of"]})
    keys = keys.filter(pl.Series(good))
    is_first = keys.select(pl.struct("order_id", "as_of").is_first_distinct()).to_series().to_numpy()
    repeated = np.zeros(columns.n, dtype=np.bool_)
    repeated[good] = ~is_first | seen.met(keys.hash_rows().to_numpy())
    return repeated


class _Keys:
    """64-bit digests of the keys met so far, 8 bytes each: of ten million keys two agree by chance in 1 of 400,000
    files. Sorted runs, each at least twice the next, so that adding is cheap."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []

    def met(self, digests: NDArray[np.uint64]) -> Bools:
        """(n,) bool: whether each was met in an earlier call; they count as met from now on."""
        found = np.zeros(len(digests), dtype=np.bool_)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, digests), len(run) - 1)
            found |= run[place] == digests
        if len(digests):
            self._runs.append(np.sort(digests))
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]))
        return found


class _Wrong:
    """What is wrong with which row of a chunk; the first problem of a row gives the column and the code."""

    def __init__(self, n: int) -> None:
        self.good: Bools = np.ones(n, dtype=np.bool_)
        self._found: dict[int, list[Problem]] = {}

    def add(self, where: Bools, problem: Problem) -> None:
        self.good = self.good & ~where
        for i in np.flatnonzero(where):
            self._found.setdefault(int(i), []).append(problem)

    def rejects(self, raw: RawChunk) -> list[Reject]:
        return [_reject(raw, i, self._found[i]) for i in sorted(self._found)]


def _reject(raw: RawChunk, i: int, problems: list[Problem]) -> Reject:
    """A row set aside; its text is a CSV record with the columns of the file, to be corrected and given once more."""
    reason = "; ".join(f"{p.attribute}: {p.detail}" for p in problems)
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(raw.frame.row(i))
    return Reject(raw.lines[i], problems[0].attribute, problems[0].code, reason, text.getvalue())
