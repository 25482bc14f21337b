"""The reader: how much a text is like those that break rules, from its words and pairs of words, weighed as learned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.errors import SettingError

FORMAT = 1
# A text of few words says little, for or against: its values are as small as if it had this length.
LEAST_LENGTH = 16.0
# Fewer words are a label, no message.
LEAST_WORDS = 6
# Pairs of words with up to so many others between them.
REACH = 8
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+|[^\w\s]|[\u3400-\u9fff]")
_ENDING = re.compile(r"(?:ing|ed|es|s|'s|ly|e)$")
_SENTENCE = re.compile(r"(?<=[.!?])(?=\s)|(?<=[。!?\n;])")
Floats = NDArray[np.float64]
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
    """Learned numbers: `columns` of marks, `rarity` (n,), `weights` (n,) and `kinds` (n, rules), in log-odds.
    Words count as much as the pairs that have others between them (`is_apart`, (n,) bool), however many they are."""

    columns: dict[str, int]
    is_apart: NDArray[np.bool_]
    rarity: Floats
    weights: Floats
    bias: float
    rules: tuple[str, ...]
    kinds: Floats
    kinds_bias: Floats
    part: int

    def score(self, text: str) -> float:
        """Log-odds that a text in the guard's one form breaks a rule; that of an empty text is the bias."""
        found, values = self._row(text)
        return float(values @ self.weights[found]) + self.bias

    def readings(self, text: str) -> list[Reading]:
        """One reading per part of a text that has words enough to be a message."""
        found = parts(text, self.part)
        return [self._read(text, part) for part in found if len(words(text[part[0][0] : part[-1][1]])) >= LEAST_WORDS]

    def _read(self, text: str, part: Sequence[Span]) -> Reading:
        whole = part[0][0], part[-1][1]
        found, values = self._row(text[slice(*whole)])
        score = float(values @ self.weights[found]) + self.bias
        kind = self.rules[int(np.argmax(values @ self.kinds[found] + self.kinds_bias))]
        sentence = max(part, key=lambda at: self.score(text[slice(*at)])) if len(part) > 1 else part[0]
        return Reading(score, kind, whole, sentence)

    def _row(self, text: str) -> tuple[NDArray[np.int64], Floats]:
        found = np.array(sorted({self.columns[mark] for mark in marks(text) if mark in self.columns}), dtype=np.int64)
        values, is_apart = self.rarity[found], self.is_apart[found]
        length = [max(np.sqrt(np.sum(values[is_apart == side] ** 2)), LEAST_LENGTH) for side in (False, True)]
        return found, values / np.where(is_apart, length[1], length[0])


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
    return read((resources.files("service") / "guard" / "reader.json").read_text("utf-8"))


def read(content: str) -> Reader:
    """A reader out of the numbers of reader.json, which `python -m benchmarks.guard_training` writes."""
    raw = json.loads(content)
    if raw.get("format") != FORMAT:
        raise SettingError(f"guard/reader.json: expected format {FORMAT}, got {raw.get('format')!r}")
    table = np.array(list(raw["marks"].values()), dtype=np.float64) / raw["scale"]
    return Reader(
        columns={mark: place for place, mark in enumerate(raw["marks"])},
        is_apart=np.array(["_" in mark for mark in raw["marks"]]),
        rarity=table[:, 0],
        weights=table[:, 1],
        bias=raw["bias"],
        rules=tuple(raw["rules"]),
        kinds=table[:, 2:],
        kinds_bias=np.array(raw["rules_bias"]),
        part=raw["part"],
    )
