"""One row of the seller's texts: what a listing says of a SKU, or what the product record says of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Literal

from features.seller.mapping import plain_name

FLAGS = (
    "mismatch_image", "mismatch_dimensions", "mismatch_weight", "mismatch_colour", "mismatch_condition",
    "mismatch_description", "mismatch_compatibility", "mismatch_version", "mismatch_parts",
)  # fmt: skip
Source = Literal["listing", "product"]


@dataclass(frozen=True, slots=True)
class Record:
    """All text as it stands in the file, "" where nothing is said. name: a listing's title or a product's name;
    details: a listing's bullets or a product's description; image: what the main picture shows, in words."""

    sku: str
    name: str = ""
    details: str = ""
    size: str = ""
    weight: str = ""
    colour: str = ""
    condition: str = ""
    compatible_models: str = ""
    parts: str = ""
    version: str = ""
    image: str = ""

    @property
    def text(self) -> str:
        """Name and details, a line each."""
        return "\n".join(part for part in (self.name, self.details) if part)


_COLUMN: dict[Source, dict[str, str]] = {
    "listing": {"name": "title", "details": "bullets"},
    "product": {"details": "description"},
}


def columns_of(source: Source) -> dict[str, str]:
    """The column of a file for each field of a record."""
    return {f.name: _COLUMN[source].get(f.name, f.name) for f in fields(Record)}


@cache
def our_names(source: Source) -> dict[str, str]:
    """Plain names of columns to our names: ours, then those of `headers.toml` in its order.

    >>> our_names("listing")["color"], our_names("product")["品名"], our_names("product")["sku"]
    ('colour', 'name', 'sku')
    """
    found = tomllib.loads((resources.files("features.listings") / "headers.toml").read_text("utf-8"))
    theirs = {plain_name(other): ours for ours, others in (found["both"] | found[source]).items() for other in others}
    return {name: name for name in columns_of(source).values()} | theirs


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one flag. is_mismatch: None where either side says nothing that can be compared; listing,
    product: the two values side by side, as they were written, "" where nothing is said."""

    is_mismatch: bool | None
    listing: str
    product: str


def unknown(listing: str = "", product: str = "") -> Finding:
    """Nothing to compare."""
    return Finding(None, listing, product)
