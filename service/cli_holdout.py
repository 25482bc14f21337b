"""The command that tells what the hold-out shows: `claimrisk holdout`."""

from __future__ import annotations

import math
import sys
import time
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from service.cli_options import say
from service.settings import settings


def holdout(
    shop: Annotated[str | None, typer.Option(help="this shop alone; all if unset")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the numbers as JSON")] = False,
) -> None:
    """Tell how orders went on that got an advice, beside those it was left out of by lot (CLAIMRISK_HOLD_OUT)."""
    from service.hold_out_report import hold_out_told

    found = hold_out_told(settings(), time.time(), shop)
    if as_json:
        rows = [
            {"action": c.action, "surrogate": c.surrogate,
             "advised": {"orders": c.advised.orders, "share": _known(c.advised.share)},
             "left_out": {"orders": c.left_out.orders, "share": _known(c.left_out.share)},
             "difference": _known(c.difference), "interval": [_known(limit) for limit in c.interval]}
            for c in found
        ]  # fmt: skip
        sys.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    if not found:
        say("no lot was drawn yet of an order whose promised delivery has passed; set CLAIMRISK_HOLD_OUT, such as 0.1")
        return
    table = Table("action", "share of orders", "advised", "left out", "difference", "95 % limits")
    for c in found:
        low, high = c.interval
        limits = "too few to tell" if math.isnan(low) else f"{100 * low:+.1f} to {100 * high:+.1f} points"
        sides = (f"{100 * arm.share:.1f} % of {arm.orders:,}" for arm in (c.advised, c.left_out))
        table.add_row(c.action, c.surrogate, *sides, f"{100 * c.difference:+.1f} points", limits)
    Console(highlight=False).print(table)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
