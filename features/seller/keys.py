"""Numbers and names of orders, goods and parcels: those that a spreadsheet has rounded, and digests of the others."""

from __future__ import annotations

import hashlib

import polars as pl

from features.seller.wordlists import wordlists

DIGEST_BYTES = 16
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
    plain = values.str.to_uppercase().str.replace_all(r"[\s-]", "")
    each = plain.drop_nulls().unique()
    found = [hashlib.blake2b(value.encode(), digest_size=DIGEST_BYTES).hexdigest() for value in each]
    return plain.replace_strict(each, pl.Series(found, dtype=pl.String), default=None, return_dtype=pl.String)
