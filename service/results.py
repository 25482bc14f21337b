"""Tables of results as CSV, workbook or Parquet: whole or not at all, and nothing in them runs as a formula."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import polars as pl

from features.delimited import Reject
from features.errors import InputError
from service.files import written_aside
from service.spreadsheet import write_sheet

Encoding = Literal["utf-8-sig", "gb18030"]
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
    with written_aside(out) as aside:
        if out.suffix.lower() == ".parquet":
            frame.write_parquet(aside)
        elif out.suffix.lower() == ".xlsx":
            write_sheet(frame, aside, out)
        else:
            aside.write_text(escaped(frame).write_csv(), encoding, newline="")


def write_rejects(rejects: list[Reject], path: Path) -> None:
    """One line a rejected row; a file of an earlier run is removed where there are none."""
    if not rejects:
        path.unlink(missing_ok=True)
        return
    frame = pl.DataFrame(
        [[getattr(r, c) for c in REJECT_COLUMNS] for r in rejects], schema=REJECT_COLUMNS, orient="row"
    )
    with written_aside(path) as aside, aside.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(REJECT_COLUMNS)
        writer.writerows(escaped(frame).iter_rows())


def escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Text cells that a spreadsheet would run get an apostrophe in front."""
    risky = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA) & ~pl.col(name).str.contains(_PLAIN_NUMBER))
        .then("'" + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in risky
    )
