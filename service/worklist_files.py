"""The files of a worklist: one workbook, or a CSV with others beside it; nothing in them is ever run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from features.errors import InputError
from service.files import written_aside
from service.results import Encoding, escaped
from service.spreadsheet import keeping_digits

FIRST = "orders"  # the sheet that is the CSV itself
_ENDINGS = (".xlsx", ".csv")
_WIDEST, _NARROWEST = 70, 8  # characters
_LONGEST_CELL = 32_767  # characters, a limit of the format


def checked_ending(out: Path) -> None:
    """`InputError` unless `out` can be written."""
    if out.suffix.lower() not in _ENDINGS:
        raise InputError(f"--out {out}: expected a name ending in .xlsx or .csv, got {out.suffix or 'no ending'!r}")


def files_of(out: Path, sheets: Mapping[str, object]) -> dict[str, Path]:
    """Per sheet the file that it stands in."""
    if out.suffix.lower() == ".xlsx":
        return dict.fromkeys(sheets, out)
    return {name: out if name == FIRST else out.with_name(f"{out.stem}.{name}{out.suffix}") for name in sheets}


def save(sheets: Mapping[str, pl.DataFrame], titles: Mapping[str, str], out: Path, encoding: Encoding) -> None:
    """Write every sheet. titles: what each is called in a workbook."""
    if out.suffix.lower() == ".xlsx":
        with written_aside(out) as aside:
            _write_workbook({titles[name]: frame for name, frame in sheets.items()}, aside)
        return
    for name, path in files_of(out, sheets).items():
        with written_aside(path) as aside:
            text = escaped(sheets[name]).write_csv()
            aside.write_text(text, encoding, newline="")


def _write_workbook(sheets: Mapping[str, pl.DataFrame], path: Path) -> None:
    """Cells are texts and numbers, whatever they look like: no formula and no link is made of them."""
    import xlsxwriter  # only a workbook waits for its writer

    plain = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    with xlsxwriter.Workbook(path, plain) as book:
        heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        body = book.add_format({"text_wrap": True, "valign": "top"})
        for title, frame in sheets.items():
            sheet = keeping_digits(book.add_worksheet(title))
            for j, name in enumerate(frame.columns):
                sheet.set_column(j, j, _width(frame[name]))
                sheet.write_string(0, j, name, heading)
            for i, row in enumerate(frame.iter_rows(), start=1):
                for j, value in enumerate(row):
                    _write_cell(sheet, i, j, value, body)
            sheet.freeze_panes(1, 0)
            if frame.height:
                sheet.autofilter(0, 0, frame.height, frame.width - 1)


def _write_cell(sheet: Any, i: int, j: int, value: str | float | None, style: Any) -> None:
    if value is None:
        sheet.write_blank(i, j, None, style)
    elif isinstance(value, str):
        sheet.write_string(i, j, value[:_LONGEST_CELL], style)
    else:
        sheet.write(i, j, value, style)


def _width(column: pl.Series) -> int:
    """Characters that the longest line of a column wants, within bounds; a Chinese character wants two."""
    texts = [column.name, *(str(v) for v in column.head(200) if v is not None)]
    lines = (line for told in texts for line in told.split("\n"))
    longest = max(sum(2 if ord(c) > 0x2E7F else 1 for c in line) for line in lines)
    return min(max(longest + 2, _NARROWEST), _WIDEST)
