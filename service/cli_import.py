"""The command that takes a shop's own files in: `claimrisk import`."""

from __future__ import annotations

import csv
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import polars as pl
import typer

from features.errors import FileRefused, InputError
from features.seller.choosing import map_for
from features.seller.facts import CONFLICT_COLUMNS
from features.seller.gathering import PLACE, Gathered, gathered
from features.seller.mapping import Mapping, Said
from features.seller.reading import read_seller_file
from features.seller.sources import expanded
from features.seller.spans import coverage_toml
from features.seller.table import Note, SellerTable
from service.cli_options import DateOrderAsked, DecimalAsked, FileEncoding, err, said_of
from service.cli_seller import map_named
from service.files import folder_aside
from service.import_report import CONFLICTS, COVERAGE, ORPHANS, report_document
from service.import_words import report_text
from service.problem_words import error_text, reason_text
from service.results import escaped
from service.seller_notes import heading
from service.wording import Lang

REPORT = "import_report.json"
TOLD = "import_report.md"
WRITTEN = frozenset({
    "orders.parquet", "outcomes.parquet", COVERAGE, "rejects.csv", CONFLICTS, ORPHANS, REPORT, TOLD,
})  # fmt: skip
REJECTS = ("file", "line", "column", "code", "reason", "raw")


Files = Annotated[list[Path], typer.Argument(help="reports, ERP sheets, lists of claims, or folders of them")]
Out = Annotated[Path, typer.Option(help="folder for orders, outcomes, coverage and the report")]
MapFiles = Annotated[
    list[str] | None,
    typer.Option("--map", help="map of files that are no reports of Amazon's, may be repeated; see claimrisk map"),
]
Shop = Annotated[str | None, typer.Option(help="shop of orders for which no file names one")]
Zone = Annotated[str | None, typer.Option("--time-zone", help="zone of the ERP's times, such as Asia/Shanghai")]


def import_files(
    files: Files,
    out: Out,
    map_file: MapFiles = None,
    shop: Shop = None,
    time_zone: Zone = None,
    date_order: DateOrderAsked = None,
    decimal: DecimalAsked = None,
    file_encoding: FileEncoding = None,
    lang: Lang = "en",
) -> None:
    """Take in a shop's own files: orders and outcomes for train and score, and a report of what became of each row.

    A file that cannot be read is left out and told with what to do; exit 1 then.
    """
    maps = [map_named(name) for name in map_file or ()]
    said = said_of(time_zone, date_order, decimal, file_encoding)
    paths = [path for path in expanded(files) if not (path / REPORT).exists()]
    tables, refused = list[SellerTable](), list[FileRefused]()
    for path in paths:
        try:
            tables += _tables(path, maps, said, is_alone=len(paths) == 1)
        except FileRefused as error:
            refused.append(error)
    reasons = [error_text(error, lang) for error in refused]
    try:
        if not tables:
            raise refused.pop()
        told = write_import(tables, gathered(tables, shop=shop), out, lang, reasons)
    except FileRefused:
        for one in refused:
            err.print(f"claimrisk: {error_text(one, lang)}", markup=False)
        raise
    sys.stderr.write(told)
    if refused:
        err.print(heading("files_left_out", lang, count=f"{len(refused):,}", of=f"{len(paths):,}"), markup=False)
        raise typer.Exit(1)


def _tables(path: Path, maps: Sequence[Mapping], said: Said, *, is_alone: bool) -> list[SellerTable]:
    """The tables of a file. Amazon's reports keep their own maps and ways of writing, since --map and the options speak
    of the shop's own files, unless a map is meant for that very report or it cannot be read without."""
    of_amazon = _as_amazon(path)
    named = {mapping.report for mapping in maps}
    if of_amazon is not None and all(table.report not in named for table in of_amazon):
        return of_amazon
    mapping = map_for(path, maps, said.encoding, is_alone=is_alone)
    tables = read_seller_file(path, mapping=mapping, said=said)
    if maps and mapping is None:
        tables[0].notes.append(Note("map_not_meant", "", {"report": tables[0].report}))
    return tables


def _as_amazon(path: Path) -> list[SellerTable] | None:
    """The tables of one of Amazon's reports, None for any other file."""
    try:
        tables = read_seller_file(path)
    except FileRefused:
        return None
    return tables if all(table.report.startswith("amazon.") for table in tables) else None


def write_import(
    tables: Sequence[SellerTable], found: Gathered, out: Path, lang: Lang, left_out: Sequence[str] = ()
) -> str:
    """Everything an import gives, in the folder `out`, in place of an earlier import; returns the report in words.
    left_out: why files were, a sentence each."""
    _refuse_what_is_not_ours(out)
    document = report_document(tables, found, left_out)
    told = report_text(document, lang, _commands(out, document, lang))
    _make_parent(out)
    with folder_aside(out) as aside:
        aside.mkdir()
        found.orders.write_parquet(aside / "orders.parquet")
        found.outcomes.write_parquet(aside / "outcomes.parquet")
        (aside / COVERAGE).write_text(coverage_toml(found.coverage), "utf-8")
        _write_csv(aside / "rejects.csv", REJECTS, _rejected(tables, found, lang))
        _write_csv(aside / CONFLICTS, CONFLICT_COLUMNS, found.conflicts)
        _write_csv(aside / ORPHANS, ("order_id", "kind", *PLACE), pl.concat([found.orphans, found.stray_rows]))
        (aside / REPORT).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        (aside / TOLD).write_text(told, "utf-8")
    return told


def _refuse_what_is_not_ours(out: Path) -> None:
    """The folder is replaced as a whole, so it must hold nothing but an earlier import."""
    if out.exists() and not (out / REPORT).exists():
        raise InputError(f"--out {out}: expected a new folder or an earlier import, got something else; name another")
    others = sorted(path.name for path in out.iterdir() if path.name not in WRITTEN) if out.exists() else []
    if others:
        raise InputError(f"--out {out}: expected nothing but an earlier import, got {others[0]} too; name another")


def _make_parent(out: Path) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: its folder cannot be made ({error.strerror})") from error


def _commands(out: Path, document: dict[str, Any], lang: Lang) -> list[str]:
    """What to type next, nothing without a usable order, nothing that learns without placed_at."""
    if not document["orders"]["out"]:
        return []
    orders, outcomes = (shlex.quote(str(out / name)) for name in ("orders.parquet", "outcomes.parquet"))
    told = "" if lang == "en" else f" --lang {lang}"
    back = f"claimrisk backtest {orders} {outcomes} --months 3 --out back{told}"
    train = f"claimrisk train {orders} {outcomes} --out my-model"
    score = f"claimrisk score {orders} --model my-model --out scored.csv{told}"
    learns = document["target"] and document["known"].get("placed_at")
    return [back, train, score] if learns else [f"claimrisk worklist {orders} --out today.xlsx{told}"]


def _rejected(tables: Sequence[SellerTable], found: Gathered, lang: Lang) -> pl.DataFrame:
    """Rows set aside by reading, then orders set aside by joining; of an order the place where it stands first."""
    rows = [(str(t.path), r.line, r.column, r.code, r.reason, r.raw) for t in tables for r in t.rejects]
    schema = {name: pl.Int64() if name == "line" else pl.String() for name in REJECTS}
    read = pl.DataFrame(rows, schema=schema, orient="row")
    told = pl.concat([read, found.set_aside.rename({"order_id": "raw"}).select(REJECTS)])
    why = [reason_text(code, reason, lang) for code, reason in told.select("code", "reason").iter_rows()]
    return told.with_columns(pl.Series("reason", why, pl.String()))


def _write_csv(path: Path, columns: Sequence[str], frame: pl.DataFrame) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(escaped(frame.select(columns)).iter_rows())
