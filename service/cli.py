"""The command line: `claimrisk`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from features import catalogue as attribute_catalogue
from features.errors import ClaimRiskError, InputError
from service.advice_page import advice_command
from service.cli_backtest import backtest
from service.cli_compliance import compliance
from service.cli_explain import explain
from service.cli_export import export_command
from service.cli_holdout import holdout
from service.cli_import import import_files
from service.cli_keys import keys
from service.cli_listings import listings_app
from service.cli_model import model_app
from service.cli_monitor import monitor
from service.cli_odr import odr
from service.cli_options import (
    CostFile,
    NoModel,
    ShopClaims,
    ShopOrders,
    Zone,
    cold_start,
    err,
    zone_named,
)
from service.cli_options import instant as _instant
from service.cli_options import say as _say
from service.cli_playbook import playbook_command
from service.cli_score import score
from service.cli_seller import map_file_command
from service.cli_worklist import worklist
from service.cost_profile import template
from service.policy_page import policy_command
from service.settings import settings

app = typer.Typer(
    help="Which orders will end in an Amazon A-to-z Guarantee claim, and what to do while there is still time.",
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
)  # fmt: skip
app.add_typer(model_app, name="model")
app.add_typer(listings_app, name="listings")
app.add_typer(compliance, name="compliance")
app.add_typer(keys, name="keys")
app.command()(score)
app.command()(worklist)
app.command()(backtest)
app.command()(monitor)
app.command("export")(export_command)
app.command()(holdout)
app.command()(explain)
app.command()(odr)
app.command("map")(map_file_command)
app.command("import")(import_files)
app.command("policy")(policy_command)
app.command("advice")(advice_command)
app.command("playbook")(playbook_command)


def run() -> None:
    """The entry point: exit 0 done, 1 failed with one clear line, 2 misused."""
    try:
        app()
    except ClaimRiskError as error:
        err.print(f"claimrisk: {error}", markup=False)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)


@app.command()
def fields(
    template: Annotated[bool, typer.Option("--template", help="print an empty CSV with all attributes")] = False,
) -> None:
    """Print the attributes of an order: name, kind, when known, meaning."""
    if template:
        sys.stdout.write(attribute_catalogue.template_csv())
        return
    for row in attribute_catalogue.catalogue():
        kind = row.kind if not row.choices else f"{row.kind}: {' '.join(row.choices)}"
        sys.stdout.write(f"{row.name}\t{kind}\t{row.known}\t{row.meaning}\n")


@app.command()
def costs() -> None:
    """Print the default cost profile, to be edited and given as --costs or CLAIMRISK_COSTS."""
    sys.stdout.write(template())


@app.command()
def simulate(
    orders: Annotated[int, typer.Option(min=1, help="how many orders")],
    out: Annotated[Path, typer.Option(help="folder for orders, outcomes and truth")],
    world: Annotated[
        str, typer.Option(help="a world that ships (reference, rare, low, common …) or a TOML file")
    ] = "reference",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    intervene: Annotated[str | None, typer.Option(help="force an action on all orders, such as signature")] = None,
    truth: Annotated[bool, typer.Option(help="also the true probabilities, by rollouts")] = True,
) -> None:
    """Make simulated orders, their outcomes and the true probabilities."""
    from service.cli_training import write_simulated

    made, claims = write_simulated(world, orders, seed, out, intervene=intervene, truth=truth)
    _say(f"simulated {made:,} orders with {claims:,} claims into {out}")


@app.command()
def train(
    orders: Annotated[
        Path | None, typer.Argument(help="past orders: CSV, TSV, Parquet, xlsx or JSON lines; not with --from-store")
    ] = None,
    outcomes: Annotated[Path | None, typer.Argument(help="their claims")] = None,
    out: Annotated[Path, typer.Option(help="folder of the bundle")] = ...,  # type: ignore[assignment]
    from_store: Annotated[
        bool, typer.Option("--from-store", help="of the orders and events that the service keeps")
    ] = False,
    shop: Annotated[str | None, typer.Option(help="with --from-store this shop alone; all if unset")] = None,
    actions: Annotated[
        Path | None, typer.Option(help="actions that were taken: order_id and at; acted orders do not teach low risk")
    ] = None,
    observed_until: Annotated[str | None, typer.Option(help="instant up to which outcomes are known")] = None,
    claim_window_days: Annotated[
        float | None, typer.Option(min=1, max=365, help="days after latest_delivery_at")
    ] = None,
    extra: Annotated[
        list[str] | None, typer.Option(help="x_NAME:number|flag|category:STATE, your own attribute")
    ] = None,
    trust: Annotated[list[str] | None, typer.Option(help="attribute to use although the leak check doubts it")] = None,
    time_zone: Zone = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    tune: Annotated[int, typer.Option(min=0, help="trials of a search for LightGBM's parameters (needs Optuna)")] = 0,
) -> None:
    """Train a model on past orders and claims."""
    from service.cli_training import TrainOptions, train_bundle

    until = None if observed_until is None else _instant(observed_until, "--observed-until")
    options = TrainOptions(until, claim_window_days, extra or (), trust or (), zone_named(time_zone), seed, tune)
    if from_store == (orders is not None) or (orders is None) != (outcomes is None) or (shop and not from_store):
        raise InputError("train: expected files of ORDERS and OUTCOMES, or --from-store, with --shop or without")
    if actions is not None and from_store:
        raise InputError("--actions: expected with files; what was kept holds the actions too")
    with _files(orders, outcomes, actions, shop) as (sent, became, acted):
        trained = train_bundle(sent, became, out, replace(options, actions=acted), _say, settings())
    for dropped in trained.prepared.dropped:
        err.print(f"not used: {dropped.attribute}: {dropped.reason}", markup=False)
    _say(f"bundle written to {out}; look at {out / 'report.html'}")


@contextmanager
def _files(
    orders: Path | None, outcomes: Path | None, actions: Path | None, shop: str | None
) -> Iterator[tuple[Path, Path, Path | None]]:
    """The files named, or those of what is kept: orders, outcomes, actions."""
    if orders is not None and outcomes is not None:
        yield orders, outcomes, actions
        return
    from service.exporting import ACTIONS, ORDERS, OUTCOMES, exported

    with exported(settings(), shop) as (folder, told):
        _say(f"{told.orders:,} orders and {told.outcomes:,} outcomes are kept; {told.never_sent:,} were never sent")
        if told.conflicts:
            _say(f"{told.conflicts:,} times outcomes are told otherwise; `claimrisk export` lists what stands and why")
        if not told.orders:
            raise InputError("--from-store: no order is kept yet; send some to /v1/scores first, or train on files")
        yield folder / ORDERS, folder / OUTCOMES, folder / ACTIONS


@app.command()
def serve(
    model: Annotated[
        Path | None, typer.Option("--model", help="a bundle, or a registry to watch; that of the data folder if unset")
    ] = None,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    costs: CostFile = None,
    no_model: NoModel = False,
    shop_claims: ShopClaims = None,
    shop_orders: ShopOrders = None,
    workers: Annotated[int | None, typer.Option(min=1, help="processes; CLAIMRISK_WORKERS if unset")] = None,
) -> None:
    """Serve the API and the page."""
    from service.serving import serve as serve_app

    cold = cold_start(no_model, model, shop_claims, shop_orders)
    serve_app(model, host, port, _say, costs=costs, cold=cold, workers=workers)


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    once: Annotated[bool, typer.Option("--once", help="score and print, do not serve")] = False,
) -> None:
    """Score the example orders with the starter model, print the riskiest, serve API and page."""
    from service.demo import run_demo

    run_demo(port, _say, serves=not once)
