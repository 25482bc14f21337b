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


def promised_fit(title: str) -> str:
    """What a title says behind "for", as it stands: 适用宽口径奶瓶, for Watch 42mm 44mm.

    >>> promised_fit("奶嘴 适用宽口径奶瓶"), promised_fit("Red mug")
    ('宽口径奶瓶', '')
    """
    behind = _lead().split(plain(title), maxsplit=1)
    return re.split(r"[;(]|\s-\s|(?<![a-z])with(?![a-z])", behind[1])[0] if len(behind) > 1 else ""


def names_other_models(title: str, column: str, product_text: str) -> bool:
    """Whether a title says behind "for" that goods fit models of which a product's column of models has no word.

    >>> names_other_models("Nozzle for Ender 3", "Prusa MK3S, MK4", "nozzle")
    True
    >>> names_other_models("Filter for Acme 300", "Acme 300 / 350", "filter")
    False
    """
    ours, theirs = _names(promised_fit(title)), _names(plain(column))
    kept = plain(column + " " + product_text)
    said = set(re.findall(r"[a-z\d]+", kept))
    if not ours or not theirs or any(word[:_SHARED_LETTERS] in kept or code in said for word, code in ours.items()):
        return False
    return not any(word[:_SHARED_LETTERS] in plain(title) for word in theirs)
