"""The catalogue of attributes, for `claimrisk fields`, the docs and an empty template."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from features.order import Known, Role, attributes


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """What a user needs to know of one attribute; `choices` is empty where the set is open."""

    name: str
    kind: str
    known: Known
    role: Role
    meaning: str
    choices: tuple[str, ...]


def catalogue() -> list[CatalogueRow]:
    """One row per attribute, in the order of declaration.

    >>> catalogue()[0].name
    'order_id'
    """
    return [CatalogueRow(a.name, str(a.kind), a.known, a.role, a.meaning, a.choices) for a in attributes().values()]


def template_csv() -> str:
    """The header line of a file with every attribute."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(attributes())
    return text.getvalue()
