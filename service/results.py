"""Tables of results as CSV, workbook or Parquet: whole or not at all, and nothing in them runs as a formula."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import polars as pl
from polars.io.plugins import register_io_source

from features.delimited import Reject
from features.errors import InputError
from features.sound import SoundText
from service.files import keep_inputs, written_aside
from service.meanwhile import used_meanwhile
from service.problem_words import reason_text
from service.spreadsheet import readable_instants, write_sheet
from service.wording import Lang

Encoding = Literal["utf-8-sig", "gb18030"]
ROW_GROUP = 65_536
ENDINGS = (".csv", ".parquet", ".xlsx")
REJECT_COLUMNS = ("line", "column", "code", "reason", "raw")
_FORMULA = r"^[=+\-@＝＋－＠\t\r]"
_MAY_RUN = re.compile(_FORMULA)
_PLAIN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[ \x{a0}\x{3000}]*$"


def check_ending(out: Path, taken: Sequence[Path] = ()) -> None:
    """Refuse a result that we cannot write, or that would take the place of an input."""
    if out.suffix.lower() not in ENDINGS:
        expected = ", ".join(ENDINGS)
        raise InputError(f"--out {out}: expected a name ending in {expected}, got {out.suffix or 'no ending'!r}")
    keep_inputs(out, *taken)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a table. theirs: the user's columns, or plain lines of CSV in which nothing runs as a formula; ours:
    the columns behind."""

    theirs: pl.DataFrame | SoundText
    ours: pl.DataFrame = field(default_factory=pl.DataFrame)

    def frame(self) -> pl.DataFrame:
        """All columns."""
        theirs = self.theirs if isinstance(self.theirs, pl.DataFrame) else self.theirs.frame()
        return theirs.hstack(self.ours)

    def csv(self, *, has_header: bool) -> bytes:
        """As CSV; nothing in it runs as a formula."""
        if isinstance(self.theirs, SoundText) and not has_header:
            lines = self.theirs.data.removesuffix(b"\n").split(b"\n")
            beside = _csv(escaped(self.ours)).removesuffix(b"\n").split(b"\n")
            if len(lines) == len(beside):  # no cell of ours goes on over lines
                return b"\n".join(map(b",".join, zip(lines, beside, strict=True))) + b"\n"
        return _csv(escaped(self.frame()), has_header=has_header)


def _csv(frame: pl.DataFrame, *, has_header: bool = False) -> bytes:
    text = BytesIO()
    frame.write_csv(text, include_header=has_header)
    return text.getvalue()


def write_table(frame: pl.DataFrame, out: Path, encoding: Encoding = "utf-8-sig") -> None:
    """A table as CSV, xlsx or Parquet, by the ending of its name; nothing in it runs as a formula."""
    write_parts([Part(frame)], out, encoding)


def write_parts(parts: Iterable[Part], out: Path, encoding: Encoding) -> None:
    """A table that comes in parts of one schema, at least one, as `write_table` does, written while they are made.

    Only a workbook holds all of it in memory.
    """
    with written_aside(out) as aside:
        if out.suffix.lower() == ".parquet":
            parts, schema = _with_schema(iter(parts))
            used_meanwhile(parts, lambda some: write_parquet(map(Part.frame, some), schema, aside))
        elif out.suffix.lower() == ".xlsx":
            write_sheet(pl.concat(part.frame() for part in parts), aside, out)
        else:
            used_meanwhile(parts, lambda some: _write_csv(some, aside, encoding))


def _with_schema(parts: Iterator[Part]) -> tuple[Iterator[Part], pl.Schema]:
    first = next(parts)
    return chain([first], parts), first.frame().schema


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


def _write_csv(parts: Iterator[Part], aside: Path, encoding: Encoding) -> None:
    with aside.open("wb") as file:
        if encoding == "utf-8-sig":
            file.write(BOM_UTF8)
        for place, part in enumerate(parts):
            text = part.csv(has_header=place == 0)
            file.write(text if encoding == "utf-8-sig" else text.decode().encode(encoding))


def write_rejects(rejects: Iterable[Reject], path: Path, lang: Lang = "en") -> None:
    """One line a rejected row; a file of an earlier run is removed where there are none."""
    rejects = (replace(r, reason=reason_text(r.code, r.reason, lang)) for r in rejects)
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


def may_run(frame: pl.DataFrame) -> list[str]:
    """The columns with a cell that begins as a formula does, be it a number below zero."""
    told = frame.select(pl.col(pl.String).str.contains(_FORMULA).any())
    return [name for name in told.columns if told[name].any()]


def escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Text cells and names of columns that a spreadsheet would run get an apostrophe in front."""
    frame = readable_instants(frame).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    risky = may_run(frame)
    told = frame.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA) & ~pl.col(name).str.contains(_PLAIN_NUMBER))
        .then("'" + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in risky
    )
    return told.rename({name: _apart(name, told.columns) for name in told.columns if _MAY_RUN.match(name)})


def _apart(name: str, taken: Sequence[str]) -> str:
    name = "'" + name
    return _apart(name, taken) if name in taken else name
