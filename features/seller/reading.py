"""A seller's file read into our names: what cannot be used is set aside, what is left out is counted, what is guessed
is noted."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from features.columns import EXTRA_PREFIX
from features.delimited import Reject
from features.errors import FileRefused, Problem
from features.order import Attribute
from features.seller.cells import Cells, Reading, constant_cells, read_cells
from features.seller.mapping import EITHER, DateOrder, Drop, MapColumn, Mapping, MapRefused, plain_name
from features.seller.rawtext import RawSheet, unmarked
from features.seller.sources import Source, sources
from features.seller.table import Note, SellerTable
from features.seller.vocabulary import KEYS, names_of
from features.seller.wordlists import is_personal, wordlists

LINE = "line"


def read_seller_file(
    path: Path, *, mapping: Mapping | None = None, zone: ZoneInfo | None = None, date_order: DateOrder | None = None
) -> list[SellerTable]:
    """The tables of a file. mapping: None takes the built-in map that fits; zone, date_order: for where it says none.

    Raises `FileRefused` where nothing fits, or where something that changes values cannot be told and is not said.
    """
    tables = [_table(source, Reading(path, source.mapping, zone, date_order)) for source in sources(path, mapping)]
    return _without_empty(tables)


def _without_empty(tables: list[SellerTable]) -> list[SellerTable]:
    """A report with several lists in which only some have rows; the notes of the others are kept."""
    held = [table for table in tables if table.rows]
    if not held:
        return tables[:1]
    notes = [note for table in tables if not table.rows for note in table.notes if note.code != "column_absent"]
    return [replace(held[0], notes=[*notes, *held[0].notes]), *held[1:]]


class _Wrong:
    """What is wrong with which row; the first problem of a row gives the column and the code. bad: (n,) Boolean."""

    def __init__(self, n: int) -> None:
        self.bad = pl.Series([False], dtype=pl.Boolean).new_from_index(0, n)
        self.found: dict[int, list[tuple[str, Problem]]] = {}

    def add(self, where: pl.Series, theirs: str, problem: Problem) -> None:
        self.bad = self.bad | where
        for row in where.arg_true():
            self.found.setdefault(int(row), []).append((theirs, problem))


def _table(source: Source, reading: Reading) -> SellerTable:
    sheet, notes = _without_personal(source.sheet, reading)
    sheet, theirs = _without_blanks(sheet, reading, notes), _their_names(sheet, reading)
    sheet, dropped = _without_dropped(_filled_down(sheet, source, theirs), source, theirs)
    wrong, columns, signs = _Wrong(sheet.frame.height), list[pl.Series](), dict[str, pl.Series]()
    declared = names_of(source.table.kind)
    for ours, column in source.table.columns.items():
        name = _their_name(column, theirs)
        if name is None:
            notes.append(Note("column_absent", ours, {"names": ", ".join(column.names)}))
            continue
        cells = _cells(sheet.frame[name], ours, column, declared=declared, reading=reading)
        columns.append(cells.values)
        notes += cells.notes
        wrong.add(cells.bad, name, cells.problem)
        if cells.sign is not None:
            signs[name] = cells.sign
    frame = _with_constants(pl.DataFrame(columns), source, sheet, declared)
    _require_keys(frame, source, reading, wrong)
    _refuse_other_currencies(frame, signs, wrong)
    spare = [name for name in sheet.frame.columns if name not in _used(reading.mapping, theirs)]
    if spare:
        notes.append(Note("columns_not_used", "", {"names": ", ".join(spare)}))
    return _gathered(frame, source, sheet=sheet, wrong=wrong, path=reading.path, dropped=dropped, notes=notes)


def _their_name(column: MapColumn, theirs: dict[str, str]) -> str | None:
    """The name that a column of ours has in this file; whether a list in JSON holds a word stands under both."""
    asked = [f"{name} {column.contains}" for name in column.names if column.contains is not None]
    return next((theirs[plain_name(name)] for name in (*asked, *column.names) if plain_name(name) in theirs), None)


def _cells(text: pl.Series, ours: str, column: MapColumn, *, declared: dict[str, Attribute], reading: Reading) -> Cells:
    if ours.startswith(EXTRA_PREFIX):
        nothing = pl.Series([False] * len(text), dtype=pl.Boolean)
        return Cells(unmarked(text).alias(ours), nothing, Problem(ours, "", ""))
    return read_cells(text, declared[ours], column, reading)


def _their_names(sheet: RawSheet, reading: Reading) -> dict[str, str]:
    """Plain names of columns to those in the file, which must not be told apart by capitals or white space alone."""
    found: dict[str, str] = {}
    for name in sheet.frame.columns:
        plain = plain_name(name)
        if plain in found and plain in _taken(reading.mapping):
            raise FileRefused(f"{reading.path}: expected one column {name!r}, got {found[plain]!r} too; rename one")
        found[plain] = name
    return found


def _without_blanks(sheet: RawSheet, reading: Reading, notes: list[Note]) -> RawSheet:
    """The sheet in which the signs that the map names as empty are so."""
    blank = list(reading.mapping.blank)
    if not blank:
        return sheet
    is_blank = pl.all().str.strip_chars().is_in(blank)
    count = int(sheet.frame.select(is_blank.sum()).sum_horizontal().sum())
    if count:
        notes.append(Note("signs_of_nothing", "", {"count": str(count), "signs": " ".join(blank)}))
    return replace(sheet, frame=sheet.frame.with_columns(pl.when(~is_blank).then(pl.all())))


def _ruled_by(rule: Drop, theirs: dict[str, str]) -> str | None:
    """The column of this file by which a rule leaves rows out."""
    either = (plain_name(name) for name in rule.column.split(EITHER))
    return next((theirs[name] for name in either if name in theirs), None)


def _used(mapping: Mapping, theirs: dict[str, str]) -> set[str | None]:
    """The columns of this file that the map reads or drops rows by."""
    columns = {_their_name(column, theirs) for table in mapping.table for column in table.columns.values()}
    return columns | {_ruled_by(rule, theirs) for table in mapping.table for rule in table.drop}


def _taken(mapping: Mapping) -> set[str]:
    """Plain names of every column that the map reads or drops rows by."""
    columns = [column for table in mapping.table for column in table.columns.values()]
    listed = [f"{name} {c.contains}" for c in columns for name in c.names if c.contains is not None]
    ruled = [name for table in mapping.table for rule in table.drop for name in rule.column.split(EITHER)]
    return {plain_name(name) for name in (*listed, *ruled, *(name for c in columns for name in c.names))}


def _without_personal(sheet: RawSheet, reading: Reading) -> tuple[RawSheet, list[Note]]:
    """The sheet without columns of personal data; the text of damaged lines, which may hold some, goes too."""
    named = {plain_name(name) for name in reading.mapping.personal}
    personal = [name for name in sheet.frame.columns if is_personal(name) or plain_name(name) in named]
    notes = list(sheet.notes)
    if not personal:
        return sheet, notes
    asked = next((name for name in personal if plain_name(name) in _taken(reading.mapping)), None)
    if asked is not None:
        raise MapRefused(f"{reading.mapping.report}: {asked!r}: expected no personal data, take it out of the map")
    notes.append(Note("personal_columns_dropped", "", {"names": ", ".join(personal)}))
    rejects = [replace(reject, raw="") for reject in sheet.rejects]
    return replace(sheet, frame=sheet.frame.drop(personal), rejects=rejects), notes


def _filled_down(sheet: RawSheet, source: Source, theirs: dict[str, str]) -> RawSheet:
    """Columns that a report writes in its first row only, in every row."""
    down = [c.names for c in source.table.columns.values() if c.fills_down]
    names = [theirs[plain_name(n)] for names in down for n in names if plain_name(n) in theirs]
    return replace(sheet, frame=sheet.frame.with_columns(pl.col(names).forward_fill())) if names else sheet


def _without_dropped(sheet: RawSheet, source: Source, theirs: dict[str, str]) -> tuple[RawSheet, Counter[str]]:
    counts: Counter[str] = Counter()
    for rule in source.table.drop:
        name = _ruled_by(rule, theirs)
        if name is None or not sheet.frame.height:
            continue
        text = unmarked(sheet.frame[name]).str.strip_chars()
        listed = [plain_name(value) for value in rule.values]
        plain = text.unique().drop_nulls()
        gone = text.is_in([value for value in plain if plain_name(value) in listed]).fill_null(value=False)
        if rule.blank:
            gone |= text.is_null() | (text == "").fill_null(value=True)
        counts[rule.reason] += int(gone.sum())
        lines = pl.Series(sheet.lines, dtype=pl.Int64).filter(~gone).to_list()
        sheet = replace(sheet, frame=sheet.frame.filter(~gone), lines=lines)
    return sheet, +counts


def _with_constants(
    frame: pl.DataFrame, source: Source, sheet: RawSheet, declared: dict[str, Attribute]
) -> pl.DataFrame:
    """The columns with what the map says of every row; a cell of the file that is filled goes before it."""
    n, report = sheet.frame.height, source.mapping.report
    for name, value in source.table.constants.items():
        given = (
            constant_cells(value, n, declared[name], report)
            if name in declared
            else pl.Series(name, [str(value)] * n, dtype=pl.String)
        )
        frame = frame.with_columns(frame[name].fill_null(given) if name in frame.columns else given)
    return frame


def _require_keys(frame: pl.DataFrame, source: Source, reading: Reading, wrong: _Wrong) -> None:
    for key in KEYS[source.table.kind]:
        if key not in frame.columns:
            if not source.sheet.rows:
                continue
            names = ", ".join(source.table.columns[key].names)
            got = ", ".join(source.sheet.frame.columns[:8])
            raise FileRefused(f"{reading.path}: expected a column {names} for {key}, got {got}; correct the map")
        problem = Problem(key, "missing", f"expected {key} in every row")
        theirs = source.table.columns[key].names[0] if key in source.table.columns else key
        wrong.add(frame[key].is_null() & ~wrong.bad, theirs, problem)


def _refuse_other_currencies(frame: pl.DataFrame, signs: dict[str, pl.Series], wrong: _Wrong) -> None:
    """Money whose sign of currency cannot stand for the currency of its row."""
    if "currency" not in frame.columns:
        return
    known = wordlists().signs
    for theirs, sign in signs.items():
        for mark in sign.drop_nulls().unique():
            may_be = list(known.get(mark, (mark,)))
            odd = (sign == mark) & frame["currency"].is_not_null() & ~frame["currency"].is_in(may_be)
            detail = f"expected an amount in the currency of the row, got one in {' or '.join(may_be)}"
            wrong.add(odd.fill_null(value=False), theirs, Problem("currency", "currency_contradicts", detail))


def _gathered(
    frame: pl.DataFrame, source: Source, *, sheet: RawSheet, wrong: _Wrong, path: Path, dropped: Counter[str],
    notes: list[Note],
) -> SellerTable:  # fmt: skip
    frame = frame.with_columns(pl.Series(LINE, sheet.lines, dtype=pl.Int64))
    rejects = [_reject(sheet, row, wrong.found[row]) for row in sorted(wrong.found)]
    all_rejects = sorted(sheet.rejects + rejects, key=lambda reject: reject.line)
    return SellerTable(
        source.mapping.report, source.table.kind, path, frame.filter(~wrong.bad), all_rejects,
        source.sheet.rows, dict(dropped), notes,
    )  # fmt: skip


def _reject(sheet: RawSheet, row: int, found: list[tuple[str, Problem]]) -> Reject:
    """A row set aside, with what it holds beside personal data, as a CSV record."""
    reason = "; ".join(f"{problem.attribute}: {problem.detail}" for _, problem in found)
    text = io.StringIO()
    cells = [cell.lstrip("\ue000") if isinstance(cell, str) else cell for cell in sheet.frame.row(row)]
    csv.writer(text, lineterminator="").writerow(cells)
    theirs, first = found[0]
    return Reject(int(sheet.lines[row]), theirs, first.code, reason, text.getvalue())
