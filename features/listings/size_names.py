"""Sizes that are names or numbers of a system: XL, EU 42, queen, A4."""

from __future__ import annotations

import re
from functools import cache

from features.listings.lexicon import Lexicon, table, words
from features.listings.measured import FILE
from features.listings.wording import plain


@cache
def _names() -> dict[str, Lexicon]:
    return {system: Lexicon(words(FILE, "named", system)) for system in table(FILE, "named")}


def in_systems(text: str) -> set[tuple[str, str]]:
    """The sizes by number in plain text, each with its system: EU 42."""
    found = set()
    for system, pattern in table(FILE, "system").items():
        found |= {(system, m[m.lastindex or 0].removesuffix(".0")) for m in re.finditer(str(pattern), text)}
    return found


def named(text: str) -> set[tuple[str, str]]:
    """The sizes by name in plain text, each with its system.

    >>> named("xl"), named("queen")
    ({('letter', 'xl')}, {('bed', 'queen')})
    """
    return {(system, hit.name) for system, found in _names().items() for hit in found.hits(text)}


def named_beside(text: str, systems: set[str]) -> set[tuple[str, str]]:
    """Sizes by name that free text gives in the systems of the other side's column: Helmet M, sheets king, size 7."""
    text, found = plain(text), set[tuple[str, str]]()
    for system, pattern in table(FILE, "beside").items():
        for match in re.finditer(str(pattern), text) if system in systems else ():
            name = match[match.lastindex or 0]
            found |= {(system, name)} if name[0].isdigit() else {n for n in named(name) if n[0] == system}
    return found


def named_in_text(text: str) -> set[tuple[str, str]]:
    """The sizes by name in free text: only what cannot be another word."""
    found = re.finditer(str(table(FILE, "named_in_text")["pattern"]), text)
    return {name for m in found for part in m.groups() if part for name in named(part)}
