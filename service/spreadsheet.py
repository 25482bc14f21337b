"""Results as a workbook: texts stay texts, nothing in it is run."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from features.errors import InputError

MOST_ROWS = 1_048_575
LARGEST_EXACT = 10**15
OPTIONS = {
    "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "remove_timezone": True,
    "nan_inf_to_errors": True,
}  # fmt: skip


def write_sheet(frame: pl.DataFrame, path: Path, told: Path) -> None:
    """A frame as one sheet. told: the name to give in a message."""
    from xlsxwriter import Workbook  # only a workbook waits for its writer

    if frame.height > MOST_ROWS:
        raise InputError(f"--out {told}: expected at most {MOST_ROWS:,} rows in a workbook, got {frame.height:,}")
    with Workbook(str(path), OPTIONS) as book:
        _exact(frame).write_excel(workbook=book, worksheet="claimrisk", autofit=frame.height < 10_000)


def _exact(frame: pl.DataFrame) -> pl.DataFrame:
    """Whole numbers beyond the digits that a spreadsheet keeps, as text."""
    long = [c.name for c in frame if c.dtype.is_integer() and (c.cast(pl.Float64).abs() >= LARGEST_EXACT).any()]
    return frame.with_columns(pl.col(long).cast(pl.String))
