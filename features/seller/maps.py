"""The maps that ship with the program, and which of them fits a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from features.extras import EXTRA_PREFIX
from features.order import attributes
from features.seller.headers import known_as
from features.seller.mapping import EITHER, Form, MapColumn, Mapping, TableMap, plain_name, read_map

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


def _strange(mapping: Mapping, have: set[str]) -> bool:
    return any(plain_name(either) in have for name in mapping.unless for either in name.split(EITHER))


def missing(mapping: Mapping, have: set[str]) -> tuple[str, ...]:
    """The columns of the signature that are not there. have: plain names."""
    return tuple(
        name for name in mapping.signature if not any(plain_name(either) in have for either in name.split(EITHER))
    )
