"""Files of listings and of products: rows by SKU into records, with all that could not be read set aside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import polars as pl

from features.delimited import RawChunk, Reject
from features.errors import FileRefused, nearest
from features.listings.record import Record, Source, columns_of, our_names
from features.listings.sheets import read_rows
from features.seller.mapping import Encoding, plain_name
from features.seller.totals import is_total, may_be_total

_LONGEST_TEXT = 10_000
# Code, reason and column of a row that is neither a listing nor a product.
_TOTAL = ("total_row", "the row sums up or signs the table; nothing is to be done", "sku")
_OTHER: dict[Source, Source] = {"listing": "product", "product": "listing"}


@dataclass(frozen=True, slots=True)
class Records:
    """The usable rows of one file in their order, the rejected ones, and the columns it has not (their checks stay
    unknown) or has without a use, each with a hint where it looks misspelt. len(records) + len(rejects) = rows."""

    records: list[Record]
    rejects: list[Reject]
    missing: list[str]
    unused: list[str]


def header(source: Source) -> list[str]:
    """The columns that a file of listings or products may have; only `sku` must be there.

    >>> header("product")[:3]
    ['sku', 'name', 'description']
    """
    return list(columns_of(source).values())


def read_records(path: Path, source: Source, encoding: Encoding | None = None) -> Records:
    """The records of a CSV, TSV, xlsx or Parquet file. A SKU may have several listings but one product record only."""
    columns = columns_of(source)
    records, rejects, seen = list[Record](), list[Reject](), set[str]()
    names = list[str]()
    for read in read_rows(path, encoding):
        chunk = replace(read, frame=_in_our_names(read.frame, source))
        names = chunk.frame.columns
        _require(names, read.frame.columns, path, source)
        rejects += chunk.rejects
        totals = _totals(chunk.frame, columns["name"])
        for (line, record, raw), is_sum in zip(_rows(chunk, read.frame, columns), totals, strict=True):
            why = _TOTAL if is_sum else _refused(record, seen, source)
            if why:
                rejects.append(Reject(line, why[2], why[0], why[1], raw))
                continue
            seen.add(record.sku)
            records.append(record)
    if not records and not rejects:
        raise FileRefused(f"{path}: no rows below the header; expected one {source} a row")
    unused = [f"{n}{nearest(n, columns.values())}" for n in names if n not in columns.values()]
    return Records(records, rejects, [c for c in columns.values() if c not in names], unused)


def _totals(frame: pl.DataFrame, name: str) -> pl.Series:
    """(n,) Boolean: rows whose SKU is the word of a total, without a title or name; where the file has no such column,
    a word that no SKU looks like. name: of the column of titles or names."""
    sku = frame.select(_text(frame, "sku")).to_series()
    if name not in frame.columns:
        return is_total(sku)
    return (is_total(sku) | may_be_total(sku)) & (frame.select(_text(frame, name)).to_series() == "")


def _in_our_names(frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    """The columns under our names; of several that mean one the first that is filled, in the order of `our_names`."""
    there = {plain_name(name): name for name in reversed(frame.columns)}
    theirs: dict[str, list[str]] = {}
    for plain, ours in our_names(source).items():
        if plain in there:
            theirs.setdefault(ours, []).append(there[plain])
    used = {name for names in theirs.values() for name in names}
    joined = [
        (pl.coalesce(map(_filled, names)) if len(names) > 1 else pl.col(names[0])).alias(ours)
        for ours, names in theirs.items()
    ]
    return frame.select(*(name for name in frame.columns if name not in used), *joined)


def _filled(name: str) -> pl.Expr:
    """A cell as text, null where it is blank."""
    text = pl.col(name).cast(pl.String)
    return pl.when(text.str.strip_chars() != "").then(text)


def _require(names: list[str], given: list[str], path: Path, source: Source) -> None:
    """Raise where a file lacks what it must have. names: in ours; given: as in the file."""
    expected = header(source)
    if "sku" not in names:
        near = next((n for n in names if nearest(n, ["sku"])), None)
        hint = f"; rename {near!r} to sku" if near else ""
        raise FileRefused(f"{path}: expected a column sku, got {', '.join(names[:8])}{hint}")
    other = our_names(_OTHER[source])
    theirs = {other[plain_name(name)] for name in given if plain_name(name) in other}
    if theirs - set(expected) and not set(expected) - set(header(_OTHER[source])) & set(names):
        raise FileRefused(
            f"{path}: expected a file of {source}s ({', '.join(expected[:3])} …), got the columns of "
            f"{_OTHER[source]}s; give LISTINGS first, then PRODUCTS"
        )
    if not set(names) & set(expected[1:]):
        raise FileRefused(
            f"{path}: expected at least one of {', '.join(expected[1:])} beside sku, got {', '.join(names[:8])}; "
            "`claimrisk listings template` prints the headers"
        )


def _rows(chunk: RawChunk, given: pl.DataFrame, columns: dict[str, str]) -> Iterator[tuple[int, Record, str]]:
    frame = chunk.frame
    there = {field.name: columns[field.name] for field in fields(Record) if columns[field.name] in frame.columns}
    texts = frame.select(_text(frame, column).alias(name) for name, column in there.items())
    for i, (line, cells) in enumerate(zip(chunk.lines, texts.iter_rows(named=True), strict=True)):
        raw = io.StringIO()
        csv.writer(raw, lineterminator="").writerow(given.row(i))
        yield line, Record(**cells), raw.getvalue()


def _text(frame: pl.DataFrame, column: str) -> pl.Expr:
    cells = pl.col(column)
    if isinstance(frame[column].dtype, pl.List):
        return cells.cast(pl.List(pl.String)).list.join("; ").fill_null("")
    return cells.cast(pl.String).str.strip_chars().fill_null("")


def _refused(record: Record, seen: set[str], source: Source) -> tuple[str, str, str] | None:
    """Code, reason and column of a row that cannot be used; None for a good one."""
    if not record.sku:
        return "missing", "expected a sku in every row", "sku"
    if source == "product" and record.sku in seen:
        return "repeated", "the same sku stands in an earlier row; keep one record of each product", "sku"
    column = next((f.name for f in fields(record) if len(getattr(record, f.name)) > _LONGEST_TEXT), None)
    if column:
        return "too_long", f"expected at most {_LONGEST_TEXT:,} characters; shorten it", columns_of(source)[column]
    return None
