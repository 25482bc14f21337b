"""What a measure belongs to: the goods, their package, one piece of a pack, or something the text only mentions."""

from __future__ import annotations

import re
from functools import cache

from features.listings.lexicon import either, words

FILE = "sizes.toml"


@cache
def _owners() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(either(listed)) for name, listed in words(FILE, "of").items()}


@cache
def near(section: str) -> re.Pattern[str]:
    """A pattern of the words in one section of sizes.toml."""
    return re.compile(either(words(FILE, section)["words"]))


# the word behind a number heads the next one: "500 g gross: 620 g"
_HEADS_NEXT = re.compile(r"\w*\s*(?:weight|size|dimensions?|重量|重|尺寸)?\s*[:：]?\s*[约l直\d]")


def clause_before(text: str, start: int, longest: int = 40) -> str:
    """What stands before `start` in the same clause."""
    before = text[max(0, start - longest) : start]
    return re.split(r"[;,|]|\.\s", before)[-1]


def owner(text: str, start: int, end: int) -> str:
    """`item`, `package`, `folded`, `each` or `total`: what the measure at [start, end) of plain text belongs to.

    A word right behind it counts first ("30 cm folded", "200 g each"), then the last one before it in the line.

    >>> owner("net 500 g, gross 620 g", 4, 9), owner("net 500 g, gross 620 g", 17, 22), owner("500 g", 0, 5)
    ('item', 'package', 'item')
    """
    rest = re.sub(r"^[\s(]*(?:in |when )?", "", text[end:])
    for name, pattern in _owners().items():
        found = pattern.match(rest) or pattern.match(text[end:])
        if found and not _HEADS_NEXT.match(rest[found.end() :]):
            return name
    line = text[max(0, start - 60) : start].rsplit(";", 1)[-1]
    last = [(m.end(), name) for name, pattern in _owners().items() for m in pattern.finditer(line)]
    return max(last)[1] if last else "item"
