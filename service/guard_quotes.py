"""What is quoted of a text: all that offends in one place, with no word and no Chinese clause cut in two."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

_CJK = "\u3400-\u9fff"
# Words with what joins their parts: don't, x@y.example, 075-8888, https://x.example/y.
_WORD = re.compile(rf"[^\W{_CJK}]+(?:[^\s\w,;!?，。；！？、：]{{1,3}}[^\W{_CJK}]+)*")
_CLAUSE = re.compile(r"(?:[^,;:!?\n.，。；：！？…]|\.(?!\s|$))+")
_CHINESE = re.compile(f"[{_CJK}]")
Span = tuple[int, int]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans that overlap made one.

    >>> joined([(4, 9), (0, 5), (9, 12)])
    [(0, 9), (9, 12)]
    """
    told = list[Span]()
    for start, end in sorted(spans):
        if told and start < told[-1][1]:
            told[-1] = (told[-1][0], max(told[-1][1], end))
        else:
            told.append((start, end))
    return told


class Borders:
    """Where words and Chinese clauses of a text begin and end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = [hit.span() for hit in _WORD.finditer(text)]
        self._clauses = [hit.span() for hit in _CLAUSE.finditer(text)]

    def whole(self, span: Span) -> Span:
        """The span with the words whole that it begins or ends in, and the clause where Chinese stands at that border.

        >>> text = "亲,请打电话给我。Call me now"
        >>> start, end = Borders(text).whole((4, 8))
        >>> text[start:end]
        '请打电话给我'
        """
        start = _around(self._words, span[0], span)[0]
        end = _around(self._words, span[1] - 1, span)[1]
        if self._is_chinese(start):
            start = _around(self._clauses, start, span)[0]
        if self._is_chinese(end):
            end = _around(self._clauses, end - 1, span)[1]
        told = self._text[start:end]
        return start + len(told) - len(told.lstrip()), end - len(told) + len(told.rstrip())

    def _is_chinese(self, border: int) -> bool:
        return bool(_CHINESE.search(self._text[max(border - 1, 0) : border + 1]))


def _around(pieces: Sequence[Span], at: int, other: Span) -> Span:
    """The piece in which a place lies, `other` where it lies in none."""
    found = bisect_right(pieces, at, key=lambda piece: piece[0]) - 1
    return pieces[found] if found >= 0 and at < pieces[found][1] else other
