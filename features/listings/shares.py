"""Shares that two texts give of one material or ingredient: 100% linen beside 55% linen, 棉60%."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from features.listings.lexicon import lexicon
from features.listings.wording import plain

_BEFORE = re.compile(r"(?<![\d.\-])(\d{1,3}(?:\.\d)?)\s*%\s*(?:[a-z-]+\s){0,2}$")
_BEHIND = re.compile(r"\s*(?:含量)?\s*[:]?\s*(\d{1,3}(?:\.\d)?)\s*%")
_WHOLE = re.compile(r"(?:(?<![a-z])(?:pure|all-)\s*|[纯全])$")
_OF_WORDS = re.compile(
    r"(?<![\d.\-])(\d{1,3}(?:\.\d)?)\s*%\s*(?:(?:pure|organic|natural|genuine|real|premium|fine|fresh|of|dark)\s)*([a-z]{4,})"
)
_AT_LEAST = re.compile(
    r"(?:above|over|at least|min(?:imum)?\.?|more than|>|≥|不低于|超过|大于)\s*\d|\d\s*%\s*(?:\+|以上|or more)"
)
_LETTERS = 5
_SLACK = 2.0
_PURE = (70.0, 100.0)  # the word praises


@lru_cache(maxsize=65_536)
def shares(text: str) -> Mapping[str, frozenset[tuple[float, float]]]:
    """Lowest and highest percentage by the name of a material, or by the first letters of a word that is none.

    >>> {name: sorted(found) for name, found in shares("棉60% 涤纶40%").items()}
    {'cotton': [(60.0, 60.0)], 'polyester': [(40.0, 40.0)]}
    """
    text = plain(text)
    found: dict[str, set[tuple[float, float]]] = {}
    hits = lexicon("claims.toml", "claim", "material", any_spelling=True).hits(text)
    told_of = [(_BEFORE.search(text[max(0, hit.start - 30) : hit.start]), _BEHIND.match(text, hit.end)) for hit in hits]
    first = next((pair for pair in told_of if any(pair)), (None, None))
    for hit, (before, behind) in zip(hits, told_of, strict=True):
        told = (before or behind) if first[0] else (behind or before)  # 涤纶85%氨纶15%
        is_whole = _WHOLE.search(text[max(0, hit.start - 6) : hit.start]) or hit.text[0] in "纯全"
        if told or is_whole:
            found.setdefault(hit.name, set()).add((float(told[1]), float(told[1])) if told else _PURE)
    named = {hit.text.split()[0][:_LETTERS] for hit in hits}
    for share, word in _OF_WORDS.findall(text):
        if word[:_LETTERS] not in named:
            found.setdefault(word[:_LETTERS], set()).add((float(share), float(share)))
    return {name: frozenset(numbers) for name, numbers in found.items()}


def do_shares_of_one_differ(ours: str, theirs: str) -> bool:
    """Whether both texts give the share of one material and none of its shares is in both.

    >>> do_shares_of_one_differ("70% merino wool", "wool 30%, nylon 70%")
    True
    >>> do_shares_of_one_differ("60% cotton", "cotton")
    False
    """
    if _AT_LEAST.search(plain(ours)) or _AT_LEAST.search(plain(theirs)):
        return False
    a, b = shares(ours), shares(theirs)
    return any(not any(_overlap(x, y) for x in a[n] for y in b[n]) for n in a.keys() & b.keys())


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] <= b[1] + _SLACK and b[0] <= a[1] + _SLACK
