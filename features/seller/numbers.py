"""Numbers as people write them: full-width digits, signs of currency, thousands, and the decimal sign of a column."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from features.seller.mapping import Decimal
from features.seller.rawtext import MARK, kept_text
from features.seller.wordlists import wordlists

# Full-width forms, odd spaces and minus signs to what they mean.
_PLAIN = {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)} | {
    "\u3000": " ", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "−": "-", "–": "-", "’": "'", "￥": "¥",
}  # fmt: skip
_POINT = r"(?:\d+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?: \d{3})+|[1-9]\d{0,2}(?:'\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})"
_COMMA = r"(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?: \d{3})+|[1-9]\d{0,2}(?:'\d{3})+)"
GRAMMAR: dict[Decimal, str] = {".": rf"^(?:{_POINT}(?:\.\d+)?|\.\d+)$", ",": rf"^(?:{_COMMA}(?:,\d+)?|,\d+)$"}
_TYPED = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


@dataclass(frozen=True, slots=True)
class Numerals:
    """A column of texts taken apart. typed: (n,) Float64, those that were numbers in the file; digits: (n,) String,
    the rest without sign, currency and per cent; is_negative, is_percent: (n,) Boolean; sign: (n,) the sign of
    currency or None; given: (n,) Boolean."""

    typed: pl.Series
    digits: pl.Series
    is_negative: pl.Series
    is_percent: pl.Series
    sign: pl.Series
    given: pl.Series


@dataclass(frozen=True, slots=True)
class Numbers:
    """values: (n,) Float64, null where missing or not understood; sign: as in Numerals; decimal: what was taken for the
    decimal sign; is_guessed: whether the column alone said so."""

    values: pl.Series
    sign: pl.Series
    decimal: Decimal
    is_guessed: bool


def plain_digits(text: pl.Series) -> pl.Series:
    """Full-width letters, digits and signs as ASCII; white space, and marks that keep a text one, off the ends.

    >>> plain_digits(pl.Series(["１２．５", "'2025-03-04", '="7"', None])).to_list()
    ['12.5', '2025-03-04', '7', None]
    """
    return kept_text(text.str.replace_many(_PLAIN).str.strip_chars())


def numerals(text: pl.Series) -> Numerals:
    """Signs, currency, per cent and digits of each cell of a column, (n,) String."""
    plain = plain_digits(text)
    is_typed = plain.str.starts_with(MARK)
    bare = plain.str.strip_prefix(MARK)
    typed = bare.set(~(is_typed & bare.str.contains(_TYPED)).fill_null(value=False), None).cast(pl.Float64)
    signs = "|".join(re.escape(sign) for sign in sorted(wordlists().signs, key=len, reverse=True))
    sign = rf"{signs}|[A-Z]{{3}}"
    parts = bare.set(is_typed.fill_null(value=True), None).str.extract_groups(
        rf"^(?P<open>\()?(?P<first>[+-])? ?(?P<before>{sign})? ?(?P<second>[+-])?"
        rf"(?P<digits>[0-9.,' ]*[0-9]) ?(?P<percent>%)? ?(?P<after>{sign})?(?P<last>-)?(?P<close>\))?$"
    )
    part = parts.struct.field
    minus = pl.DataFrame(
        [(part(name) == "-").fill_null(value=False).alias(name) for name in ("first", "second", "last")]
    )
    brackets = part("open").is_not_null() & part("close").is_not_null()
    lone = part("open").is_not_null() != part("close").is_not_null()
    count = minus.sum_horizontal() + brackets.cast(pl.UInt32)
    two = part("before").is_not_null() & part("after").is_not_null()
    odd = (count > 1) | lone | two | (part("first").is_not_null() & part("second").is_not_null())
    return Numerals(
        typed,
        part("digits").set(odd, None),
        count > 0,
        part("percent").is_not_null(),
        part("before").fill_null(part("after")),
        plain.is_not_null() & (plain != ""),
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many values can be read in one way only: for each decimal sign; and how many in either, with an example;
    apart: one value of each sign, where both are seen."""

    point: int
    comma: int
    either: int
    example: str | None
    apart: tuple[str, str] | None


def evidence(found: Numerals) -> Evidence:
    """What a column says of its decimal sign."""
    digits = found.digits.drop_nulls().unique()
    point, comma = digits.str.contains(GRAMMAR["."]), digits.str.contains(GRAMMAR[","])
    either = digits.filter(point & comma & digits.str.contains("[.,]")).sort().to_list()
    points, commas = digits.filter(point & ~comma).sort(), digits.filter(comma & ~point).sort()
    apart = (points[0], commas[0]) if len(points) and len(commas) else None
    return Evidence(len(points), len(commas), len(either), next(iter(either), None), apart)


def decided(found: Evidence) -> Decimal | None:
    """The decimal sign that the column itself shows, "." where it makes no difference, None where it is open."""
    evident = found.point + found.comma
    if not evident:
        return None if found.either else "."
    share = wordlists().limits.share_that_decides
    if found.point >= share * evident:
        return "."
    return "," if found.comma >= share * evident else None


def numbers(found: Numerals, decimal: Decimal, *, is_guessed: bool) -> Numbers:
    """The values of a column under one decimal sign; percentages as shares."""
    thousands = "[, ']" if decimal == "." else "[. ']"
    fitting = found.digits.set(~found.digits.str.contains(GRAMMAR[decimal]), None)
    values = fitting.str.replace_all(thousands, "").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    frame = pl.DataFrame({"v": values, "m": found.is_negative, "p": found.is_percent, "t": found.typed})
    signed = frame.select(
        pl.coalesce("t", pl.when("m").then(-pl.col("v")).otherwise("v") / pl.when("p").then(100.0).otherwise(1.0))
    ).to_series()
    return Numbers(signed, found.sign, decimal, is_guessed)
