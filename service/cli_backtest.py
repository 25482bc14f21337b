"""The command that looks back: what daily lists would have told over the last months."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli_options import Extras, ObservedUntil, Trusted, Zone, err, instant, say, zone_named
from service.settings import settings
from service.wording import Lang

REFITTED = "none"


def backtest(
    orders: Annotated[Path, typer.Argument(help="past orders: CSV, TSV or Parquet")],
    outcomes: Annotated[Path, typer.Argument(help="their claims")],
    model: Annotated[
        str, typer.Option("--model", help="folder of a bundle, or none: a model each month, of what was known then")
    ] = REFITTED,
    months: Annotated[int, typer.Option(min=1, max=36, help="how many months to look back")] = 3,
    capacity: Annotated[int, typer.Option(min=1, max=10_000, help="orders worked each day")] = 16,
    lang: Annotated[Lang, typer.Option(help="language of the report")] = "en",
    out: Annotated[
        Path | None, typer.Option(help="folder for report and tables; the table goes to stdout if unset")
    ] = None,
    observed_until: ObservedUntil = None,
    extra: Extras = None,
    trust: Trusted = None,
    time_zone: Zone = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Tell what a list of the riskiest orders of each day would have found over the last months."""
    from service.backtesting import BacktestOptions, look_back

    until = None if observed_until is None else instant(observed_until, "--observed-until")
    options = BacktestOptions(
        bundle=None if model == REFITTED else Path(model), months=months, capacity=capacity, lang=lang,
        observed_until=until, extras=extra or (), trusted=trust or (), zone=zone_named(time_zone), seed=seed,
    )  # fmt: skip
    told = look_back(orders, outcomes, out, options, say, settings())
    for line in told.lines:
        err.print(line, markup=False)
    if out is None:
        typer.echo(told.table, nl=False)
    else:
        say(f"report and tables written to {out}; look at {out / 'backtest.html'}")
