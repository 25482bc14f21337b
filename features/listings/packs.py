"""How many pieces are sold as one: pack of 3, 3-pack, twin pack, 三件套."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from features.listings.lexicon import either, number, words
from features.listings.record import Record
from features.listings.wording import plain

_FILE = "things.toml"


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in words(_FILE, "pack")["patterns"])


@cache
def _spelt() -> tuple[tuple[re.Pattern[str], int], ...]:
    found = words(_FILE, "pack_words")
    return tuple(
        (re.compile(rf"(?<!\d)(?:{either(map(plain, listed))})"), int(count)) for count, listed in found.items()
    )


@lru_cache(maxsize=65_536)
def pack_in(text: str) -> int | None:
    """The number of pieces that a text gives for the whole, None if it gives none or two different ones.

    >>> pack_in("Pack of 3"), pack_in("三件套"), pack_in("3-Pack (3 pcs)"), pack_in("2 packs of 3 pcs")
    (3, 3, 3, None)
    """
    text = plain(text)
    found = {int(m["n"]) for pattern in _patterns() for m in pattern.finditer(text)}
    found |= {count for pattern, count in _spelt() if pattern.search(text)}
    found = {n for n in found if 0 < n <= number("tolerances.toml", "pack", "largest_count")}
    return found.pop() if len(found) == 1 else None


def pack_count(record: Record) -> int | None:
    """The number of pieces that a record gives, the columns before the texts."""
    places = (record.parts, record.size, record.weight, record.name, record.details, record.version)
    return next((n for text in places if (n := pack_in(text)) is not None), None)
