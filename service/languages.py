"""The language of an answer, out of `Accept-Language`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from service.wording import Lang

TAGS: Mapping[Lang, str] = {"en": "en", "zh": "zh-CN"}
LONGEST_HEADER = 256


@lru_cache(maxsize=256)
def accepted(header: str) -> Lang:
    """The language the client likes best of those we have; English where it likes none.

    >>> accepted("zh-CN,zh;q=0.9,en;q=0.8"), accepted("de, zh-TW;q=0.3"), accepted("fr"), accepted("en, zh")
    ('zh', 'zh', 'en', 'en')
    """
    best: Lang = "en"
    liked = 0.0
    for part in header[:LONGEST_HEADER].split(","):
        tag, _, parameter = part.partition(";")
        name = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if name in ("en", "zh", "*") and quality > liked:
            best, liked = ("zh" if name == "zh" else "en"), quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
