"""Rows that are no order: totals, counts and signatures, known by the words at the start of their number's cell."""

from __future__ import annotations

import polars as pl

from features.seller.rawtext import unmarked
from features.seller.wordlists import wordlists


def is_total(cells: pl.Series) -> pl.Series:
    """(n,) Boolean of (n,) String: whether a cell where a number should be says surely that its row sums up or signs
    the table.

    >>> is_total(pl.Series(["本页小计", "合计（3单）", "小计算器01", "Total:", "Total 7", "1-1", None])).to_list()
    [True, True, False, True, False, False, False]
    """
    return _plain(cells).str.contains(wordlists().totals).fill_null(value=False)


def may_be_total(cells: pl.Series) -> pl.Series:
    """(n,) Boolean of (n,) String: whether such a cell may say so, but may be a number or a name of goods as well.

    >>> may_be_total(pl.Series(["Total 7", "12 items", "10件", "Total Gym XLS", "114-1"])).to_list()
    [True, True, True, False, False]
    """
    return _plain(cells).str.contains(wordlists().maybe_totals).fill_null(value=False)


def needed(frames: list[pl.DataFrame], names: list[str]) -> list[str]:
    """Those of the columns that most rows of a table fill, so that a row without any of them is none of its kind."""
    most = wordlists().filled_share * sum(frame.height for frame in frames)
    return [name for name in names if sum(int(_is_filled(frame[name]).sum()) for frame in frames) > most]


def led_by_total(frame: pl.DataFrame) -> pl.Series:
    """(n,) Boolean: rows whose first filled cell says surely that they sum up or sign the table."""
    if not frame.width:
        return pl.Series([], dtype=pl.Boolean)
    first = pl.coalesce(pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in frame.columns)
    return is_total(frame.select(first.alias("first")).to_series())


def total_rows(frame: pl.DataFrame, keys: list[str], need: list[str], led: pl.Series) -> pl.Series:
    """(n,) Boolean: rows with a sure word among the keys; with a doubtful one, or led by a sure one and without a key,
    where every cell of `need` is empty too.

    keys: their names of the columns that name the row; nothing is a total where the file has none. need: of the columns
    that say more than amounts, those that rows have; a doubtful word is a number where there are none. led: see
    `led_by_total`.
    """
    nothing = pl.repeat(False, frame.height, eager=True)
    if not keys or not frame.height:
        return nothing
    sure, doubtful, lacks = nothing, nothing, ~nothing
    for key in keys:
        sure = sure | is_total(frame[key])
        doubtful = doubtful | may_be_total(frame[key])
        led = led & ~_is_filled(frame[key])
    for name in need:
        lacks = lacks & ~(_is_filled(frame[name]) & ~(led & is_total(frame[name])))
    return sure | (led & lacks) | (doubtful & lacks if need else nothing)


def _is_filled(cells: pl.Series) -> pl.Series:
    return unmarked(cells).str.strip_chars().fill_null("") != ""


def _plain(cells: pl.Series) -> pl.Series:
    plain = unmarked(cells).str.normalize("NFKC").str.strip_chars().str.to_lowercase()
    return plain.str.replace(r"^[\W_]+", "")
