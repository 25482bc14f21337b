"""The reader: how likely each part of a text breaks a rule, by the marks of its words and by its meaning."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from service.guard_encoder import Encoder, encoder
from service.guard_marks import Marks, shipped, words

# Fewer words are a label, no message; a sign that is repeated counts once.
LEAST_WORDS = 6
# About so many characters are read at once: of a letter with one bad clause more is lost in longer parts.
PART = 200
_SENTENCE = re.compile(r"(?<=[.!?])(?=\s)|(?<=[。!?\n;])")
Span = tuple[int, int]
Read = Callable[[str], tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader thinks of a part of a text: log-odds of a breach, the rule nearest to it, its place, and that of
    each of its sentences."""

    score: float
    rule: str
    part: Span
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Marks and meaning, weighed against each other; marks_count: what log-odds of marks count beside the encoder's."""

    marks: Marks
    encoder: Encoder
    marks_count: float

    def score(self, text: str) -> float:
        """Log-odds that a text in the guard's one form breaks a rule."""
        return self.read(text)[0]

    def read(self, text: str) -> tuple[float, str]:
        """Log-odds that a text in the guard's one form breaks a rule, and the rule nearest to it."""
        meant, rule = self.encoder.read(text)
        return meant + self.marks_count * self.marks.score(text), rule

    def readings(self, text: str, read: Read | None = None) -> list[Reading]:
        """One reading per part of a text that has words enough to be a message. read: `read` that remembers."""
        read = read or self.read
        found = []
        for part in parts(text, PART):
            whole = part[0][0], part[-1][1]
            if _said(text[slice(*whole)]) >= LEAST_WORDS:
                score, rule = read(text[slice(*whole)])
                found.append(Reading(score, rule, whole, tuple(part)))
        return found


def _said(text: str) -> int:
    """How many words a text has, each sign among them counted once."""
    found = words(text)
    return sum(map(str.isalnum, found)) + len({word for word in found if not word.isalnum()})


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


def reader(marks_count: float) -> Reader:
    """The reader that ships with the program."""
    return Reader(shipped(), encoder(), marks_count)
