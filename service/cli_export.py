"""The command that writes what is kept as files: `claimrisk export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli_options import say
from service.settings import settings


def export_command(
    out: Annotated[Path, typer.Option(help="folder for orders.jsonl, outcomes.csv and conflicts.csv")],
    shop: Annotated[str | None, typer.Option(help="this shop alone; all if unset")] = None,
) -> None:
    """Write the orders and outcomes that the service keeps as files for train, monitor, backtest and odr."""
    from service.exporting import CONFLICTS, export

    told = export(out, settings(), shop)
    left = f"; {told.never_sent:,} orders of which events alone are known left out" if told.never_sent else ""
    say(f"{told.orders:,} orders and {told.outcomes:,} outcomes and {told.actions:,} actions written to {out}{left}")
    if told.conflicts:
        say(f"{told.conflicts:,} times outcomes are told otherwise; what stands and why: {out / CONFLICTS}")
