"""A seller's file read into our names: what cannot be used is set aside, what is left out is counted, what is guessed
is noted."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import polars as pl

from features.delimited import Reject
from features.errors import FileRefused, Problem
from features.extras import EXTRA_PREFIX
from features.order import Attribute
from features.seller.cells import Cells, Reading, constant_cells, read_cells
from features.seller.currencies import filled_by_signs, with_open_sign, with_signs, without_currency
from features.seller.door import Admitted, Piece, admitted, not_used, sift
from features.seller.mapping import EITHER, NOTHING_SAID, MapColumn, Mapping, Said, TableMap
from features.seller.rawtext import unmarked
from features.seller.sources import Source, sources
from features.seller.table import Note, SellerTable, added_up
from features.seller.vocabulary import KEYS, names_of
from features.seller.wordlists import wordlists
from features.seller.written import Written, written

LINE = "line"


def read_seller_file(path: Path, *, mapping: Mapping | None = None, said: Said = NOTHING_SAID) -> list[SellerTable]:
    """The tables of a file. mapping: None takes the built-in map that fits; said: for where the map says nothing.

    Raises `FileRefused` where nothing fits, or where something that changes values cannot be told and is not said.
    """
    found, tables = sources(path, mapping, said.encoding), list[SellerTable]()
    while found:
        tables.append(_table(found.pop(0), path, said))
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


def _table(source: Source, path: Path, said: Said) -> SellerTable:
    """The rows of a sheet, piece by piece: a piece that has been read is let go before the next."""
    reading, table = Reading(path, source.mapping, said), source.table
    found = admitted(source.sheet, reading)
    del source  # so that the rows wait in one place, and are let go there
    sift(found, table, reading.mapping)
    how, notes = _how_written(found, table, reading), found.notes
    _require_columns(found, table, path)
    frames, rejects, told = list[pl.DataFrame](), list[Reject](), list[Note]()
    while found.pieces:
        frame, wrong, more = _read(found.pieces.pop(0), found, table, reading=reading, how=how)
        frames.append(frame)
        rejects += wrong
        told += more
    notes += [note for one in how.values() for note in one.notes] + added_up(told)
    if spare := not_used(found, reading.mapping):
        notes.append(Note("columns_not_used", "", {"names": ", ".join(spare)}))
    rejects = sorted(found.rejects + rejects, key=lambda reject: reject.line)
    report = reading.mapping.report
    return SellerTable(report, table.kind, path, pl.concat(frames), rejects, found.rows, dict(found.dropped), notes)


def _how_written(found: Admitted, table: TableMap, reading: Reading) -> dict[str, Written]:
    """By our names, how each column that the file has is written; those that it lacks are noted."""
    how: dict[str, Written] = {}
    for ours, column in table.columns.items():
        name = found.name_of(column)
        if name is None:
            found.notes.append(Note("column_absent", ours, {"names": ", ".join(column.names)}))
        elif ours.startswith(EXTRA_PREFIX):
            how[ours] = Written()
        else:
            cells, attribute = [piece.frame[name] for piece in found.pieces], names_of(table.kind)[ours]
            how[ours] = written(cells, attribute, column, mapping=reading.mapping, said=reading.said, path=reading.path)
    return how


def _read(
    piece: Piece, found: Admitted, table: TableMap, *, reading: Reading, how: dict[str, Written]
) -> tuple[pl.DataFrame, list[Reject], list[Note]]:
    """(good rows in our names with their lines, those set aside, what is to be noted) of one piece."""
    wrong, columns, signs, notes = _Wrong(piece.frame.height), list[pl.Series](), dict[str, pl.Series](), list[Note]()
    declared = names_of(table.kind)
    for ours, column in table.columns.items():
        name = found.name_of(column)
        if name is None:
            continue
        cells = _cells(piece.frame[name], ours, column, declared=declared, reading=reading, how=how[ours])
        columns.append(cells.values)
        notes += cells.notes
        wrong.add(cells.bad, name, cells.problem)
        if cells.sign is not None:
            signs[name] = cells.sign
    frame = _with_constants(pl.DataFrame(columns), table, reading.mapping.report, piece.frame.height)
    frame, filled = with_signs(frame, signs)
    _require_keys(frame, found, table, wrong)
    _require_more(piece, found, table, wrong)
    _refuse_other_currencies(frame, signs, wrong)
    notes += filled_by_signs(filled, ~wrong.bad)
    good = {theirs: sign.filter(~wrong.bad) for theirs, sign in signs.items()}
    notes += without_currency(frame.filter(~wrong.bad), table.kind, good)
    rejects = [_reject(piece, row, wrong.found[row]) for row in sorted(wrong.found)]
    frame = with_open_sign(frame, table.kind, signs)
    return frame.with_columns(piece.lines.alias(LINE)).filter(~wrong.bad), rejects, notes


def _cells(
    text: pl.Series, ours: str, column: MapColumn, *, declared: dict[str, Attribute], reading: Reading, how: Written
) -> Cells:
    if ours.startswith(EXTRA_PREFIX):
        nothing = pl.Series([False] * len(text), dtype=pl.Boolean)
        return Cells(unmarked(text).alias(ours), nothing, Problem(ours, "", ""))
    return read_cells(text, declared[ours], column, reading, how)


def _with_constants(frame: pl.DataFrame, table: TableMap, report: str, n: int) -> pl.DataFrame:
    """The columns with what the map says of every row; a cell of the file that is filled goes before it."""
    declared = names_of(table.kind)
    for name, value in table.constants.items():
        given = (
            constant_cells(value, n, declared[name], report)
            if name in declared
            else pl.Series(name, [str(value)] * n, dtype=pl.String)
        )
        frame = frame.with_columns(frame[name].fill_null(given) if name in frame.columns else given)
    return frame


def _require_columns(found: Admitted, table: TableMap, path: Path) -> None:
    """Raise where the file has no column for a key of its rows."""
    for key in KEYS[table.kind]:
        either = key.split(EITHER)
        columns = [table.columns[name] for name in either if name in table.columns]
        if found.rows and not any(found.name_of(column) for column in columns) and not set(either) & {*table.constants}:
            names = ", ".join(name for column in columns for name in column.names)
            got = ", ".join(found.columns[:8])
            raise FileRefused(
                f"{path}: expected a column {names} for {' or '.join(either)}, got {got}; correct the map"
            )


def _require_keys(frame: pl.DataFrame, found: Admitted, table: TableMap, wrong: _Wrong) -> None:
    for key in KEYS[table.kind]:
        have = [name for name in key.split(EITHER) if name in frame.columns]
        if not have:
            continue
        absent = frame.select(pl.all_horizontal(pl.col(name).is_null() for name in have)).to_series()
        theirs = (found.name_of(table.columns[have[0]]) if have[0] in table.columns else None) or have[0]
        wrong.add(
            absent & ~wrong.bad, theirs, Problem(have[0], "missing", f"expected {' or '.join(have)} in every row")
        )


def _require_more(piece: Piece, found: Admitted, table: TableMap, wrong: _Wrong) -> None:
    """A row with nothing but an order number is none of an order: a signature below the table, a remark."""
    number, shop = (found.name_of(table.columns[k]) if k in table.columns else None for k in ("order_id", "shop_id"))
    others = [name for name in piece.frame.columns if name not in (number, shop)]
    if table.kind not in ("orders", "order_items") or number is None or not others:
        return
    is_blank = (unmarked(piece.frame[name]).str.strip_chars().fill_null("") == "" for name in others)
    alone = pl.DataFrame([one.alias(str(k)) for k, one in enumerate(is_blank)]).select(pl.all_horizontal(pl.all()))
    problem = Problem("order_id", "not_an_order_row", "expected more in the row of an order than its number")
    wrong.add(alone.to_series() & ~wrong.bad, number, problem)


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


def _reject(piece: Piece, row: int, found: list[tuple[str, Problem]]) -> Reject:
    """A row set aside, with what it holds beside personal data, as a CSV record."""
    reason = "; ".join(f"{problem.attribute}: {problem.detail}" for _, problem in found)
    text = io.StringIO()
    cells = [cell.lstrip("\ue000") if isinstance(cell, str) else cell for cell in piece.frame.row(row)]
    csv.writer(text, lineterminator="").writerow(cells)
    theirs, first = found[0]
    return Reject(int(piece.lines[row]), theirs, first.code, reason, text.getvalue())
