"""CSV and TSV, record by record: a damaged record is set aside with its line and never takes a good one with it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import polars as pl

from features.errors import FileRefused

DELIMITERS = {".csv": ",", ".tsv": "\t"}
CHUNK_ROWS = 65_536
LONGEST_RECORD_LINES = 50
LONGEST_FIELD = 65_536


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that was not used: the physical line it starts on (1 is the header), where, a code, why, and its text."""

    line: int
    column: str
    code: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Rows as they stand in the file. frame: (n, columns); lines: the physical line of each row."""

    frame: pl.DataFrame
    lines: list[int]
    rejects: list[Reject]


def read_delimited(path: Path) -> Iterator[RawChunk]:
    """A CSV or TSV file in chunks of text columns; empty cells are unknown."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _chunks(file, path)
    except UnicodeDecodeError as error:
        raise FileRefused(
            f"{path}: expected UTF-8 text, got byte 0x{error.object[error.start]:02x} at byte {error.start}; "
            "save the file as UTF-8 CSV"
        ) from error


def _chunks(file: TextIO, path: Path) -> Iterator[RawChunk]:
    delimiter = DELIMITERS[path.suffix.lower()]
    csv.field_size_limit(LONGEST_FIELD)
    records = _records(_Lines(file), delimiter)
    first = next(records, None)
    if first is None or first[1] is None:
        raise FileRefused(f"{path}: the file is empty; expected a header line with at least order_id")
    header = _header(first[1], path)
    while True:
        batch = list(islice(records, CHUNK_ROWS))
        if not batch:
            return
        yield _chunk(batch, header)


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in cells]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileRefused(f"{path}: line 1: column {twice[0]!r} stands twice; give each column a name of its own")
    return names


def _chunk(batch: list[tuple[int, list[str] | None, str, str]], header: list[str]) -> RawChunk:
    rows: list[list[str | None]] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    for line, cells, raw, why in batch:
        if cells is None:
            rejects.append(Reject(line, "", "damaged_record", why, raw))
        elif len(cells) != len(header):
            reason = f"expected {len(header)} cells, got {len(cells)}"
            rejects.append(Reject(line, "", "wrong_cell_count", reason, raw))
        else:
            rows.append([cell or None for cell in cells])
            lines.append(line)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
    return RawChunk(frame, lines, rejects)


class _Lines:
    """Physical lines with their number, and a way to give some back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._waiting: list[str] = []
        self.number = 0

    def next(self) -> str:
        self.number += 1
        return self._waiting.pop() if self._waiting else self._file.readline()

    def give_back(self, lines: list[str]) -> None:
        self.number -= len(lines)
        self._waiting.extend(reversed(lines))


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | None, str, str]]:
    """(line, cells or None if damaged, raw text, why) per record; blank lines are skipped."""
    while raw := lines.next():
        line = lines.number
        if raw.count('"') % 2:
            raw = _joined(raw, lines)
        if not raw.strip():
            continue
        try:
            cells = next(csv.reader([raw], delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            yield line, None, raw.rstrip("\r\n"), str(error)
        else:
            yield line, cells, raw.rstrip("\r\n"), ""


def _joined(first: str, lines: _Lines) -> str:
    """The record that starts with an open quote: joined up to its closing quote, or alone if none comes soon."""
    taken: list[str] = []
    while len(taken) < LONGEST_RECORD_LINES:
        following = lines.next()
        if not following:
            lines.number -= 1
            break
        taken.append(following)
        if following.count('"') % 2:
            return "".join([first, *taken])
    lines.give_back(taken)
    return first
