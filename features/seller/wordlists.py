"""The words, signs and numbers of `values.toml`, typed."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from features.seller.mapping import plain_name
from features.units import known


@dataclass(frozen=True, slots=True)
class Limits:
    """When something is told, guessed or refused; values.toml says what each number means."""

    share_that_decides: float
    chaos_apart: float
    sample_bytes: int
    sound_utf8_share: float
    excel_digits: int
    surely_lost_digits: int
    share_of_built_in: float


@dataclass(frozen=True, slots=True)
class WorkbookLimits:
    """Beyond which a workbook is not unpacked."""

    largest_bytes: int
    most_entries: int
    largest_ratio: float
    small_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Wordlists:
    """All of values.toml. personal: one pattern for names of columns; flags: word to true or false;
    signs: those of currency, and words for one, to the codes that they may mean;
    header_zones: words in the name of a column, in small letters, to the name of a zone; units: words behind a number,
    those of listings too, to the unit as pint names it; totals, maybe_totals:
    patterns of cells of rows that surely, or maybe, sum up a table; filled_share: of the rows, beyond which a column
    is one that every row of its table should fill."""

    limits: Limits
    workbook: WorkbookLimits
    flags: dict[str, bool]
    signs: dict[str, tuple[str, ...]]
    zones: dict[str, str]
    header_zones: dict[str, str]
    units: dict[str, str]
    personal: re.Pattern[str]
    totals: str
    maybe_totals: str
    filled_share: float
    words: dict[str, dict[str, str | bool]]
    aliases: dict[str, str]


@cache
def wordlists() -> Wordlists:
    """The lists that ship with the program."""
    found = tomllib.loads((resources.files("features.seller") / "values.toml").read_text("utf-8"))
    flags = {word: answer == "yes" for answer in ("yes", "no") for word in found["flags"][answer]}
    return Wordlists(
        Limits(**found["guess"]),
        WorkbookLimits(**found["workbook"]),
        flags,
        {word: (code,) for word, code in found["words"]["currencies"].items()}
        | {sign: tuple(codes) for sign, codes in found["signs"].items()},
        found["zones"],
        found["header_zones"],
        {word: unit for word, (_, unit) in known().items()}
        | {word: unit for unit, listed in found["units"].items() for word in listed},
        re.compile("|".join(found["personal"]["patterns"]), re.IGNORECASE),
        _patterns(found["totals"], "surely"),
        _patterns(found["totals"], "may_be"),
        found["totals"]["filled_share"],
        found["words"],
        found["aliases"],
    )


def _patterns(totals: dict[str, Any], how: str) -> str:
    """One pattern for all of a list; CUR in it stands for a currency."""
    return "|".join(totals[how]).replace("CUR", totals["currencies"])


def is_personal(theirs: str) -> bool:
    """Whether a column's name says that it holds a person's name, address, telephone number or the like.

    >>> is_personal("buyer-phone-number"), is_personal("收件人姓名"), is_personal("Item Name")
    (True, True, False)
    """
    return wordlists().personal.search(plain_name(theirs)) is not None
