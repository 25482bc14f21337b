"""Results as a workbook: texts stay texts, nothing in it is run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from features.errors import InputError

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_575
LARGEST_EXACT = 10**15
OPTIONS = {
    "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}  # fmt: skip


def write_sheet(frame: pl.DataFrame, path: Path, told: Path) -> None:
    """A frame as one sheet. told: the name to give in a message."""
    from xlsxwriter import Workbook  # only a workbook waits for its writer

    if frame.height > MOST_ROWS:
        raise InputError(f"--out {told}: expected at most {MOST_ROWS:,} rows in a workbook, got {frame.height:,}")
    frame = _exact(readable_instants(frame))
    with Workbook(str(path), OPTIONS) as book:
        sheet = keeping_digits(book.add_worksheet("claimrisk"))
        frame.write_excel(
            workbook=book, worksheet=sheet, autofit=frame.height < 10_000,
            dtype_formats={dtype: "General" for dtype in set(frame.dtypes) if dtype.is_numeric()},  # no digit is hidden
        )  # fmt: skip


def readable_instants(frame: pl.DataFrame) -> pl.DataFrame:
    """Instants of a zone as the text that every reader of orders takes, in UTC: a cell of a spreadsheet has no zone.

    >>> from datetime import UTC, datetime
    >>> readable_instants(pl.DataFrame({"at": [datetime(2026, 11, 20, 8, tzinfo=UTC)]}))["at"][0]
    '2026-11-20T08:00:00Z'
    """
    zoned = [c.name for c in frame if isinstance(c.dtype, pl.Datetime) and c.dtype.time_zone is not None]
    return frame.with_columns(pl.col(zoned).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"))


def keeping_digits(sheet: Worksheet) -> Worksheet:
    """The same sheet, in which a number is written in the digits that read back as that number: those that the writer
    keeps make 8.220000000000001 of 8.22."""
    sheet.add_write_handler(float, _write_exactly)
    return sheet


class _Shortest(float):
    """A number in as few digits as tell it from every other, however many are asked for."""

    def __format__(self, _: str) -> str:
        return repr(float(self))


def _write_exactly(sheet: Worksheet, row: int, column: int, number: float, style: Format | None = None) -> int:
    return sheet.write_number(row, column, _Shortest(number), style)


def _exact(frame: pl.DataFrame) -> pl.DataFrame:
    """Whole numbers beyond the digits that a spreadsheet keeps, as text."""
    long = [c.name for c in frame if c.dtype.is_integer() and (c.cast(pl.Float64).abs() >= LARGEST_EXACT).any()]
    return frame.with_columns(pl.col(long).cast(pl.String))
