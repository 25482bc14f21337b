"""What a text says goods fit and what they do not: lists of models, ranges, exclusions, in English and Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from features.listings.lexicon import either, lexicon, words
from features.listings.models import Model, family_hits, is_car_named, model_of, pattern, whole_year
from features.listings.packs import pack_in
from features.listings.things import things
from features.listings.wording import is_chinese, joined, plain

_FILE = "models.toml"
_LONGEST_MODEL = 48
_LONGEST_RANGE = 20
_NO_NAME = r"(?!(?:in|to|of|up|or|as|at|by|on|is|no|an|for|with|and) )"
_RANGE = re.compile(
    r"(?<![a-z\d])(?P<stem>[a-z]{3,12}\s*|[a-z])(?P<first>\d{1,2})\s*(?:-|~|to|through|thru|至|到)\s*(?P=stem)?(?P<last>\d{1,2})(?!\d|[a-qu-z]|\.\d|\s*(?:[mc]m|in|inch(?:es)?|ft|gal|kg|lbs?|ml|l|v|\"|英寸|寸|厘米|毫米|升)(?![a-z]))(?:\s*(?:系列|series))?"
)
_LISTED_YEARS = re.compile(r"(?<!\d)(?:(?:19|20)\d\d[\s,/、]+)+(?:19|20)\d\d(?![\d-])")
_XBOX = re.compile(r"(?:xbox\s+)?(?<![a-z])series\s+(?P<one>[xs])(?:\s*[/|&,]\s*(?P<other>[xs]))?(?![a-z\d])")
_SHORT_YEARS = re.compile(r"(?<![\d.a-z])(\d\d)((?:\s*[-~至到/、,]\s*\d\d)*)\s*(?:年款|款|年)(?!代)")
_OPEN = re.compile(r"等(?=\s*(?:$|[;,)]|机型|型号|车型|设备))|(?<![a-z])(?:etc|and (?:more|others?|similar))(?![a-z])")
_SHARED_UNIT = re.compile(  # 42/44/45 mm
    r"(?P<numbers>(?<![\d.])\d{1,3}(?:\.\d)?(?:\s*[/,]\s*\d{1,3}(?:\.\d)?)+)\s*(?P<unit>mm|qt|quarts?|ft|inch(?:es)?|ml|v|w|l)(?![a-z])"
)


_GENERATION = re.compile(
    r"(?:gen(?:eration)?\.?\s*\d{1,2}|\d{1,2}(?:st|nd|rd|th)?[\s-]?gen(?:eration)?\.?|第?\d{1,2}代)"
)
_SEATS = re.compile(r"(?<![\d.])[2-9][\s-]?(?:seaters?|seats?|doors?)(?![a-z])")
_ROW_OF_CARS = re.compile(r"(?<!\d)[1-8]'\s+(?=[a-z]\d)")  # BMW 3' E90
_WINDOWS_ON = re.compile(
    r"(?<![a-z])win(?:dows)?\s*10\s*(?:\+|及以上|以上|and (?:up|above|later|newer)|or (?:later|newer|above))"
)
_SAME_LETTERS = re.compile(
    r"(?<![a-z\d])(?P<stem>[a-z]{1,4}-?)(?P<numbers>\d{3,5}[a-z]{0,3}(?:\s*/\s*\d{3,5}[a-z]{0,3})+)(?![a-z\d-])"
)
_SAME_NUMBER = re.compile(r"(?<![a-z\d])(?P<stem>[a-z]{0,4}-?\d{2,5})(?P<ends>[a-z]{1,3}(?:/[a-z]{1,3})+)(?![a-z\d-])")
_TWO_NUMBERS = re.compile(r"(?<![\d-])(?!19|20)(\d{4})\s+(?=(?!19|20)\d{4}(?![\d-]))")
_TWO_CODES = re.compile(r"(?<![a-z\d])([a-z]{2,4}-?\d{3,5}[a-z]{0,3})\s+(?=[a-z]{2,4}-?\d{3,5}(?!\d))")
_ROWS = re.compile(r"^\d{1,2}\s?-?(?:rows?|seats?|doors?|pieces?|pcs|sets?|tiers?|layers?)(?![a-z])")
_BOTH_SYSTEMS = re.compile(
    r"(?:苹果|apple)[\s,/+&和及与]*(?:安卓|android)|(?:安卓|android)[\s,/+&和及与]*(?:苹果|apple)(?![a-z])"
)


@dataclass(frozen=True, slots=True)
class Fit:
    """What goods fit, what they do not, whether they are said to fit everything, and whether a list goes on (etc.)."""

    models: tuple[Model, ...] = ()
    excluded: tuple[Model, ...] = ()
    is_universal: bool = False
    is_open: bool = False

    @property
    def is_known(self) -> bool:
        """Whether anything is said."""
        return bool(self.models or self.excluded or self.is_universal)


def _with_families(text: str) -> str:
    """`苹果12至15` as iphone 12 to 15, `三星s20` as galaxy s20, 苹果 beside 安卓 as a system, `2019 2020 2021` as a
    span, 19-21款 as years, and the Xbox Series X and S by their names."""
    text = _SEATS.sub(" ", _ROW_OF_CARS.sub("", _WINDOWS_ON.sub("windows 10, windows 11", text)))
    text = _XBOX.sub(lambda m: ", ".join(f"xboxseries{name}" for name in m.groups() if name), text)
    text = _LISTED_YEARS.sub(_as_a_span, _SHORT_YEARS.sub(lambda m: f" {_with_centuries(m[1] + m[2])} ", text))
    text = re.sub(r"(?<![a-z])ilce-?7m(\d)", r"a7 mk\1", re.sub(r"(?<![a-z])ilce-?(?=[1679]\d{3})", "a", text))
    text = re.sub(r"苹果\s*(?=(?:[6-9]|1[0-9])(?!\d))", "iphone ", _BOTH_SYSTEMS.sub("ios,安卓", text))
    text = re.sub(r"((?:android|ios|windows|macos|安卓)\s*\d+(?:\.\d+)?)\s*\+", r"\1", text)
    return re.sub(r"(?<=\d)等(?![\u4e00-\u9fff])", "", re.sub(r"三星\s*(?=[sz]\d)", "galaxy ", text))


def _with_centuries(text: str) -> str:
    """`13/14/15` as `2013/2014/2015`."""
    return re.sub(r"\d\d", lambda year: str(whole_year(int(year[0]))), text)


def _as_a_span(match: re.Match[str]) -> str:
    years = [int(year) for year in re.findall(r"\d{4}", match[0])]
    return f"{years[0]}-{years[-1]}" if years == list(range(years[0], years[-1] + 1)) else match[0]


@lru_cache(maxsize=65_536)
def fit_of(text: str, *, is_field: bool = True) -> Fit:
    """What a list of models says; in free text (is_field False) only models with a known maker or family count.

    >>> [m.name for m in fit_of("iPhone 12/13, 13 Pro; not for iPhone 14").models]
    ['iphone12', 'iphone13', 'iphone13pro']
    """
    good, bad, universal = list[Model](), list[Model](), False
    previous: Model | None = None
    for clause, is_bad in _clauses(_with_families(plain(text))):
        if pattern("universal").search(clause) and not is_bad:
            universal = True
            clause = pattern("universal").sub(" ", clause)
        for item in _items(clause):
            if _ROWS.search(item) or (re.match(r"\d", item) and pack_in(item) is not None):
                continue  # 3pcs is no model
            if previous is not None and previous.years and _GENERATION.fullmatch(item):
                continue  # Civic 06-11 (8th gen)
            item = item if is_field else _trimmed(item)
            model = model_of(item, previous)
            if model is None or not (is_field or _is_certain(item, model, previous)):
                previous = previous if is_field else None
                continue
            kept = bad if is_bad else good
            if (
                previous is not None
                and previous.years is None
                and kept
                and replace(model, text="", years=None) == replace(previous, text="")
            ):
                kept.pop()  # "Civic (2016-2021)" is one model
            kept.append(model)
            previous = model
    return Fit(tuple(_without_families(good)), tuple(bad), universal, bool(_OPEN.search(plain(text))))


def _without_families(models: list[Model]) -> list[Model]:
    """Without the family that only heads its members: iPad (8th, 9th generation)."""
    heads = {m.name for m in models if m.name in words(_FILE, "family")} - {*words(_FILE, "model_of_its_own")["names"]}
    inherited = {h for h in heads for m in models if m.name != h and m.name.startswith(h) and h not in joined(m.text)}
    return [m for m in models if m.name not in inherited]


@cache
def _behind() -> re.Pattern[str]:
    after = either(words(_FILE, "negative_behind")["words"])
    return re.compile(rf"(?P<named>[^;()§,]*[^;()§,\s])(?<!也)(?<!是)\s*(?P<all>均|都)?{after}(?=\s*(?:$|[;,)]))")


@cache
def _joined_makers() -> re.Pattern[str]:
    """`比亚迪 秦`: a Chinese maker and the blank before a Chinese model."""
    makers = [w for listed in words(_FILE, "maker").values() for w in listed if not w.isascii()]
    return re.compile(rf"({either(makers)})\s+(?=[\u4e00-\u9fff])")


def _put_before(match: re.Match[str]) -> str:
    """`model y不适用` as `; not for model y`."""
    return f"; not for {match['named']};"


def _clauses(text: str) -> list[tuple[str, bool]]:
    """Clauses, and whether what they name is said not to fit; what follows a negative word in brackets or behind a
    comma too."""
    text = re.sub(r"(?<!\d)(\d{1,2})\s*速(?:变速)?(?:系统|套件)?", r" \1-speed", text)
    text = _joined_makers().sub(r"\1", text)
    text = _behind().sub(_put_before, re.sub(r"以?外[,;]", ";", text))
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


def _spelt_out(match: re.Match[str]) -> str:
    """`iphone 11-13` and `s20-s22` as lists."""
    first, last = int(match["first"]), int(match["last"])
    if is_car_named(match["stem"].strip()) and match["stem"][-1] == " ":
        return match[0]  # years
    if not first < last <= first + _LONGEST_RANGE:
        return match[0]
    return ", ".join(f"{match['stem']}{n}" for n in range(first, last + 1))


def _each(stem: str, ends: str) -> str:
    """XP-2100/3100 as XP-2100, XP-3100, and M102a/w as M102a, M102w."""
    return ", ".join(stem + end.strip() for end in ends.split("/"))


def _items(clause: str) -> list[str]:
    clause = _SAME_LETTERS.sub(lambda m: _each(m["stem"], m["numbers"]), clause)
    clause = _SAME_NUMBER.sub(lambda m: _each(m["stem"], m["ends"]), clause)
    clause = _TWO_CODES.sub(r"\1, ", _TWO_NUMBERS.sub(r"\1, ", clause))
    clause = _RANGE.sub(_spelt_out, re.sub(r"(?<![a-z])f/(?=\d)", "f", clause))
    clause = re.sub(r"(?<=[a-z0-9])\+(?=\s|,|/|$|;|\))", " plus", re.sub(r"((?:19|20)\d\d)\s*\+", r"\1 and up", clause))
    clause = _SHARED_UNIT.sub(lambda m: re.sub(r"\s*[/,]\s*", f"{m['unit']}, ", m["numbers"]) + m["unit"], clause)
    clause = re.sub(r"(?<![a-z\d])([a-z]{1,3})(\d{1,4}[a-z]?)\s+(?=\1\d)", r"\1\2, ", clause)
    clause = re.sub(r"(?<=\s[a-z]\d)\s+(?=[a-z]\d(?!\w))", ", ", clause)
    clause = re.sub(r"(?<![a-z\d])(\d{1,2}[a-z]\d?)\s+(?=\d{1,2}[a-z]\d?(?![a-z\d]))", r"\1, ", clause)
    clause = re.sub(r"and (up|later|newer)", r"and_\1", clause)
    split = re.split(
        r"[,/|&+:]|(?<![a-z])(?:and|or)(?![a-z_])|(?<=[\da-z\u4e00-\u9fff\s])(?:和|及(?!以)|与|或者?)(?=[\s\da-z\u4e00-\u9fff])",
        clause,
    )
    return [item.replace("and_", "and ").strip(" :.-'\"") for item in split if item.strip(" :.-'\"")]


@cache
def _model_words() -> re.Pattern[str]:
    names = [
        w for section in ("maker", "family", "known_codes") for listed in words(_FILE, section).values() for w in listed
    ]
    more = (rf"{either(words(_FILE, section)['words'])}" for section in ("suffix", "series"))
    numbered = (
        r"\d{1,4}(?:\.\d)?[a-z]{0,4}(?![a-z])|(?:[a-z]{1,4}-)?[a-z]{1,4}-?\d{1,5}[a-z]{0,5}(?![a-z])|第?\d{1,2}代"
    )
    latin = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True) if n.isascii())
    chinese = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True) if not n.isascii())
    name = rf"(?:(?<![a-z0-9])(?:{latin})(?![a-z])|{chinese})"
    suffixes = "|".join(words(_FILE, "suffix")["words"])
    chinese_name = rf"|[\u4e00-\u9fff]{{1,3}}(?=\s?(?:\d|(?:{suffixes})(?![a-z])))"
    one = rf"(?:{name}|{'|'.join(more)}|{numbered}|{_NO_NAME}[a-z]{{2,12}}(?=[\s-]+(?:{numbered})){chinese_name})"
    return re.compile(rf"{name}(?:[\s-]*{one})*")


def _trimmed(item: str) -> str:
    """From the first known maker or family as far as words of a model go; the item itself where none is known."""
    match = _model_words().search(item)
    if match is None:
        return item
    text = match[0]
    goods = [hit.start for hit in things(text) if hit.start and re.fullmatch(r"\s*\d{0,2}", text[hit.end :])]
    return text[: min(goods)].strip() if goods and is_chinese(text[min(goods) :]) else text  # iphone 15 钢化膜 2


@cache
def _headed() -> re.Pattern[str]:
    """A line of models whose name may be left out, before a number: DeskJet 2710."""
    return re.compile(rf"(?:{'|'.join(words(_FILE, 'optional')['names'])})\s*-?[a-z]{{0,3}}\d")


def _is_certain(item: str, model: Model, previous: Model | None) -> bool:
    named = bool(model.maker or _headed().match(item) or family_hits(item) or lexicon(_FILE, "known_codes").hits(item))
    follows = previous is not None and bool(
        re.fullmatch(
            r"\d{1,3}\s*[a-z]{0,8}(?:\s(?:pro|max|plus|mini|ultra))*|(?:pro|max|plus|mini|ultra|\s)+|[a-z]\d{1,3}", item
        )
    )
    return (named and len(item) <= _LONGEST_MODEL) or follows


def fit_in(text: str) -> Fit:
    """What free text says the goods fit, behind words such as `for` and 适用于."""
    text = plain(text)
    found = Fit()
    for match in re.finditer(rf"{either(words(_FILE, 'lead')['words'])}\s*", text):
        before = text[max(0, match.start() - 12) : match.start()]
        is_bad = bool(re.search(r"(?:(?<![a-z])(?:not|in)|n't|不|非)\s*$", before))
        part = fit_of(re.split(r";|\.\s|(?<=\w)\s-\s", text[match.end() :])[0][:160], is_field=False)
        if is_bad:
            found = replace(found, excluded=(*found.excluded, *part.models))
        else:
            found = Fit(
                (*found.models, *part.models),
                (*found.excluded, *part.excluded),
                part.is_universal or found.is_universal,
                part.is_open or found.is_open,
            )
    return found
