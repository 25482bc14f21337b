"""Traces of use and faults that a condition column tells of, whatever grade it names."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal, cast

from features.listings.lexicon import table
from features.listings.wording import plain

_FILE = "conditions.toml"
Wear = Literal["use", "fault", "dead"]
_WORST_LAST: tuple[Wear, ...] = ("use", "fault", "dead")
_ALLOWED: dict[str, int] = {"new": 0, "used_like_new": 1, "used_very_good": 1, "used_good": 2}


@cache
def _patterns() -> dict[Wear, re.Pattern[str]]:
    found = table(_FILE, "wear")
    return {
        kind: re.compile("|".join(_whole(p) for p in cast("list[str]", found[kind])) + _more(kind))
        for kind in _WORST_LAST
    }


def _more(kind: Wear) -> str:
    return f"|{table(_FILE, 'wear')['amount']}" if kind == "use" else ""


def _whole(pattern: str) -> str:
    return rf"(?<![a-z])(?:{pattern})(?![a-z])" if pattern[0].isascii() else f"(?:{pattern})"


@cache
def _rule(key: str) -> re.Pattern[str]:
    return re.compile(str(table(_FILE, "wear")[key]))


@lru_cache(maxsize=65_536)
def wear_in(text: str) -> Wear | None:
    """The worst that a condition column says of the goods; None where it tells of no use and no fault.

    >>> wear_in("shop display, a few scratches"), wear_in("无划痕，未使用"), wear_in("镜片有霉丝")
    ('use', None, 'fault')
    """
    text = _rule("package").sub("#", plain(text))
    told = [kind for kind, pattern in _patterns().items() if _is_told(pattern, text)]
    return told[-1] if told else None


def _is_told(pattern: re.Pattern[str], text: str) -> bool:
    return any(not _rule("denied").search(text[max(0, m.start() - 24) : m.start()]) for m in pattern.finditer(text))


def is_worse_than(grade: str, wear: Wear | None) -> bool:
    """Whether goods so worn are not what a condition of conditions.toml promises."""
    return wear is not None and _WORST_LAST.index(wear) >= _ALLOWED.get(grade, len(_WORST_LAST))


def is_new_by_title(title: str) -> bool:
    """Whether a title sets the word "new" apart: GPU RTX 3070 new, Catan - sealed."""
    return bool(_rule("new_in_title").search(plain(title)))
