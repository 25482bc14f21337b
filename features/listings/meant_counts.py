"""How many pieces a line may mean, whichever way it counts: 5 bags x 4 pads, 50双/盒, 前后各1."""

from __future__ import annotations

import re
from functools import lru_cache

from features.listings.quantities import quantities
from features.listings.wording import plain

_NUMBER = re.compile(r"(?<![\d.])(?:\d{1,4})(?![\d.])")
_TIMES = re.compile(r"(?<![\d.])(\d{1,3})\s*[a-z\u4e00-\u9fff]{0,10}\s*(?:x|\*|of|/|每|入)\s*(\d{1,3})(?![\d.])")
_PAIRS = re.compile(r"(?<![a-z])pairs?(?![a-z])|[双对副]")
_BOTH = re.compile(r"(?:前后|左右|大小|上下|成人儿童)[\u4e00-\u9fff]{0,3}各[1一]")
_WORDS = {"pair": 2, "two": 2, "twin": 2, "three": 3, "trio": 3, "four": 4, "six": 6, "eight": 8, "dozen": 12}
NUMERALS = dict(zip("一二两三四五六七八九十", (1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10), strict=True))


@lru_cache(maxsize=65_536)
def counts_meant(text: str) -> frozenset[int]:
    """The numbers of pieces that a line may mean; too many rather than too few.

    >>> sorted(counts_meant("5 bags x 4 pads")), sorted(counts_meant("50双/盒")), sorted(counts_meant("前后滤芯各1"))
    ([4, 5, 20], [50, 100], [1, 2])
    """
    text = plain(text)
    for measure in reversed(quantities(text)):  # 500ml counts nothing
        text = f"{text[: measure.start]} {text[measure.end :]}"
    found = {int(number) for number in _NUMBER.findall(text)}
    found |= {int(a) * int(b) for a, b in _TIMES.findall(text)}
    found |= {count for word, count in _WORDS.items() if re.search(rf"(?<![a-z]){word}(?![a-z])", text)}
    found |= {
        NUMERALS[c] for c in re.findall(rf"([{''.join(NUMERALS)}])(?=[个只支条根片块件套双对副枚卷盒瓶包])", text)
    }
    if _PAIRS.search(text):
        found |= {2 * count for count in found} or {2}
    return frozenset(found | {2} if _BOTH.search(text) else found)
