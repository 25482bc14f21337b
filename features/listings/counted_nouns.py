"""Numbers that a text gives to nouns, whatever the nouns are: single basket, 12 blades, 双胆, 5叶."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from features.listings.lexicon import table, words_of
from features.listings.things import things
from features.listings.wording import plain

_FILE = "counted_nouns.toml"
_STEM = 5


@cache
def _english() -> re.Pattern[str]:
    numbers = "|".join(table(_FILE, "english"))
    return re.compile(rf"(?<![\w.\-/x])(?:(\d{{1,3}})|({numbers}))[\s-]([a-z]{{4,}})(?:[\s-]([a-z]{{4,}}))?")


@cache
def _chinese() -> re.Pattern[str]:
    numbers = "".join(table(_FILE, "chinese"))
    return re.compile(rf"(?<![\d.{numbers}第])(?:(\d{{1,3}})|([{numbers}]))个?([\u4e00-\u9fff])(?:[\u4e00-\u9fff])?")


@lru_cache(maxsize=65_536)
def counts_of_nouns(text: str) -> Mapping[str, frozenset[int]]:
    """The numbers beside each noun, by its first letters; what are parts, packs or measures is left out.

    >>> dict(counts_of_nouns("dual basket")), dict(counts_of_nouns("双胆 5L"))
    ({'baske': frozenset({2})}, {'胆': frozenset({2})})
    """
    text = plain(text)
    found: dict[str, set[int]] = {}
    never = words_of(_FILE, "never")
    parts = {hit.text for hit in things(text)}
    for m in _english().finditer(text):
        number = int(m[1]) if m[1] else _number("english", m[2])
        is_build = m[2] not in (None, "one")  # a dual basket is how goods are built, 2 baskets are parts of them
        for noun in m.groups()[2:]:
            if noun and not {noun, noun.rstrip("s")} & (never if is_build else never | parts):
                found.setdefault(noun[:_STEM].rstrip("s"), set()).add(number)
    for m in _chinese().finditer(text):
        if m[3] not in never:
            found.setdefault(m[3], set()).add(int(m[1]) if m[1] else _number("chinese", m[2]))
    return {noun: frozenset(numbers) for noun, numbers in found.items()}


def _number(language: str, word: str) -> int:
    value = table(_FILE, language)[word]
    return value if isinstance(value, int) else 0


def are_counted_otherwise(ours: str, theirs: str) -> bool:
    """Whether a noun of both texts has another number in each; numbers that add up are no difference."""
    a, b = counts_of_nouns(ours), counts_of_nouns(theirs)
    return any(not a[n] & b[n] and sum(a[n]) not in b[n] and sum(b[n]) not in a[n] for n in a.keys() & b.keys())
