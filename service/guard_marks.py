"""How much a text is like those that break rules, from its words and pairs of words, weighed as learned."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from features.errors import SettingError
from service.guard_files import content, readable

FORMAT = 3
# Marks are told apart by their CRC-32 alone: as many weights as this.
BUCKETS = 1 << 20
# Weights are whole numbers of this part of a log-odds.
SCALE = 16.0
# A text of few marks says little, for or against: it is weighed as if the square root of their number were this.
LEAST_LENGTH = 2.5
# Pairs of words with up to so many others between them.
REACH = 8
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+|[^\w\s]|[\u3400-\u9fff]")
_ENDING = re.compile(r"(?:ing|ed|es|s|'s|ly|e)$")
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Marks:
    """Learned numbers: weights (BUCKETS,) int8, in SCALE-ths of log-odds, by bucket of a mark. Words and neighbours
    count as much as the pairs that have others between them, however many they are.

    digest: of the messages that taught them.
    """

    weights: NDArray[np.int8]
    bias: float
    digest: str

    def score(self, text: str) -> float:
        """Log-odds that a text in the guard's one form breaks a rule; that of an empty text is the bias."""
        # Whole numbers add up to the same whatever their order.
        sums = (self.weights[at].sum(dtype=np.int64) / length(at) for at in buckets(text))
        return float(sum(sums)) / SCALE + self.bias


def length(found: Ints) -> float:
    """What the sum over a group of marks is divided by."""
    return float(max(np.sqrt(len(found)), LEAST_LENGTH))


def buckets(text: str) -> tuple[Ints, Ints]:
    """The buckets of a text's marks, each mark once: of words and neighbours, and of pairs with others between."""
    found = set(marks(text))
    near, apart = (
        [crc32(mark.encode()) % BUCKETS for mark in found if ("_" in mark) is side] for side in (False, True)
    )
    return np.array(near, dtype=np.int64), np.array(apart, dtype=np.int64)


def words(text: str) -> list[str]:
    """Words of a text in the guard's one form: English without endings, Chinese characters, signs; 0 for numbers.

    >>> words("we refunded 20 dollars, 谢谢")
    ['we', 'refund', '0', 'dollar', ',', '谢', '谢']
    """
    return [_stem(word) for word in _TOKEN.findall(text)]


def _stem(word: str) -> str:
    if word[0].isdigit():
        return "0"
    return _ENDING.sub("", word)[:6] if word.isascii() and len(word) > 3 else word


def marks(text: str) -> Iterable[str]:
    """What is seen of a text: words, words side by side, and words with others between them."""
    found = words(text)
    yield from found
    for place, first in enumerate(found):
        for distance, second in enumerate(found[place + 1 : place + 1 + REACH]):
            yield f"{first} {second}" if distance == 0 else f"{first}_{second}"


@cache
def shipped() -> Marks:
    """Those that ship with the program."""
    return read(content("marks.npz"))


def read(held: bytes) -> Marks:
    """Out of the arrays of marks.npz, which `python -m benchmarks.guard_marks` writes; `SettingError` for
    damaged ones or another format."""
    with readable("marks.npz"), np.load(io.BytesIO(held)) as told:
        if int(told["format"]) != FORMAT:
            raise SettingError(f"guard/marks.npz: expected format {FORMAT}, got {told['format']}")
        return Marks(weights=told["weights"], bias=float(told["bias"]), digest=str(told["digest"]))
