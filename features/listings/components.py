"""What a part of goods is made of, where a text says so: solid alder body, handle: beech, 竹盖."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from features.listings.lexicon import Hit, either, words

_FILE = "components.toml"
_AND = r"(?:(?:and|&|/|\+|,|和|加)\s*\S+\s+)?"
_LINK = r"\s*(?:[:：(]|is|are|made (?:of|from|in)|of|为|是|采用|材质[:：]?)?\s*"


@cache
def _parts() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    found = words(_FILE, "component")
    return tuple(
        (
            name,
            re.compile(rf"[\s-]*(?:(?:wood|wooden|metal|alloy|coated|的|材质的?)[\s-]*)?{_AND}{either(listed)}"),
            re.compile(rf"{either(listed)}{_LINK}(?:solid |real |genuine |pure |\d{{3}})?$"),
        )
        for name, listed in found.items()
    )


def of_components(text: str, hits: Iterable[tuple[str, Hit]]) -> Iterator[tuple[str, str]]:
    """The properties of parts of the goods in plain text, as `material/handle`: hits are those of the goods' own."""
    claims = words(_FILE, "of_component")["claims"]
    for claim, hit in hits:
        for part, after, before in _parts() if claim in claims else ():
            is_behind = after.match(text, hit.end)
            if is_behind or (before.search(text[max(0, hit.start - 24) : hit.start]) and not _has_own(text, hit)):
                yield f"{claim}/{part}", hit.name


def is_minor(property_of_part: str) -> bool:
    """Whether the part is so small that what it is made of says nothing of the goods: a silicone seal, a PP lid."""
    return property_of_part.rpartition("/")[2] in words(_FILE, "of_component")["minor"]


def _has_own(text: str, hit: Hit) -> bool:
    """Whether the word heads a part behind it, so that one before it is not meant: oak top steel legs."""
    return any(after.match(text, hit.end) for _, after, _ in _parts())
