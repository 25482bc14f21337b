"""Rows that are no order: totals, counts and signatures, known by the words at the start of their number's cell."""

from __future__ import annotations

import polars as pl

from features.seller.rawtext import unmarked
from features.seller.wordlists import wordlists


def is_total(cells: pl.Series) -> pl.Series:
    """(n,) Boolean of (n,) String: whether a cell where a number should be says that its row sums up or signs the
    table.

    >>> is_total(pl.Series(["本页小计", "合计（3单）", "共3单", "Grand total", "TOTAL-1001", "114-1", None])).to_list()
    [True, True, True, True, False, False, False]
    """
    plain = unmarked(cells).str.normalize("NFKC").str.strip_chars().str.to_lowercase()
    plain = plain.str.replace(r"^[\W_]+", "")
    return plain.str.contains(wordlists().totals).fill_null(value=False)


def total_rows(frame: pl.DataFrame, keys: list[str]) -> pl.Series:
    """(n,) Boolean: rows with such a word among the keys, or in the first column where all keys are empty.

    keys: their names of the columns that name the row; nothing is a total where the file has none.
    """
    nothing = pl.repeat(False, frame.height, eager=True)
    if not keys or not frame.height:
        return nothing
    named, empty = nothing, ~nothing
    for key in keys:
        named = named | is_total(frame[key])
        empty = empty & (unmarked(frame[key]).str.strip_chars().fill_null("") == "")
    return named | (empty & is_total(frame[frame.columns[0]]))
