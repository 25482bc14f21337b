"""What one text denies in any words and another affirms: not refillable, gluten-free, 不可调节."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from features.listings.claims import has_a_part_before
from features.listings.lexicon import number, table, words
from features.listings.things import things
from features.listings.wording import plain

_FILE = "claims.toml"
_LACKING = r"(?:无|不带|没有|不含|不送|不配)([\u4e00-\u9fff]{1,3}?)(?=[无不没]|(?![\u4e00-\u9fff]))"


@cache
def _denials() -> dict[str, re.Pattern[str]]:
    found = table(_FILE, "denied")
    return {
        kind: re.compile(str(found[kind])) for kind in ("english", "listed", "free", "prefix", "chinese", "listed_zh")
    }


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


def shows_what_is_lacking(denying: str, affirming: str) -> bool:
    """Whether one picture has what the other is said to be without, be it one character: 无盆 beside 种在陶瓷盆里.

    >>> shows_what_is_lacking("裸根多肉，无盆", "多肉种在白色陶瓷盆里"), shows_what_is_lacking("无盆", "花")
    (True, False)
    """
    lacking, affirming = _lacking(plain(denying)), plain(affirming)
    return any(re.search(rf"(?<![无没不]){word}", affirming) for word in lacking)


def _lacking(text: str) -> list[str]:
    return re.findall(_LACKING, text)


def _lacks_what_is_there(denying: str, affirming: str) -> bool:
    """无盖 beside 带盖: one character is enough where both say of it whether it is there."""
    return any(re.search(rf"(?<![不没])(?:带|有|含|配){word}", affirming) for word in _lacking(denying))
