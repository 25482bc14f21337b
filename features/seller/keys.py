"""Numbers and names of orders, goods and parcels: those that a spreadsheet has rounded, and digests of the others."""

from __future__ import annotations

import hashlib

import polars as pl

from features.seller.wordlists import wordlists

DIGEST_BYTES = 16
DIGITS_LOST = "expected every digit, got a number that a spreadsheet has rounded; export it once more as text"
_ROUNDED = r"^[+-]?\d(\.\d+)?[eE]\+?\d+$"


def digits_lost(values: pl.Series) -> tuple[pl.Series, int]:
    """(n,) Boolean: surely rounded; and how many more end in a zero behind the digits that Excel keeps."""
    limits = wordlists().limits
    short = values.str.contains(_ROUNDED).fill_null(value=False)
    long = values.str.contains(rf"^\d{{{limits.excel_digits + 1},}}$").fill_null(value=False)
    rounded = long & values.str.slice(limits.excel_digits).str.contains(r"^0+$").fill_null(value=False)
    length = values.str.len_chars()
    surely = rounded & (length >= limits.excel_digits + limits.surely_lost_digits).fill_null(value=False)
    if int(rounded.sum()) >= limits.surely_lost_digits and int(rounded.sum()) == int(long.sum()):
        surely = rounded
    return short | surely, int((rounded & ~surely).sum())


def digests(values: pl.Series) -> pl.Series:
    """Not a secret, but no longer the number itself: equal numbers have equal digests."""
    plain = values.str.to_uppercase().str.replace_all(r"[\s-]", "")
    each = plain.drop_nulls().unique()
    found = [hashlib.blake2b(value.encode(), digest_size=DIGEST_BYTES).hexdigest() for value in each]
    return plain.replace_strict(each, pl.Series(found, dtype=pl.String), default=None, return_dtype=pl.String)
