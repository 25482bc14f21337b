"""Writing brought to one form for the guard: look-alikes, hidden characters, words taken apart, with places kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain

from service.guard_files import readable, table

# The mark of a digit that was said as a word: the guard's patterns name it.
SPELLED = "\u0001"
_CJK = "\u3400-\u9fff"
# No borders inside are kept: these letters are one word although something stands between them.
_BETWEEN = r"[\s\W_]{0,2}"


@dataclass(frozen=True, slots=True)
class Writing:
    """Text in one form; character i of it stands for `original[starts[i]:ends[i]]`."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of text[start:end], which is not empty."""
        return self.starts[start], max(self.ends[start:end])

    def rewritten(self, pattern: re.Pattern[str], instead: Callable[[str], str]) -> Writing:
        """With each hit replaced; a text of the same length keeps the places, a shorter one stands for the whole."""
        text, starts, ends, at = list[str](), list[int](), list[int](), 0
        for hit in pattern.finditer(self.text):
            new, (first, last) = instead(hit[0]), hit.span()
            keeps = len(new) == last - first
            text += [self.text[at:first], new]
            starts += self.starts[at:first]
            ends += self.ends[at:first]
            starts += self.starts[first:last] if keeps else [self.starts[first]] * len(new)
            ends += self.ends[first:last] if keeps else [max(self.ends[first:last])] * len(new)
            at = last
        return Writing("".join([*text, self.text[at:]]), (*starts, *self.starts[at:]), (*ends, *self.ends[at:]))


@dataclass(frozen=True, slots=True)
class Letters:
    """letters.toml, ready for use."""

    alike: Mapping[str, str]
    joined: re.Pattern[str]
    digits: Mapping[str, str]
    leet: Mapping[str, str]


@cache
def letters() -> Letters:
    """The letters that ship with the program; `SettingError` where they cannot be read."""
    raw = table("letters.toml")
    with readable("letters.toml"):
        alike = dict(chain.from_iterable(zip(*pair, strict=True) for pair in raw["alike"].values()))
        words = (_BETWEEN.join(word) for word in sorted(raw["joined"], key=len, reverse=True))
        said = ((language, raw["digits"][language]) for language in ("en", "zh"))
        digits = {word: str(i) for language, listed in said for i, word in _digit_words(listed, language)}
        joined = re.compile(rf"(?<![a-z])(?:{'|'.join(words)})(?![a-z])")
        return Letters(alike, joined, digits, dict(zip(*raw["leet"]["signs"], strict=True)))


def _digit_words(words: list[str], language: str) -> Iterable[tuple[int, str]]:
    return ((i, word) for i, listed in enumerate(words) for word in ([listed] if language == "en" else listed))


def writings(text: str) -> tuple[Writing, ...]:
    """The text in one form; where digits stand in words, also with these read as letters, 1 as i and as l."""
    base = _spelled(_joined(_folded(text)))
    read = (_joined(base.rewritten(_MIXED, _leet(one))) for one in "il")
    return tuple({writing.text: writing for writing in (base, *read)}.values())


# Single letters with one sign between them, three or more: w h a t s, c.l.a.i.m.
_APART = re.compile(r"(?<![a-z0-9])[a-z](?:[^a-z0-9\u3400-\u9fff,;!?\n]{1,2}[a-z]){2,}(?![a-z0-9])")
# The same with one alone, looked for first: where two stand between words, they are kept apart.
_APART_ONCE = re.compile(r"(?<![a-z0-9])[a-z](?:[^a-z0-9\u3400-\u9fff,;!?\n][a-z]){2,}(?![a-z0-9])")
# Wide gaps, which the guard's words do not have.
_WIDE = re.compile(r" {2,}")
# Signs inside a word, which no spelling has.
_INSIDE = re.compile(r"(?<=[a-z])[*_|~^•\"]{1,3}(?=[a-z])")
# What stands between two Chinese characters but is no punctuation.
_GAP = re.compile(rf"(?<=[{_CJK}])[^\w,;:!?。、()\[\]\"']+(?=[{_CJK}])|(?<=[{_CJK}])_+(?=[{_CJK}])")
_MIXED = re.compile(
    r"(?<![a-z0-9])(?=[a-z0-9@$!]{0,30}[a-z][a-z0-9@$!]{0,30}[a-z])[a-z]{0,30}[013458@$!]{1,9}[a-z0-9@$!]{0,30}[a-z](?![a-z0-9])"
)
_SAID = re.compile(
    r"(?<![a-z])(?:(?:zero|one|two|three|four|five|six|seven|eight|nine|oh|double|triple)[\s,.-]{0,2}){7,}(?![a-z])"
    r"|(?:[零〇洞一幺壹二两贰三叁四肆五伍六陆七柒拐八捌九玖][\s,.-]{0,2}){7,}"
)


def _folded(text: str) -> Writing:
    """Compatibility forms, accents and hidden characters gone, look-alikes read as what they look like, small."""
    found, places = list[str](), list[int]()
    alike = letters().alike
    for place, character in enumerate(text):
        for part in unicodedata.normalize("NFKD", character).casefold():
            kind = unicodedata.category(part)
            if kind not in ("Mn", "Me", "Cf"):
                found.append(" " if kind == "Cc" and part != "\n" else alike.get(part, part))
                places.append(place)
    return Writing("".join(found), tuple(places), tuple(place + 1 for place in places))


def _joined(writing: Writing) -> Writing:
    for pattern in (_GAP, _INSIDE):
        writing = writing.rewritten(pattern, lambda _: "")
    for pattern in (_APART_ONCE, _APART, letters().joined):
        writing = writing.rewritten(pattern, _letters_alone)
    return writing.rewritten(_WIDE, lambda _: " ")


def _letters_alone(hit: str) -> str:
    return "".join(filter(str.isalnum, hit))


def _spelled(writing: Writing) -> Writing:
    """Long numbers said as words, each digit as `SPELLED`: no parcel number is written so."""
    return writing.rewritten(_SAID, _marks)


def _marks(hit: str) -> str:
    """As many marks as words were said.

    >>> len(_marks("one three eight, zero"))
    4
    """
    return SPELLED * len(re.findall(r"[a-z]+|[^\W_a-z]", hit))


def _leet(one: str) -> Callable[[str], str]:
    table = str.maketrans({**letters().leet, "1": one})
    return lambda hit: hit.translate(table)
