"""What free text claims of goods: materials, features, ratings, counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from features.errors import SettingError
from features.listings.components import is_minor, of_components
from features.listings.lexicon import Hit, Lexicon, Words, either, lexicon, table, words
from features.listings.measured import clause_before, near
from features.listings.quantities import Quantity, are_equal, quantities
from features.listings.things import things
from features.listings.wording import is_negated, plain

_FILE = "claims.toml"
_KINDS = ("claim_kinds.toml", "claim_forms.toml")  # what a picture can show too
_TRAITS = "claim_traits.toml"
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SAFE_FOR_BOTH = re.compile(r"([a-z]+)(?: and | & |/|, )([a-z]+)[ -]safe")


@dataclass(frozen=True, slots=True)
class Claims:
    """What one text claims. has, denies: (property, value); counts, ratings: (name, number); load: what it carries."""

    has: frozenset[tuple[str, str]]
    denies: frozenset[tuple[str, str]]
    numbers: frozenset[tuple[str, str]]
    measures: tuple[Quantity, ...]
    loads: tuple[Quantity, ...]

    @property
    def is_known(self) -> bool:
        """Whether anything was understood."""
        return bool(self.has or self.denies or self.numbers or self.measures or self.loads)


@cache
def _claims() -> Mapping[str, Lexicon]:
    """The words of each property, by its name."""
    return {
        claim: lexicon(file, "claim", claim, any_spelling=True)
        for file in (_FILE, *_KINDS, _TRAITS)
        for claim in table(file, "claim")
    }


@cache
def _speak_of() -> Mapping[str, tuple[str, ...]]:
    """For each word, the properties that it is a word of."""
    found = dict[str, tuple[str, ...]]()
    for claim, known in _claims().items():
        found |= {word: (*found.get(word, ()), claim) for word in known.words}
    return found


@cache
def _all_words() -> Words:
    return Words(_speak_of())


def _touched(text: str) -> list[str]:
    """The properties of which a word stands in the text, so that the words of others need no search."""
    spoken = {claim for word in _all_words().within(text) for claim in _speak_of()[word]}
    return [claim for claim in _claims() if claim in spoken]


@cache
def shown_claims() -> tuple[str, ...]:
    """The properties that a picture can show."""
    return (*words(_FILE, "shown")["claims"], *(claim for file in _KINDS for claim in table(file, "claim")))


@cache
def _values() -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = table(_FILE)["value"]
    if not isinstance(found, list):
        raise SettingError(f"features/listings/{_FILE}: expected [[value]] tables")
    return tuple((str(v["name"]), re.compile(str(v["pattern"]))) for v in found)


@cache
def _counted() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile(rf"(?<![\d.\-/x])(\d{{1,4}})(?![\d.])\s*-?\s*(?:{_nouns(listed)})"))
        for name, listed in words(_FILE, "counted").items()
    )


def _nouns(listed: tuple[str, ...]) -> str:
    return "|".join(
        n.lstrip("-") + ("(?![a-z])" if n[-1].isascii() else "") for n in sorted(listed, key=len, reverse=True)
    )


@lru_cache(maxsize=65_536)
def claims(text: str) -> Claims:
    """The claims in a text.

    >>> sorted(claims("Stainless steel, not waterproof, 3-speed").has)
    [('material', 'stainless_steel')]
    >>> sorted(claims("防水 IP67").numbers)
    [('protection', 'ip67')]
    """
    text = _THOUSANDS.sub("", plain(text))
    text = _spelt_counts().sub(lambda m: f"{table(_FILE, 'spelt_counts')[m[0].rstrip(' -')]} ", text)
    text = re.sub(r"crystal[ -](?=clear)", "", text)
    text = _SAFE_FOR_BOTH.sub(r"\1 safe and \2 safe", text)
    has, denies = set[tuple[str, str]](), set[tuple[str, str]]()
    hits = [(claim, hit) for claim in _touched(text) for hit in _claims()[claim].hits(text)]
    for claim, hit in hits:
        free = hit.name in words(_FILE, "never_denied")["names"]
        is_negative = not free and is_negated(text, hit.start, hit.end)
        if is_negative and _is_of_a_part(text, hit):
            continue
        is_denied = is_negative or _is_imitated(claim, text, hit)
        (denies if is_denied else has).add((claim, hit.name))
    of_parts = set(of_components(text, [(c, h) for c, h in hits if (c, h.name) in has]))
    times = Counter((c, h.name) for c, h in hits)
    has -= {(c.split("/")[0], name) for c, name in of_parts if is_minor(c) and times[c.split("/")[0], name] == 1}
    has |= of_parts
    numbers = {
        (name, next(g for g in m.groups() if g))
        for name, pattern in (*_values(), *_counted())
        for m in pattern.finditer(text)
    }
    measures, loads = _measures(text)
    return Claims(frozenset(has), frozenset(denies - has), frozenset(numbers), measures, loads)


def _is_of_a_part(text: str, hit: Hit) -> bool:
    """Whether what is denied is of another thing: 不含蓝牙遥控器 (no Bluetooth remote), lids not microwave safe."""
    return has_a_part_before(text, hit.start) or any(h.start == hit.end for h in things(text))


def has_a_part_before(text: str, start: int) -> bool:
    """Whether a part of the goods is the subject of what stands at `start`."""
    before = text[max(0, start - 30) : start]
    components = words(_FILE, "component")["names"]
    subject = next((h for h in reversed(things(before)) if h.name in components), None)
    return subject is not None and not re.search(r"[,;.(]|(?<![a-z])(?:with|and)(?![a-z])", before[subject.end :])


@cache
def _imitations() -> tuple[re.Pattern[str], re.Pattern[str]]:
    found = words(_FILE, "imitated")
    return re.compile(rf"{either(found['before'])}[\s-]*$"), re.compile(rf"[\s-]*{either(found['after'])}")


def _is_imitated(claim: str, text: str, hit: Hit) -> bool:
    """Whether a material is only looked like: faux silk, wood effect, 仿真丝."""
    before, after = _imitations()
    return claim in words(_FILE, "imitated")["claims"] and bool(
        before.search(text[max(0, hit.start - 14) : hit.start]) or after.match(text, hit.end)
    )


@cache
def _spelt_counts() -> re.Pattern[str]:
    listed = [n for nouns in words(_FILE, "counted").values() for n in nouns if n[0] in "-([" or n[0].isascii()]
    nouns = "|".join(n.lstrip("-") for n in {*listed, "shelf", "spray"})
    return re.compile(rf"(?<![a-z])(?:{'|'.join(table(_FILE, 'spelt_counts'))})[\s-](?=(?:{nouns})(?![a-z]))")


def _measures(text: str) -> tuple[tuple[Quantity, ...], tuple[Quantity, ...]]:
    found = quantities(text)
    kinds = words(_FILE, "quantities")["kinds"]
    loads = tuple(q for q in found if q.kind == "mass" and near("load").search(clause_before(text, q.start)))
    return tuple(q for q in found if q.kind in kinds), loads


def differences(ours: Claims, theirs: Claims) -> list[str]:
    """The names of the properties in which two texts contradict each other."""
    return [
        *_contradicted(ours, theirs),
        *sorted(_different_numbers(ours.numbers, theirs.numbers)),
        *_different_measures(ours, theirs),
    ]


def in_common(ours: Claims, theirs: Claims) -> bool:
    """Whether both texts say something of one property, so that they can be compared."""
    names = [
        {n for n, _ in side.has | side.denies | side.numbers} | {q.kind for q in side.measures}
        for side in (ours, theirs)
    ]
    return bool(names[0] & names[1])


def _contradicted(ours: Claims, theirs: Claims) -> Iterator[str]:
    names = {c for side in (ours, theirs) for c, _ in side.has | side.denies}
    for claim in sorted(names):
        a, b = ({v for c, v in side.has if c == claim} for side in (ours, theirs))
        not_a, not_b = ({v for c, v in side.denies if c == claim} for side in (ours, theirs))
        if (a & not_b) or (b & not_a) or (a and b and not a & b and not may_be_same(claim, a, b)):
            yield claim


def may_be_same(claim: str, a: set[str], b: set[str]) -> bool:
    """Whether a word of one side may stand for one of the other: metal for steel."""
    pairs = table(_FILE, "synonyms").get(claim.split("/")[0], [])
    weaves = set(words(_FILE, "weaves")["names"])
    a, b = a - weaves or a, b - weaves or b
    return any({x, y} == set(pair) for pair in (pairs if isinstance(pairs, list) else []) for x in a for y in b)


def _different_numbers(ours: frozenset[tuple[str, str]], theirs: frozenset[tuple[str, str]]) -> set[str]:
    found = set()
    for name in {n for n, _ in ours} & {n for n, _ in theirs}:
        a, b = ({_as_number(v) for n, v in side if n == name} for side in (ours, theirs))
        if not a & b:
            found.add(name)
    return found


def _as_number(text: str) -> str:
    return str(float(text)) if re.fullmatch(r"\d+(?:\.\d+)?", text) else text


def _distinct(found: list[Quantity]) -> list[Quantity]:
    return [q for i, q in enumerate(found) if not any(are_equal(q, earlier) for earlier in found[:i])]


def _different_measures(ours: Claims, theirs: Claims) -> Iterator[str]:
    sides = [(ours.measures, theirs.measures), (ours.loads, theirs.loads)]
    for mine, other in sides:
        for kind in sorted({q.kind for q in mine} & {q.kind for q in other}):
            a, b = (_distinct([q for q in side if q.kind == kind]) for side in (mine, other))
            unmatched = [x for x in a if not any(are_equal(x, y) for y in b)]
            if len(unmatched) == len(a) or (unmatched and len(a) == len(b)):
                yield kind
