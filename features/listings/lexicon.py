"""Words out of TOML: what sellers write, in English and Chinese, to the one name we compare by."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import chain, pairwise
from typing import cast

from features.errors import SettingError

Table = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Hit:
    """One word found: its name, what stood there, and where."""

    name: str
    text: str
    start: int
    end: int


@cache
def _read(file: str) -> Table:
    try:
        return tomllib.loads((resources.files("features.listings") / file).read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"features/listings/{file}: expected TOML: {error}") from error


@cache
def table(file: str, *keys: str) -> Table:
    """A table of a TOML file beside this one; `SettingError` where it is not there."""
    found: object = _read(file)
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise SettingError(f"features/listings/{file}: expected a table [{'.'.join(keys)}]")
    return found


@cache
def words(file: str, *keys: str) -> Mapping[str, tuple[str, ...]]:
    """A table whose values are lists of words."""
    found = table(file, *keys)
    wrong = [name for name, listed in found.items() if not isinstance(listed, list)]
    if wrong:
        raise SettingError(f"features/listings/{file}: {'.'.join(keys)}: expected lists of words at {', '.join(wrong)}")
    return {name: tuple(cast("list[str]", listed)) for name, listed in found.items()}


@cache
def words_of(file: str, key: str) -> frozenset[str]:
    """A list of words at the top of a TOML file beside this one."""
    found = table(file).get(key)
    if not isinstance(found, list):
        raise SettingError(f"features/listings/{file}: {key}: expected a list of words")
    return frozenset(str(word) for word in found)


@cache
def number(file: str, *keys: str) -> float:
    """A number of a TOML file beside this one."""
    found = table(file, *keys[:-1]).get(keys[-1])
    if not isinstance(found, int | float):
        raise SettingError(f"features/listings/{file}: {'.'.join(keys)}: expected a number")
    return float(found)


def either(patterns: Iterable[str], *, plural: bool = False) -> str:
    """A regular expression for any of the words, the longest first; Latin words only as whole words.

    >>> bool(re.search(either(["tan"]), "titanium")), bool(re.search(either(["红"]), "酒红色"))
    (False, True)
    """
    return "(?:" + "|".join(_whole(p, plural) for p in sorted(patterns, key=len, reverse=True)) + ")"


def _whole(pattern: str, plural: bool) -> str:
    before = "(?<![a-z0-9])" if re.match(r"[a-z0-9]", pattern) else ""
    if not re.search(r"[a-z0-9]$", pattern):
        return before + pattern
    return f"{before}{pattern}{'(?:e?s)?' if plural and pattern[-1].isalpha() else ''}(?![a-z0-9])"


@lru_cache(maxsize=65_536)
def _pattern(present: tuple[str, ...], plural: bool) -> re.Pattern[str]:
    return re.compile(either(map(re.escape, present), plural=plural))


def _spellings(word: str) -> Iterator[str]:
    """Other ways to write words that belong together: fresh water, fresh-water, freshwater."""
    pieces = re.split(r"[ -]", word)
    if len(pieces) > 1 and all(re.fullmatch(r"[a-z]{3,}", piece) for piece in pieces):
        yield " ".join(pieces)
        yield "-".join(pieces)
    if len(pieces) == 2 and all(re.fullmatch(r"[a-z]{3,}", piece) for piece in pieces):
        yield "".join(pieces)


class Words:
    """Many words, of which those that stand in a text are found by how they begin: most are never looked for."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_start: dict[str, list[str]] = {}
        for word in dict.fromkeys(words):
            self._by_start.setdefault(word[:2], []).append(word)

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._by_start.values())

    def within(self, text: str) -> list[str]:
        """The words that stand in the text, also inside others."""
        starts = sorted(self._by_start.keys() & _starts(text))
        return [word for start in starts for word in self._by_start[start] if word in text]


@lru_cache(maxsize=256)
def _starts(text: str) -> frozenset[str]:
    """Every character of a text, and every two side by side."""
    return frozenset(text).union(map("".join, pairwise(text)))


class Lexicon:
    """Names and the words for each, found in plain text; where words overlap the longer one wins."""

    def __init__(self, names: Mapping[str, Iterable[str]], *, plural: bool = False, any_spelling: bool = False) -> None:
        spelt = [(word, name) for name, listed in names.items() for word in listed]
        self._name = dict(spelt)
        if len(self._name) < len(set(spelt)):
            twice = sorted({w for w, n in spelt if self._name[w] != n})
            raise SettingError(f"features/listings: expected each word under one name, got two for {', '.join(twice)}")
        if any_spelling:
            self._name = {**{other: n for w, n in spelt for other in _spellings(w)}, **self._name}
        self._plural = plural
        self.words = Words(self._name)

    def hits(self, text: str) -> list[Hit]:
        """The words in the text, in their order."""
        present = tuple(self.words.within(text))  # a pattern of all takes ten times as long
        found = _pattern(present, self._plural).finditer(text) if present else ()
        return [Hit(self._named(m[0]), m[0], m.start(), m.end()) for m in found]

    def names(self, text: str) -> frozenset[str]:
        """The names found in the text."""
        return frozenset(hit.name for hit in self.hits(text))

    def _named(self, found: str) -> str:
        ends = (found, found.removesuffix("s"), found.removesuffix("es")) if self._plural else (found,)
        return next(self._name[end] for end in ends if end in self._name)


@cache
def lexicon(file: str, *keys: str, plural: bool = False, any_spelling: bool = False) -> Lexicon:
    """The lexicon of a table of words; any_spelling: fresh-water and freshwater too where fresh water is listed."""
    return Lexicon(words(file, *keys), plural=plural, any_spelling=any_spelling)
