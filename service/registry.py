"""The registry: a folder of bundles, and which of them is champion, challenger and shadow."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import orjson

from features.errors import InputError, nearest
from service.files import folder_aside, written_aside
from service.trial import tried

Role = Literal["champion", "challenger", "shadow"]
ROLES: tuple[Role, ...] = get_args(Role)
FILE, FORMAT = "registry.json", 1
# Champions of the past to which `rollback` can return.
_MOST_BEFORE = 20
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Registry:
    """Who has which role, by version, which is the name of the bundle's folder. before: earlier champions, last first.

    champion: answers; challenger: trained, waits to be promoted; shadow: scores beside the champion, untold.
    """

    champion: str | None = None
    challenger: str | None = None
    shadow: str | None = None
    before: tuple[str, ...] = ()


def is_registry(folder: Path) -> bool:
    """Whether the folder holds a registry rather than one bundle."""
    return (folder / FILE).is_file()


def read_registry(folder: Path) -> Registry:
    """What the folder's registry says; nobody has a role where there is none yet."""
    try:
        members = orjson.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        return Registry()
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"{folder / FILE}: cannot be read ({error}); promote a bundle to write it anew") from error
    if not isinstance(members, dict) or members.pop("format", None) != FORMAT:
        raise InputError(f"{folder / FILE}: expected an object with format {FORMAT}")
    before = members.pop("before", [])
    names = [*members.values(), *before]
    if not set(members) <= set(ROLES) or not all(n is None or _is_version(n) for n in names):
        raise InputError(f"{folder / FILE}: expected versions of {', '.join(ROLES)} and before")
    return Registry(**members, before=tuple(before))


def _is_version(name: object) -> bool:
    return isinstance(name, str) and _VERSION.fullmatch(name) is not None


def write_registry(folder: Path, registry: Registry) -> None:
    """Put the registry in its place in one step, so that a reader sees the one before or this one."""
    with written_aside(folder / FILE) as aside:
        aside.write_bytes(orjson.dumps({"format": FORMAT, **asdict(registry)}, option=orjson.OPT_INDENT_2))


def versions(folder: Path) -> list[str]:
    """The bundles in the folder, by the names of their folders."""
    return sorted(path.parent.name for path in folder.glob("*/manifest.json") if _is_version(path.parent.name))


def added(folder: Path, bundle: Path, key: bytes) -> str:
    """Try a bundle, copy it into the registry under its version, and return that; nothing there is ever rewritten."""
    version = tried(bundle, key)
    if not (folder / version).exists():
        folder.mkdir(parents=True, exist_ok=True)
        with folder_aside(folder / version) as aside:
            shutil.copytree(bundle, aside)
    return version


def promoted(registry: Registry, version: str, role: Role = "champion") -> Registry:
    """The registry with this version in that role, which it has alone."""
    if role == "champion" and registry.champion == version:
        return registry
    before = registry.before
    if role == "champion" and registry.champion is not None:
        before = (registry.champion, *before)[:_MOST_BEFORE]
    left: dict[str, str | None] = {r: None for r in ROLES[1:] if getattr(registry, r) == version}
    return replace(registry, **left, **{role: version}, before=before)


def rolled_back(registry: Registry) -> Registry:
    """The registry with the champion before; the one that leaves becomes challenger."""
    if not registry.before:
        raise InputError("there is no earlier champion to return to; `claimrisk model list` shows what there is")
    champion, *before = registry.before
    return Registry(champion, registry.champion, registry.shadow, tuple(before))


def champion_folder(folder: Path) -> Path:
    """The folder of the champion where `folder` is a registry; else `folder`, which is that of a bundle."""
    if not is_registry(folder):
        return folder
    champion = read_registry(folder).champion
    if champion is None:
        raise InputError(f"{folder}: has no champion; `claimrisk model promote BUNDLE` makes one")
    return folder / champion


def named_version(folder: Path, name: str) -> str:
    """The version that is meant; `InputError` for one that the registry lacks."""
    known = versions(folder)
    if name not in known:
        raise InputError(f"{name}: expected a bundle's folder or a version in {folder}{nearest(name, known)}")
    return name
