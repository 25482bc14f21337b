"""Files of any kind as sheets of text, each with the map that reads it."""

from __future__ import annotations

import csv
import shlex
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import polars as pl

from features.delimited import LONGEST_FIELD, Dialect, Reject, read_delimited, reader
from features.errors import FileRefused
from features.seller.encodings import Guess, declared, guessed_encoding
from features.seller.headers import known_as
from features.seller.mapping import EITHER, Encoding, Mapping, TableMap, plain_name
from features.seller.maps import fitting, header_row_of, nearest_map, reads, with_extra
from features.seller.meant import fit_of
from features.seller.rawtext import RawSheet, typed_text
from features.seller.records import flat_sheet, is_list_of_records, mapped_records, names_in, read_document, read_lines
from features.seller.table import Note
from features.seller.workbook import HEADER_ROWS, read_workbook

DELIMITERS = "\t,;|"
DELIMITED, LINES = (".csv", ".tsv", ".txt"), (".jsonl", ".ndjson")
TABLES = (*DELIMITED, ".xlsx", ".parquet", *LINES)
ENDINGS = (*TABLES, ".json")
OTHER_ENDINGS = dict.fromkeys((".xls", ".xlsm", ".xlsb", ".ods", ".et", ".numbers"), "save it as .xlsx or CSV") | {
    ".zip": "unpack it first", ".gz": "unpack it first", ".rar": "unpack it first", ".7z": "unpack it first",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One sheet, how it is read, and as which of the map's tables."""

    sheet: RawSheet
    mapping: Mapping
    table: TableMap


def sources(path: Path, mapping: Mapping | None, encoding: Encoding | None = None) -> list[Source]:
    """Everything a file holds that a map reads; without a map the built-in one that fits is taken and noted. encoding:
    of a text file, where neither a map nor the file itself says one."""
    suffix = path.suffix.lower()
    if path.is_dir():
        raise FileRefused(
            f"{path}: expected a file, got a folder; claimrisk import joins the files in it, if it is named to it",
            about="a_folder",
        )
    if not path.is_file():
        raise FileRefused(f"{path}: no such file", about="no_such_file")
    if suffix not in ENDINGS:
        raise FileRefused(
            f"{path}: expected a file ending in {', '.join(ENDINGS)}, got {suffix or 'no ending'!r}"
            + what_to_do(suffix),
            about="file_type",
        )
    if suffix == ".json":
        return _document(path, mapping)
    if suffix == ".xlsx":
        return _sheets(path, mapping)
    if suffix == ".parquet":
        return _mapped([read_parquet(path)], path, mapping)
    if suffix in LINES:
        return _mapped([read_lines(path, encoding_of(path, mapping, encoding).encoding)], path, mapping)
    return _delimited(path, mapping, encoding)


def what_to_do(suffix: str) -> str:
    """What makes a file of another program's form one that we read; nothing where the form is none of a table."""
    return f"; {OTHER_ENDINGS[suffix]}" if suffix in OTHER_ENDINGS else ""


def expanded(paths: Sequence[Path]) -> list[Path]:
    """Files, and for a folder what lies in it that may hold rows, by name, without hidden ones and our own rejects;
    with what `sources` refuses, so that whoever reads can name it. `FileRefused` where nothing can be read."""
    found = list[Path]()
    for path in paths:
        if not path.exists():
            raise FileRefused(f"{path}: no such file", about="no_such_file")
        found += sorted(filter(_may_hold_rows, _entries(path))) if path.is_dir() else [path]
        if path.is_dir() and not any(one.parent == path and one.is_file() for one in found):
            raise FileRefused(f"{path}: expected files ending in {', '.join(ENDINGS)} in the folder, got none")
    return list(dict.fromkeys(found))


def _entries(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith((".", "~$"))]
    except OSError as error:
        raise FileRefused(f"{folder}: the folder cannot be read ({error.strerror})") from error


def _may_hold_rows(path: Path) -> bool:
    """A table, one in another program's form, or a folder of them."""
    if path.is_dir():
        return any(one.suffix.lower() in TABLES for one in _entries(path))
    return path.suffix.lower() in (*ENDINGS, *OTHER_ENDINGS) and ".rejects." not in path.name


def _refused(path: Path, names: Sequence[str]) -> FileRefused:
    if not any(names):
        return FileRefused(f"{path}: the file is empty; expected a header and rows below it", about="empty_file")
    near = nearest_map(names)
    lacking = ", ".join(name.partition(EITHER)[0] for name in near.missing[:6]) if near is not None else ""
    hint = f"; the nearest, {near.mapping.report}, misses {lacking}" if near is not None else ""
    return FileRefused(
        f"{path}: expected a report that we know by its English headers, or an ERP's by its Chinese ones, got columns "
        f"{', '.join(names[:8])}{hint}; claimrisk map {shlex.quote(str(path))} --out MAP.toml writes a map to correct, "
        "then add --map MAP.toml",
        about="unknown_columns",
    )


def _mapped(sheets: list[RawSheet], path: Path, mapping: Mapping | None) -> list[Source]:
    """Sheets with their map; those that none fits, or whose rows the given one cannot read, are noted, unless there is
    no other. Of several sheets one that a built-in map is meant for goes to that, which is noted."""
    found, strange = list[Source](), list[RawSheet]()
    chosen_of = [_chosen(sheet.frame.columns, mapping, is_alone=len(sheets) == 1) for sheet in sheets]
    if mapping is not None and not any(chosen_of):
        chosen_of = [mapping] * len(sheets)
    for sheet, chosen in zip(sheets, chosen_of, strict=True):
        if chosen is None:
            strange.append(sheet)
            continue
        notes = [*sheet.notes]
        how = {"report": chosen.report}
        if mapping is None:
            notes.append(Note("map_chosen", "", how))
        elif chosen is not mapping:
            notes.append(Note("sheet_not_meant", sheet.name, how))
        chosen = with_extra(chosen, sheet.frame.columns)
        have = {*known_as(sheet.frame.columns)}
        held = [t for t in chosen.table if not t.needs or have.intersection(map(plain_name, t.needs))]
        found += [Source(replace(sheet, notes=notes if t is held[0] else []), chosen, t) for t in held]
    if not found:
        raise _refused(path, strange[0].frame.columns if strange else [])
    found[0].sheet.notes.extend(Note("sheet_not_used", sheet.name, {}) for sheet in strange)
    return found


def _chosen(names: Sequence[str], mapping: Mapping | None, *, is_alone: bool) -> Mapping | None:
    """The map of one sheet: the given one where it finds the keys, unless it reads nothing else of one of several
    sheets, or a built-in one is meant for that."""
    own = fitting(names)
    if mapping is None:
        return own
    if not reads(mapping, names):
        return None
    fit = fit_of(mapping, [names])
    if is_alone or fit.of == 0:
        return mapping
    if own is not None and own is not mapping:
        return mapping if fit.is_meant_beside(fit_of(own, [names])) else own
    return mapping if fit.read else None


def _sheets(path: Path, mapping: Mapping | None) -> list[Source]:
    sheets = read_workbook(
        path, sheet=mapping.sheet if mapping else None, header_row=lambda rows: header_row_of(rows, mapping)
    )
    for sheet in sheets:
        if sheet.header_row != (mapping.header_row if mapping else 1):
            named = sheet.name if len(sheets) > 1 else ""
            sheet.notes.append(Note("header_row", named, {"row": str(sheet.header_row)}))
    return _mapped(sheets, path, mapping)


def _document(path: Path, mapping: Mapping | None) -> list[Source]:
    value = read_document(path)
    chosen = mapping or fitting(names_in(value), "json")
    if chosen is None or chosen.form == "table":
        if not is_list_of_records(value):
            raise _refused(path, names_in(value))
        return _mapped([flat_sheet(value, path)], path, mapping)
    found, first = list[Source](), 1
    notes = [] if mapping else [Note("map_chosen", "", {"report": chosen.report})]
    for table in chosen.table:
        sheet = mapped_records(value, table, first)
        first += sheet.rows
        found.append(Source(replace(sheet, notes=list(notes)), chosen, table))
        notes = []
    return found


def read_parquet(path: Path) -> RawSheet:
    """A Parquet file as text."""
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise FileRefused(f"{path}: not a readable Parquet file ({str(error).partition(chr(10))[0]})") from error
    return RawSheet("", pl.DataFrame([typed_text(column) for column in frame]), range(1, frame.height + 1))


@dataclass(frozen=True, slots=True)
class Look:
    """The first lines of a delimited file, and how they seem to be written."""

    encoding: str
    is_certain: bool
    delimiter: str
    rows: list[list[str]]


def looked_at(path: Path, mapping: Mapping | None = None, said: Encoding | None = None) -> Look:
    """The first lines of a file, and its encoding and delimiter. said: of an encoding, see `encoding_of`."""
    guess = encoding_of(path, mapping, said)
    encoding, is_certain = guess.encoding, guess.is_certain
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
            lines = [line.rstrip("\r\n") for line in islice(file, HEADER_ROWS * 4)]
    except UnicodeError as error:
        raise FileRefused(
            f"{path}: expected text in {encoding}, got other bytes; correct --file-encoding, or encoding in the map"
        ) from error
    head = next((line for line in lines if line.strip()), "")
    common = max(DELIMITERS, key=lambda sign: (max((line.count(sign) for line in lines), default=0), sign == ","))
    delimiter = max(DELIMITERS, key=head.count) if any(sign in head for sign in DELIMITERS) else common
    if mapping is not None and mapping.delimiter is not None:
        delimiter = mapping.delimiter
    csv.field_size_limit(LONGEST_FIELD)
    has_quotes = mapping is None or mapping.has_quotes
    rows = [_split(line, delimiter, has_quotes=has_quotes) for line in lines[:HEADER_ROWS]]
    return Look(encoding, is_certain, delimiter, rows)


def encoding_of(path: Path, mapping: Mapping | None, said: Encoding | None) -> Guess:
    """How a text file is read: as the map says, as its bytes say without doubt, as was said, else as it seems."""
    if mapping is not None and mapping.encoding is not None:
        return declared(mapping.encoding)
    if said is None:
        return guessed_encoding(path)
    try:
        guess = guessed_encoding(path)
    except FileRefused:
        return declared(said)
    return guess if guess.is_certain else declared(said)


def _split(line: str, delimiter: str, *, has_quotes: bool) -> list[str]:
    try:
        return [cell.strip() for cell in next(reader([line], Dialect(delimiter=delimiter, has_quotes=has_quotes)), [])]
    except csv.Error:
        return []


def _delimited(path: Path, mapping: Mapping | None, encoding: Encoding | None) -> list[Source]:
    look = looked_at(path, mapping, encoding)
    row = header_row_of(look.rows, mapping)
    header = look.rows[row - 1] if row <= len(look.rows) else []
    chosen = mapping or fitting(header)
    if chosen is None:
        raise _refused(path, header)
    dialect = Dialect(look.encoding, look.delimiter, chosen.has_quotes, chosen.fills_short_rows, row)
    sheet = replace(read_text(path, dialect, header), header_row=row)
    if row != (mapping.header_row if mapping else 1):
        sheet.notes.append(Note("header_row", "", {"row": str(row)}))
    if not look.is_certain:
        sheet.notes.append(Note("encoding_guessed", "", {"encoding": look.encoding.removesuffix("-sig")}))
    return _mapped([sheet], path, mapping)


def read_text(path: Path, dialect: Dialect, header: Sequence[str]) -> RawSheet:
    """A delimited file as one sheet. header: its names, for a file without rows, as a report of nothing is."""
    frames, lines, rejects, filled = list[pl.DataFrame](), array("q"), list[Reject](), 0
    for chunk in read_delimited(path, dialect):
        frames.append(chunk.frame)
        lines.extend(chunk.lines)
        rejects += chunk.rejects
        filled += chunk.filled
    notes = [Note("short_rows_filled", "", {"count": str(filled)})] if filled else []
    if not frames:
        notes, frames = [Note("no_rows", "", {})], [pl.DataFrame(schema=dict.fromkeys(header, pl.String))]
    return RawSheet("", pl.concat(frames), lines, rejects, notes)
