"""Versions that a text names: numbers, generations, letters, years, regions and editions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import cast

from features.listings.lexicon import lexicon, table, words
from features.listings.record import Finding, Record, unknown
from features.listings.things import qualifiers
from features.listings.wording import plain

_FILE = "versions.toml"
_ALSO_GENERATION = "generation"


@dataclass(frozen=True, slots=True)
class Version:
    """What one text says of versions: for each kind of naming the values it gives."""

    kinds: tuple[tuple[str, frozenset[str]], ...] = ()

    def of(self, kind: str) -> frozenset[str]:
        """The values of one kind; empty if none."""
        return dict(self.kinds).get(kind, frozenset())


@cache
def _patterns(section: str) -> dict[str, list[re.Pattern[str]]]:
    return {kind: [re.compile(p) for p in listed] for kind, listed in words(_FILE, section).items()}


@cache
def _others() -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{p})" for p in words(_FILE, "not_the_goods")["phrases"]))


def _digits(text: str) -> str:
    """Roman numerals behind Mark and Gen, and ordinals in words, as digits."""
    for word, value in table(_FILE, "ordinal").items():
        text = re.sub(rf"(?<![a-z]){word}[\s-]+(?=gen|edition|version)", f"{value}th ", text)
    for word, value in table(_FILE, "roman").items():
        text = re.sub(
            rf"(?<![a-z])(mark|mk\.?|gen(?:eration)?\.?|version|ver\.?)\s*{word}(?![a-z0-9])", rf"\1 {value}", text
        )
    return text


@lru_cache(maxsize=65_536)
def version_in(text: str, *, is_field: bool) -> Version:
    """The versions in a text; in free text only where a word says that it is one, and not that of Bluetooth.

    >>> version_in("第二代", is_field=True) == version_in("2nd Gen", is_field=True)
    True
    >>> version_in("Bluetooth 5.0 headset", is_field=False).kinds
    ()
    """
    text = _digits(plain(text))
    if not is_field:
        text = _others().sub("#", text)
    found = {}
    for kind, patterns in _patterns("field" if is_field else "text").items():
        values = {_value(kind, m[1]) for p in patterns for m in p.finditer(text)}
        if kind == "number" and is_field:
            values -= {v for v in values if re.fullmatch(r"(?:19|20)\d\d", v)}
        found[kind] = frozenset(values)
    found["region"] = _listed("region", text, "region_pattern", is_field)
    found["edition"] = _listed("edition", text, "pattern", is_field)
    return Version(tuple((kind, values) for kind, values in found.items() if values))


def _value(kind: str, text: str) -> str:
    """2.0 is 2, and 02 is 2."""
    if kind != "number":
        return text.lstrip("0") or text
    parts = [str(int(p)) for p in text.split(".")]
    while len(parts) > 1 and parts[-1] == "0":
        parts.pop()
    return ".".join(parts)


def _listed(section: str, text: str, pattern: str, is_field: bool) -> frozenset[str]:
    if is_field:
        return lexicon(_FILE, section).names(text)
    found = re.findall(rf"(?<![a-z])(?:{cast('str', table(_FILE, 'edition_in_text')[pattern])})", text)
    return frozenset(name for part in found for name in lexicon(_FILE, section).names(part))


def compared(ours: Version, theirs: Version) -> bool | None:
    """Whether two versions differ in a kind that both name; a generation compares with the whole of a number."""
    verdicts = [
        not ours.of(kind) & theirs.of(kind)
        for kind in ("number", _ALSO_GENERATION, "letter", "year", "region")
        if ours.of(kind) and theirs.of(kind)
    ]
    editions = ours.of("edition"), theirs.of("edition")
    if all(editions):
        weak = set(words(_FILE, "edition_weak")["names"])
        verdicts.append(bool((editions[0] ^ editions[1]) - weak) or not editions[0] & editions[1])
    for a, b in ((ours, theirs), (theirs, ours)):
        if a.of("number") and b.of(_ALSO_GENERATION) and not b.of("number") and not a.of(_ALSO_GENERATION):
            verdicts.append(not {v.split(".")[0] for v in a.of("number")} & b.of(_ALSO_GENERATION))
    return any(verdicts) if verdicts else None


def _stated(record: Record) -> tuple[str, Version]:
    found = version_in(record.version, is_field=True)
    return (record.version, found) if record.version else (record.text, version_in(record.text, is_field=False))


def version(listing: Record, product: Record) -> Finding:
    """Version of the listing beside that of the product: the columns, where one is empty the texts.

    A title that names another version than the product is a mismatch too. Version names that are no words of
    versions.toml are compared as they stand.
    """
    said, ours = _stated(listing)
    kept, theirs = _stated(product)
    is_wrong = compared(ours, theirs)
    if is_wrong is None and listing.version and product.version:
        a, b = (re.sub(r"[\s\-_.]|version|edition|版本|版", "", plain(r.version)) for r in (listing, product))
        if (marks := qualifiers(listing.version)) and (others := qualifiers(product.version)):
            return Finding(not marks & others, said, kept)
        is_wrong = a != b and a not in b and b not in a and _is_plain_word(a) == _is_plain_word(b)
        if (not ours.kinds and not theirs.kinds) or a == b or a in b or b in a:
            return Finding(is_wrong, said, kept)
        return unknown(said, kept)
    if is_wrong is None:
        return unknown(said if ours.kinds else listing.version, kept if theirs.kinds else product.version)
    if not is_wrong and compared(version_in(listing.name, is_field=False), theirs):
        return Finding(True, listing.name, kept)
    return Finding(is_wrong, said, kept)


def _is_plain_word(text: str) -> bool:
    return text.isascii()
