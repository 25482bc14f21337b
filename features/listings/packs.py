"""How many pieces are sold as one: pack of 3, 3-pack, twin pack, 三件套, a bare 3 in the column of parts."""

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


@cache
def _measures() -> str:
    return "|".join(words(_FILE, "measure")["words"])


@cache
def _pair_words() -> str:
    return "|".join(words(_FILE, "measure")["pairs"])


@lru_cache(maxsize=65_536)
def bare_count(text: str) -> frozenset[int]:
    """The numbers that a column may mean which holds a count and nothing else; empty where it holds more.

    >>> sorted(bare_count("5 pcs")), sorted(bare_count("一对")), bare_count("5 films")
    ([5], [1, 2], frozenset())
    """
    text = re.sub(r"^(?:1套|1 sets? of)\s*(?=\d)", "", plain(text).strip(" ,;:"))
    text = re.sub(r"^单(?=[个只支条根把台张片块件瓶盒包本枚套卷])", "1", text)
    text = re.sub(r"^(?:约|大约|about|approx\.?|ca\.?)\s*", "", text)
    if times := _times(text):
        return times
    found = re.fullmatch(rf"\(?(?:x\s*)?(\d{{1,4}})\s*(?:x|{_measures()})?(?:装|入)?\)?\.?", text)
    return _meant(int(found[1]), found[0]) if found else frozenset()


def _times(text: str) -> frozenset[int]:
    """6盒x5片, 2 packs of 10, 5片/盒 共4盒: all pieces."""
    packs, each = (
        r"(?:盒|包|袋|套|罐|筒|箱|板|卷|条|packs?|boxes|box|bags?|sets?|cans?|tubes?|tins?|jars?|rolls?|cases?|cartons?|sleeves?|pouches|strips?|reels?|trays?)",
        rf"(?:{_measures()})",
    )
    found = re.fullmatch(rf"(\d+)\s*{packs}\s*(?:x|of|,|每[盒包袋罐筒])\s*(\d+)\s*(?:{each}|[a-z]+)?", text)
    found = found or re.fullmatch(rf"(\d+)\s*{each}\s*(?:/|每|x|per )\s*(?:{packs})?[\s,]*共?\s*(\d+)\s*{packs}", text)
    return frozenset({int(found[1]) * int(found[2])}) if found else frozenset()


def _meant(count: int, text: str) -> frozenset[int]:
    return frozenset({count, 2 * count}) if re.search(_pair_words(), text) else frozenset({count})


@lru_cache(maxsize=65_536)
def counts_in(text: str) -> frozenset[int]:
    """The numbers of pieces that free text may mean: those with a measure word that no thing follows.

    >>> sorted(counts_in("面膜 补水 20片")), sorted(counts_in("带三根数据线")), sorted(counts_in("Socks, 5 pairs"))
    ([20], [], [5, 10])
    """
    if times := next((t for piece in re.split(r"[\s;,()]+(?!x|\*)", plain(text)) if (t := _times(piece))), None):
        return times
    found = re.finditer(
        rf"(?<![\d.\-/第])(\d{{1,4}})\s*(?:{_measures()})(?![a-z\u4e00-\u9fff]|\s*(?:of|x)(?![a-z])|\s[a-z]+[^s\W](?![a-z]))"
        rf"|(?<![a-z])(?P<pair>pair)(?! of|s)(?![a-z])",
        plain(text),
    )
    return frozenset(n for m in found for n in (_meant(int(m[1]), m[0]) if m[1] else {2}))


def pack_count(record: Record) -> int | None:
    """The number of pieces that a record gives, the columns before the texts."""
    places = (record.parts, record.size, record.weight, record.name, record.details, record.version)
    return next((n for text in places if (n := pack_in(text)) is not None), None)
