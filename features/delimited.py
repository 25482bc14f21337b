"""CSV and TSV, record by record: a damaged record is set aside with its line and never takes a good one with it."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TextIO

import polars as pl

from features.errors import FileRefused
from features.sound import SoundText, sound_text, text_frame

DELIMITERS = {".csv": ",", ".tsv": "\t"}
CHUNK_ROWS = 65_536
BLOCK_LINES = 8_192
LONGEST_RECORD_LINES = 50
LONGEST_FIELD = 65_536
NOT_UTF8 = (
    "expected UTF-8 text, got another encoding; save the file as UTF-8 CSV, or, where a command takes it, add --map "
    "claimrisk.orders, which finds the encoding, or say it, as by --file-encoding gb18030"
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written. delimiter: None goes by the ending; has_quotes: false where a quotation mark is a letter
    like any other; fills_short: cells missing at the end of a line are empty; header_row: 1 is the first line."""

    encoding: str = "utf-8-sig"
    delimiter: str | None = None
    has_quotes: bool = True
    fills_short: bool = False
    header_row: int = 1


OURS = Dialect()


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
    """Rows as they stand in the file. frame: (n, columns); lines: the physical line of each row; filled: how many were
    short and have been filled."""

    frame: pl.DataFrame
    lines: list[int]
    rejects: list[Reject]
    filled: int = 0

    @property
    def header(self) -> Sequence[str]:
        """The names of the columns."""
        return self.frame.columns

    @property
    def height(self) -> int:
        """How many rows."""
        return self.frame.height


Block = RawChunk | SoundText


@dataclass(frozen=True, slots=True)
class _Record:
    """One record: the line it starts on, its cells, or why it has none, and its text."""

    line: int
    cells: list[str]
    why: str
    raw: str


def read_delimited(path: Path, dialect: Dialect = OURS) -> Iterator[RawChunk]:
    """A CSV or TSV file in chunks of text columns; empty cells are unknown."""
    blocks = delimited_blocks(path, dialect)
    while some := list(islice(blocks, CHUNK_ROWS // BLOCK_LINES)):
        yield gathered(some)


def delimited_blocks(path: Path, dialect: Dialect = OURS) -> Iterator[Block]:
    """The same in blocks, small because Python holds their cells where they are not sound."""
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with path.open(encoding=dialect.encoding, errors="surrogateescape", newline="") as file:
            yield from _blocks(_Lines(file), path, dialect)
    except OSError as error:
        raise FileRefused(f"{path}: cannot be read ({error.strerror})", about="unreadable") from error
    except UnicodeError as error:
        raise FileRefused(
            f"{path}: expected text in {dialect.encoding}, got other bytes; say encoding = … in a map"
        ) from error


def gathered(blocks: Sequence[Block]) -> RawChunk:
    """Blocks of one file as a chunk that is worth working by column."""
    together = [RawChunk(block.frame(), block.lines, []) if isinstance(block, SoundText) else block for block in blocks]
    lines = [line for block in together for line in block.lines]
    rejects = [reject for block in together for reject in block.rejects]
    filled = sum(block.filled for block in together)
    return RawChunk(pl.concat([block.frame for block in together]), lines, rejects, filled)


def _blocks(lines: _Lines, path: Path, dialect: Dialect) -> Iterator[Block]:
    dialect = replace(dialect, delimiter=dialect.delimiter or DELIMITERS[path.suffix.lower()])
    lines.take(dialect.header_row - 1)
    header = _header(next(_Records(lines, dialect, None).upto(math.inf), None), path)
    start = _bytes_of(path, lines.number) if dialect.encoding.startswith("utf-8") else None
    while block := lines.take(BLOCK_LINES):
        sound = _sound(block, dialect, header, lines.number - len(block) + 1, start)
        if sound is not None:
            start = None if start is None else start + len(sound.data)
            yield sound
        else:
            start = None  # from here on it would have to be counted
            lines.give_back(block)
            records = list(_Records(lines, dialect, len(header)).upto(lines.number + len(block)))
            yield _chunk(records, header, fills_short=dialect.fills_short)


def _header(record: _Record | None, path: Path) -> list[str]:
    if record is None:
        raise FileRefused(
            f"{path}: the file is empty; expected a header line with at least order_id", about="empty_file"
        )
    if record.why:
        raise FileRefused(f"{path}: line {record.line}: the header is damaged ({record.why})")
    names = [cell.strip() for cell in record.cells]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise FileRefused(f"{path}: line {record.line}: column {twice!r} stands twice; give each a name of its own")
    return names


def reader(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """The cells of each record; a damaged one raises `csv.Error`."""
    delimiter = dialect.delimiter or ","
    if dialect.has_quotes:
        return csv.reader(lines, delimiter=delimiter, strict=True)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)


def _bytes_of(path: Path, lines: int) -> int | None:
    """How many bytes the first lines take; None where lines end in a carriage return alone."""
    with path.open("rb") as file:
        first = b"".join(islice(file, lines))
    return len(first) if first.count(b"\r") == first.count(b"\r\n") else None


def _sound(block: list[str], dialect: Dialect, header: list[str], line: int, start: int | None) -> SoundText | None:
    if max(map(len, block)) > LONGEST_FIELD:
        return None
    signs = dialect.delimiter or ","
    return sound_text(block, header, signs, has_quotes=dialect.has_quotes, line=line, start=start)


def _chunk(records: list[_Record], header: list[str], *, fills_short: bool) -> RawChunk:
    good: list[_Record] = []
    rejects: list[Reject] = []
    filled = 0
    for record in records:
        missing = len(header) - len(record.cells)
        if fills_short and not record.why and missing > 0:
            record.cells.extend([""] * missing)
            filled += 1
        if record.why:
            rejects.append(Reject(record.line, "", "damaged_record", record.why, record.raw))
        elif len(record.cells) != len(header):
            reason = f"expected {len(header)} cells, got {len(record.cells)}"
            rejects.append(Reject(record.line, "", "wrong_cell_count", reason, record.raw))
        else:
            good.append(record)
    return RawChunk(
        text_frame([record.cells for record in good], header), [record.line for record in good], rejects, filled
    )


class _Lines:
    """Physical lines with their number, and a way to give some back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._waiting: list[str] = []
        self.number = 0

    def take(self, most: int) -> list[str]:
        """The next lines, fewer at the end of the file."""
        taken = [self._waiting.pop() for _ in range(min(most, len(self._waiting)))]
        taken += islice(self._file, most - len(taken))
        self.number += len(taken)
        return taken

    def give_back(self, lines: list[str]) -> None:
        """Let the last lines be taken once more."""
        self.number -= len(lines)
        self._waiting.extend(reversed(lines))


class _Records:
    """Records one by one. width: the number of cells that a record over several lines must have."""

    def __init__(self, lines: _Lines, dialect: Dialect, width: int | None) -> None:
        self._lines = lines
        self._dialect = dialect
        self._width = width

    def upto(self, line: float) -> Iterator[_Record]:
        """The records that start at or before a line; blank lines are skipped."""
        while self._lines.number < line and (taken := self._lines.take(1)):
            if taken[0].strip(" \r\n"):
                yield self._from(taken)

    def _from(self, taken: list[str]) -> _Record:
        """The record that starts with the line taken; an open quote goes on over the lines below.

        Where no closing quote comes soon, or none that ends the cell, the line alone is damaged and those below stay.
        """
        line, cells, why = self._lines.number, list[str](), ""
        try:
            cells = next(reader(self._following(taken), self._dialect))
        except csv.Error as error:
            why = str(error)
        if len(taken) > 1 and (why or self._width not in (None, len(cells))):
            why = "a quote opens a cell and none closes it"
            self._lines.give_back(taken[1:])
            del taken[1:]
        raw = "".join(taken).rstrip("\r\n")
        if not _is_utf8(raw):
            why, raw = self._not_text(), raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return _Record(line, cells, why, raw)

    def _not_text(self) -> str:
        encoding = self._dialect.encoding
        return NOT_UTF8 if encoding.startswith("utf-8") else f"expected text in {encoding}, got other bytes"

    def _following(self, taken: list[str]) -> Iterator[str]:
        """The first line, then as many of those below as are asked for, each added to `taken`."""
        yield taken[0]
        while len(taken) <= LONGEST_RECORD_LINES and (more := self._lines.take(1)):
            taken += more
            yield more[0]


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in text)
