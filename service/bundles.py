"""Bundles for people: what one says of itself, the starter, and an export for data scientists."""

from __future__ import annotations

from pathlib import Path

import joblib
import orjson

from features.errors import InputError
from model.artefact import Bundle, load
from service.advice_catalogue import catalogue
from service.effects import effects_told
from service.files import written_aside
from service.registry import champion_folder, read_registry
from service.settings import Settings, signing_key

STARTER, MODELS = "starter", "models"


def registry_path(folder: Path | None, of: Settings) -> Path:
    """The registry that is named, or that of the data folder."""
    return folder or of.data_dir / MODELS


def starter_path(of: Settings) -> Path:
    """Where the starter bundle is kept."""
    return of.data_dir / STARTER


def shown(folder: Path, key: bytes) -> str:
    """The manifest without its canaries, the version and what is believed of actions, as indented JSON."""
    bundle = load(folder, key)
    facts = {name: value for name, value in bundle.manifest.items() if name != "canaries"}
    told = {"version": bundle.version, **facts, "effects": effects_told(catalogue(), bundle.scorer.evidence)}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n"


def export_joblib(folder: Path, out: Path, key: bytes) -> None:
    """Dump the checked scorer (pipeline, margin, booster, calibrator) with joblib."""
    bundle: Bundle = load(folder, key)
    with written_aside(out) as aside:
        joblib.dump(bundle.scorer, aside)


def named_bundle(folder: Path | None, of: Settings) -> Bundle:
    """The bundle in `folder`, which must be named."""
    if folder is None:
        raise InputError(
            "expected --model with the folder of a bundle, or --no-model to answer without one", about="which_model"
        )
    return load(champion_folder(folder), signing_key(of))


def chosen_folder(folder: Path | None, of: Settings) -> Path:
    """What is to be served: `folder`, else the registry of the data folder if it has a champion, else the starter."""
    if folder is not None:
        return folder
    registry = registry_path(None, of)
    return registry if read_registry(registry).champion is not None else starter_path(of)


def chosen_bundle(folder: Path | None, of: Settings) -> Bundle:
    """The bundle in `folder`, or the one that would be served where none is named."""
    chosen = chosen_folder(folder, of)
    if folder is None and not chosen.exists():
        raise InputError(
            f"no model is at hand ({chosen} does not exist): name one with --model, answer without one by --no-model, "
            "or let `claimrisk demo --once` make a simulated starter",
            about="which_model",
        )
    return load(champion_folder(chosen), signing_key(of))
