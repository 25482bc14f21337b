"""What two columns say in numbers with units and in properties: 215-285 mm, up to 8.0 L, LED beside halogen."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from features.listings.claims import claims
from features.listings.lexicon import Lexicon, lexicon, table, words
from features.listings.quantities import Quantity, are_equal, quantities
from features.listings.wording import is_negated, plain

_FILE = "specs.toml"
_LOWEST = 0.0
_HIGHEST = float("inf")
_RADIO = re.compile(r"wi-?fi|wlan|无线|频|ghz|router|路由")
_BAND = re.compile(r"(?<![\d.])(2\.4|5|5\.8|6)\s*g(?![a-z]|b)")
_BOTH_DATA = re.compile(r"(?<![\d.])(\d{1,2})\s*\+\s*(?=\d{2,4}\s*[gt]b?(?![a-z]))")  # 12+256GB
_GRADE = re.compile(r"(?<![a-z\d-])([a-z]{3,}\d?)[\s-](\d{1,5})(?![\d.a-z/-])")
_AT_MOST = re.compile(
    r"(?:up to|at most|max(?:imum)?\.?|under|below|within|less than|<|≤|不超过|最大|最高|最多|小于|低于)\s*:?\s*$"
)
_AT_LEAST = re.compile(
    r"(?:from|at least|min(?:imum)?\.?|over|above|more than|>|≥|不低于|最小|最低|大于|高于)\s*:?\s*$"
)
_OR_LESS = re.compile(
    r"\s*(?:or less|or below|or under|and (?:below|under)|max(?:imum)?(?![a-z])|以下|以内|及以下|之内)"
)
_OR_MORE = re.compile(r"\s*(?:or more|or above|and (?:above|up)|\+|min(?:imum)?(?![a-z])|以上|及以上|起)")

Span = tuple[str, float, float, Quantity]


@lru_cache(maxsize=65_536)
def spans(text: str) -> tuple[Span, ...]:
    """Kind, lowest and highest value, in the base units of units.toml, of each number with a unit.

    >>> [(kind, low, high) for kind, low, high, _ in spans("tires 215-285 mm, up to 8.0 L")]
    [('length', 21.5, 28.5), ('volume', 0.0, 8000.0)]
    """
    text = _BOTH_DATA.sub(r"\1gb+", plain(text))
    text = _BAND.sub(r"\1ghz ", text) if _RADIO.search(text) else text
    found = []
    for q in quantities(text):
        before, behind = text[max(0, q.start - 16) : q.start], text[q.end : q.end + 14]
        low = _LOWEST if _AT_MOST.search(before) or _OR_LESS.match(behind) else q.low
        high = _HIGHEST if low > _LOWEST and (_AT_LEAST.search(before) or _OR_MORE.match(behind)) else q.high
        found.append((q.kind, low, high, q))
    return tuple(found)


def do_numbers_differ(ours: str, theirs: str) -> bool | None:
    """Whether a span of one column lies outside every span of its kind of the other; None where no kind is in both."""
    kinds = frozenset(words(_FILE, "compared")["kinds"])
    mine, other = ([s for s in spans(text) if s[0] in kinds] for text in (ours, theirs))
    shared = {s[0] for s in mine} & {s[0] for s in other}
    if not shared:
        return None
    return any(not any(_is_within(s, t) for t in other if t[0] == s[0]) for s in mine if s[0] in shared)


def _is_within(ours: Span, theirs: Span) -> bool:
    if are_equal(ours[3], theirs[3]) and (ours[1] == _LOWEST) == (theirs[1] == _LOWEST):
        return True
    slack = 1.03
    return theirs[1] <= ours[1] * slack and ours[2] <= theirs[2] * slack


def do_grades_differ(ours: str, theirs: str) -> bool:
    """Whether one standard has another number in each: DDR4-3200 and DDR4-2666, Class 10 and Class 4.

    >>> do_grades_differ("DDR4-3200", "DDR4-2666"), do_grades_differ("DDR4-3200 CL16", "DDR4-3200")
    (True, False)
    """
    mine, other = ({(m[1], m[2]) for m in _GRADE.finditer(plain(text))} for text in (ours, theirs))
    shared = {stem for stem, _ in mine} & {stem for stem, _ in other}
    return any(not any(stem == s for s, _ in mine & other) for stem in shared)


@cache
def _contrasts() -> dict[str, Lexicon]:
    return {name: lexicon(_FILE, "contrast", name) for name in table(_FILE, "contrast")}


@lru_cache(maxsize=65_536)
def properties(text: str) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """For each contrast and property that a column speaks of: what it has and what it denies."""
    text, found = plain(text), {}
    for name, known in _contrasts().items():
        if hits := known.hits(text):
            denied = {h.name for h in hits if is_negated(text, h.start, h.end)}
            found[name] = frozenset(h.name for h in hits) - denied, frozenset(denied)
    said = claims(text)
    for name in {c for c, _ in said.has | said.denies}:
        has, denies = (frozenset(v for c, v in side if c == name) for side in (said.has, said.denies))
        if has or denies:
            found[name] = has, denies
    return found


def do_properties_differ(ours: str, theirs: str, among: frozenset[str] | None = None) -> bool | None:
    """Whether two columns name other values of one property, such as LED and halogen; None where none is in both.
    among: the contrasts that count, all where it is not given.

    >>> do_properties_differ("right, LED", "右，卤素"), do_properties_differ("LED", "右")
    (True, None)
    """
    mine, other = properties(ours), properties(theirs)
    verdicts = []
    for name in (mine.keys() & other.keys()) & (among or mine.keys()):
        (has, denies), (has_too, denies_too) = mine[name], other[name]
        if has & denies_too or has_too & denies:
            verdicts.append(True)
        elif has and has_too:
            verdicts.append(not has & has_too)
    return any(verdicts) if verdicts else None
