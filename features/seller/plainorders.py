"""Workbooks and JSON lines whose columns already have our names, row by row for the table door."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from features.delimited import CHUNK_ROWS, RawChunk, Reject
from features.errors import FileRefused
from features.extras import EXTRA_PREFIX
from features.seller.keys import DIGITS_LOST, digits_lost, is_all_rounded, long_numbers
from features.seller.rawtext import RawSheet, column_text, unmarked
from features.seller.records import parsed_lines
from features.seller.workbook import read_workbook

KEYS = ("order_id", "sku", "asin")
UTF8 = "utf-8-sig"


def read_sheet_of_orders(path: Path) -> Iterator[RawChunk]:
    """The rows of the one sheet with an order_id, as text; keys that a spreadsheet has rounded are set aside."""
    sheets = read_workbook(path)
    held = [sheet for sheet in sheets if "order_id" in sheet.frame.columns]
    if len(held) > 1:
        raise FileRefused(f"{path}: expected one sheet with order_id, got {len(held)}; keep or show only one")
    sheet = (held or sheets)[0]
    empty = next((note for note in sheet.notes if note.code == "formulas_without_value"), None)
    if empty is not None:
        count = empty.details["count"]
        raise FileRefused(f"{path}: {count} formulas have no value; open the workbook in a spreadsheet and save it")
    yield _with_sound_keys(sheet)


def _with_sound_keys(sheet: RawSheet) -> RawChunk:
    frame = sheet.frame.select(unmarked(pl.Series(column)).alias(column.name) for column in sheet.frame)
    lost = pl.Series([False], dtype=pl.Boolean).new_from_index(0, frame.height)
    rejects: list[Reject] = []
    for name in KEYS:
        if name in frame.columns:
            is_rounded = is_all_rounded(*long_numbers(frame[name]))
            bad = digits_lost(frame[name], is_rounded=is_rounded)[0] & ~lost
            rejects += [Reject(int(sheet.lines[i]), name, "digits_lost", DIGITS_LOST, "") for i in bad.arg_true()]
            lost |= bad
    lines = pl.Series(sheet.lines, dtype=pl.Int64).filter(~lost).to_list()
    return RawChunk(frame.filter(~lost), lines, rejects)


def read_lines_of_orders(path: Path) -> Iterator[RawChunk]:
    """JSON lines in chunks, as text; the file is read twice, as only its last line tells the last column."""
    names = _names(path)
    if not names:
        raise FileRefused(
            f"{path}: the file is empty; expected one JSON object a line with at least order_id", about="empty_file"
        )
    lines = parsed_lines(path, UTF8)
    while some := list(islice(lines, CHUNK_ROWS)):
        good = [(line, _flat(record)) for line, record in some if not isinstance(record, Reject)]
        columns = [column_text([record.get(name) for _, record in good], name) for name in names]
        rejects = [record for _, record in some if isinstance(record, Reject)]
        yield RawChunk(pl.DataFrame([unmarked(column) for column in columns]), [line for line, _ in good], rejects)


def _names(path: Path) -> list[str]:
    names: dict[str, None] = {}
    for _, record in parsed_lines(path, UTF8):
        if not isinstance(record, Reject):
            names |= dict.fromkeys(_flat(record))
    return list(names)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """The shop's own attributes stand under `extra` in JSON, and beside the others in tables."""
    extra = record.get("extra")
    own = {EXTRA_PREFIX + name: value for name, value in extra.items()} if isinstance(extra, dict) else {}
    return {name: value for name, value in record.items() if name != "extra"} | own
