"""What a picture shows, as words tell it: without its background, its main thing, how many, and shaped like what."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from features.listings.colours import without_colours
from features.listings.lexicon import either, words
from features.listings.packs import pack_in
from features.listings.things import are_alike, things
from features.listings.wording import is_chinese, plain

_FILE = "words.toml"
_NUMERALS = dict(zip("一二两三四五六七八九十", (1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10), strict=True))
_FEWEST_OF_MANY = 5
_MANY = re.compile(
    r"(?<![\d.\-])(\d{1,3}|[五六七八九十])\s*(?:(?:个|只|件|支|条|把|双|张|瓶|罐|块|片|本|盒|包|根|朵|颗|枚)(?![装面人])"
    r"|(?!x|in(?:ch)?|cm|mm|m|ml|l|oz|g|kg|lb|ft|led|w|v|led|kilo|pound|degrees?|years?|layers?|tiers?|speed|way)[a-z]{3,}s(?![a-z]))"
)
_SECOND = r"(?<![a-z])(?:with|on|in|next to|and|holding|wearing|showing|for)(?![a-z])|带|配|戴|,|和|与|及"
_COUNT = re.compile(
    r"(?<![\d.-])(\d{1,2})(?!-(?:shel|tier|layer|step|drawer|pack|inch))\s*(?:x\s*)?(?:个|只|件|支|条|把|双|盏|张|台|瓶|块|片|本|盒|包|根|顶|pcs\s|pieces\s(?:of\s)?)?"
    r"(?:[a-z-]+\s+|(?![人座层格孔位])[\u4e00-\u9fff]{1,3}){0,3}$"
)
_CHINESE_COUNT = re.compile(rf"([{''.join(_NUMERALS)}])(?:个|只|件|支|条|把|双|盏|张|台|瓶|块|片|本|盒|包|根|顶)?$")


@cache
def _scenes() -> re.Pattern[str]:
    found = words(_FILE, "background")
    return re.compile(
        rf"(?<![a-z-])(?:on|against|in front of|beside|next to|over|atop)\s[^,;]*|{'|'.join(found['phrases'])}"
        rf"|(?<![a-z])(?:in|inside|at)\s+(?:an?\s|the\s|his\s|her\s)?(?:[a-z]+\s){{0,2}}{either(found['words'])}"
    )


@lru_cache(maxsize=65_536)
def foreground(text: str) -> str:
    """Without the background and what lies beneath, which is no part of the goods.

    >>> foreground("red mug on a white table"), foreground("白色背景,红色杯子")
    ('red mug  ', ' ,红色杯子')
    """
    return _scenes().sub(" ", plain(text))


def main_things(text: str) -> frozenset[str]:
    """What a picture is mainly of: the last thing before "with"; empty where that is not known."""
    pieces = re.split(_SECOND, without_colours(foreground(text)))
    found = things(next((p for p in pieces if p.strip()), ""))
    return frozenset({found[-1].name}) if found else frozenset()


def counted(text: str) -> dict[str, int]:
    """How many of each thing a picture shows, where it says so: 3 mugs, a mug, a pair of socks, set of 3 mugs."""
    text = foreground(text)
    found: dict[str, int] = {}
    for hit in things(text):
        before = text[max(0, hit.start - 32) : hit.start]
        number = _COUNT.search(before) or _CHINESE_COUNT.search(before)
        single = re.search(r"(?:^|[\s,])(?:a|an|one|single)\s+(?:[a-z-]+\s+){0,3}$", before)
        pack = pack_in(text)
        if pack or number or single or (not re.search(r"[^s]s$", hit.text) and hit.text.isascii() and hit.start < 24):
            found.setdefault(hit.name, pack or (_NUMERALS.get(number[1]) or int(number[1]) if number else 1))
    return found


@cache
def _heads_of_counts() -> tuple[tuple[int, re.Pattern[str]], ...]:
    return tuple((int(n), re.compile("|".join(listed))) for n, listed in words(_FILE, "shown_count").items())


def whole_count(text: str) -> int | None:
    """How many pieces a picture begins by counting, whatever they are: single holder, a pair of holders, 一对花瓶.

    >>> whole_count("pair of tall gold candle holders"), whole_count("单只白色花瓶"), whole_count("red mug")
    (2, 1, None)
    """
    text = plain(text)
    return next((n for n, pattern in _heads_of_counts() if pattern.match(text)), None)


def _nouns(text: str) -> dict[str, int]:
    """Numbers in front of words that no list knows, and of Chinese measure words at the end: 3 cutters, 两罐."""
    text = foreground(text)
    english = [
        m for p in (r"", r"[a-z-]+\s") for m in re.finditer(rf"(?<![\d.])(\d{{1,3}})\s+{p}([a-z]{{5}})[a-z]*", text)
    ]
    chinese = re.finditer(
        rf"(\d{{1,3}}|[{''.join(_NUMERALS)}])(罐|瓶|只|个|件|盒|包|袋|支|本|双|盏|台)(?:一组|1组|装)?$", text
    )
    return {m[2]: _NUMERALS.get(m[1]) or int(m[1]) for m in (*english, *chinese)}


def _many(ours: str, theirs: str) -> list[tuple[int, int]]:
    """The numbers that each picture gives of its goods, where it gives one: 16 jars and 12瓶, 十双 and 五双."""
    found = [{int(_NUMERALS.get(m[1]) or m[1]) for m in _MANY.finditer(foreground(text))} for text in (ours, theirs)]
    if not all(len(side) == 1 and min(side) >= _FEWEST_OF_MANY for side in found):
        return []
    return [(min(found[0]), min(found[1]))]


def do_counts_differ(ours: str, theirs: str) -> bool | None:
    """Whether two pictures show another number of the same things; None where that is not said."""
    a, b = counted(ours), counted(theirs)
    exact = [(n, b[thing]) for thing, n in a.items() if thing in b]
    shared = exact or [(n, m) for thing, n in a.items() for other, m in b.items() if are_alike(thing, other)]
    shared += [(n, m) for noun, n in _nouns(ours).items() if (m := _nouns(theirs).get(noun))]
    shared += _many(ours, theirs)
    whole = whole_count(ours), whole_count(theirs)
    if None not in whole:
        shared.append((whole[0] or 0, whole[1] or 0))
    return any(n != m for n, m in shared) if shared else None


@cache
def _likenesses() -> re.Pattern[str]:
    return re.compile("|".join(words(_FILE, "likeness")["patterns"]))


def likenesses(text: str) -> frozenset[str]:
    """What goods are said to be shaped like or to have on them, words that no list knows among them.

    >>> sorted(likenesses("mushroom-shaped lamp")), sorted(likenesses("月亮造型小夜灯"))
    (['mushroom'], ['月亮'])
    """
    return frozenset(next(g for g in m.groups() if g) for m in _likenesses().finditer(foreground(text)))


def are_other_likenesses(ours: str, theirs: str) -> bool:
    """Whether two pictures name likenesses in one language that share no word."""
    a, b = likenesses(ours), likenesses(theirs)
    if not a or not b or {is_chinese(w) for w in a} != {is_chinese(w) for w in b}:
        return False
    return not any(set(x) & set(y) if is_chinese(x) else x[:4] == y[:4] for x in a for y in b) and not any(
        x in plain(theirs) for x in a
    )
