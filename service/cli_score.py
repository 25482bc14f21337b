"""The command that scores a file of orders, `claimrisk score`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import joblib
import typer
from rich.table import Table

from features.errors import InputError
from features.tables import TableOptions
from model.artefact import Bundle as Loaded
from service.batch import Wish, begun_as_of, score_file
from service.bundles import named_bundle
from service.cli_options import (
    Bundle,
    CostFile,
    DateOrderAsked,
    DecimalAsked,
    FileEncoding,
    NoModel,
    ShopClaims,
    ShopOrders,
    Zone,
    cold_start,
    err,
    looked_at,
    said_of,
)
from service.cli_seller import Map, read_as_said
from service.cost_profile import chosen_costs
from service.explained import explained
from service.folder import score_folder
from service.means import Means
from service.progress import progress_on
from service.results import Encoding
from service.seller_notes import summary_word
from service.settings import settings
from service.summary import Summary
from service.wording import Lang
from service.workers import Engine, On

SHOWN_COLUMNS = 12


def score(
    orders: Annotated[Path, typer.Argument(help="orders to score: CSV, TSV, Parquet, xlsx or JSON lines")],
    out: Annotated[Path, typer.Option(help="result: .csv, .parquet or .xlsx; a folder for a folder")],
    model: Bundle = None,
    as_of: Annotated[str | None, typer.Option(help="the moment rows without as_of are looked at; now if unset")] = None,
    lang: Annotated[Lang, typer.Option(help="language of reasons and advice")] = "en",
    time_zone: Zone = None,
    encoding: Annotated[Encoding, typer.Option(help="of a CSV result")] = "utf-8-sig",
    map_file: Map = None,
    costs: CostFile = None,
    date_order: DateOrderAsked = None,
    decimal: DecimalAsked = None,
    file_encoding: FileEncoding = None,
    no_model: NoModel = False,
    shop_claims: ShopClaims = None,
    shop_orders: ShopOrders = None,
    explain_top: Annotated[
        str | None, typer.Option(help="reasons and advice for the riskiest share alone, such as 10%; all if unset")
    ] = None,
    explain_band: Annotated[
        str | None, typer.Option(help="reasons and advice from this band on: low, elevated, high or critical")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="processes; one for each core if unset")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on where the same run was killed")] = False,
    engine: Annotated[Engine, typer.Option(help="of a folder of Parquet files: this machine alone, or Dask")] = "local",
    scheduler: Annotated[str | None, typer.Option(help="address of a running Dask, such as tcp://host:8786")] = None,
) -> None:
    """Score a file of orders, or a folder of Parquet files into a folder.

    Rows that cannot be used are set aside in OUT.rejects.csv.
    """
    told = explained(explain_top, explain_band)
    bundle = cold_start(no_model, model, shop_claims, shop_orders) or named_bundle(model, settings())
    said = said_of(time_zone, date_order, decimal, file_encoding)
    means = Means(bundle, costs=chosen_costs(costs, settings()))
    options = TableOptions(as_of=_looked_at(as_of, out if resume else None), zone=said.zone, extras=means.extras)
    on = On(engine, scheduler)
    if on != On() and not orders.is_dir():
        raise InputError(f"--engine {engine}: expected a folder of Parquet files, got {orders}")
    is_folder = orders.is_dir() and map_file is None  # with a map, one file is wanted
    read = None if is_folder else read_as_said(orders, map_file, said, lang)
    with progress_on(err) as watch:
        wish = Wish(lang, encoding, told, workers or joblib.cpu_count(), resume=resume, watch=watch)
        if is_folder:
            summary = score_folder(orders, out, options, means, wish, on)
        else:
            summary = score_file(orders, out, options, means, wish, read=read)
    _summarise(summary, out, bundle, lang)


def _looked_at(as_of: str | None, begun: Path | None) -> float:
    """Epoch seconds: the moment that is given, that of the run which is taken up, or now."""
    before = None if begun is None or as_of is not None else begun_as_of(begun)
    return looked_at(as_of) if before is None else before


def _summarise(summary: Summary, out: Path, bundle: Loaded, lang: Lang) -> None:
    word = partial(summary_word, lang=lang)
    for strange in summary.strange_columns[:SHOWN_COLUMNS]:
        err.print(f"{word('column')} {strange}", markup=False)
    if more := summary.strange_columns[SHOWN_COLUMNS:]:
        err.print(word("more_columns").format(count=f"{len(more):,}"), markup=False)
    table = Table(box=None, show_header=False)
    table.add_row(word("rows"), f"{summary.rows:,}")
    table.add_row(word("scored"), f"{summary.scored:,}")
    table.add_row(word("rejected"), f"{summary.rejected.total():,}")
    for code, count in summary.rejected.most_common():
        table.add_row(f"  {code}", f"{count:,}")
    for code, count in summary.dropped.most_common():
        table.add_row(f"{word('left_out')}: {code}", f"{count:,}")
    for status, count in summary.statuses.most_common():
        table.add_row(f"{word('status')} {status}", f"{count:,}")
    for warning, count in summary.warnings.most_common():
        table.add_row(f"{word('warning')} {warning}", f"{count:,}")
    err.print(table)
    if summary.rejected:
        err.print(f"{word('rejects')}: {out.name}.rejects.csv", markup=False)
    if bundle.is_degraded:
        err.print(word("degraded"), markup=False)
    if bundle.is_starter:
        err.print(word("starter"), markup=False)
    if summary.rows and not summary.scored:
        err.print(word("nothing"), markup=False)
        raise typer.Exit(1)
