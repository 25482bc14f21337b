"""What one text denies in any words and another affirms: not refillable, gluten-free, 不可调节."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from features.listings.claims import has_a_part_before
from features.listings.lexicon import number, table, words
from features.listings.things import things
from features.listings.wording import plain

_FILE = "claims.toml"


@cache
def _denials() -> dict[str, re.Pattern[str]]:
    found = table(_FILE, "denied")
    return {kind: re.compile(str(found[kind])) for kind in ("english", "free", "prefix", "chinese")}


@lru_cache(maxsize=65_536)
def denied_words(text: str) -> frozenset[str]:
    """The words that a text denies, cut to their first letters: not refillable, gluten-free, 不可调节."""
    text = plain(text)
    matches = [m for pattern in _denials().values() for m in pattern.finditer(text)]
    found = {m["word"] for m in matches if not has_a_part_before(text, m.start())}
    named = {hit.text for hit in things(text)} | set(words(_FILE, "denied_otherwise")["words"])
    return frozenset(_cut(word) for word in found - named)


def _cut(word: str) -> str:
    return word[: int(number(_FILE, "denied", "shared_letters"))]


def denies_what_the_other_says(denying: str, affirming: str) -> bool:
    """Whether one text denies a word that the other affirms.

    >>> denies_what_the_other_says("not refillable", "Refillable bottle"), denies_what_the_other_says("not red", "blue")
    (True, False)
    """
    text = plain(affirming)
    for pattern in (*_denials().values(), re.compile(str(table(_FILE, "denied")["clause"]))):
        text = pattern.sub(" ", text)
    if _lacks_what_is_there(plain(denying), text):
        return True
    latin = {_cut(w) for w in re.findall(r"[a-z]{3,}", text)}
    return any(w in latin if w.isascii() else w in text for w in denied_words(denying) - denied_words(affirming))


def _lacks_what_is_there(denying: str, affirming: str) -> bool:
    """无盖 beside 带盖: one character is enough where both say of it whether it is there."""
    lacking = re.findall(r"(?:无|不带|没有|不含)([\u4e00-\u9fff]{1,3})(?![\u4e00-\u9fff])", denying)
    return any(re.search(rf"(?<![不没])(?:带|有|含|配){word}", affirming) for word in lacking)
