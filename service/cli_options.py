"""What commands of the command line share: where they speak, and how a zone or an instant is given."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.markup import escape

from features.columns import epoch_seconds
from features.errors import InputError
from features.kinds import instant_problem
from features.seller.mapping import DateOrder, Decimal, Encoding, Said
from model.artefact import Bundle as Loaded
from model.coldstart import ShopNumbers, cold_bundle

err = Console(stderr=True, highlight=False, soft_wrap=True)

ObservedUntil = Annotated[str | None, typer.Option(help="instant up to which outcomes are known")]
Extras = Annotated[list[str] | None, typer.Option(help="x_NAME:number|flag|category:STATE, your own attribute")]
Trusted = Annotated[list[str] | None, typer.Option(help="attribute to use although the leak check doubts it")]
Bundle = Annotated[Path | None, typer.Option("--model", help="folder of the model bundle")]
NoModel = Annotated[
    bool, typer.Option("--no-model", help="answer without a model, by assumed priors and policy: degraded")
]
ShopClaims = Annotated[
    int | None, typer.Option(min=0, help="with --no-model: the shop's A-to-z claims in 60 days, of Seller Central")
]
ShopOrders = Annotated[
    int | None, typer.Option(min=1, help="with --no-model: the shop's orders in 60 days, of Seller Central")
]
CostFile = Annotated[
    Path | None, typer.Option("--costs", help="cost profile (TOML); CLAIMRISK_COSTS or the default if unset")
]
Zone = Annotated[
    str | None, typer.Option("--time-zone", help="zone of instants without an offset, such as Asia/Shanghai")
]

DateOrderAsked = Annotated[DateOrder | None, typer.Option("--date-order", help="order of day and month in 03/04/2025")]
DecimalAsked = Annotated[Decimal | None, typer.Option("--decimal", help="decimal sign where 1,234 can be two numbers")]
FileEncoding = Annotated[
    Encoding | None, typer.Option("--file-encoding", help="encoding of the file that is read, where it cannot be told")
]


def said_of(
    time_zone: str | None, date_order: DateOrder | None, decimal: Decimal | None, file_encoding: Encoding | None
) -> Said:
    """What the options say of a seller's file, for where its map says nothing."""
    return Said(zone_named(time_zone), date_order, decimal, file_encoding)


def say(message: str) -> None:
    """Progress, on stderr, with the time."""
    err.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/dim] {escape(message)}")


def cold_start(no_model: bool, model: Path | None, claims: int | None, orders: int | None) -> Loaded | None:
    """What answers without a model, where that is asked for; None where it is not."""
    if not no_model:
        if claims is not None or orders is not None:
            raise typer.BadParameter("--shop-claims and --shop-orders go with --no-model: a model has learned the rate")
        return None
    if model is not None:
        raise typer.BadParameter("expected --model or --no-model, got both")
    if (claims is None) != (orders is None):
        raise typer.BadParameter("expected --shop-claims and --shop-orders together")
    if claims is None or orders is None:
        return cold_bundle()
    if claims > orders:
        raise typer.BadParameter(f"--shop-claims {claims}: expected at most --shop-orders {orders}")
    return cold_bundle(ShopNumbers(claims, orders))


def zone_named(name: str | None) -> ZoneInfo | None:
    """The zone of that name; `InputError` where there is none."""
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(f"--time-zone {name}: expected a zone such as Asia/Shanghai") from error


def instant(text: str, option: str) -> datetime:
    """The instant in `text`; `InputError` names the option."""
    problem = instant_problem(text)
    if problem is not None:
        raise InputError(f"{option} {text}: {problem}")
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def looked_at(as_of: str | None) -> float:
    """Epoch seconds: the moment that `--as-of` gives, or now."""
    return epoch_seconds(datetime.now(UTC) if as_of is None else instant(as_of, "--as-of"))
