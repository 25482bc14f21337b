"""Cells as text: what a workbook, a JSON document or a Parquet file holds, written so that its type is not lost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from features.delimited import Reject
from features.seller.table import Note

# In front of what was a number in its file, and so has a decimal point and no thousands separators. A private-use
# character, which is not printable and so in no text that we take.
MARK = "\ue000"
LARGEST_EXACT = 1e15
Scalar = str | bool | int | float | date | datetime | None


@dataclass(frozen=True, slots=True)
class RawSheet:
    """Rows of a file or of one of its sheets, as text. frame: (n, columns) String; lines: (n,) the line, sheet row or
    place of each; rows: all rows of data; header_row: where the header stands, from 1."""

    name: str
    frame: pl.DataFrame
    lines: Sequence[int]
    rejects: list[Reject] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    header_row: int = 1

    @property
    def rows(self) -> int:
        """Physical rows of data."""
        return self.frame.height + len({reject.line for reject in self.rejects})


def cell_text(value: object) -> str | None:
    """One cell.

    >>> cell_text(12.5) == MARK + "12.5", cell_text(1.14e17) == MARK + "1.14e+17", cell_text(True), cell_text("")
    (True, True, 'true', None)
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.replace(MARK, "") if MARK in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{MARK}{value}"
    if isinstance(value, float):
        return _number_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _number_text(value: float) -> str | None:
    if math.isnan(value):
        return None
    return f"{MARK}{int(value)}" if value.is_integer() and abs(value) < LARGEST_EXACT else f"{MARK}{value!r}"


def column_text(values: Iterable[object], name: str) -> pl.Series:
    """(n,) String. Where a column holds times of day, its dates are midnights and not dates alone."""
    held = list(values)
    has_times = any(isinstance(value, datetime) for value in held)
    if has_times:
        held = [
            datetime(value.year, value.month, value.day)
            if isinstance(value, date) and not isinstance(value, datetime)
            else value
            for value in held
        ]
    return pl.Series(name, [cell_text(value) for value in held], dtype=pl.String)


def typed_text(cells: pl.Series) -> pl.Series:
    """A typed column (Parquet) as text; lists and structs are unknown."""
    dtype = cells.dtype
    if dtype.is_nested() or isinstance(dtype, pl.Binary | pl.Object | pl.Duration | pl.Time):
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.String)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            return cells.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00")
        return cells.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
    if dtype.is_numeric():
        text = cells.cast(pl.String)
        if dtype.is_float():
            text = text.str.strip_suffix(".0").set(cells.is_nan(), None)
        return (MARK + text).alias(cells.name)
    return cells.cast(pl.String)


def unmarked(text: pl.Series) -> pl.Series:
    """Text as a reader would write it, without the sign that it was a number."""
    return text.str.strip_prefix(MARK)


def kept_text(text: pl.Series) -> pl.Series:
    """Text without what some programs put around digits so that a spreadsheet keeps them: `'123`, `="123"`."""
    return text.str.replace(r"^=\"([^\"]*)\"$", "${1}").str.replace(r"^'([-+\d])", "${1}")
