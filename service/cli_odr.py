"""The command that tells a shop's defect budget from a file of its orders: `claimrisk odr`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from features.errors import InputError
from features.tables import TableOptions, orders_of, read_orders
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
from service.files import keep_inputs, written_aside
from service.means import Means
from service.odr import Doubts, Official, forecast
from service.odr_files import file_orders
from service.odr_plan import Wanted, plans
from service.odr_plan_told import plans_told
from service.odr_rule import odr_rule
from service.odr_told import told
from service.odr_window import Span, window
from service.seller_notes import heading, rejects_told
from service.settings import settings
from service.wording import Lang

TOLD_REJECTS = 3


def odr(
    orders: Annotated[Path, typer.Argument(help="all orders of the window: CSV, TSV, Parquet, xlsx, JSON lines")],
    outcomes: Annotated[Path | None, typer.Option(help="claims, bad feedback and chargebacks, one row each")] = None,
    official: Annotated[str | None, typer.Option(help="the marketplace's own count, as DEFECTS/ORDERS: 3/420")] = None,
    marketplace: Annotated[str | None, typer.Option(help="such as US; needed where the file has several")] = None,
    shop: Annotated[str | None, typer.Option(help="shop_id; needed where the file has several")] = None,
    model: Annotated[Path | None, typer.Option("--model", help="folder of the bundle; the starter if unset")] = None,
    plan_below: Annotated[
        float | None,
        typer.Option(min=0.0001, max=0.9999, help="also the cheapest plan to make a breach less likely"),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0.0, help="most that the plan may cost, in the currency of --costs")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="the whole answer as JSON; - prints it instead of the text")] = None,
    as_of: Annotated[str | None, typer.Option(help="the moment all orders are looked at; now if unset")] = None,
    lang: Annotated[Lang, typer.Option(help="language of the text")] = "en",
    time_zone: Zone = None,
    map_file: Map = None,
    costs: CostFile = None,
    date_order: DateOrderAsked = None,
    decimal: DecimalAsked = None,
    file_encoding: FileEncoding = None,
    no_model: NoModel = False,
    shop_claims: ShopClaims = None,
    shop_orders: ShopOrders = None,
) -> None:
    """Tell where the order defect rate stands, where it will, and how many defects are still allowed."""
    keep_inputs(out, orders, outcomes)
    at = looked_at(as_of)
    bundle = cold_start(no_model, model, shop_claims, shop_orders) or chosen_bundle(model, settings())
    means = Means(bundle, costs=chosen_costs(costs, settings()))
    said = said_of(time_zone, date_order, decimal, file_encoding)
    options = TableOptions(zone=said.zone, extras=means.extras, takes_map=True)
    read = read_as_said(orders, map_file, said, lang)
    source = file_orders(
        read_orders(orders, options) if read is None else orders_of(read, options), outcomes, said.zone
    )
    if source.rejects:
        err.print(heading("set_aside", lang, count=f"{len(source.rejects):,}"), markup=False)
        for line in rejects_told(source.rejects, TOLD_REJECTS, lang):
            err.print(line, markup=False)
    where, who = source.marketplace(marketplace), source.shop(shop)
    rule = odr_rule(where, at)
    if rule is None:
        raise InputError(
            f"--marketplace {where}: no text on its target was found, and others' is not borrowed; `claimrisk policy` "
            "shows whose is known"
        )
    found = forecast(
        window(source, Span(who, where, at - rule.seconds, at), means), rule, bundle.scorer, _official(official)
    )
    answer = told(found, bundle, lang, Doubts(len(source.rejects)))
    if plan_below is not None:
        wanted = Wanted(plan_below, float("inf") if budget is None else budget)
        answer["plan"] = plans_told(plans(found, means, wanted), found, lang)
    _write(answer, out)


def _write(answer: dict[str, Any], out: Path | None) -> None:
    body = orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n"
    if out is not None and str(out) == "-":
        sys.stdout.write(body)
        return
    if out is not None:
        with written_aside(out) as aside:
            aside.write_text(body, "utf-8")
    sys.stdout.write(f"{answer['text']}\n")
    if "plan" in answer:
        sys.stdout.write(f"{answer['plan']['text']}\n")
    for warning in answer["warnings"]:
        err.print(f"{warning['code']}: {warning['text']}", markup=False)


def _official(text: str | None) -> Official | None:
    if text is None:
        return None
    defects, slash, orders = text.partition("/")
    if not (slash and defects.isdecimal() and orders.isdecimal() and 0 < int(orders) >= int(defects)):
        raise InputError(f"--official {text}: expected DEFECTS/ORDERS such as 3/420")
    return Official(int(defects), int(orders))
