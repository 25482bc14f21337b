"""The reader: how much a text is like those that break rules, from its words and pairs of words, weighed as learned."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from features.errors import SettingError

FORMAT = 2
# Marks are told apart by their CRC-32 alone: as many weights as this, and fewer to name the rule.
BUCKETS, RULE_BUCKETS = 1 << 20, 1 << 16
# Weights are whole numbers of this part of a log-odds.
SCALE = 16.0
# A text of few marks says little, for or against: it is weighed as if the square root of their number were this.
LEAST_LENGTH = 2.5
# Fewer words are a label, no message.
LEAST_WORDS = 6
# Pairs of words with up to so many others between them.
REACH = 8
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+|[^\w\s]|[\u3400-\u9fff]")
_ENDING = re.compile(r"(?:ing|ed|es|s|'s|ly|e)$")
_SENTENCE = re.compile(r"(?<=[.!?])(?=\s)|(?<=[。!?\n;])")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader thinks of a part of a text: log-odds of a breach, the rule nearest to it, its place, and
    the sentence in it that is most like a breach."""

    score: float
    rule: str
    part: Span
    sentence: Span


@dataclass(frozen=True, slots=True)
class Reader:
    """Learned numbers: weights (BUCKETS,) and kinds (RULE_BUCKETS, rules) int8, in SCALE-ths of log-odds, by bucket of
    a mark. Words and neighbours count as much as the pairs that have others between them, however many they are.

    part: how many characters are read at once; digest: of the messages that taught it.
    """

    weights: NDArray[np.int8]
    bias: float
    rules: tuple[str, ...]
    kinds: NDArray[np.int8]
    kinds_bias: Floats
    part: int
    digest: str

    def score(self, text: str) -> float:
        """Log-odds that a text in the guard's one form breaks a rule; that of an empty text is the bias."""
        return self._score(buckets(text))

    def readings(self, text: str) -> list[Reading]:
        """One reading per part of a text that has words enough to be a message."""
        found = parts(text, self.part)
        return [self._read(text, part) for part in found if len(words(text[part[0][0] : part[-1][1]])) >= LEAST_WORDS]

    def _read(self, text: str, part: Sequence[Span]) -> Reading:
        whole = part[0][0], part[-1][1]
        groups = buckets(text[slice(*whole)])
        of_rules = sum(
            (self.kinds[at % RULE_BUCKETS].sum(axis=0) / length(at) for at in groups), np.zeros(len(self.rules))
        )
        kind = self.rules[int(np.argmax(of_rules / SCALE + self.kinds_bias))]
        sentence = max(part, key=lambda at: self.score(text[slice(*at)])) if len(part) > 1 else part[0]
        return Reading(self._score(groups), kind, whole, sentence)

    def _score(self, groups: tuple[Ints, Ints]) -> float:
        # Whole numbers add up to the same whatever their order.
        return float(sum(self.weights[at].sum(dtype=np.int64) / length(at) for at in groups)) / SCALE + self.bias


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
    """What the reader sees of a text: words, words side by side, and words with others between them."""
    found = words(text)
    yield from found
    for place, first in enumerate(found):
        for distance, second in enumerate(found[place + 1 : place + 1 + REACH]):
            yield f"{first} {second}" if distance == 0 else f"{first}_{second}"


def parts(text: str, size: int) -> list[list[Span]]:
    """Sentences of a text as (start, end), in parts of about `size` characters; a longer sentence is a part alone."""
    borders = [0, *(hit.start() for hit in _SENTENCE.finditer(text)), len(text)]
    found = list[list[Span]]()
    for start, end in pairwise(borders):
        lead = len(text[start:end]) - len(text[start:end].lstrip())
        if lead == end - start:
            continue
        place = (start + lead, start + len(text[start:end].rstrip()))
        if found and place[1] - found[-1][0][0] <= size:
            found[-1].append(place)
        else:
            found.append([place])
    return found


@cache
def reader() -> Reader:
    """The reader that ships with the program."""
    return read((resources.files("service") / "guard" / "reader.npz").read_bytes())


def read(content: bytes) -> Reader:
    """A reader out of the arrays of reader.npz, which `python -m benchmarks.guard_training` writes."""
    with np.load(io.BytesIO(content)) as held:
        if int(held["format"]) != FORMAT:
            raise SettingError(f"guard/reader.npz: expected format {FORMAT}, got {held['format']}")
        return Reader(
            weights=held["weights"],
            bias=float(held["bias"]),
            rules=tuple(map(str, held["rules"])),
            kinds=held["kinds"],
            kinds_bias=held["kinds_bias"],
            part=int(held["part"]),
            digest=str(held["digest"]),
        )
