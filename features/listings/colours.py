"""Colours that a text names, in English or Chinese, and whether two such sets are the same goods."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from features.listings.lexicon import Lexicon, either, table, words
from features.listings.record import Finding, Record, unknown
from features.listings.wording import is_chinese, is_negated, plain

_FILE = "colours.toml"
_MULTI = "multi/any"
_WITH_A_NEUTRAL = 2
_LISTED = re.compile(
    r"(?:[黑白灰银金红粉橙黄绿青蓝紫棕米][,/和与]){1,5}[黑白灰银金红粉橙黄绿青蓝紫棕米](?:[\d两三四五六]色|色)"
)
_IS_COLOUR = re.compile(r"\s*(?:colou?r|色)")


@dataclass(frozen=True, slots=True)
class Colours:
    """main: names such as `blue/dark`; accents: colours of a trim or a logo, which the other side may leave out."""

    main: frozenset[str]
    accents: frozenset[str] = frozenset()


@cache
def _lexicon() -> Lexicon:
    names: dict[str, tuple[str, ...]] = {_MULTI: words(_FILE, "multi")["words"]}
    for family in table(_FILE, "family"):
        names.update({f"{family}/{shade}": listed for shade, listed in words(_FILE, "family", family).items()})
    names.update({f"pair/{word}": (word,) for word in table(_FILE, "pair")})
    return Lexicon(names)


@cache
def _phrases() -> re.Pattern[str]:
    return re.compile(either(words(_FILE, "not_a_colour")["phrases"]))


@cache
def _accents() -> tuple[re.Pattern[str], re.Pattern[str]]:
    found = words(_FILE, "accent")
    return re.compile(either(found["before"]) + r"\s*(?:an? )?\w*\s*$"), re.compile(r"\s*" + either(found["after"]))


@lru_cache(maxsize=65_536)
def colours(text: str, *, is_field: bool, stuff: frozenset[str] | None = None) -> Colours:
    """The colours in a text. In free text (is_field False) a Chinese colour needs its 色, or to be a word of its own;
    stuff: words such as brass and walnut that are rather a metal and a wood here, and no colour.

    >>> sorted(colours("深空灰 / Black", is_field=True).main), colours("蓝牙音箱", is_field=False).main
    (['black/any', 'grey/dark'], frozenset())
    """
    text = plain(text)
    text = _LISTED.sub(_each_a_colour, text)
    text = text if is_field else _phrases().sub(lambda m: "#" * len(m[0]), text)
    main, accents = set[str](), set[str]()
    before, after = _accents()
    for hit in _lexicon().hits(text):
        short = len(hit.text) == 1 and is_chinese(hit.text)
        if stuff and hit.text in stuff and not _IS_COLOUR.match(text, hit.end):
            continue
        if (not is_field and short) or is_negated(text, hit.start, hit.end):
            continue
        is_accent = bool(before.search(text[max(0, hit.start - 30) : hit.start]) or after.match(text[hit.end :]))
        (accents if main and is_accent else main).update(_named(hit.name))
    return Colours(frozenset(main), frozenset(accents))


def _each_a_colour(match: re.Match[str]) -> str:
    """粉、白、金三色 as 粉色,白色,金色."""
    return ",".join(f"{c}色" for c in re.findall(r"[^,/和与\d两三四五六色]", match[0]))


def _named(name: str) -> list[str]:
    kind, _, word = name.partition("/")
    return [f"{family}/any" for family in words(_FILE, "pair")[word]] if kind == "pair" else [name]


@cache
def _near() -> frozenset[frozenset[str]]:
    listed = table(_FILE, "near")["pairs"]
    return frozenset(frozenset(pair) for pair in listed) if isinstance(listed, list) else frozenset()


@cache
def _stuff() -> frozenset[str]:
    return frozenset(words(_FILE, "column_only")["words"])


def colours_in(text: str, known: str = "", *, shown: bool = False) -> Colours:
    """The colours in a title, a description or the words for a picture; what the colour column names (known) is one,
    otherwise brass is rather a metal; in a picture (shown) it is a colour too.

    >>> sorted(colours_in("rose gold brass clock").main)
    ['gold/rose']
    """
    named = {hit.text for hit in _lexicon().hits(plain(known))} | (
        set(words(_FILE, "metal")["words"]) if shown else set()
    )
    return colours(text, is_field=False, stuff=_stuff() - named)


def without_colours(text: str) -> str:
    """Plain text with its colours taken out."""
    for hit in reversed(_lexicon().hits(text)):
        text = f"{text[: hit.start]} {text[hit.end :]}"
    return text


def _agree(a: str, b: str) -> bool:
    if frozenset((a, b)) in _near():
        return True
    family, shade = a.split("/")
    other, other_shade = b.split("/")
    return family == other and (shade == other_shade or "any" in (shade, other_shade))


def are_same(a: Colours, b: Colours) -> bool:
    """Whether two sets mean the same goods: each main colour has one that agrees with it on the other side."""
    if _MULTI in a.main or _MULTI in b.main:
        return all(_MULTI in side.main or len(side.main) > 1 for side in (a, b))
    whole_a, whole_b = a.main | a.accents, b.main | b.accents
    if a.accents and b.accents and not any(_agree(x, y) for x in a.accents for y in whole_b):
        return False
    return all(any(_agree(x, y) for y in whole_b) for x in a.main) and all(
        any(_agree(x, y) for y in whole_a) for x in b.main
    )


def _is_the_first(ours: Colours, theirs: Colours, kept: str) -> bool:
    """Whether a listing names the one colour of the goods and the record a black, white or grey part as well."""
    rest = [c for c in theirs.main if not any(_agree(c, x) for x in ours.main)]
    return (
        len(ours.main) == 1
        and any(_agree(c, _named(_lexicon().hits(plain(kept))[0].name)[0]) for c in ours.main - {_MULTI})
        and len(theirs.main) == _WITH_A_NEUTRAL
        and len(rest) == 1
        and rest[0].split("/")[0] in ("black", "white", "grey", "silver")
        and not next(iter(ours.main)).startswith(("black", "white", "grey", "silver", "clear"))
    )


def _stated(record: Record) -> tuple[str, Colours]:
    if (found := colours(record.colour, is_field=True)).main:
        return record.colour, found
    for text in (record.name, record.details):
        if (found := colours_in(text)).main:
            return text, found
    return record.colour, Colours(frozenset())


def colour(listing: Record, product: Record) -> Finding:
    """Colour of the listing beside that of the product: the columns, where they are empty the texts.

    A title that names only other colours than product and listing column is a mismatch too.
    """
    said, of_listing = _stated(listing)
    kept, of_product = _stated(product)
    if not of_listing.main or not of_product.main:
        same = bool(listing.colour and product.colour) and plain(listing.colour) == plain(product.colour)
        return Finding(False, said, kept) if same else unknown(said, kept)
    if not are_same(of_listing, of_product) and not _is_the_first(of_listing, of_product, kept):
        return Finding(True, said, kept)
    known = of_product.main | of_product.accents | colours(product.text, is_field=False).main
    in_title = colours_in(listing.name).main
    strange = in_title and not any(_agree(x, y) or _MULTI in (x, y) for x in in_title for y in known)
    return Finding(bool(strange), listing.name if strange else said, kept)
