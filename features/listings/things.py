"""Things that a text names: goods, parts and accessories, one name for both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from features.errors import SettingError
from features.listings.lexicon import Hit, Lexicon, lexicon, table, words
from features.listings.wording import is_chinese, is_negated, plain

_FILE = "things.toml"
_MOTIFS = "thing_motifs.toml"
_FILES = (_FILE, "thing_goods.toml", "thing_parts.toml", "thing_companions.toml", _MOTIFS)


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    tables = [words(file, "thing") for file in _FILES]
    names = dict.fromkeys(name for found in tables for name in found)
    return {name: sum((found.get(name, ()) for found in tables), ()) for name in names}


@cache
def _lexicon() -> Lexicon:
    return Lexicon(_names(), plural=True)


@cache
def motifs() -> frozenset[str]:
    """The things that goods are shaped like or show in print."""
    return frozenset(words(_FILE, "motif")["names"]) | frozenset(words(_MOTIFS, "thing"))


@lru_cache(maxsize=65_536)
def things(text: str) -> tuple[Hit, ...]:
    """Every thing named in plain text. One Chinese character is a thing only where no other character follows; 无线
    (wireless) is no missing cable."""
    return tuple(hit for hit in _lexicon().hits(text) if len(hit.text) > 1 or _is_word(hit, text))


def _is_word(hit: Hit, text: str) -> bool:
    before, behind = text[max(0, hit.start - 1) : hit.start], text[hit.end : hit.end + 1]
    return not is_chinese(hit.text) or not (is_chinese(behind) or (hit.text == "线" and before in ("无", "有")))


def positive(text: str) -> frozenset[str]:
    """Names of the things that a text has, those said to be missing left out."""
    text = plain(text)
    return frozenset(hit.name for hit in things(text) if not is_lacking(text, hit.start, hit.end))


def negative(text: str) -> frozenset[str]:
    """Names of the things that a text says to be missing.

    >>> sorted(negative("Lamp without adapter, 不含电池"))
    ['battery', 'charger']
    """
    text = plain(text)
    return frozenset(hit.name for hit in things(text) if is_lacking(text, hit.start, hit.end))


@cache
def _lacks() -> re.Pattern[str]:
    return re.compile("|".join(words("words.toml", "lacks")["patterns"]))


def is_lacking(text: str, start: int, end: int) -> bool:
    """Whether the thing at [start, end) of plain text is said not to be there, a modifier between allowed: no built-in
    pump, 无外接音箱.

    >>> is_lacking("no built-in pump", 12, 16), is_lacking("无线音箱", 2, 4)
    (True, False)
    """
    return is_negated(text, start, end) or bool(_lacks().search(text[max(0, start - 24) : start]))


@cache
def _alike(section: str) -> frozenset[frozenset[str]]:
    groups = table(_FILE, section)["groups"]
    known = set(_names())
    pairs = set()
    for group in groups if isinstance(groups, list) else []:
        if strangers := set(group) - known:
            raise SettingError(f"features/listings/{_FILE}: alike: expected names of [thing], got {sorted(strangers)}")
        pairs |= {frozenset((a, b)) for a in group for b in group}
    return frozenset(pairs)


def are_alike(a: str, b: str, *, as_parts: bool = False) -> bool:
    """Whether shops call these two things by either name; as parts fewer are than as goods. A gig bag is a bag."""
    if a == b or frozenset((a, b)) in _alike("alike_parts" if as_parts else "alike"):
        return True
    return (a.endswith(f"_{b}") or b.endswith(f"_{a}")) and not {a, b} & _own_kind()


@cache
def _own_kind() -> frozenset[str]:
    return frozenset(words(_FILE, "own_kind")["names"])


def share_any(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether any thing of one side is alike to one of the other."""
    others = tuple(others)
    return any(are_alike(a, b) for a in some for b in others)


@lru_cache(maxsize=65_536)
def qualifiers(text: str) -> frozenset[str]:
    """What tells two parts of one name apart: the plug of a cable, the size of a battery."""
    return lexicon(_FILE, "qualifier").names(plain(text))
