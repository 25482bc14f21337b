"""Whether two names mean one model, and whether two that do not are surely two models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from features.listings.lexicon import lexicon, table, words
from features.listings.models import Model, pattern, without_years
from features.listings.quantities import are_equal, quantities
from features.listings.sectors import maker_of, sectors_of
from features.listings.things import things
from features.listings.wording import is_chinese, plain

_FILE = "models.toml"
_SHORTEST_CODE = 4
_MOST_WORDS = 3
_TOKEN = re.compile(r"[a-z0-9]+(?:[-./_][a-z0-9]+)*|[\u4e00-\u9fff]+")


@lru_cache(maxsize=65_536)
def words_of_model(model: Model) -> tuple[str, ...]:
    """What a name consists of, without maker, years and words that say nothing about which model; goods by the name
    that both languages share.

    >>> from features.listings.fits import fit_of
    >>> words_of_model(fit_of("Ford Focus Mk2 petrol").models[0])
    ('focus', '2', 'petrol')
    """
    text = without_years(plain(model.text))
    text = re.sub(r"(?<=\d)\s*(?:quarts?|qts?)(?![a-z])", "qt", text)
    text = re.sub(
        r"(?<![a-z])(?:mark|mk\.?|gen\.?)\s*(?=\d)|第?(\d{1,2})\s*代|(?<=\d)(?:er|st|nd|rd|th)(?![a-z])", r" \1 ", text
    )
    for hit in reversed(lexicon(_FILE, "family").hits(text)):
        text = f"{text[: hit.start]} {hit.name.split('_')[-1]} {text[hit.end :]}"
    text = pattern("series").sub(" ", pattern("drop").sub(" ", text))
    for hit in reversed(things(text)):
        text = f"{text[: hit.start]} {hit.name} {text[hit.end :]}"
    text = re.sub(r"\s+", " ", text)
    for roman, digit in table("versions.toml", "roman").items():
        text = re.sub(rf"(?<=[a-z\d] ){roman}(?![a-z\d])", str(digit), text) if len(roman) > 1 else text
    for hit in reversed(lexicon(_FILE, "maker").hits(text)):
        text = f"{text[: hit.start]} {text[hit.end :]}"
    found = [re.sub(r"[-/]|\.(?!\d)", "", token) for token in _TOKEN.findall(text)]
    stem = re.match(r"[a-z\u4e00-\u9fff]+(?=\d)", model.name)
    if stem and found and re.fullmatch(r"\d{1,3}[a-z]*", found[0]):  # that of the model before it in the list
        found.insert(0, next((h.name for h in things(stem[0])), stem[0]))
    return tuple(dict.fromkeys(_divided(found)))


def tokens(text: str) -> tuple[str, ...]:
    """The words and numbers of a text as names of models have them: MS-170 and MS 170 as ms170."""
    return tuple(_divided([re.sub(r"[-/]|\.(?!\d)", "", token) for token in _TOKEN.findall(plain(text))]))


def _divided(tokens: list[str]) -> list[str]:
    """Words and their numbers apart, letters and their numbers together: golf7 as golf 7, ms 170 as ms170."""
    suffixes = words(_FILE, "suffix")["words"]
    text = re.sub(r"(?<![a-z\d])([a-z]{4,})(?=\d{1,2}(?!\d))", r"\1 ", " ".join(tokens))
    return re.sub(
        r"(?<![a-z\d])([a-z]{1,3}) (?=\d)", lambda m: m[0] if m[1] in suffixes and len(m[1]) > 1 else m[1], text
    ).split()


def is_code(word: str) -> bool:
    """Whether a word is a maker's number: letters with digits."""
    return bool(re.search(r"\d", word) and re.search(r"[a-z]", word))


def _tells_apart(names: frozenset[str]) -> bool:
    """Whether words on one side alone make another model: numbers, single letters, Pro, Plus and the like."""
    suffixes = words(_FILE, "suffix")["words"]
    return any(re.search(r"\d", w) or w in suffixes or (len(w) == 1 and not is_chinese(w)) for w in names)


_SCREENED = {"ipad", "macbook", "surface", "matepad", "galaxytab"}  # of one name in several screens
_INCHES = re.compile(r"1[0-7]")
_MEASURES = (re.compile(r"\d{1,2}\.\d"), re.compile(r"\d{2}mm"), re.compile(r"\d{1,3}v"))


def _said_by_both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Without screens, engines, volts and cases in mm that only one of two names gives; 13.3 beside 13 is 13."""
    one, other = _without_tenths(one, other), _without_tenths(other, one)
    for measure in _MEASURES:
        if any(map(measure.fullmatch, one)) != any(map(measure.fullmatch, other)):
            if (
                measure.pattern.startswith(r"\d{1,2}\.")
                and _SCREENED & {*one, *other}
                and any(map(_INCHES.fullmatch, (*one, *other)))
            ):
                continue
            one, other = (tuple(w for w in side if not measure.fullmatch(w)) for side in (one, other))
    return one, other


def _without_tenths(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(w.split(".")[0] if _MEASURES[0].fullmatch(w) and w.split(".")[0] in other else w for w in one)


def do_name_one(ours: Model, theirs: Model) -> bool:
    """Whether two names share what tells models apart, and what only one of them has tells nothing.

    >>> from features.listings.fits import fit_of
    >>> a, b, c = (fit_of(text).models[0] for text in ("Canon EF mount", "Canon EF", "Canon RF mount"))
    >>> do_name_one(a, b), do_name_one(a, c)
    (True, False)
    """
    one, other = _said_by_both(words_of_model(ours), words_of_model(theirs))
    a, b = frozenset(one), frozenset(other)
    measures = [[q for q in quantities(m.text) if q.kind == "length"] for m in (ours, theirs)]
    if (
        all(measures)
        and not maker_of(ours)
        and not maker_of(theirs)
        and not any(is_code(w) and not w.endswith("mm") for w in a | b)
    ):
        return any(are_equal(q, r) for q in measures[0] for r in measures[1])
    if not a or not b or (a - b and b - a and not any(re.search(r"\d", w) for w in a & b)):
        return False
    short, long = sorted((one, other), key=len)
    if long[: len(short)] == short and all(is_code(w) and len(w) >= _SHORTEST_CODE for w in long[len(short) :]):
        return True  # iPhone 13 Pro A2483
    code = next((w for w in one if w in b and is_code(w) and len(w) >= _SHORTEST_CODE), None)
    if code:
        behind = {*one[one.index(code) + 1 :]} ^ {*other[other.index(code) + 1 :]}
        return not behind & {*words(_FILE, "suffix")["words"]}
    return bool(a & b) and not _tells_apart(a ^ b)


def says_less(ours: Model, theirs: Model) -> bool:
    """Whether one name is the other with less said, so that it cannot be told: Sonicare, Sonicare DiamondClean; Focus,
    Focus 2. Switch beside Switch Lite is another model."""
    one, other = _said_by_both(words_of_model(ours), words_of_model(theirs))
    few, many = sorted((frozenset(one), frozenset(other)), key=len)
    if not few < many or any(re.search(r"\d", w) for w in few):
        return False
    suffixes = words(_FILE, "suffix")["words"]
    may_be_any = few <= frozenset(words(_FILE, "family")) - {*words(_FILE, "model_of_its_own")["names"]}
    return may_be_any or not any(w in suffixes for w in many - few)


def are_in_two_languages(ours: Model, theirs: Model) -> bool:
    """Whether what two names do not share is words of two languages, which may mean the same: Thomas, 托马斯."""
    families = [{f for f in words(_FILE, "family") if m.name.startswith(f)} for m in (ours, theirs)]
    if all(families) and not families[0] & families[1]:
        return False  # 思域 and Accord are both known
    a, b = (frozenset(words_of_model(m)) for m in (ours, theirs))
    is_one_latin = any(re.search(r"[a-z]", m.text) is None for m in (ours, theirs))
    in_two = is_chinese(ours.text) != is_chinese(theirs.text) and bool(a & b or is_one_latin)
    return in_two and bool(a - b and b - a) and not _tells_apart(a ^ b)


def _alike_codes(a: str, b: str) -> bool:
    """Whether two numbers are of one make: the same letters before as many digits, MB-WFS4029 and MB-WFS3018."""
    one, other = (re.match(r"([a-z]+)(\d+)", w) for w in (a, b))
    return bool(one and other) and one[1] == other[1] and abs(len(a) - len(b)) <= 1  # type: ignore[index]


def have_alike_codes(ours: Model, theirs: Model) -> bool:
    """Whether both have a number of one make."""
    return any(_alike_codes(a, b) for a in words_of_model(ours) for b in words_of_model(theirs))


def are_comparable(ours: Model, theirs: Model) -> bool:
    """Whether two names that differ surely mean two models: of one maker, of one kind of goods, with numbers of one
    make, or short names of nothing but words."""
    if (maker_of(ours) and maker_of(theirs)) or sectors_of(ours) & sectors_of(theirs) or have_alike_codes(ours, theirs):
        return True
    a, b = (frozenset(words_of_model(m)) for m in (ours, theirs))
    if any(len(w) > 1 and not re.search(r"\d", w) for w in a & b):
        return True
    if is_chinese(ours.text) != is_chinese(theirs.text) or not a or not b:
        return False
    generic = set(words(_FILE, "generic")["words"])
    coded = [any(map(is_code, side)) for side in (a, b)]
    return coded[0] == coded[1] and not (a | b) & generic and max(len(a), len(b)) <= _MOST_WORDS


def is_of_another_kind(ours: Model, theirs: Sequence[Model]) -> bool:
    """Whether a model is nothing but a number of a make that the other side nowhere has: that of a cartridge among
    printers."""
    names = words_of_model(ours)
    return (
        bool(names)
        and all(is_code(w) and len(w) >= _SHORTEST_CODE for w in names)
        and all(any(map(is_code, words_of_model(t))) for t in theirs)
        and not {w[0] for w in names} & {w[0] for t in theirs for w in words_of_model(t) if is_code(w)}
    )


def has_name(name: str, models: Sequence[Model]) -> bool:
    """Whether a list has a bare maker too; beside Android, Apple is read as iOS."""
    return any(m.name == name or (name == "apple" and m.name in ("ios", "iphone")) for m in models)


def of_no_other(maker: str, models: Sequence[Model]) -> list[Model]:
    """Models but those whose name goes on from one of another maker: Babyzen YOYO, YOYO2."""
    others = [m.name for m in models if m.maker not in ("", maker)]
    return [m for m in models if m.maker or not m.name.startswith(tuple(others))]
