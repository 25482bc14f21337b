"""The maps that ship with the program, and which of them fits a file."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from features.extras import EXTRA_PREFIX
from features.order import attributes
from features.seller.headers import known_as
from features.seller.mapping import EITHER, Form, MapColumn, Mapping, TableMap, plain_name, read_map
from features.seller.vocabulary import KEYS

OWN_NAMES = "claimrisk.orders"


@cache
def built_in() -> dict[str, Mapping]:
    """Every map by the name of its report."""
    folder = resources.files("features.seller") / "maps"
    found = [read_map(file) for file in folder.iterdir() if file.name.endswith(".toml")] + [_own_names()]
    return {mapping.report: mapping for mapping in sorted(found, key=lambda mapping: mapping.report)}


def _own_names() -> Mapping:
    """The map of orders whose columns have our names, which are declared in `features/order.py` alone."""
    told = ("placed_at", "ship_by", "shipped_at", "latest_delivery_at", "order_total", "item_price", "sku", "carrier")
    return Mapping(
        report=OWN_NAMES, table=(TableMap("orders", {name: MapColumn((name,)) for name in attributes()}),),
        title="Orders in claimrisk's own columns", signature=("order_id", EITHER.join(told)), keeps_extra=True,
    )  # fmt: skip


def with_extra(mapping: Mapping, names: Iterable[str]) -> Mapping:
    """The map with the shop's own attributes (`x_…`) among a file's columns, where it keeps them."""
    own = {name: MapColumn((name,)) for name in names if name.startswith(EXTRA_PREFIX)}
    if not mapping.keeps_extra or not own:
        return mapping
    return replace(mapping, table=tuple(replace(table, columns=own | table.columns) for table in mapping.table))


@dataclass(frozen=True, slots=True)
class Nearest:
    """The map that comes nearest to a file, and the columns it misses there."""

    mapping: Mapping
    missing: tuple[str, ...]


def fitting(names: Iterable[str], form: Form = "table") -> Mapping | None:
    """The map all of whose signature is among a file's columns, and nothing it never has; longest signature first."""
    have = {*known_as(names)}
    fits = [m for m in built_in().values() if m.form == form and not missing(m, have) and not _strange(m, have)]
    return max(fits, key=lambda mapping: (len(mapping.signature), mapping.report), default=None)


def nearest_map(names: Iterable[str]) -> Nearest | None:
    """The map with the largest part of its signature among a file's columns; None where none has any."""
    have = {*known_as(names)}
    best = max(built_in().values(), key=lambda m: 1 - len(missing(m, have)) / len(m.signature))
    lacking = missing(best, have)
    return None if len(lacking) == len(best.signature) else Nearest(best, lacking)


def reads(mapping: Mapping, names: Iterable[str]) -> bool:
    """Whether a header has the columns that some table of the map needs for the keys of its rows."""
    have = {*known_as(names)}
    return any(
        all(
            any(
                ours in table.constants or (ours in table.columns and has_column(table.columns[ours], have))
                for ours in key.split(EITHER)
            )
            for key in KEYS[table.kind]
        )
        for table in mapping.table
    )


def has_column(column: MapColumn, have: Container[str]) -> bool:
    """Whether one of the names that a column may have is there. have: plain names."""
    return any(plain_name(name) in have for name in column.names)


def header_row_of(rows: Sequence[Sequence[str]], mapping: Mapping | None) -> int:
    """In which of the first rows of a sheet the header stands, from 1: where the map says, unless it reads another of
    them alone; without a map the first that a built-in one fits; else where the map says, or 1."""
    said = 1 if mapping is None else mapping.header_row
    fits = [bool(fitting(names) if mapping is None else reads(mapping, names)) for names in rows]
    return next((row for row in (said, *range(1, len(rows) + 1)) if row <= len(rows) and fits[row - 1]), said)


def _strange(mapping: Mapping, have: set[str]) -> bool:
    return any(plain_name(either) in have for name in mapping.unless for either in name.split(EITHER))


def missing(mapping: Mapping, have: set[str]) -> tuple[str, ...]:
    """The columns of the signature that are not there. have: plain names."""
    return tuple(
        name for name in mapping.signature if not any(plain_name(either) in have for either in name.split(EITHER))
    )
