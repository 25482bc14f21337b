"""One model as a listing names it: maker, family, number, years, in English and Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from features.listings.lexicon import Hit, Lexicon, either, lexicon, table, words
from features.listings.wording import joined

_FILE = "models.toml"
_YEARS = re.compile(
    r"(?<!\d)(?P<first>(?:19|20)\d\d)"
    r"(?:\s*(?:-|~|to|至|到)\s*(?P<last>(?:19|20)\d\d|\d\d(?!\d)|present|now|今|current)"
    r"|(?P<on>\s*\+|\s*(?:and (?:up|later|newer)|onwards?|or (?:newer|later)|及以后|以后|起|之后)))?"
    r"(?:\s*(?:年款|年|款))?(?!\d)"
)
_SHORT_YEARS = re.compile(
    r"(?<![\d.'a-z-])'?(?P<first>[0189]\d)\s*(?:-|~|to|至|到)\s*'?(?P<last>[0-4]\d)(?:\s*(?:年款|年|款))?(?![\d.a-z])"
)
EVER = 9999


@dataclass(frozen=True, slots=True)
class Model:
    """One model. name: letters and digits without blanks; maker: "" where none is named; years: first and last, or
    None; is_series: all models whose name begins so."""

    name: str
    maker: str
    years: tuple[int, int] | None
    is_series: bool
    text: str


@cache
def pattern(section: str) -> re.Pattern[str]:
    """A pattern of the words in one section of models.toml."""
    return re.compile(either(words(_FILE, section)["words"]))


@cache
def _suffixes() -> re.Pattern[str]:
    return re.compile(rf"(?:{either(words(_FILE, 'suffix')['words'])}\s*)+")


def model_of(item: str, previous: Model | None) -> Model | None:
    """The model that one item of a list names, behind the one before it in the list; None if none."""
    years, rest = _years_of(item)
    is_series = bool(pattern("series").search(rest))
    rest = pattern("series").sub(" ", rest)
    makers = lexicon(_FILE, "maker").hits(rest)
    families = lexicon(_FILE, "family").hits(rest)
    maker = makers[0].name if makers and not any(f.start <= makers[0].start < f.end for f in families) else ""
    for word in sorted({h.text for h in makers if h.name == maker}, key=len, reverse=True):
        rest = re.sub(rf"{either([re.escape(word)])}|(?<![a-z]){re.escape(word)}(?=\d)", " ", rest)
    name = _name(rest, maker)
    if not name and (maker or years is None):
        return Model(maker, maker, years, True, item) if maker and (previous is None or not years) else None
    if not name and previous is not None:
        return replace(previous, years=years, text=f"{previous.text} {item}")
    whole = _inherited(name, rest, maker, previous)
    if not maker and previous is not None and (whole != name or re.match(r"\d", name)):
        maker = previous.maker  # `14 pro` behind `xiaomi 14`
    return Model(whole, maker, years, is_series, item) if name else None


def _name(rest: str, maker: str) -> str:
    codes = lexicon(_FILE, "known_codes").hits(rest)
    if codes:
        return codes[0].name
    rest = re.sub(
        r"(?<![\d.])\d{1,2}\.\d(?![\d.])(?!\s?(?:t|qt|quarts?|l|v)(?![a-z]))(?:[\s-]*(?:inch(?:es)?|in|\"|英寸|寸))?",
        " ",
        rest,
    )  # screens
    rest = re.sub(r"(?<![a-z\d.-])\d+(?:\.\d+)?\s?(?:w|watts?|mah|wh|hz)(?![a-z\d])", " ", rest)
    rest = re.sub(r"^(.*?)(?:mark|mk\.?)\s*(\d)", r"\1 \2", rest)
    rest = re.sub(r"^\s*第?(\d{1,2})\s*代(.*)$", r"\2 \1", rest)
    rest = re.sub(r"第?(\d{1,2})\s*代", r"\1", rest)
    for hit in reversed(family_hits(rest)):
        rest = f"{rest[: hit.start]} {hit.name} {rest[hit.end :]}"
    rest = re.sub(r"\s+", " ", rest.replace('"', " "))
    for roman, digit in table("versions.toml", "roman").items():
        rest = re.sub(rf"(?<=[a-z\d] ){roman}(?![a-z\d])", str(digit), rest) if len(roman) > 1 else rest
    rest = re.sub(r"(?<![a-z\d])([a-z]{1,2}\d{1,3})(ii|iii|iv)(?![a-z\d])", r"\1 \2", rest)
    for roman, digit in table("versions.toml", "roman").items():
        rest = re.sub(rf"(?<=\d ){roman}(?![a-z\d])", str(digit), rest) if len(roman) > 1 else rest
    name = joined(pattern("drop").sub(" ", re.sub(r"(?<=\d)(?:st|nd|rd|th)(?![a-z])", " ", rest)))
    name = re.sub(rf"^(?:{'|'.join(words(_FILE, 'optional')['names'])})(?=.)", "", name)
    return f"iphone{name}" if maker == "apple" and re.fullmatch(r"\d{1,2}(?:pro|promax|plus|mini)?", name) else name


def family_hits(rest: str) -> list[Hit]:
    """The first family named, a digit right behind it allowed: iphone13."""
    for name, listed in words(_FILE, "family").items():
        for word in sorted(listed, key=len, reverse=True):
            found = word in rest and re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z])", rest)
            if found:
                return [Hit(name, found[0], found.start(), found.end())]
    return []


def without_years(text: str) -> str:
    """The text without years and spans of years."""
    return _YEARS.sub(" ", text)


def _years_of(item: str) -> tuple[tuple[int, int] | None, str]:
    item = _SHORT_YEARS.sub(_with_centuries, item) if is_car_named(item) else item
    match = _YEARS.search(item)
    if not match:
        return None, item
    first = int(match["first"])
    last = first
    if match["last"]:
        last = int(f"{match['first'][:2]}{match['last']}"[-4:]) if match["last"].isdigit() else EVER
    elif match["on"]:
        last = EVER
    return (first, last), item[: match.start()] + " " + item[match.end() :]


@cache
def _cars() -> Lexicon:
    names = frozenset(words(_FILE, "sector")["car"])
    listed = {**words(_FILE, "maker"), **words(_FILE, "family")}
    return Lexicon({name: found for name, found in listed.items() if name in names})


def is_car_named(text: str) -> bool:
    """Whether a plain text names a maker or a family of cars."""
    return bool(_cars().hits(text))


def whole_year(short: int) -> int:
    """The year of two digits: 98 is 1998, 19 is 2019."""
    return short + (1900 if short > 50 else 2000)


def _with_centuries(match: re.Match[str]) -> str:
    """`wrangler 07-18` with whole years; 18-07 is none."""
    first, last = (int(match[name]) for name in ("first", "last"))
    whole = [whole_year(year) for year in (first, last)]
    return f"{whole[0]}-{whole[1]}" if whole[0] < whole[1] else match[0]


def _inherited(name: str, rest: str, maker: str, previous: Model | None) -> str:
    """`13 pro` behind `iphone 12` is an iphone, `pro max` behind `iphone 13 pro` an iphone 13."""
    if previous is None or maker:
        return name
    stem = re.match(r"[a-z\u4e00-\u9fff]+", previous.name)
    if stem and re.fullmatch(r"(?!0\d)\d{1,3}[a-z]*", name):
        return stem[0] + name
    if _suffixes().fullmatch(rest.strip()):
        numbered = re.match(r"[a-z\u4e00-\u9fff]*\d+", previous.name)
        bare = next((f for f in words(_FILE, "family") if previous.name.startswith(f)), previous.name)
        return (numbered[0] if numbered else bare) + name
    return name
