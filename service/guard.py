"""The guard: finds what a message or an advice says against the marketplace's rules, and where."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from threading import Lock

from features.errors import SettingError
from service.guard_book import AFTER, BREAKS, DENIED, Book, Form, Words, book, words
from service.guard_files import LEARNED, content
from service.guard_normal import Writing, letters, writings
from service.guard_quotes import Borders, joined
from service.guard_reader import Read, Reader, Reading, reader

_SENTENCE = re.compile(r"[.!?](?=\s|$)|[。!?\n]")
_CLAUSE = re.compile(r"[,;:.!?。\n]")
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules, the words they speak of, and the reader, which knows more ways to say a thing than we have words."""

    book: Book
    words: Words
    reader: Reader

    def findings(self, text: str) -> list[Finding]:
        """What breaks a rule, by place; hits of one rule that overlap are told once, and whole."""
        read = cache(self.reader.read)
        found = {(name, writing.span(*span)) for writing in writings(text) for name, span in self._found(writing, read)}
        if not found:
            return []
        borders = Borders(text)
        told = [
            Finding(name, text[start:end], start, end)
            for name in {name for name, _ in found}
            for start, end in joined(borders.whole(span) for rule, span in found if rule == name)
        ]
        return sorted(told, key=lambda one: (one.start, one.end, one.rule))

    def _found(self, writing: Writing, read: Read) -> Iterable[tuple[str, Span]]:
        """What the forms find and the reader does not think harmless; and sentences that the reader alone finds."""
        readings = self.reader.readings(writing.text, read)
        harmless = [one.part for one in readings if one.score < self.book.reader_agrees_at]
        hits = [
            (name, span)
            for name, form, span in self._hits(writing)
            if form.is_certain or not any(_touch(span, part) for part in harmless)
        ]
        yield from hits
        for one in readings:
            if one.score >= self.book.reader_finds_at and not any(_touch(span, one.part) for _, span in hits):
                yield one.rule, self._worst(writing.text, one, read)

    def _worst(self, text: str, found: Reading, read: Read) -> Span:
        """The sentence most like a breach; where none is one by itself, all that were read together."""
        scores = {sentence: read(text[slice(*sentence)])[0] for sentence in found.sentences}
        worst = max(scores, key=scores.__getitem__)
        return worst if scores[worst] >= self.book.reader_finds_at else found.part

    def _hits(self, writing: Writing) -> Iterable[tuple[str, Form, Span]]:
        places = _Places(writing.text, self.words)
        for name, rule in self.book.rule.items():
            for form in rule.form:
                for span, first in places.met(form):
                    if not self._is_cleared(places, form, span, first):
                        yield name, form, span

    def _is_cleared(self, places: _Places, form: Form, span: Span, first: Span) -> bool:
        sentence = _around(places.text, span)
        if any(places.within(word, sentence) for word in form.cleared_by):
            return True
        if form.is_never_denied:
            return False
        if places.within(AFTER, (span[1], sentence[1])):
            return True
        return any(self._is_denied(places, at, sentence[0]) for at in (span[0], first[0]))

    def _is_denied(self, places: _Places, at: int, sentence: int) -> bool:
        """Whether what begins there is denied: `not` before it, in its clause and with no other thought between."""
        reach = max(sentence, at - self.book.denial_reaches)
        clause = reach + max((hit.end() for hit in _CLAUSE.finditer(places.text[reach:at])), default=0)
        clause = max([clause, *(end for _, end in places.between(BREAKS, (clause, at)))])
        return places.within(DENIED, (clause, at + 1))


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of a rule: `quote` is text[start:end] of what was checked, in characters."""

    rule: str
    quote: str
    start: int
    end: int


class _Places:
    """Where the words stand in one text; each word is looked for once, when it is first asked for."""

    def __init__(self, text: str, words: Words) -> None:
        self.text = text
        self._words = words
        self._found: dict[str, list[Span]] = {}

    def of(self, word: str) -> list[Span]:
        if word not in self._found:
            spans = (hit.span() for hit in self._words[word].finditer(self.text))
            self._found[word] = [span for span in spans if span[0] < span[1]]
        return self._found[word]

    def within(self, word: str, span: Span) -> bool:
        return bool(self.between(word, span))

    def between(self, word: str, span: Span) -> list[Span]:
        spans = self.of(word)
        return spans[bisect_left(spans, (span[0], 0)) : bisect_left(spans, (span[1], 0))]

    def met(self, form: Form) -> list[tuple[Span, Span]]:
        """Where all words of a form stand near its first: the span of all, and that of the first."""
        first, *others = form.all
        spans = list[tuple[Span, Span]]()
        for span in self.of(first):
            near = [self._nearest(other, span, form.within) for other in others]
            known = [one for one in near if one is not None]
            is_given = form.given is None or self._nearest(form.given, span, form.within) is not None
            if is_given and len(known) == len(others):
                whole = (min(s for s, _ in (span, *known)), max(e for _, e in (span, *known)))
                spans.append((whole, span))
        return spans

    def _nearest(self, word: str, span: Span, within: int) -> Span | None:
        spans = self.of(word)
        place = bisect_left(spans, span)
        near = [one for one in spans[max(place - 2, 0) : place + 2] if _gap(one, span) <= within]
        return min(near, key=lambda one: _gap(one, span), default=None)


def _touch(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _gap(one: Span, other: Span) -> int:
    return max(one[0] - other[1], other[0] - one[1], 0)


def _around(text: str, span: Span) -> Span:
    """The sentences that a span touches, looked for at most 400 characters away."""
    start = max(span[0] - 400, 0)
    ends = [start + hit.end() for hit in _SENTENCE.finditer(text[start : span[0]])]
    last = _SENTENCE.search(text, span[1], span[1] + 400)
    return (ends[-1] if ends else start), (last.end() if last else min(span[1] + 400, len(text)))


_loading = Lock()


def guard() -> Guard:
    """The guard that ships with the program; who asks while it is read waits, and it is read once (some 110 MB)."""
    with _loading:
        return _shipped()


@cache
def _shipped() -> Guard:
    return loaded()


def loaded() -> Guard:
    """The guard out of its files; `SettingError` names the file, and where it is told the key, that is wrong."""
    known, told = _written()
    held = reader(told.marks_count)
    if set(held.encoder.rules) - told.rule.keys():
        raise SettingError(f"guard/rules.toml: expected the rules of encoder.onnx, {held.encoder.rules}")
    return Guard(told, known, held)


def _written() -> tuple[Words, Book]:
    """The words and the rules; the letters are tried too, which are asked for only when a text is read."""
    letters()
    known = words()
    return known, book(known)


def damage() -> str | None:
    """What is wrong with the first file for which no text can be checked; None where all can be used. Looked for anew
    until nothing is wrong, in some 100 ms, without loading what was learned."""
    try:
        _tried()
    except SettingError as error:
        return str(error)
    return None


@cache
def _tried() -> None:
    for name in LEARNED:
        content(name)
    _written()
