"""What the rows of a file that no map knows seem to be, and what its columns are called in ours, by the known maps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from features.seller.headers import without_zone
from features.seller.mapping import plain_name
from features.seller.maps import built_in
from features.seller.table import Kind
from features.seller.vocabulary import names_of
from features.seller.wordlists import wordlists

ORDERS: Kind = "order_items"
RETURNS: Kind = "returns"
CLAIMS: Kind = "claims"
PARCELS: Kind = "parcels"
# Which rows' columns a file of each family may have.
FAMILIES: dict[Kind, tuple[Kind, ...]] = {
    ORDERS: ("order_items", "orders", "parcels"), CLAIMS: (CLAIMS,), RETURNS: (RETURNS,), PARCELS: (PARCELS,),
}  # fmt: skip


@cache
def _aliases(family: Kind) -> dict[str, str]:
    """Plain names of columns to ours, for one family of rows: those of every built-in map of such rows, and our own."""
    found = {plain_name(name.replace("_", " ")): name for name in names_of(family)}
    found |= wordlists().aliases if family == ORDERS else {}
    for mapping in built_in().values():
        for table in mapping.table if mapping.form == "table" else ():
            if table.kind not in FAMILIES[family]:
                continue
            for ours, column in table.columns.items():
                for name in column.names:
                    found.setdefault(plain_name(name), ours)
    return {name.replace("-", " ").replace("_", " "): ours for name, ours in found.items()}


def alias(theirs: str, family: Kind) -> str | None:
    """Our name for one of their columns in a file of such rows, None where none is known."""
    return _aliases(family).get(without_zone(theirs).replace("-", " ").replace("_", " "))


def family_of(names: Sequence[str]) -> Kind:
    """What a file's rows are, by its columns: claims and parcels only where nothing says that orders were placed."""
    if "placed_at" in {alias(name, ORDERS) for name in names}:
        return ORDERS
    if {"order_id", "claim_opened_at"} <= {alias(name, CLAIMS) for name in names}:
        return CLAIMS
    if {"order_id", "return_requested_at"} <= {alias(name, RETURNS) for name in names}:
        return RETURNS
    return PARCELS if "parcel_id" in {alias(name, PARCELS) for name in names} else ORDERS
