"""The command line: `claimrisk`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from features import catalogue as attribute_catalogue
from features.errors import ClaimRiskError
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
    cold_start,
    err,
)
from service.cli_options import say as _say
from service.cli_playbook import playbook_command
from service.cli_score import score
from service.cli_seller import map_file_command
from service.cli_train import train
from service.cli_worklist import worklist
from service.cost_profile import template
from service.policy_page import policy_command
from service.problem_words import asked_on_line, error_text

app = typer.Typer(
    help="Which orders will end in an Amazon A-to-z Guarantee claim, and what to do while there is still time.",
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
)  # fmt: skip
app.add_typer(model_app, name="model")
app.add_typer(listings_app, name="listings")
app.add_typer(compliance, name="compliance")
app.add_typer(keys, name="keys")
app.command()(score)
app.command()(train)
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
        err.print(f"claimrisk: {error_text(error, asked_on_line(sys.argv))}", markup=False)
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


if __name__ == "__main__":
    run()
