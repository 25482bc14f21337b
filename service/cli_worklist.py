"""The command that makes the day's worklist from a file of orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer

from features.columns import Ints, concatenated
from features.delimited import Reject
from features.errors import FileRefused, InputError
from features.seller.table import SellerTable
from features.tables import Chunk, TableOptions, orders_of, read_orders
from model.artefact import Bundle
from service.bundles import chosen_bundle
from service.cli_options import (
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
from service.decide import Decisions, decide
from service.files import keep_inputs
from service.means import Means
from service.results import Encoding, write_rejects
from service.settings import settings
from service.wording import Lang
from service.worklist import Looked, Worklist, looked
from service.worklist import worklist as ranked
from service.worklist_files import FIRST, checked_ending, files_of, save
from service.worklist_sheets import Doubt, Source, Told, about_sheet, group_sheets, order_sheet

CAPACITY = 16
Rows = Callable[[], Iterator[Chunk]]


def worklist(
    orders: Annotated[Path, typer.Argument(help="open orders: CSV, TSV or Parquet")],
    out: Annotated[Path, typer.Option(help="result: .xlsx, or .csv with others beside it")],
    model: Annotated[Path | None, typer.Option("--model", help="folder of the bundle; the starter if unset")] = None,
    capacity: Annotated[int, typer.Option(min=1, max=100_000, help="most orders to list")] = CAPACITY,
    as_of: Annotated[str | None, typer.Option(help="the moment rows without as_of are looked at; now if unset")] = None,
    lang: Annotated[Lang, typer.Option(help="language of the list")] = "en",
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
) -> None:
    """Make a list of at most CAPACITY orders to work on today, and of what one action does for many."""
    at = looked_at(as_of)
    said = said_of(time_zone, date_order, decimal, file_encoding)
    bundle = cold_start(no_model, model, shop_claims, shop_orders) or chosen_bundle(model, settings())
    means = Means(bundle, costs=chosen_costs(costs, settings()))
    told, read = Told(lang, said.zone), read_as_said(orders, map_file, said, lang)
    made = write_worklist(orders, out, means, capacity=capacity, as_of=at, told=told, encoding=encoding, read=read)
    for fact, value in made.about.iter_rows():
        err.print(f"{fact}: {value}", markup=False)
    for reason, count in () if read is None else read.dropped.items():
        err.print(f"left out: {reason} {count:,}", markup=False)
    for path in dict.fromkeys(made.files.values()):
        err.print(f"written: {path}", markup=False)


@dataclass(frozen=True, slots=True)
class Made:
    """What was written: the list, how it came about, and the file of each sheet."""

    found: Worklist
    about: pl.DataFrame
    files: dict[str, Path]


def write_worklist(
    orders: Path,
    out: Path,
    means: Means,
    *,
    capacity: int,
    as_of: float,
    told: Told,
    encoding: Encoding = "utf-8-sig",
    read: SellerTable | None = None,
) -> Made:
    """Rank all orders of a file, then read it again for the few that are listed: memory holds no texts of the rest.

    read: the same file as a map has read it, where its columns do not have our names. Where no row can be used the
    rejects are written, an earlier list is left as it is, and `FileRefused` says why.
    """
    checked_ending(out)
    keep_inputs(out, orders)
    options = TableOptions(as_of=as_of, zone=told.zone, extras=means.extras, takes_map=True)
    rows = partial(read_orders, orders, options) if read is None else partial(orders_of, read, options)
    parts, rejects = _looked_at(rows, means)
    rejects_file = out.with_name(out.name + ".rejects.csv")
    write_rejects(rejects, rejects_file, told.lang)
    _require_rows(parts, rejects, orders, rejects_file)
    found = ranked(parts, means.catalogue, capacity)
    rows_read = sum(part.orders.height for part in parts) + len(rejects)
    moments = pl.concat([part.orders["as_of"] for part in parts]).drop_nans()
    looked_at = (_seconds(moments.min()), _seconds(moments.max()))
    bundle = means.bundle
    source = Source(looked_at, bundle.version, _doubt(bundle), rows_read, len(rejects), rejects_file.name)
    listed = _decided(rows, means, found.orders["place"].to_numpy())
    sheets = {FIRST: order_sheet(found, listed, told), **group_sheets(found, means.catalogue, told)}
    sheets["about"] = about_sheet(found, source, told)
    save(sheets, {name: told.word("sheets", name) for name in sheets}, out, encoding)
    return Made(found, sheets["about"], files_of(out, sheets))


def _require_rows(parts: list[Looked], rejects: list[Reject], orders: Path, rejects_file: Path) -> None:
    if any(part.orders.height for part in parts):
        return
    first = rejects[0]
    raise FileRefused(
        f"{orders}: expected at least one row that can be used, got {len(rejects):,} set aside; "
        f"line {first.line}: {first.reason}; all of them: {rejects_file}"
    )


def _doubt(bundle: Bundle) -> Doubt | None:
    return "degraded" if bundle.is_degraded else "starter" if bundle.is_starter else None


def _seconds(value: object) -> float | None:
    return value if isinstance(value, float) else None


def _looked_at(rows: Rows, means: Means) -> tuple[list[Looked], list[Reject]]:
    parts, rejects, place = list[Looked](), list[Reject](), 0
    for chunk in rows():
        rejects += chunk.rejects
        parts.append(looked(decide(chunk.columns, means), means, place))
        place += chunk.columns.n
    return parts, rejects


def _decided(rows: Rows, means: Means, places: Ints) -> Decisions:
    """The decisions on the rows at `places` of a file, in that order."""
    pieces, first = [], 0
    for chunk in rows():
        here = np.sort(places[(places >= first) & (places < first + chunk.columns.n)])
        pieces.append(chunk.columns.take(here - first))
        first += chunk.columns.n
    in_file_order = concatenated(pieces)
    if in_file_order.n != len(places):
        raise InputError("the file of orders changed while it was read; run the command again")
    rank = np.argsort(np.argsort(places))
    return decide(in_file_order.take(rank), means)
