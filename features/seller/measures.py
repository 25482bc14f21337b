"""Cells that name their own unit: 350克, 0.35kg, 半斤, 30天."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from features.seller.mapping import plain_name
from features.seller.numbers import plain_digits
from features.seller.rawtext import MARK
from features.seller.units import OURS, scale
from features.seller.wordlists import wordlists

_WITH_WORD = r"^([-+]?\d[\d.,' ]*?|半) ?([^\d.,' ][^\d]*[23]?)$"


@dataclass(frozen=True, slots=True)
class Measures:
    """text: (n,) String, the cells without the units that they name; factor: (n,) Float64, what turns a cell into the
    attribute's unit, null where it names none; words: the units named, as written."""

    text: pl.Series
    factor: pl.Series
    words: tuple[str, ...]


def measures(text: pl.Series, ours: str) -> Measures:
    r"""The cells of a column, (n,) String, of the attribute `ours`; what is no word for a unit of its kind stays.

    >>> found = measures(pl.Series("w", ["半斤", "0.35 KG", "2m", "7"]), "item_weight_g")
    >>> found.text.to_list(), found.factor.to_list(), found.words
    (['\ue0000.5', '0.35', '2m', '7'], [500.0, 1000.0, None, None], ('KG', '斤'))
    """
    nothing = Measures(text, pl.Series([None], dtype=pl.Float64).new_from_index(0, len(text)), ())
    if ours not in OURS:
        return nothing
    plain = plain_digits(text)
    parts = plain.set(plain.str.starts_with(MARK).fill_null(value=False), None).str.extract_groups(_WITH_WORD)
    word = parts.struct.field("2").str.strip_chars()
    known = {each: found for each in word.drop_nulls().unique() if (found := _scale(each, ours)) is not None}
    if not known:
        return nothing
    factor = word.replace_strict(known, default=None, return_dtype=pl.Float64)
    number = parts.struct.field("1").replace({"半": f"{MARK}0.5"})
    bare = pl.select(pl.when(factor.is_null()).then(text).otherwise(number)).to_series()
    return Measures(bare.alias(text.name), factor, tuple(sorted(known)))


def _scale(word: str, ours: str) -> float | None:
    units = wordlists().units
    plain = plain_name(word)
    unit = units.get(plain) or units.get(plain.rstrip("."))
    return None if unit is None else scale(unit, ours)
