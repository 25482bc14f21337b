"""Numbers and names of orders, goods and parcels: those that a spreadsheet has rounded, and digests of the others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

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


def digits_lost(values: pl.Series, *, is_rounded: bool) -> tuple[pl.Series, int]:
    """(n,) Boolean: surely rounded; and how many more end in a zero behind the digits that Excel keeps. is_rounded:
    see `is_all_rounded`, of the column that the values are from."""
    limits = wordlists().limits
    short = values.str.contains(_ROUNDED).fill_null(value=False)
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


def parcel_digests(values: pl.Series) -> tuple[pl.Series, int]:
    """The digests of the parcels that each cell names, with `BETWEEN` between them; how many cells name several."""
    rules = joining_rules()
    several = values.str.contains(f"^{rules.parcels_number}({rules.parcels_between}{rules.parcels_number})+$")
    each = re.compile(rules.parcels_between)

    def of_list(cell: str) -> str:
        return BETWEEN.join(dict.fromkeys(_digest(number) for number in each.split(cell)))

    count = int(several.sum() or 0)
    if not count:
        return digests(values), 0
    alone, lists = digests(values.set(several.fill_null(value=False), None)), _replaced(values.filter(several), of_list)
    return alone.scatter(several.fill_null(value=False).arg_true(), lists), count


def _digest(value: str) -> str:
    return hashlib.blake2b(re.sub(r"[\s-]", "", value.upper()).encode(), digest_size=DIGEST_BYTES).hexdigest()


def _replaced(values: pl.Series, of: Callable[[str], str]) -> pl.Series:
    each = values.drop_nulls().unique()
    found = pl.Series([of(value) for value in each], dtype=pl.String)
    return values.replace_strict(each, found, default=None, return_dtype=pl.String)
