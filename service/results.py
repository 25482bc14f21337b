"""Tables of results as CSV, workbook or Parquet: whole or not at all, and nothing in them runs as a formula."""

from __future__ import annotations

import csv
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import polars as pl
from polars.io.plugins import register_io_source

from features.delimited import Reject
from features.errors import InputError
from service.files import written_aside
from service.meanwhile import used_meanwhile
from service.spreadsheet import write_sheet

Encoding = Literal["utf-8-sig", "gb18030"]
ROW_GROUP = 65_536
ENDINGS = (".csv", ".parquet", ".xlsx")
REJECT_COLUMNS = ("line", "column", "code", "reason", "raw")
_FORMULA = r"^[=+\-@＝＋－＠\t\r]"
_PLAIN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def check_ending(out: Path, taken: Sequence[Path] = ()) -> None:
    """Refuse a result that we cannot write, or that would take the place of an input."""
    if out.suffix.lower() not in ENDINGS:
        expected = ", ".join(ENDINGS)
        raise InputError(f"--out {out}: expected a name ending in {expected}, got {out.suffix or 'no ending'!r}")
    for path in taken:
        if out.resolve() == path.resolve():
            raise InputError(f"--out {out}: expected another file than the input {path.name}, which would be lost")


def write_table(frame: pl.DataFrame, out: Path, encoding: Encoding = "utf-8-sig") -> None:
    """A table as CSV, xlsx or Parquet, by the ending of its name; nothing in it runs as a formula."""
    write_frames([frame], out, encoding)


def write_frames(frames: Iterable[pl.DataFrame], out: Path, encoding: Encoding) -> None:
    """A table that comes in frames of one schema, at least one, as `write_table` does, written while they are made; only
    a workbook holds all of it in memory."""
    frames = iter(frames)
    first = next(frames)
    frames = chain([first], frames)
    with written_aside(out) as aside:
        if out.suffix.lower() == ".parquet":
            used_meanwhile(frames, lambda some: write_parquet(some, first.schema, aside))
        elif out.suffix.lower() == ".xlsx":
            write_sheet(pl.concat(frames), aside, out)
        else:
            used_meanwhile(frames, lambda some: _write_csv(some, aside, encoding))


def write_parquet(frames: Iterator[pl.DataFrame], schema: pl.Schema, aside: Path) -> None:
    """Frames of a schema; `OSError` where the file cannot be written."""

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        del columns, predicate, rows, size  # nothing is asked of the table but all of it
        yield from frames

    table = register_io_source(source, schema=dict(schema))
    try:
        table.sink_parquet(aside, row_group_size=ROW_GROUP, maintain_order=True)
    except pl.exceptions.PolarsError as error:
        raise OSError(str(error)) from error


def _write_csv(frames: Iterator[pl.DataFrame], aside: Path, encoding: Encoding) -> None:
    with aside.open("wb") as file:
        if encoding == "utf-8-sig":
            file.write(BOM_UTF8)
        for place, frame in enumerate(frames):
            if encoding == "utf-8-sig":
                escaped(frame).write_csv(file, include_header=place == 0)
            else:
                file.write(escaped(frame).write_csv(include_header=place == 0).encode(encoding))


def write_rejects(rejects: Iterable[Reject], path: Path) -> None:
    """One line a rejected row; a file of an earlier run is removed where there are none."""
    rejects = iter(rejects)
    first = next(rejects, None)
    if first is None:
        path.unlink(missing_ok=True)
        return
    left = chain([first], rejects)
    with written_aside(path) as aside, aside.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(REJECT_COLUMNS)
        while some := list(islice(left, ROW_GROUP)):
            writer.writerows(escaped(pl.DataFrame(some, schema=REJECT_COLUMNS)).iter_rows())


def escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Text cells that a spreadsheet would run get an apostrophe in front."""
    may_be = frame.select(pl.col(pl.String).str.contains(_FORMULA).any())
    risky = [name for name in may_be.columns if may_be[name].any()]
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA) & ~pl.col(name).str.contains(_PLAIN_NUMBER))
        .then("'" + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in risky
    )
