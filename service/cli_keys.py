"""The commands for keys of shops: create, list, revoke."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from features.errors import SettingError
from features.kinds import normal_text
from service.cli_options import say
from service.instants import instant_text
from service.keys import ended, keys_path, made_key, read_keys, write_keys
from service.settings import settings

keys = typer.Typer(help="Keys with which shops may ask the service.", no_args_is_help=True)


@keys.command()
def create(
    shop: Annotated[str, typer.Option(help="the only shop that the key may name")],
    scope: Annotated[list[str], typer.Option(help="score, events, read or admin; give it again for more")],
    days: Annotated[float | None, typer.Option(min=0.01, help="days until it ends; for ever if unset")] = None,
) -> None:
    """Make a key and print it. It is told once: only its digest is kept. A shop may have several, to change over."""
    path, name = keys_path(settings().data_dir), normal_text(shop)
    if not 1 <= len(name) <= 64:
        raise SettingError("--shop: expected 1 to 64 characters")
    key, text = made_key(name, scope, time.time(), days)
    write_keys(path, [*read_keys(path), key])
    say(f"{key.id}: callers of shop {name} send what follows as X-API-Key; it is not told again")
    typer.echo(text)


@keys.command("list")
def list_keys() -> None:
    """Print every key: identifier, shop, scopes, when it was made and ends; the keys themselves nobody knows."""
    for key in read_keys(keys_path(settings().data_dir)):
        made, ends = (instant_text(at) or "-" for at in (key.created_at, key.ends_at or float("nan")))
        typer.echo("\t".join([key.id, key.shop_id, ",".join(key.scopes), made, ends]))


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="identifier out of `claimrisk keys list`")],
    hours: Annotated[float, typer.Option(min=0.0, help="hours for which it still opens, to change over")] = 0.0,
) -> None:
    """End a key, at once or in some hours. A running service obeys at its next request."""
    path = keys_path(settings().data_dir)
    write_keys(path, ended(read_keys(path), key_id, time.time() + hours * 3_600.0))
    say(f"{key_id}: ends {'now' if hours == 0.0 else f'in {hours:g} h'}")
