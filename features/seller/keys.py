"""Numbers and names of orders, goods and parcels: those that a spreadsheet has rounded, and digests of the others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache

import polars as pl

from features.seller.precedence import joining_rules
from features.seller.wordlists import wordlists

DIGEST_BYTES = 16
# Between the digests of several parcels in one cell.
BETWEEN = " "
DIGITS_LOST = "expected every digit, got a number that a spreadsheet has rounded; export it once more as text"
_ROUNDED = r"^[+-]?\d(\.\d+)?[eE]\+?\d+$"


def long_numbers(values: pl.Series) -> tuple[int, int]:
    """How many numbers have more digits than Excel keeps, and how many of those end in zeros behind them."""
    long, rounded = _long(values)
    return int(long.sum()), int(rounded.sum())


def is_all_rounded(long: int, rounded: int) -> bool:
    """Whether a column with so many long numbers, and so many with zeros, has passed through a spreadsheet."""
    return rounded >= wordlists().limits.surely_lost_digits and rounded == long


def shortened(values: pl.Series) -> pl.Series:
    """(n,) Boolean: numbers of which a spreadsheet has kept a power of ten.

    >>> shortened(pl.Series(["1.14E+16", "114-0000001-0000001", "12E", None])).to_list()
    [True, False, False, False]
    """
    return values.str.contains(_ROUNDED).fill_null(value=False)


def digits_lost(values: pl.Series, *, is_rounded: bool) -> tuple[pl.Series, int]:
    """(n,) Boolean: surely rounded; and how many more end in a zero behind the digits that Excel keeps. is_rounded:
    see `is_all_rounded`, of the column that the values are from."""
    limits = wordlists().limits
    short = shortened(values)
    _, rounded = _long(values)
    length = values.str.len_chars()
    surely = rounded & (length >= limits.excel_digits + limits.surely_lost_digits).fill_null(value=False)
    surely = rounded if is_rounded else surely
    return short | surely, int((rounded & ~surely).sum())


def _long(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(n,) Boolean each: more digits than Excel keeps; and zeros behind those it keeps."""
    digits = wordlists().limits.excel_digits
    long = values.str.contains(rf"^\d{{{digits + 1},}}$").fill_null(value=False)
    return long, long & values.str.slice(digits).str.contains(r"^0+$").fill_null(value=False)


def digests(values: pl.Series) -> pl.Series:
    """Not a secret, but no longer the number itself: equal numbers have equal digests."""
    return _replaced(values, _digest)


def parcel_digests(values: pl.Series) -> tuple[pl.Series, int, int]:
    """The digests of the parcels that each cell names, with `BETWEEN` between them, null where it names none; how many
    cells name several, and how many hold a day or a word that was left out.

    >>> found, several, cut = parcel_digests(pl.Series(["RM123456789CN 2026-03-03", "RM123456789CN,", "USPS"]))
    >>> found[0] == found[1], found[2], several, cut
    (True, None, 0, 2)
    """
    each = values.drop_nulls().unique().to_list()
    named = {cell: parcels_named(cell) for cell in each}
    found = pl.Series([BETWEEN.join(dict.fromkeys(map(_digest, named[c][0]))) or None for c in each], dtype=pl.String)
    several = values.is_in([cell for cell in each if len(named[cell][0]) > 1])
    cut = values.is_in([cell for cell in each if named[cell][1]])
    replaced = values.replace_strict(each, found, default=None, return_dtype=pl.String)
    return replaced, int(several.sum() or 0), int(cut.sum() or 0)


def parcels_named(cell: str) -> tuple[list[str], bool]:
    """The numbers of the parcels in a cell, and whether a day or a word beside them was left out.

    >>> parcels_named("RM123456795CN, USPS"), parcels_named("LX 123 456 789 CN")
    ((['RM123456795CN'], True), (['LX123 456 789 CN'], False))
    """
    between, number, day, word, prefix = _parcel_patterns()
    without, days = day.subn(" , ", cell)
    without = prefix.sub(r"\1", without)
    parts = [part for part in between.split(without) if part]
    numbers = [part for part in parts if not word.fullmatch(part)]
    if not any(re.search("[0-9]", part) for part in numbers):
        return [], True
    if all(number.fullmatch(part) for part in numbers):
        return numbers, days > 0 or len(numbers) < len(parts)
    whole = re.sub(rf"^(?:{between.pattern})|(?:{between.pattern})$", "", without)
    return [whole], days > 0


@cache
def _parcel_patterns() -> tuple[re.Pattern[str], ...]:
    """What stands between numbers, a number, a day, a word, the letters of a number."""
    rules = joining_rules()
    found = (rules.parcels_between, rules.parcels_number, rules.parcels_day, rules.parcels_word, rules.parcels_prefix)
    return tuple(map(re.compile, found))


def _digest(value: str) -> str:
    return hashlib.blake2b(re.sub(r"[\s-]", "", value.upper()).encode(), digest_size=DIGEST_BYTES).hexdigest()


def _replaced(values: pl.Series, of: Callable[[str], str]) -> pl.Series:
    each = values.drop_nulls().unique()
    found = pl.Series([of(value) for value in each], dtype=pl.String)
    return values.replace_strict(each, found, default=None, return_dtype=pl.String)
