"""Names of models that no list knows, where a title promises a fit: Ender 3 beside Prusa MK3S."""

from __future__ import annotations

import re
from functools import cache

from features.listings.lexicon import either, words
from features.listings.quantities import quantities
from features.listings.wording import plain

_FILE = "models.toml"
_NAMED = re.compile(r"(?<![a-z\d])(?P<word>[a-z]{3,})[\s-]+(?P<code>[a-z]{0,4}\d[a-z\d]*)(?![a-z\d])")
_SHARED_LETTERS = 4


@cache
def _lead() -> re.Pattern[str]:
    return re.compile(rf"{either(words(_FILE, 'lead')['words'])}\s*")


@cache
def _no_names() -> frozenset[str]:
    """Words before a number that are no name: gen 2, pack 3."""
    return frozenset(words(_FILE, "generic")["words"]) | frozenset(words(_FILE, "no_name")["words"])


def _names(text: str) -> dict[str, str]:
    """The names in plain text that have a number behind them, and the number."""
    sizes = [(q.start, q.end) for q in quantities(text)]
    return {
        m["word"]: m["code"]
        for m in _NAMED.finditer(text)
        if m["word"] not in _no_names() and not any(start <= m.start("code") < end for start, end in sizes)
    }


def names_other_models(title: str, column: str, product_text: str) -> bool:
    """Whether a title says behind "for" that goods fit models of which a product's column of models has no word.

    >>> names_other_models("Nozzle for Ender 3", "Prusa MK3S, MK4", "nozzle")
    True
    >>> names_other_models("Filter for Acme 300", "Acme 300 / 350", "filter")
    False
    """
    behind = _lead().split(plain(title), maxsplit=1)
    if len(behind) == 1:
        return False
    ours, theirs = _names(re.split(r"[;(]|\s-\s", behind[1])[0]), _names(plain(column))
    kept = plain(column + " " + product_text)
    if not ours or not theirs or any(word[:_SHARED_LETTERS] in kept or code in kept for word, code in ours.items()):
        return False
    return not any(word[:_SHARED_LETTERS] in plain(title) for word in theirs)
