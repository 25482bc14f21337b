"""Rows of the files that the listing check reads: delimited text, Parquet, or the one sheet of a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from features.delimited import Dialect, RawChunk, read_delimited
from features.errors import FileRefused
from features.seller.mapping import Encoding
from features.seller.sources import DELIMITED, looked_at
from features.tables import read_raw


def read_rows(path: Path, encoding: Encoding | None = None) -> Iterator[RawChunk]:
    """The rows as they stand, of text in the encoding that it seems to be in; of a workbook those of its only visible
    sheet, whose header is the first row.

    A workbook with several sheets, or with formulas whose value it does not keep, is refused: which sheet is meant, and
    what the cells would say, cannot be known.
    """
    suffix = path.suffix.lower()
    if suffix in DELIMITED and path.is_file():
        look = looked_at(path, said=encoding)
        if look.encoding not in ("utf-8", "utf-8-sig"):
            return read_delimited(path, Dialect(look.encoding, look.delimiter))
    if suffix != ".xlsx" or not path.is_file():
        return read_raw(path)
    return _read_workbook(path)


def _read_workbook(path: Path) -> Iterator[RawChunk]:
    from features.seller.rawtext import unmarked  # only those who give a workbook wait for its reader
    from features.seller.workbook import read_workbook

    sheets = read_workbook(path)
    if len(sheets) > 1:
        names = ", ".join(sheet.name for sheet in sheets)
        raise FileRefused(f"{path}: expected one visible sheet, got {names}; hide or delete the others")
    sheet = sheets[0]
    empty = next((note for note in sheet.notes if note.code == "formulas_without_value"), None)
    if empty is not None:
        raise FileRefused(
            f"{path}: expected values, got {empty.details['count']} formulas without one; open it, save it once more"
        )
    yield RawChunk(sheet.frame.select(map(unmarked, sheet.frame)), list(sheet.lines), sheet.rejects, 0)
