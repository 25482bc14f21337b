"""Lines that are sound records beyond doubt, found by their bytes to be read at once; any doubt is left to others."""

from __future__ import annotations

import csv
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.columns import Bools, Ints
from features.errors import FileRefused

Bytes = NDArray[np.uint8]
NEW_LINE, QUOTE = ord("\n"), ord('"')


@dataclass(frozen=True, slots=True)
class SoundText:
    """Lines of which each is one record, not yet read into columns. line: the physical line of the first; height: how
    many; start: the byte of the file with which they begin, None where it is not known."""

    data: bytes
    header: tuple[str, ...]
    delimiter: str
    has_quotes: bool
    line: int
    height: int
    start: int | None

    def is_followed_by(self, after: SoundText) -> bool:
        """Whether the lines of another, taken together with these, are read as each by itself is."""
        return (
            after.line == self.line + self.height
            and self.data.endswith(b"\n")
            and self.data.endswith(b"\r\n") == (b"\r\n" in after.data)
        )

    def joined(self, after: Sequence[SoundText]) -> SoundText:
        """Together with those that follow."""
        parts = (self, *after)
        data, height = b"".join(part.data for part in parts), sum(part.height for part in parts)
        return replace(self, data=data, height=height, has_quotes=any(part.has_quotes for part in parts))

    @property
    def is_plain(self) -> bool:
        """Whether the lines are CSV as we write it ourselves, without anything that wants quotation marks, or tabs."""
        return self.delimiter == "," and not any(sign in self.data for sign in (b'"', b"\r", b"\t"))

    @property
    def lines(self) -> list[int]:
        """The physical line of each record."""
        return list(range(self.line, self.line + self.height))

    def frame(self) -> pl.DataFrame:
        """(n, columns) texts, null where empty; `FileRefused` where the lines are not what was said of them."""
        try:
            frame = pl.read_csv(
                self.data, has_header=False, new_columns=list(self.header), separator=self.delimiter,
                infer_schema=False, raise_if_empty=False, quote_char='"' if self.has_quotes else None,
            )  # fmt: skip
        except (pl.exceptions.PolarsError, OSError):  # a text that begins with x^ is taken for a compressed one
            return self._by_record()
        if frame.height != self.height or frame.width != len(self.header):
            return self._by_record()
        if self.has_quotes and b'""' in self.data:
            frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
        return frame

    def _by_record(self) -> pl.DataFrame:
        try:
            text = StringIO(self.data.decode(), newline="")
            quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.has_quotes else csv.QUOTE_NONE
            cells = list(csv.reader(text, delimiter=self.delimiter, quoting=quoting, strict=True))
        except (UnicodeDecodeError, csv.Error):
            cells = []
        if len(cells) != self.height or any(len(record) != len(self.header) for record in cells):
            last = self.line + self.height - 1
            raise FileRefused(f"lines {self.line} to {last}: expected one record a line; save the table as CSV again")
        return text_frame(cells, self.header)


def text_frame(cells: Sequence[Sequence[str]], header: Sequence[str]) -> pl.DataFrame:
    """(n, columns) texts of n records, null where empty."""
    columns = zip(*cells, strict=True) if cells else ([] for _ in header)
    texts = [pl.Series(name, column, dtype=pl.String) for name, column in zip(header, columns, strict=True)]
    return pl.DataFrame([text.set(text == "", None) for text in texts])


def sound_text(
    lines: list[str],
    header: Sequence[str],
    delimiter: str,
    *,
    has_quotes: bool,
    line: int = 2,
    start: int | None = None,
) -> SoundText | None:
    """Lines of which each is one record with a cell for each column; line, start: of the first in the file.

    None where a byte is no text, NUL or a carriage return of its own, a quotation mark is not where a cell begins or
    ends, a cell goes on over lines, or a line has other than the header's number of cells.
    """
    try:
        data = "".join(lines).encode()
    except UnicodeEncodeError:
        return None
    if len(header) == 1 or b"\0" in data or data.startswith(BOM_UTF8) or not _ends_alike(data):
        return None
    has_quotes = has_quotes and b'"' in data
    if not _is_sound(np.frombuffer(data, np.uint8), len(lines), len(header), ord(delimiter), has_quotes=has_quotes):
        return None
    return SoundText(data, tuple(header), delimiter, has_quotes, line, len(lines), start)


def _ends_alike(data: bytes) -> bool:
    """Whether all lines end in a line feed, or all in a carriage return and a line feed."""
    returns = data.count(b"\r")
    return returns == 0 or returns == data.count(b"\n") == data.count(b"\r\n")


def _is_sound(data: Bytes, n: int, width: int, delimiter: int, *, has_quotes: bool) -> bool:
    ends, cuts = np.flatnonzero(data == NEW_LINE), np.flatnonzero(data == delimiter)
    quotes = np.flatnonzero(data == QUOTE) if has_quotes else np.zeros(0, dtype=np.int64)
    if len(quotes):
        if not _close_cells(data, quotes, delimiter) or _inside(ends, quotes).any():
            return False
        cuts = cuts[~_inside(cuts, quotes)]
    if data[-1] != NEW_LINE:
        ends = np.append(ends, len(data))
    return len(ends) == n and bool((np.diff(np.searchsorted(cuts, ends), prepend=0) == width - 1).all())


def _inside(places: Ints, quotes: Ints) -> Bools:
    """(n,) bool: whether each place stands between an opening quotation mark and its closing one."""
    return np.asarray(np.searchsorted(quotes, places) % 2 == 1)


def _close_cells(data: Bytes, quotes: Ints, delimiter: int) -> bool:
    """Whether quotation marks open and close whole cells, or stand twice inside one."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    padded = np.concatenate([[NEW_LINE], data, [NEW_LINE]])
    before, after = padded[opening], padded[closing + 2]
    starts = np.isin(before, (delimiter, NEW_LINE, QUOTE))
    stops = np.isin(after, (delimiter, NEW_LINE, ord("\r"), QUOTE))
    return bool(starts.all() and stops.all())
