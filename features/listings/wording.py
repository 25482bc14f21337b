"""Text as sellers write it, made plain: one width, one case, one kind of dash and times sign, digits for numerals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import cast

from features.listings.lexicon import either, table, words

_SAME = str.maketrans({
    "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "～": "~", "〜": "~", "×": "x", "✕": "x", "✖": "x", "✗": "x",
    "“": '"', "”": '"', "″": '"', "＂": '"', "’": "'", "‘": "'", "′": "'", "⁄": "/", "、": ",", "。": ";", "•": ";",
    "【": "(", "】": ")", "「": "(", "」": ")", "《": "(", "》": ")", "\n": ";", "\r": ";", "®": " ", "™": " ",
})  # fmt: skip

_VULGAR = re.compile(r"(?<=\d)[½⅓⅔¼¾⅛⅜⅝⅞]")  # 5½ would become 51/2


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """The text in lower case and NFKC, with digits for small numerals that count something.

    >>> plain("Ｐａｃｋ of Three，　三件套 10×5㎝")
    'pack of 3, 3件套 10x5cm'
    """
    text = _VULGAR.sub(r" \g<0>", text)
    text = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME).lower()
    text = re.sub(r"(?<=[\d\s\"a-z\u4e00-\u9fff])\*(?=[\s\da-z\u4e00-\u9fff])", "x", text)
    text = re.sub(r"\s+", " ", text).strip()
    english, chinese = _numerals()
    text = english[0].sub(lambda m: english[1][m[0]], text)
    return chinese[0].sub(lambda m: chinese[1].get(m[0], m[0]), text)


@cache
def _numerals() -> tuple[tuple[re.Pattern[str], dict[str, str]], tuple[re.Pattern[str], dict[str, str]]]:
    found = table("words.toml", "numerals")
    en = {word: str(value) for word, value in cast("Mapping[str, int]", found["en"]).items()}
    zh = {word: str(value) for word, value in cast("Mapping[str, int]", found["zh"]).items()}
    counted, never = ("|".join(cast("list[str]", found[key])) for key in ("counted", "never_counted"))
    numeral = "|".join(sorted(zh, key=len, reverse=True))
    chinese = f"(?:{never})|(?<=第)(?:{numeral})|(?<![{''.join(zh)}\\d几])(?:{numeral})(?={counted})"
    return (re.compile(either(en)), en), (re.compile(chinese), zh)


@cache
def _negations() -> tuple[re.Pattern[str], re.Pattern[str]]:
    found = words("words.toml", "negation")
    before, between = either(found["before"]), either(found["between"])
    return (
        re.compile(rf"{before}[\s-]*(?:{between}\s*){{0,2}}$"),
        re.compile(rf"[\s(-]*{either(found['after'])}"),
    )


def is_negated(text: str, start: int, end: int) -> bool:
    """Whether the word at [start, end) of plain text is said not to be so.

    >>> is_negated("without charger", 8, 15), is_negated("charger (not included)", 0, 7), is_negated("防水", 0, 2)
    (True, True, False)
    """
    before, after = _negations()
    return bool(before.search(text[max(0, start - 40) : start]) or after.match(text[end : end + 30]))


def joined(text: str) -> str:
    """Plain text without blanks, dashes and the like: two spellings of one model number are equal.

    >>> joined("SM-G991B") == joined("sm g991b")
    True
    """
    return re.sub(r"[\s\-_.·,()/']+", "", plain(text))


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return bool(re.search(r"[\u4e00-\u9fff]", text))
