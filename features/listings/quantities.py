"""Numbers with units in text, as intervals in one unit per kind."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from features.listings.lexicon import either, number, words
from features.listings.wording import plain
from features.units import factor, known

NUMBER = r"(?<![\d.,])\d+(?:,\d{3})*(?:[.,]\d+)?(?![\d])"
_FRACTION = r"(?:(?P<whole>\d+)(?:\s+|-))?(?P<above>\d+)/(?P<below>\d+)"
_COMPOUND = {("foot", "inch"), ("pound", "ounce")}
_OWN_TOLERANCE = ("length", "mass", "volume", "data")


@dataclass(frozen=True, slots=True)
class Quantity:
    """low..high in the base unit of its kind (units.toml); text: as it was written; start, end: where."""

    kind: str
    low: float
    high: float
    unit: str
    text: str
    start: int
    end: int
    is_about: bool = False

    @property
    def is_range(self) -> bool:
        """Whether two different ends were given."""
        return self.high > self.low


def value_of(text: str) -> float:
    """A written number: thousands and decimal commas, whole and broken.

    >>> value_of("1,200"), value_of("10,5"), value_of("0,500"), value_of("5 1/2")
    (1200.0, 10.5, 0.5, 5.5)
    """
    broken = re.fullmatch(_FRACTION, text)
    if broken:
        return float(broken["whole"] or 0) + int(broken["above"]) / (int(broken["below"]) or 1)
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", text):
        return float(text.replace(",", ""))
    return float(text.replace(",", "."))


def unit_pattern(*kinds: str) -> str:
    """A regular expression for the unit words of some kinds, of all where none is named."""
    spelt = [word for word, (kind, _) in known().items() if not kinds or kind in kinds]
    latin = sorted((w for w in spelt if w[0].isascii() and w[0].isalpha()), key=len, reverse=True)
    other = sorted((w for w in spelt if w not in latin), key=len, reverse=True)
    plural = "|".join(re.escape(w) + ("s?" if len(w) > 3 else "") for w in latin)
    return rf"(?:(?:{plural})(?![a-wyz]|x[a-z])|{'|'.join(map(re.escape, other))})"


def _amount(name: str) -> str:
    fraction = r"(?:\d+(?:\s+|-))?\d{1,2}/(?:2|3|4|5|8|16|32|64)"
    return rf"(?P<{name}>(?<![\d.,/]){fraction}(?![\d/.])|{NUMBER})"


@cache
def _pattern() -> re.Pattern[str]:
    unit = unit_pattern()
    return re.compile(
        rf"{_amount('low')}(?:\s*-?\s*(?P<first>{unit}))?"
        rf"(?:\s*(?P<to>-|~|to|至|到|±|\+/-)\s*{_amount('high')}\s*-?\s*(?P<unit>{unit}))?"
    )


@cache
def _at_most() -> re.Pattern[str]:
    return re.compile(rf"{either(words('words.toml', 'at_most')['before'])}\s*$")


@cache
def _abouts() -> tuple[re.Pattern[str], re.Pattern[str]]:
    found = words("words.toml", "about")
    return re.compile(rf"{either(found['before'])}[\s:]*$"), re.compile(rf"\s*\(?{either(found['after'])}")


# 2.4g and 5g of radio, "3 in 1", and "in" that is a preposition.
_NO_UNIT = re.compile(
    r"(?:2\.4|5\.8)g(?!hz)|[345]g(?=\s+\d+\s*(?:gb?|tb)(?![a-z]))|[2345]g(?!hz)(?=\s*(?:wi-?fi|网|手机|lte|sim|router|band|hz))"
    r"|\d+[\s-]*in\s+(?!(?:x|by|l|w|h|d|long|wide|high|tall|deep|thick|length|width|height|depth|dia\w*|round|square|screen|display|and|or)\b)[a-z0-9]"
    r"|\d+-in-"
)


@lru_cache(maxsize=65_536)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Every number with a unit in the text, in its order; feet with inches and pounds with ounces as one.

    >>> [(q.kind, round(q.low, 2), q.high) for q in quantities("10-12 cm, 约 2斤")]
    [('length', 10.0, 12.0), ('mass', 1000.0, 1000.0)]
    """
    text = plain(text)
    found: list[Quantity] = []
    for match in _pattern().finditer(text):
        quantity = _quantity(text, match)
        if quantity is None:
            continue
        last = found[-1] if found else None
        if (
            last
            and (last.unit, quantity.unit) in _COMPOUND
            and re.fullmatch(r"[\s,]*(?:and )?", text[last.end : quantity.start])
        ):
            total = last.low + quantity.low
            found[-1] = replace(last, low=total, high=total, text=text[last.start : quantity.end], end=quantity.end)
        else:
            found.append(quantity)
    return tuple(found)


def _quantity(text: str, match: re.Match[str]) -> Quantity | None:
    word = match["unit"] or match["first"]
    is_deviation = text[: match.start()].rstrip().endswith(("±", "+/-"))
    if word is None or is_deviation or _NO_UNIT.match(text, match.start()):
        return None
    kind, unit = _known(word)
    if kind == "current" and (re.search(r"[a-z]$", text[: match.start()]) or re.match(r"x\d", text[match.end() :])):
        return None  # Q2612A, WiFi 6 AX3000
    first_kind, first = _known(match["first"] or word)
    if first_kind != kind:
        return None
    low = high = value_of(match["low"]) * factor(kind, first)
    if match["to"]:
        high = value_of(match["high"]) * factor(kind, unit)
        low, high = (low - high, low + high) if match["to"] in ("±", "+/-") else (min(low, high), max(low, high))
    if _at_most().search(text[: match.start()][-20:]):
        low *= number("tolerances.toml", "at_most", "share")
    before, after = _abouts()
    is_about = bool(before.search(text[: match.start()][-20:]) or after.match(text, match.end()))
    return Quantity(kind, low, high, unit, match[0].strip(), match.start(), match.end(), is_about)


def _known(word: str) -> tuple[str, str]:
    return known()[word] if word in known() else known()[word.removesuffix("s")]


def are_equal(a: Quantity, b: Quantity) -> bool:
    """Whether two quantities of one kind mean the same within tolerances.toml; a value inside a range does."""
    if a.kind != b.kind:
        return False
    if a.is_range and b.is_range:
        return _near(a.low, b.low, a, b) and _near(a.high, b.high, a, b)
    inside = a.low <= b.high and b.low <= a.high
    return inside or _near(a.low, b.high, a, b) or _near(a.high, b.low, a, b)


def _near(x: float, y: float, a: Quantity, b: Quantity) -> bool:
    section = a.kind if a.kind in _OWN_TOLERANCE else "other"
    relative = number("tolerances.toml", section, "relative")
    if a.is_about or b.is_about:
        relative = max(relative, number("tolerances.toml", "about", "relative"))
    allowed = max(relative * max(abs(x), abs(y)), number("tolerances.toml", section, "absolute"))
    # an absolute tolerance must not make 1 g equal to 3 g
    allowed = min(allowed, max(relative, 0.25) * max(abs(x), abs(y)))
    return abs(x - y) <= allowed * (1 + 1e-9)
