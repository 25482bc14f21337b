"""The command that looks at a seller's own file, `claimrisk map`, and reading one by a map for the others."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from features.errors import InputError, nearest
from features.seller.choosing import require_columns
from features.seller.inspection import Inspection, inspected
from features.seller.mapping import NOTHING_SAID, Mapping, Said, read_map
from features.seller.maps import built_in
from features.seller.one_file import orders_of_file
from features.seller.reading import read_seller_file
from features.seller.table import Note, SellerTable
from service.cli_options import DateOrderAsked, DecimalAsked, FileEncoding, err, said_of
from service.files import keep_inputs, written_aside
from service.seller_notes import heading, note_text, rejects_told
from service.wording import Lang

SHOWN_ROWS = 20
Map = Annotated[
    str | None, typer.Option("--map", help="how to read a file with other columns: a map.toml, or amazon.unshipped …")
]


def map_named(name: str) -> Mapping:
    """The map of `--map`: a file, or one that ships with the program."""
    if name in built_in():
        return built_in()[name]
    path = Path(name)
    if not path.is_file():
        known = ", ".join(built_in())
        raise InputError(f"--map {name}: expected a file, or one of {known}{nearest(name, built_in())}")
    return read_map(path)


def read_as_said(path: Path, name: str | None, said: Said, lang: Lang) -> SellerTable | None:
    """The orders of a file, with what it tells of their parcels, by the map that is named, or by the built-in one that
    fits where the options say how the file is written, its notes told on stderr; None where nothing is said, and the
    columns are to have our names."""
    if name is None and replace(said, zone=None) == NOTHING_SAID:
        return None
    mapping = None if name is None else map_named(name)
    if mapping is not None:
        require_columns(path, mapping, said.encoding)
    tables = read_seller_file(path, mapping=mapping, said=said)
    found = orders_of_file(tables)
    for note in _told(found.notes):
        err.print(f"note: {note_text(note, lang)}", markup=False)
    return found


def map_file_command(
    file: Annotated[Path, typer.Argument(help="a file of the seller: CSV, TSV, xlsx, Parquet, JSON or JSON lines")],
    out: Annotated[Path | None, typer.Option(help="write the map here, to be edited")] = None,
    time_zone: Annotated[str | None, typer.Option("--time-zone", help="zone of instants without an offset")] = None,
    date_order: DateOrderAsked = None,
    decimal: DecimalAsked = None,
    file_encoding: FileEncoding = None,
    lang: Annotated[Lang, typer.Option(help="language of what is told")] = "en",
) -> None:
    """Look at a file: guess encoding, columns, dates and values, show 20 rows as understood, write a map to edit."""
    keep_inputs(out, file)
    found = inspected(file, said_of(time_zone, date_order, decimal, file_encoding))
    sys.stdout.write("\n".join(_report(found, lang)) + "\n")
    if out is None:
        err.print(heading("no_map_written", lang), markup=False)
        return
    with written_aside(out) as aside:
        aside.write_text(found.draft, "utf-8")
    err.print(heading("map_written", lang, out=str(out)), markup=False)


def _report(found: Inspection, lang: Lang) -> Iterator[str]:
    for table in found.tables:
        yield from _understood(table, lang)
    yield heading("guessed", lang)
    yield from (f"  {note_text(note, lang)}" for note in _told(found.guesses))
    if found.open:
        yield heading("to_decide", lang)
        yield from (f"  {note_text(note, lang)}" for note in found.open)


def _told(notes: Iterable[Note]) -> Iterator[Note]:
    """Notes without the columns that a map knows and this file does not have, which are many."""
    return (note for note in notes if note.code != "column_absent")


def _understood(table: SellerTable, lang: Lang) -> Iterator[str]:
    shown = table.frame.head(SHOWN_ROWS)
    yield heading("understood", lang, rows=str(shown.height), report=table.report, kind=table.kind)
    with pl.Config(tbl_rows=SHOWN_ROWS, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_width_chars=-1):
        yield str(shown)
    dropped, rejected = sum(table.dropped.values()), len({reject.line for reject in table.rejects})
    counts = {"rows": table.rows, "good": table.frame.height, "rejected": rejected, "dropped": dropped}
    yield heading("counts", lang, **{name: f"{count:,}" for name, count in counts.items()})
    yield from (f"  {line}" for line in rejects_told(table.rejects, SHOWN_ROWS, lang))
