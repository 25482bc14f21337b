"""Workbooks (.xlsx): sheets as text, after a look at the archive, which is refused where it is no plain table."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    XmlError,
    ZipError,
)

from features.errors import FileRefused
from features.seller.rawtext import MARK, RawSheet, cell_text, column_text
from features.seller.table import Note
from features.seller.wordlists import wordlists

OLD_OR_LOCKED, ZIPPED = b"\xd0\xcf\x11\xe0", b"PK"
BLOCK = 1 << 20
OVERLAP = 4096
HEADER_ROWS = 5
# Where the header stands, counted from 1; or what tells it of the first rows of a sheet.
HeaderRow = int | Callable[[Sequence[Sequence[str]]], int]
_Range = tuple[tuple[int, int], tuple[int, int]]
# A formula cell whose value the program that wrote it did not keep.
_UNCACHED = re.compile(rb"(?:</f>|<f\b[^<>]*/>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")


def read_workbook(path: Path, *, sheet: str | None = None, header_row: HeaderRow = 1) -> list[RawSheet]:
    """The visible sheets that hold a table, each with its notes; sheet: only that one; header_row: of each sheet."""
    without_value = _checked_archive(path)
    try:
        with CalamineWorkbook.from_path(path) as book:
            named = {meta.name: meta for meta in book.sheets_metadata if meta.typ is SheetTypeEnum.WorkSheet}
            if sheet is not None and sheet not in named:
                raise FileRefused(f"{path}: expected a sheet {sheet!r}, got {', '.join(named)}; correct it in the map")
            hidden = [name for name, meta in named.items() if meta.visible is not SheetVisibleEnum.Visible]
            wanted = [sheet] if sheet is not None else [name for name in named if name not in hidden]
            found = [_read_sheet(book.get_sheet_by_name(name), name, path, header_row) for name in wanted]
    except (CalamineError, PasswordError, XmlError, ZipError, OSError) as error:
        raise FileRefused(
            f"{path}: not a readable workbook ({error}); save it once more as .xlsx or as CSV", about="damaged"
        ) from error
    notes = [Note("hidden_sheet", name, {}) for name in hidden if name != sheet]
    if without_value:
        notes.append(Note("formulas_without_value", "", {"count": str(without_value)}))
    tables = [table for table in found if table is not None]
    if not tables:
        shown = f"; {', '.join(hidden)} is hidden: show it, or name it by sheet in a map" if hidden else ""
        raise FileRefused(f"{path}: expected a sheet with a header row and rows below it, got none{shown}")
    for table in tables:
        table.notes.extend(notes)
    return tables


def _checked_archive(path: Path) -> int:
    """How many formulas have no value; refuses macros, passwords, and what unpacks to too much."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if not start.startswith(ZIPPED) and start != OLD_OR_LOCKED:
            what = "an empty file" if not start else "text or HTML under the name of a workbook"
            raise FileRefused(
                f"{path}: expected .xlsx, got {what}; open it in a spreadsheet and save it as .xlsx or CSV"
            )
        if start == OLD_OR_LOCKED:
            raise FileRefused(
                f"{path}: expected .xlsx, got an old or locked workbook; save it as .xlsx without password"
            )
        with zipfile.ZipFile(path) as archive:
            _refuse_large(archive, path)
            _refuse_macros(archive, path)
            sheets = [name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)]
            return sum(_formulas_without_value(archive, name) for name in sheets)
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, OSError) as error:
        raise FileRefused(
            f"{path}: not a readable workbook ({error or 'damaged'}); save it once more as .xlsx"
        ) from error


def _refuse_large(archive: zipfile.ZipFile, path: Path) -> None:
    limits, entries = wordlists().workbook, archive.infolist()
    unpacked, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    is_bomb = unpacked > limits.small_bytes and unpacked > limits.largest_ratio * packed
    if unpacked > limits.largest_bytes or len(entries) > limits.most_entries or is_bomb:
        raise FileRefused(
            f"{path}: expected a workbook, got an archive of {len(entries):,} parts that unpacks from {packed:,} to "
            f"{unpacked:,} bytes; save it as CSV, or split it"
        )


def _refuse_macros(archive: zipfile.ZipFile, path: Path) -> None:
    names = [name.lower() for name in archive.namelist()]
    has_macros = any(name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in names)
    if has_macros:
        raise FileRefused(f"{path}: expected a workbook without macros, got one with; save it as .xlsx or CSV")
    if "xl/workbook.xml" not in names:
        raise FileRefused(f"{path}: expected a workbook, got another archive; save the table as .xlsx or CSV")


def _formulas_without_value(archive: zipfile.ZipFile, name: str) -> int:
    """Counted in the text of the sheet, because the reader shows such a cell as empty."""
    count, tail = 0, b""
    with archive.open(name) as sheet:
        while block := sheet.read(BLOCK):
            text = tail + block
            ends = [match.end() for match in _UNCACHED.finditer(text)]
            count += len(ends)
            tail = text[max([*ends, len(text) - OVERLAP, 0]) :]
    return count


def _read_sheet(sheet: CalamineSheet, name: str, path: Path, where: HeaderRow) -> RawSheet | None:
    """None for a sheet without rows below the header."""
    rows = sheet.to_python(skip_empty_area=False)
    tops = [] if isinstance(where, int) else [[_header_text(cell) for cell in row] for row in rows[:HEADER_ROWS]]
    header_row = where if isinstance(where, int) else where(tops)
    if len(rows) <= header_row:
        return None
    header, notes = [_header_text(cell) for cell in rows[header_row - 1]], list[Note]()
    body: list[list[object]] = [list(row) for row in rows[header_row:]]
    merged = sheet.merged_cell_ranges or []
    if any(top < header_row and left != right for (top, left), (_, right) in merged):
        notes.append(Note("merged_header", name, {}))
    filled = _fill_merged(body, merged, header_row)
    if filled:
        notes.append(Note("merged_cells_filled", name, {"count": str(filled)}))
    columns = _named_columns(header, list(zip(*body, strict=True)), path, name)
    frame = pl.DataFrame(columns)
    lines = range(header_row + 1, header_row + 1 + len(body))
    is_row = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    kept = [line for line, held in zip(lines, is_row, strict=True) if held]
    return RawSheet(name, frame.filter(is_row), kept, [], notes, header_row) if kept else None


def _header_text(cell: object) -> str:
    return (cell_text(cell) or "").strip(MARK).strip()


def _named_columns(header: list[str], columns: list[tuple[object, ...]], path: Path, sheet: str) -> Iterator[pl.Series]:
    seen = set[str]()
    for place, (name, values) in enumerate(zip(header, columns, strict=True)):
        text = column_text(values, name or f"(column {place + 1})")
        if not name and text.null_count() == len(text):
            continue
        if text.name in seen:
            raise FileRefused(f"{path}: sheet {sheet}: column {name!r} stands twice; give each a name of its own")
        seen.add(text.name)
        yield text


def _fill_merged(rows: list[list[object]], merged: Sequence[_Range], header_row: int) -> int:
    """How many cells were filled: one merged over several rows says the same of each, but a number (money, quantity)
    is not to be counted twice."""
    filled = 0
    for (top, left), (bottom, right) in merged:
        first = top - header_row
        if first < 0 or bottom == top or left != right or bottom - header_row >= len(rows):
            continue
        value = rows[first][left]
        if isinstance(value, bool) or not isinstance(value, int | float):
            for row in range(first + 1, bottom - header_row + 1):
                rows[row][left] = value
            filled += bottom - top
    return filled
