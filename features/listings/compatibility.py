"""Models that goods are said to fit, and whether the product record bears it out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from features.listings.lexicon import either, lexicon, words
from features.listings.record import Finding, Record, unknown
from features.listings.wording import is_chinese, joined, plain

_FILE = "models.toml"
_YEARS = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:\s*(?:-|~|to|至|到)\s*((?:19|20)\d\d|\d\d(?!\d)|present|now|今|current)|(\s*\+|\s*(?:and (?:up|later|newer)|onwards?|or (?:newer|later)|及以后|以后|起|之后)))?(?:\s*(?:年款|年|款))?(?!\d)"
)
_EVER = 9999
_CODE = re.compile(r"(?:sm)?[a-z]\d{3,4}[a-z]?\d?|[a-z]\d{4}")


@dataclass(frozen=True, slots=True)
class Model:
    """One model. name: letters and digits without blanks; maker: "" where none is named; years: first and last, or None;
    is_series: all models whose name begins so."""

    name: str
    maker: str
    years: tuple[int, int] | None
    is_series: bool
    text: str


@dataclass(frozen=True, slots=True)
class Fit:
    """What goods fit, what they do not, and whether they are said to fit everything."""

    models: tuple[Model, ...] = ()
    excluded: tuple[Model, ...] = ()
    is_universal: bool = False

    @property
    def is_known(self) -> bool:
        """Whether anything is said."""
        return bool(self.models or self.excluded or self.is_universal)


@cache
def _pattern(section: str) -> re.Pattern[str]:
    return re.compile(either(words(_FILE, section)["words"]))


@cache
def _suffixes() -> re.Pattern[str]:
    return re.compile(rf"(?:{either(words(_FILE, 'suffix')['words'])}\s*)+")


@lru_cache(maxsize=65_536)
def fit_of(text: str, *, is_field: bool = True) -> Fit:
    """What a list of models says; in free text (is_field False) only models with a known maker or family count.

    >>> [m.name for m in fit_of("iPhone 12/13, 13 Pro; not for iPhone 14").models]
    ['iphone12', 'iphone13', 'iphone13pro']
    """
    good, bad, universal = list[Model](), list[Model](), False
    previous: Model | None = None
    for clause, is_bad in _clauses(plain(text)):
        if _pattern("universal").search(clause) and not is_bad:
            universal = True
            clause = _pattern("universal").sub(" ", clause)
        for item in _items(clause):
            item = item if is_field else _trimmed(item)
            model = _model(item, previous)
            if model is None or not (is_field or _is_certain(item, model, previous)):
                previous = previous if is_field else None
                continue
            (bad if is_bad else good).append(model)
            previous = model
    return Fit(tuple(_without_families(good)), tuple(bad), universal)


def _without_families(models: list[Model]) -> list[Model]:
    """Without the family that only heads its members: iPad (8th, 9th generation)."""
    heads = {m.name for m in models if m.name in words(_FILE, "family")}
    inherited = {h for h in heads for m in models if m.name != h and m.name.startswith(h) and h not in joined(m.text)}
    return [m for m in models if m.name not in inherited]


def _clauses(text: str) -> list[tuple[str, bool]]:
    """Clauses, and whether what they name is said not to fit; what follows a negative word in brackets or behind a
    comma too."""
    negative = either(words(_FILE, "negative")["words"])
    marked = re.sub(rf"({negative})", r"§\1", text)
    marked = re.sub(
        r"(?<!§)((?<!不)(?:适用于|兼容)|(?<![a-z] )(?<=[,;] )(?:fits?|compatible with|works? with))", r"¶\1", marked
    )
    found = []
    for piece in re.split(r"[;()]|\.\s|\.$|(?<![a-z])but(?! not|[a-z])|(?=[§¶])|但", marked):
        bare = piece.strip(" ,")
        is_bad = bare.startswith("§")
        found.append((re.sub(rf"^§{negative}", " ", bare).strip("§¶ "), is_bad))
    return found


def _items(clause: str) -> list[str]:
    clause = re.sub(r"(?<=[a-z0-9])\+(?=\s|,|/|$|;|\))", " plus", re.sub(r"((?:19|20)\d\d)\s*\+", r"\1 and up", clause))
    clause = re.sub(r"\d{1,2}\.\d(?:[\s-]*(?:inch(?:es)?|in|\"|英寸|寸))?", " ", clause)  # screens
    clause = re.sub(r"(?<![a-z\d])([a-z]{1,3})(\d{1,4}[a-z]?)\s+(?=\1\d)", r"\1\2, ", clause)
    clause = re.sub(r"and (up|later|newer)", r"and_\1", clause)
    split = re.split(
        r"[,/|&+]|(?<![a-z])(?:and|or)(?![a-z_])|(?<=[\da-z\u4e00-\u9fff\s])(?:和|及(?!以)|与|或者?)(?=[\s\da-z\u4e00-\u9fff])",
        clause,
    )
    return [item.replace("and_", "and ").strip(" :.-'\"") for item in split if item.strip(" :.-'\"")]


def _model(item: str, previous: Model | None) -> Model | None:
    years, rest = _years_of(item)
    is_series = bool(_pattern("series").search(rest))
    rest = _pattern("series").sub(" ", rest)
    makers = [h for h in lexicon(_FILE, "maker").hits(rest)]
    families = lexicon(_FILE, "family").hits(rest)
    maker = makers[0].name if makers and not any(f.start <= makers[0].start < f.end for f in families) else ""
    for word in sorted({h.text for h in makers if h.name == maker}, key=len, reverse=True):
        rest = re.sub(rf"{either([re.escape(word)])}|(?<![a-z]){re.escape(word)}(?=\d)", " ", rest)
    name = _name(rest, maker)
    if not name and (maker or years is None):
        return Model(maker, maker, years, True, item) if maker and (previous is None or not years) else None
    if not name and previous is not None:
        return replace(previous, years=years, text=item)
    return Model(_inherited(name, rest, maker, previous), maker, years, is_series, item) if name else None


def _name(rest: str, maker: str) -> str:
    codes = lexicon(_FILE, "known_codes").hits(rest)
    if codes:
        return codes[0].name
    for hit in reversed(_family_hits(rest)):
        rest = f"{rest[: hit.start]} {hit.name} {rest[hit.end :]}"
    name = joined(_pattern("drop").sub(" ", re.sub(r"(?<=\d)(?:st|nd|rd|th)(?![a-z])", " ", rest)))
    name = re.sub(rf"^(?:{'|'.join(words(_FILE, 'optional')['names'])})(?=.)", "", name)
    return f"iphone{name}" if maker == "apple" and re.fullmatch(r"\d{1,2}(?:pro|promax|plus|mini)?", name) else name


def _family_hits(rest: str) -> list[_FamilyHit]:
    return [
        _FamilyHit(name, m.start(), m.end())
        for name, listed in words(_FILE, "family").items()
        for word in sorted(listed, key=len, reverse=True)[:8]
        for m in [re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z])", rest)]
        if m
    ][:1]


@dataclass(frozen=True, slots=True)
class _FamilyHit:
    name: str
    start: int
    end: int


def _years_of(item: str) -> tuple[tuple[int, int] | None, str]:
    match = _YEARS.search(item)
    if not match:
        return None, item
    first = int(match[1])
    last = first
    if match[2]:
        last = int(f"{match[1][:2]}{match[2]}"[-4:]) if match[2].isdigit() else _EVER
    elif match[3]:
        last = _EVER
    return (first, last), item[: match.start()] + " " + item[match.end() :]


def _inherited(name: str, rest: str, maker: str, previous: Model | None) -> str:
    """`13 pro` behind `iphone 12` is an iphone, `pro max` behind `iphone 13 pro` an iphone 13."""
    if previous is None or maker:
        return name
    stem = re.match(r"[a-z\u4e00-\u9fff]+", previous.name)
    if stem and re.fullmatch(r"\d{1,3}[a-z]*", name):
        return stem[0] + name
    if _suffixes().fullmatch(rest.strip()):
        numbered = re.match(r"[a-z\u4e00-\u9fff]*\d+", previous.name)
        return (numbered[0] if numbered else previous.name) + name
    return name


@cache
def _model_words() -> re.Pattern[str]:
    names = [
        w for section in ("maker", "family", "known_codes") for listed in words(_FILE, section).values() for w in listed
    ]
    more = (rf"{either(words(_FILE, section)['words'])}" for section in ("suffix", "series"))
    one = rf"(?:{either(map(re.escape, names))}|{'|'.join(more)}|\d{{1,4}}[a-z]{{0,4}}(?![a-z])|[a-z]{{1,3}}-?\d{{1,4}}[a-z]{{0,3}}(?![a-z]))"
    return re.compile(rf"{either(map(re.escape, names))}(?=\d)?(?:[\s-]*{one})*")


def _trimmed(item: str) -> str:
    """From the first known maker or family as far as words of a model go; the item itself where none is known."""
    match = _model_words().search(item)
    return match[0] if match else item


def _is_certain(item: str, model: Model, previous: Model | None) -> bool:
    named = bool(model.maker or _family_hits(item) or lexicon(_FILE, "known_codes").hits(item))
    follows = previous is not None and bool(
        re.fullmatch(
            r"\d{1,3}\s*[a-z]{0,8}(?:\s(?:pro|max|plus|mini|ultra))*|(?:pro|max|plus|mini|ultra|\s)+|[a-z]\d{1,3}", item
        )
    )
    return (named and len(item) <= 48) or follows


def fit_in(text: str) -> Fit:
    """What free text says the goods fit, behind words such as `for` and 适用于; for the title alone or all of a text."""
    text = plain(text)
    found = Fit()
    for match in re.finditer(rf"{either(words(_FILE, 'lead')['words'])}\s*", text):
        before = text[max(0, match.start() - 12) : match.start()]
        is_bad = bool(re.search(r"(?:not|n't|不|非|in)\s*$", before))
        part = fit_of(re.split(r";|\.\s|(?<=\w)\s-\s", text[match.end() :])[0][:160], is_field=False)
        if is_bad:
            found = replace(found, excluded=(*found.excluded, *part.models))
        else:
            found = Fit((*found.models, *part.models), (*found.excluded, *part.excluded), found.is_universal)
    return found


def _does_cover(theirs: Model, ours: Model) -> bool:
    if ours.maker and theirs.maker and ours.maker != theirs.maker:
        return False
    if theirs.is_series and (ours.name.startswith(theirs.name) or ours.maker == theirs.name):
        return _within(ours.years, theirs.years)
    return _are_one(ours, theirs) and _within(ours.years, theirs.years)


def _are_one(ours: Model, theirs: Model) -> bool:
    """Whether two names are the same, or the same words in another order: MacBook Air M1 13, MacBook Air 13 M1."""
    if ours.name == theirs.name:
        return True
    a, b = (sorted(re.findall(r"[a-z]+\d*|\d+", plain(m.text))) for m in (ours, theirs))
    drop = _pattern("drop")
    return len(ours.name) == len(theirs.name) and [w for w in a if not drop.fullmatch(w)] == [
        w for w in b if not drop.fullmatch(w)
    ]


def _within(ours: tuple[int, int] | None, theirs: tuple[int, int] | None) -> bool:
    return ours is None or theirs is None or (theirs[0] <= ours[0] and ours[1] <= theirs[1])


def _covers(theirs: Fit, ours: Model) -> bool | None:
    """Whether goods with `theirs` fit a model; None where codes and names, or two languages, cannot be compared."""
    if any(_does_cover(t, ours) for t in theirs.excluded) and not any(t.name == ours.name for t in theirs.models):
        return False
    if ours.is_series and not theirs.is_universal and theirs.models:
        members = {t.name for t in theirs.models if t.name.startswith(ours.name)}
        return len(members) > 1 or any(t.is_series and _does_cover(t, ours) for t in theirs.models)
    if theirs.is_universal or any(_does_cover(t, ours) for t in theirs.models) or _do_years_add_up(theirs, ours):
        return True
    if not theirs.models:
        return None
    is_code = bool(_CODE.fullmatch(ours.name))
    same_kind = [
        t
        for t in theirs.models
        if bool(_CODE.fullmatch(t.name)) == is_code and is_chinese(t.name) == is_chinese(ours.name)
    ]
    return False if same_kind else None


def _do_years_add_up(theirs: Fit, ours: Model) -> bool:
    """2019, 2020 and 2021 together cover 2019-2021."""
    if ours.years is None or ours.years[1] == _EVER:
        return False
    wanted = range(ours.years[0], ours.years[1] + 1)
    spans = [t.years for t in theirs.models if t.name == ours.name and t.years]
    return all(any(a <= year <= b for a, b in spans) for year in wanted)


def compared(ours: Fit, theirs: Fit) -> bool | None:
    """Whether a listing promises a fit that the product has not, or denies one that it has; None if not comparable."""
    if not ours.is_known or not theirs.is_known:
        return None
    verdicts: list[bool | None] = [None if (c := _covers(theirs, m)) is None else not c for m in ours.models]
    if ours.is_universal:
        verdicts.append(not theirs.is_universal or bool(theirs.excluded and not ours.excluded))
    for model in ours.excluded:
        named = any(_does_cover(t, model) for t in theirs.models)
        denied = any(_does_cover(t, model) for t in theirs.excluded)
        verdicts.append(named and not denied if named or denied else None)
    if ours.excluded and not ours.models and not ours.is_universal and True not in verdicts:
        return False if False in verdicts else None
    return True if True in verdicts else False if False in verdicts else None


def _stated(record: Record) -> tuple[str, Fit]:
    found = fit_of(record.compatible_models)
    return (record.compatible_models, found) if found.is_known else (record.text, fit_in(record.text))


def compatibility(listing: Record, product: Record) -> Finding:
    """What the listing says it fits beside what the product fits: the columns, where one is empty the texts.

    A title that promises a model beyond the product's list is a mismatch too. Fewer models than the product fits is none.
    """
    said, ours = _stated(listing)
    kept, theirs = _stated(product)
    is_wrong = compared(ours, theirs)
    if is_wrong is None:
        same = bool(listing.compatible_models) and plain(listing.compatible_models) == plain(product.compatible_models)
        shown = (
            listing.compatible_models or (said if ours.is_known else ""),
            product.compatible_models or (kept if theirs.is_known else ""),
        )
        return Finding(False, *shown) if same else unknown(*shown)
    if not is_wrong and listing.compatible_models and compared(fit_in(listing.name), theirs):
        return Finding(True, listing.name, kept)
    return Finding(is_wrong, said, kept)
