"""The command that checks a message or an advice against the marketplace's rules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from features.errors import InputError
from service.compliance import checked_text
from service.wording import Lang

compliance = typer.Typer(help="Check texts against the marketplace's rules.", no_args_is_help=True)


@compliance.callback()
def _group() -> None:
    """Check texts against the marketplace's rules."""


@compliance.command()
def check(
    file: Annotated[str, typer.Argument(help="text in UTF-8; - reads what is piped in")],
    lang: Annotated[Lang, typer.Option(help="language of the texts of findings")] = "en",
    strict: Annotated[bool, typer.Option("--strict", help="exit 1 where the text is not allowed")] = False,
) -> None:
    """Print as JSON whether a message to a buyer, or an advice, is allowed, and what breaks which rule."""
    answer = checked_text(_text(file), lang)
    sys.stdout.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode("utf-8") + "\n")
    if strict and not answer["allowed"]:
        raise typer.Exit(1)


def _text(file: str) -> str:
    where = "standard input" if file == "-" else file
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: expected UTF-8, got another encoding at byte {error.start}; save it so") from error
    except OSError as error:
        raise InputError(f"{where}: expected a file to read: {error.strerror}") from error
