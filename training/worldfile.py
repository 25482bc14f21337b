"""World files: TOML read into a `World`, each value checked.

A world may say `extends = "reference"` and then only what differs.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TypeVar, cast, get_type_hints

from features.errors import SettingError, nearest
from training.world import World

WORLDS = Path(__file__).parent / "worlds"
_NOT_NEGATIVE = ("_days", "_hours", "_sd", "_sigma", "_ratio", "_weight")
_S = TypeVar("_S")


def load_world(path_or_name: str | Path) -> World:
    """The world of a TOML file, or one that ships with the program by its name.

    >>> load_world("reference").period.days
    365
    """
    path = _world_path(path_or_name)
    tables = _tables(path, seen=())
    kinds = {f.name: get_type_hints(World)[f.name] for f in fields(World) if f.name != "name"}
    left_out = {f.name for f in fields(World) if f.default is not MISSING} - set(tables)
    _same_names(set(tables), set(kinds) - left_out, path.name)
    sections = {name: _section(kinds[name], table, f"{path.name}: [{name}]") for name, table in tables.items()}
    return World(name=path.stem, **sections)


def _world_path(path_or_name: str | Path) -> Path:
    """Where the file lies: a name without `.toml` means one of ours."""
    path = Path(path_or_name)
    if path.suffix != ".toml":
        path = WORLDS / f"{path_or_name}.toml"
    if not path.is_file():
        ours = sorted(p.stem for p in WORLDS.glob("*.toml"))
        hint = nearest(str(path_or_name), ours)
        raise SettingError(f"expected a world file or one of {', '.join(ours)}; got {path_or_name}{hint}")
    return path


def _tables(path: Path, seen: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """The file's tables laid over those of the world it extends."""
    if path.name in seen:
        raise SettingError(f"{path.name}: extends itself by way of {' -> '.join(seen)}")
    try:
        read: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingError(f"{path.name}: is no TOML: {exc}") from exc
    base = read.pop("extends", None)
    merged = _tables(_world_path(str(base)), (*seen, path.name)) if base is not None else {}
    for name, table in read.items():
        if not isinstance(table, dict):
            raise SettingError(f"{path.name}: {name}: expected a table like [shop], got {table!r}")
        merged[name] = merged.get(name, {}) | cast("dict[str, object]", table)
    return merged


def _same_names(got: set[str], wanted: set[str], where: str) -> None:
    """Refuse names that are missing or unknown."""
    for name in sorted(got - wanted):
        raise SettingError(f"{where}: unknown name {name!r}{nearest(name, wanted)}")
    for name in sorted(wanted - got):
        raise SettingError(f"{where}: {name!r} is missing")


def _section(kind: type[_S], table: Mapping[str, object], where: str) -> _S:
    """One table as its dataclass, each value checked."""
    types = get_type_hints(kind)
    _same_names(set(table), set(types), where)
    return kind(**{name: _value(table[name], types[name], name, where) for name in types})


def _value(value: object, kind: type, name: str, where: str) -> object:
    """One value of the declared type and in the range that its name tells."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and is_number:
        number = float(cast("float", value))
        is_share_wrong = name.endswith("_share") and not 0.0 <= number <= 1.0
        if not math.isfinite(number) or is_share_wrong or (name.endswith(_NOT_NEGATIVE) and number < 0):
            raise SettingError(f"{where} {name}: {value} is out of range")
        return number
    if type(value) is not kind:
        raise SettingError(f"{where} {name}: expected {kind.__name__}, got {value!r}")
    if kind is int and cast("int", value) < 1:
        raise SettingError(f"{where} {name}: expected at least 1, got {value}")
    return value
