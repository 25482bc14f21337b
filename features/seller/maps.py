"""The maps that ship with the program, and which of them fits a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from features.seller.mapping import EITHER, Form, Mapping, plain_name, read_map


@cache
def built_in() -> dict[str, Mapping]:
    """Every map by the name of its report."""
    folder = resources.files("features.seller") / "maps"
    found = [read_map(file) for file in folder.iterdir() if file.name.endswith(".toml")]
    return {mapping.report: mapping for mapping in sorted(found, key=lambda mapping: mapping.report)}


@dataclass(frozen=True, slots=True)
class Nearest:
    """The map that comes nearest to a file, and the columns it misses there."""

    mapping: Mapping
    missing: tuple[str, ...]


def fitting(names: Iterable[str], form: Form = "table") -> Mapping | None:
    """The map all of whose signature is among a file's columns, the longest signature first."""
    have = {plain_name(name) for name in names}
    fits = [mapping for mapping in built_in().values() if mapping.form == form and not missing(mapping, have)]
    return max(fits, key=lambda mapping: (len(mapping.signature), mapping.report), default=None)


def nearest_map(names: Iterable[str]) -> Nearest:
    """The map with the largest part of its signature among a file's columns."""
    have = {plain_name(name) for name in names}
    best = max(built_in().values(), key=lambda m: 1 - len(missing(m, have)) / len(m.signature))
    return Nearest(best, missing(best, have))


def missing(mapping: Mapping, have: set[str]) -> tuple[str, ...]:
    """The columns of the signature that are not there. have: plain names."""
    return tuple(
        name for name in mapping.signature if not any(plain_name(either) in have for either in name.split(EITHER))
    )
