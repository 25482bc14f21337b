"""Whether two lines of two lists of parts are one part, and whether their numbers agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from features.listings.lexicon import table
from features.listings.meant_counts import counts_meant
from features.listings.part_lists import Part
from features.listings.things import are_alike
from features.listings.wording import is_chinese, plain

_SHORTEST_SHARED_WORD = 4
_SHORT_NAME = 3
_MARK_ONLY = re.compile(r"front|rear|left|right|[前后左右](?:排|面|侧)?")
_PAIRS = r"(?<![a-z])pairs?(?![a-z])|[双对]"


_DENIED = re.compile(r"^(?:无|没有|不含|不带)")


def do_fit(ours: Part, theirs: Part) -> bool:
    """Whether two lines are the same part by name, or perhaps by a word that they share."""
    if ours.is_known and theirs.is_known:
        same = are_alike(ours.name, theirs.name, as_parts=True)
        return same and not (ours.marks and theirs.marks and not ours.marks & theirs.marks)
    if ours.marks and ours.marks == theirs.marks and any(_MARK_ONLY.fullmatch(bare_text(p)) for p in (ours, theirs)):
        return True  # 后1支 is the rear one
    a, b = set(ours.text.split()), set(theirs.text.split())
    shared = {w for w in a & b if len(w) >= _SHORTEST_SHARED_WORD and not w.isdigit()}
    return ours.name == theirs.name or bool(shared) or _is_short_for(ours, theirs)


def _is_short_for(a: Part, b: Part) -> bool:
    """`头5` for `烙铁头5个`: the end of the longer Chinese name, as often."""
    short, long = sorted((_DENIED.sub("", bare_text(a)), _DENIED.sub("", bare_text(b))), key=len)
    return bool(short) and is_chinese(short) and long.endswith(short) and (a.count or 1) == (b.count or 1)


def bare_text(part: Part) -> str:
    """The text of a part without its number."""
    return re.sub(r"[\d\sx个只支条根把台片张块件套]+$", "", plain(part.text))


def judged(ours: Part, theirs: Sequence[Part]) -> bool | None:
    """Whether the product's list contradicts one part that it has too; None where it is not in the list."""
    exact = [t for t in theirs if t.name == ours.name and do_fit(ours, t)]
    like = exact or [t for t in theirs if do_fit(ours, t)]
    if not like:
        return None
    there = [t for t in like if not t.is_missing]
    if ours.is_missing != (not there):
        return True
    counts = [t.count for t in there]
    if ours.is_missing or ours.count is None or None in counts:
        return False
    if not re.search(r"\d|一|单", ours.text) and ours.count == 1:
        return False  # "key" promises one at least
    given = {c or 0 for c in counts} | {sum(c or 0 for c in counts)}
    if any(re.search(_PAIRS, part.text) for part in (ours, *there)):  # 3 tips may be 3 pairs
        given |= {2 * c for c in given} | {c // 2 for c in given if c % 2 == 0}
    given |= {count for part in there for count in counts_meant(part.text)}
    return not given & {ours.count, *counts_meant(ours.text)}


@cache
def _distinct() -> list[set[str]]:
    pairs = table("things.toml", "distinct")["pairs"]
    return [set(pair) for pair in pairs] if isinstance(pairs, list) else []


def share_word(a: Part, b: Part) -> bool:
    """Crevice tool and crevice nozzle, 按摩头 and 按摩球头: perhaps one part by two names."""
    if a.is_known and b.is_known and (a.name == b.name or {a.name, b.name} in _distinct()):
        return False
    latin = [set(re.findall(r"[a-z]{4,}", p.text)) for p in (a, b)]
    if not (a.is_known and b.is_known) and _share_a_character(bare_text(a), bare_text(b)):
        return True
    if any(
        x.endswith(y) or y.endswith(x)
        for x in latin[0]
        for y in latin[1]
        if min(len(x), len(y)) > _SHORTEST_SHARED_WORD
    ):
        return True  # driver and screwdriver
    chinese = [{x + y for x, y in pairwise(re.sub(r"[^\u4e00-\u9fff]", "", p.text))} for p in (a, b)]
    return bool(latin[0] & latin[1] or chinese[0] & chinese[1])


def _share_a_character(a: str, b: str) -> bool:
    """Whether two short Chinese names have a character that says what they are: 托盘 and 底托."""
    few = [set(re.sub(r"[^\u4e00-\u9fff]", "", text)) for text in (a, b)]
    return all(0 < len(side) <= _SHORT_NAME for side in few) and bool(few[0] & few[1])


def may_be(a: Part, b: Part) -> bool:
    """Whether a part may stand under a name that we do not know."""
    counts = {a.count, b.count} - {None}
    return not (a.is_known and b.is_known) and len(counts) <= 1
