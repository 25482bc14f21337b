"""The commands of the listing check: check, fill, template."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import typer
from rich.table import Table

from features.columns import Floats
from features.delimited import Reject
from features.errors import FileRefused
from features.listings.files import Records, header, read_records
from features.listings.fill import RATE, filled, read_flags
from features.listings.record import FLAGS
from features.listings.returns import not_as_described_rate, read_returns
from features.listings.sheets import read_rows
from features.order import attributes
from features.parsing import parsed
from service.cli_options import FileEncoding, err, zone_named
from service.listings import Checked, check
from service.results import check_ending, escaped, write_rejects, write_table
from service.wording import Lang

listings_app = typer.Typer(help="Compare listings with the products that are sent.", no_args_is_help=True)

_LISTINGS = f"what the listings say: CSV, TSV, xlsx or Parquet with the columns {', '.join(header('listing'))}"
_PRODUCTS = f"your own product records: CSV, TSV, xlsx or Parquet with the columns {', '.join(header('product'))}"
Listings = Annotated[Path, typer.Argument(help=_LISTINGS + "; only sku must be there")]
Products = Annotated[Path, typer.Argument(help=_PRODUCTS + "; only sku must be there")]


@listings_app.command("check")
def check_listings(
    listings: Listings,
    products: Products,
    out: Annotated[Path | None, typer.Option(help="result: .csv, .xlsx or .parquet; to the screen if unset")] = None,
    lang: Annotated[Lang, typer.Option(help="language of what to fix")] = "en",
    file_encoding: FileEncoding = None,
) -> None:
    """Find listings that do not match their product: nine flags per SKU, empty where either side is silent."""
    if out is not None:
        check_ending(out, (listings, products))
    ours, theirs = (
        read_records(listings, "listing", file_encoding), read_records(products, "product", file_encoding),
    )  # fmt: skip
    checked = check(ours, theirs, lang)
    if out is None:
        sys.stdout.write(escaped(checked.frame).write_csv())
    else:
        write_table(checked.frame, out)
        write_rejects(checked.rejects, out.with_name(out.name + ".rejects.csv"))
    _summarise(checked, ours, theirs)


def _summarise(checked: Checked, ours: Records, theirs: Records) -> None:
    for name, records in (("LISTINGS", ours), ("PRODUCTS", theirs)):
        for column in records.unused:
            err.print(f"{name}: column {column}: not used", markup=False)
        if records.missing:
            err.print(f"{name}: without {', '.join(records.missing)}; what they would tell stays unknown", markup=False)
    table = Table("flag", "mismatch", "match", "unknown", box=None)
    for flag in FLAGS:
        counts = checked.counts[flag]
        table.add_row(flag, *(f"{counts[value]:,}" for value in (True, False, None)))
    err.print(table)
    err.print(
        f"{checked.frame.height:,} listings checked, {checked.without_product:,} without a product record, "
        f"{checked.unlisted:,} products without a listing, {len(checked.rejects):,} rows rejected",
        markup=False,
    )
    for reject in checked.rejects[:3]:
        err.print(f"rejected: line {reject.line}: {reject.column or 'row'}: {reject.reason}", markup=False)


@listings_app.command("fill")
def fill_orders(
    orders: Annotated[Path, typer.Argument(help="orders with a column sku: CSV, TSV, xlsx or Parquet")],
    flags: Annotated[Path, typer.Argument(help="what `listings check` wrote, as .csv, .xlsx or .parquet")],
    out: Annotated[Path, typer.Option(help="the orders with their flags: .csv, .xlsx or .parquet")],
    returns: Annotated[
        Path | None, typer.Option(help="past returns with sku, return_reason, return_requested_at; fills " + RATE)
    ] = None,
    time_zone: Annotated[str | None, typer.Option(help="zone of instants without an offset")] = None,
) -> None:
    """Put the flags onto orders by sku, into empty cells only; with --returns also the share not as described."""
    check_ending(out, (orders, flags, *([returns] if returns else [])))
    frame, rejects = _read_orders(orders)
    zone = zone_named(time_zone)
    rates = None
    if returns is not None:
        past, refused = read_returns(returns, zone)
        rejects += refused
        rates = not_as_described_rate(frame["sku"], _placed_at(frame, orders, zone), past)
    result = filled(frame, read_flags(flags), rates)
    write_table(result, out)
    write_rejects(rejects, out.with_name(out.name + ".rejects.csv"))
    _tell_filled(frame, result, len(rejects))


def _read_orders(path: Path) -> tuple[pl.DataFrame, list[Reject]]:
    chunks = list(read_rows(path))
    frame = pl.concat([chunk.frame for chunk in chunks]) if chunks else pl.DataFrame()
    if "sku" not in frame.columns:
        raise FileRefused(f"{path}: expected a column sku, got {', '.join(frame.columns[:8]) or 'no columns'}")
    return frame, [reject for chunk in chunks for reject in chunk.rejects]


def _placed_at(frame: pl.DataFrame, path: Path, zone: ZoneInfo | None) -> Floats:
    if "placed_at" not in frame.columns:
        raise FileRefused(
            f"{path}: expected a column placed_at, without which past returns cannot be told from later ones"
        )
    found = parsed(frame["placed_at"], attributes()["placed_at"], zone)
    if found.bad.any():
        err.print(f"{int(found.bad.sum()):,} orders without {RATE}: placed_at: {found.problem.detail}", markup=False)
    return np.asarray(found.array, dtype=np.float64)


def _tell_filled(before: pl.DataFrame, after: pl.DataFrame, rejected: int) -> None:
    table = Table("column", "known before", "known now", box=None)
    for name in (*FLAGS, RATE):
        if name in after.columns:
            known = int(before[name].is_not_null().sum()) if name in before.columns else 0
            table.add_row(name, f"{known:,}", f"{int(after[name].is_not_null().sum()):,}")
    err.print(table)
    err.print(f"{after.height:,} orders written, {rejected:,} rows rejected", markup=False)


@listings_app.command()
def template() -> None:
    """Print the headers of both files: listings first, products below."""
    for source in ("listing", "product"):
        sys.stdout.write(",".join(header("listing" if source == "listing" else "product")) + "\n")
