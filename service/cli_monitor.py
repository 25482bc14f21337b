"""The command that looks after a model: `claimrisk monitor`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from service.cli_options import Zone, instant, say, zone_named
from service.files import keep_inputs
from service.settings import settings, signing_key
from service.wording import Lang


def monitor(
    orders: Annotated[Path, typer.Argument(help="orders of the months since the training: CSV, TSV or Parquet")],
    outcomes: Annotated[Path | None, typer.Argument(help="their claims; without it inputs and scores alone")] = None,
    model: Annotated[Path, typer.Option("--model", help="folder of the bundle")] = ...,  # type: ignore[assignment]
    out: Annotated[Path | None, typer.Option(help="the page, such as health.html")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the whole answer as JSON")] = False,
    observed_until: Annotated[str | None, typer.Option(help="instant up to which outcomes are known")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="exit 1 where there is an alarm")] = False,
    lang: Annotated[Lang, typer.Option(help="language of page and text")] = "en",
    time_zone: Zone = None,
) -> None:
    """Tell whether inputs, probabilities and claims still are as the model knows them."""
    from model.artefact import load
    from service.monitoring import looked_after, write_page

    keep_inputs(out, orders, outcomes)
    until = None if observed_until is None else instant(observed_until, "--observed-until")
    bundle = load(model, signing_key(settings()))
    looked = looked_after(orders, outcomes, bundle, until=until, zone=zone_named(time_zone), lang=lang)
    if out is not None:
        write_page(looked, out, lang)
        say(f"page written to {out}")
    if as_json:
        sys.stdout.write(orjson.dumps(looked.answer, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        lines = [looked.answer["text"], *(a["text"] for a in looked.answer["alarms"]), *looked.answer["notes"]]
        sys.stdout.write("\n".join(lines) + "\n")
    if strict and looked.answer["alarms"]:
        raise typer.Exit(1)
