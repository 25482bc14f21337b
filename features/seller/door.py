"""The door of a seller's file: personal columns go, signs of nothing are emptied, rows are left out on purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from features.delimited import CHUNK_ROWS, Reject
from features.errors import FileRefused
from features.kinds import Kind
from features.order import Attribute
from features.seller.cells import Reading
from features.seller.headers import known_as
from features.seller.mapping import EITHER, Drop, MapColumn, Mapping, MapRefused, TableMap, plain_name
from features.seller.maps import OWN_NAMES
from features.seller.rawtext import RawSheet, unmarked
from features.seller.table import Note
from features.seller.totals import led_by_total, needed, total_rows
from features.seller.vocabulary import names_of
from features.seller.wordlists import is_personal

# Our names of the columns in which a total stands, where an order, a parcel or goods should be named.
_NUMBERS = ("order_id", "parcel_id")
# Kinds of columns that the row of a total may fill as well.
_OF_TOTALS = (Kind.MONEY, Kind.COUNT, Kind.NUMBER, Kind.RATE, Kind.CURRENCY)


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows that are to be read. frame: (n, columns) String, as they stand; lines: (n,) Int64, the line of each; led:
    (n,) Boolean, those that begin with the word of a total, maybe in a column that was dropped."""

    frame: pl.DataFrame
    lines: pl.Series
    led: pl.Series


@dataclass(slots=True)
class Admitted:
    """A sheet past the door. pieces: its rows, to be taken off the list as they are read, so that no row is held twice;
    columns: their names as in the file; theirs: plain names to those; rows: physical rows of data before the door."""

    pieces: list[Piece]
    columns: list[str]
    theirs: dict[str, str]
    rows: int
    rejects: list[Reject]
    dropped: Counter[str]
    notes: list[Note]

    def name_of(self, column: MapColumn) -> str | None:
        """The name that a column of ours has in this file."""
        return their_name(column, self.theirs)


def admitted(sheet: RawSheet, reading: Reading) -> Admitted:
    """Names, notes and damaged rows of a sheet; its rows wait as `pieces`, which `sift` takes through the door."""
    personal = _personal(sheet, reading)
    kept = [name for name in sheet.frame.columns if name not in personal]
    rejects = [replace(reject, raw="") for reject in sheet.rejects] if personal else sheet.rejects
    notes = [*sheet.notes]
    if personal:
        notes.append(Note("personal_columns_dropped", "", {"names": ", ".join(personal)}))
    pieces = list(_pieces(sheet.frame.select(kept), pl.Series(sheet.lines, dtype=pl.Int64), led_by_total(sheet.frame)))
    return Admitted(pieces, kept, _their_names(kept, reading), sheet.rows, rejects, Counter(), notes)


def sift(found: Admitted, table: TableMap, mapping: Mapping) -> None:
    """Empty the signs of nothing, leave out totals, fill down, and leave out the rows that the map names, piece by
    piece in place. A total goes before anything is filled down: it would take the number of the order above."""
    blank, blanks, last = mapping.blank, 0, dict[str, str | None]()
    for _ in range(len(found.pieces)):
        piece = found.pieces.pop(0)
        frame, count = _without_blanks(piece.frame, blank)
        blanks += count
        found.pieces.append(replace(piece, frame=frame))
    keys, need = ([], []) if mapping.report == OWN_NAMES else _named_and_needed(found, table)
    for _ in range(len(found.pieces)):
        piece = found.pieces.pop(0)
        gone = total_rows(piece.frame, keys, need, piece.led)
        found.dropped["total_row"] += int(gone.sum())
        piece = _without(piece, gone)
        piece = replace(piece, frame=_filled_down(piece.frame, table, found.theirs, last))
        found.pieces.append(_without(piece, _left_out(piece.frame, table, found)))
    if blanks:
        found.notes.append(Note("signs_of_nothing", "", {"count": str(blanks), "signs": " ".join(blank)}))
    found.dropped = +found.dropped


def _without(piece: Piece, gone: pl.Series) -> Piece:
    return Piece(piece.frame.filter(~gone), piece.lines.filter(~gone), piece.led.filter(~gone)) if gone.any() else piece


def _named_and_needed(found: Admitted, table: TableMap) -> tuple[list[str], list[str]]:
    """Their names of the columns that name a row, and of those beside them that most rows fill and totals do not."""
    declared, numbers = names_of(table.kind), [table.columns[key] for key in _NUMBERS if key in table.columns]
    keys = [name for column in numbers if (name := found.name_of(column)) is not None]
    says_more = (found.name_of(c) for ours, c in table.columns.items() if _says_more(declared.get(ours)))
    more = [name for name in dict.fromkeys(says_more) if name is not None and name not in keys]
    return keys, needed([piece.frame for piece in found.pieces], more)


def _says_more(attribute: Attribute | None) -> bool:
    return attribute is not None and attribute.name != "shop_id" and attribute.kind not in _OF_TOTALS


def their_name(column: MapColumn, theirs: dict[str, str]) -> str | None:
    """The name that a column of ours has in a file; whether a list in JSON holds a word stands under both."""
    asked = [f"{name} {column.contains}" for name in column.names if column.contains is not None]
    return next((theirs[plain_name(name)] for name in (*asked, *column.names) if plain_name(name) in theirs), None)


def not_used(found: Admitted, mapping: Mapping) -> list[str]:
    """The columns of a file that the map neither reads nor drops rows by."""
    used = {found.name_of(column) for table in mapping.table for column in table.columns.values()}
    used |= {_ruled_by(rule, found.theirs) for table in mapping.table for rule in table.drop}
    return [name for name in found.columns if name not in used]


def _pieces(frame: pl.DataFrame, lines: pl.Series, led: pl.Series) -> Iterator[Piece]:
    for start in range(0, max(frame.height, 1), CHUNK_ROWS):
        yield Piece(frame.slice(start, CHUNK_ROWS), lines.slice(start, CHUNK_ROWS), led.slice(start, CHUNK_ROWS))


def _personal(sheet: RawSheet, reading: Reading) -> list[str]:
    """Columns of personal data; the text of damaged lines, which may hold some, goes with them."""
    named = {plain_name(name) for name in reading.mapping.personal}
    personal = [name for name in sheet.frame.columns if is_personal(name) or plain_name(name) in named]
    asked = next((name for name in personal if plain_name(name) in _taken(reading.mapping)), None)
    if asked is not None:
        raise MapRefused(f"{reading.mapping.report}: {asked!r}: expected no personal data, take it out of the map")
    return personal


def _their_names(names: list[str], reading: Reading) -> dict[str, str]:
    """Plain names of columns to those in the file, which must not be told apart by capitals or white space alone."""
    found: dict[str, str] = {}
    for name in names:
        plain = plain_name(name)
        if plain in found and plain in _taken(reading.mapping):
            raise FileRefused(f"{reading.path}: expected one column {name!r}, got {found[plain]!r} too; rename one")
        found[plain] = name
    return known_as(names)


def _without_blanks(frame: pl.DataFrame, blank: tuple[str, ...]) -> tuple[pl.DataFrame, int]:
    """The rows in which the signs that the map names as empty are so, and how many there were."""
    if not blank:
        return frame, 0
    is_blank = pl.all().str.strip_chars().is_in(list(blank))
    count = int(frame.select(is_blank.sum()).sum_horizontal().sum())
    return frame.with_columns(pl.when(~is_blank).then(pl.all())), count


def _filled_down(
    frame: pl.DataFrame, table: TableMap, theirs: dict[str, str], last: dict[str, str | None]
) -> pl.DataFrame:
    """Columns that a report writes in its first row only, in every row. last: what stood in them above, kept up."""
    down = [c.names for c in table.columns.values() if c.fills_down]
    names = [theirs[plain_name(n)] for names in down for n in names if plain_name(n) in theirs]
    for name in names:
        filled = frame[name].forward_fill()
        above = last.get(name)
        frame = frame.with_columns(filled if above is None else filled.fill_null(above))
        last[name] = frame[name][-1] if frame.height else above
    return frame


def _left_out(frame: pl.DataFrame, table: TableMap, found: Admitted) -> pl.Series:
    """(n,) Boolean: rows that a rule of the map leaves out; the first that does is counted."""
    gone = pl.repeat(False, frame.height, eager=True)
    for rule in table.drop:
        name = _ruled_by(rule, found.theirs)
        if name is None or not frame.height:
            continue
        here = _ruled_out(frame[name], rule) & ~gone
        found.dropped[rule.reason] += int(here.sum())
        gone |= here
    return gone


def _ruled_out(cells: pl.Series, rule: Drop) -> pl.Series:
    text = unmarked(cells).str.strip_chars()
    listed = [plain_name(value) for value in rule.values]
    gone = text.is_in([value for value in text.unique().drop_nulls() if plain_name(value) in listed])
    gone = gone.fill_null(value=False)
    return gone | (text.is_null() | (text == "").fill_null(value=True)) if rule.blank else gone


def _ruled_by(rule: Drop, theirs: dict[str, str]) -> str | None:
    """The column of this file by which a rule leaves rows out."""
    either = (plain_name(name) for name in rule.column.split(EITHER))
    return next((theirs[name] for name in either if name in theirs), None)


def _taken(mapping: Mapping) -> set[str]:
    """Plain names of every column that the map reads or drops rows by."""
    columns = [column for table in mapping.table for column in table.columns.values()]
    listed = [f"{name} {c.contains}" for c in columns for name in c.names if c.contains is not None]
    ruled = [name for table in mapping.table for rule in table.drop for name in rule.column.split(EITHER)]
    return {plain_name(name) for name in (*listed, *ruled, *(name for c in columns for name in c.names))}
