"""The commands for bundles and their registry: show, verify, export, list, promote, rollback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from features.errors import InputError
from model.artefact import load
from service.bundles import export_joblib, registry_path, shown
from service.cli_options import say
from service.registry import (
    ROLES,
    Role,
    added,
    named_version,
    promoted,
    read_registry,
    rolled_back,
    versions,
    write_registry,
)
from service.settings import settings, signing_key

model_app = typer.Typer(
    help="Look at model bundles, and say which of them is champion, challenger and shadow.", no_args_is_help=True
)
Folder = Annotated[Path, typer.Argument(help="folder of the bundle")]
Models = Annotated[
    Path | None, typer.Option("--registry", help="folder of bundles; `models` in CLAIMRISK_DATA_DIR if unset")
]


@model_app.command()
def show(bundle: Folder) -> None:
    """Print what a bundle says of itself."""
    sys.stdout.write(shown(bundle, signing_key(settings())))


@model_app.command()
def verify(bundle: Folder) -> None:
    """Check signature, digests and canaries of a bundle."""
    found = load(bundle, signing_key(settings()))
    sys.stdout.write(f"{bundle}: sound, version {found.version}\n")


@model_app.command()
def export(
    bundle: Folder,
    out: Annotated[Path, typer.Option(help="file to write")],
    format: Annotated[str, typer.Option(help="joblib")] = "joblib",
) -> None:
    """Export a bundle for data scientists; a joblib file runs code when it is loaded, so load only your own."""
    if format != "joblib":
        raise InputError(f"--format {format}: expected joblib")
    export_joblib(bundle, out, signing_key(settings()))
    say(f"exported to {out}")


@model_app.command("list")
def list_models(registry: Models = None) -> None:
    """Print the bundles of the registry by version, each with its role."""
    folder = registry_path(registry, settings())
    said = read_registry(folder)
    for version in versions(folder):
        roles = [role for role in ROLES if getattr(said, role) == version]
        sys.stdout.write(f"{version}\t{' '.join(roles) or ('before' if version in said.before else '')}\n")


@model_app.command()
def promote(
    bundle: Annotated[
        str | None, typer.Argument(help="folder of a bundle, or a version in the registry; the challenger if unset")
    ] = None,
    role: Annotated[Role, typer.Option("--as", help="champion answers, shadow scores beside it untold")] = "champion",
    registry: Models = None,
) -> None:
    """Give a bundle a role, after a child process has loaded it; a running `serve` takes it over by itself."""
    folder, key = registry_path(registry, settings()), signing_key(settings())
    said = read_registry(folder)
    name = bundle or said.challenger
    if name is None:
        raise InputError("expected a bundle: there is no challenger to promote")
    is_new = (Path(name) / "manifest.json").is_file()
    version = added(folder, Path(name) if is_new else folder / named_version(folder, name), key)
    write_registry(folder, promoted(said, version, role))
    say(f"{version} is {role} of {folder}")


@model_app.command()
def rollback(registry: Models = None) -> None:
    """Make the champion before champion again; the one that leaves becomes challenger."""
    folder = registry_path(registry, settings())
    said = rolled_back(read_registry(folder))
    write_registry(folder, said)
    say(f"{said.champion} is champion of {folder}")
