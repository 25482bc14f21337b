"""The currency of a row: where no column and no map names it, a sign beside an amount that means one currency does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import polars as pl

from features.kinds import Kind
from features.seller.table import Kind as RowKind
from features.seller.table import Note, listed_words
from features.seller.vocabulary import names_of
from features.seller.wordlists import wordlists

CURRENCY = "currency"
# The sign beside the money of a row of what followed an order, where the row's currency is not known.
SIGN = "_currency_sign"


def with_signs(frame: pl.DataFrame, signs: Mapping[str, pl.Series]) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """The rows with `currency` filled by the first of their signs that means one currency, and what each column filled:
    (n,) codes, null where it did not.

    signs: by their names of columns of money, (n,) signs as written, null where there is none.
    """
    found: dict[str, pl.Series] = {}
    for theirs, sign in signs.items():
        code = sign.replace_strict(
            {mark: one for mark in sign.drop_nulls().unique() if (one := _meant(mark))}, default=None,
            return_dtype=pl.String,
        ).alias(CURRENCY)  # fmt: skip
        own = frame[CURRENCY] if CURRENCY in frame.columns else code.clear(len(code))
        found[theirs] = code.set(own.is_not_null(), None)
        if found[theirs].is_not_null().any():
            frame = frame.with_columns(own.fill_null(code))
    return frame, found


def filled_by_signs(filled: Mapping[str, pl.Series], good: pl.Series) -> list[Note]:
    """What `with_signs` filled of the good rows, (n,) Boolean."""
    told = {theirs: codes.filter(good).drop_nulls() for theirs, codes in filled.items()}
    return [
        Note("currency_by_sign", theirs, {"count": str(len(codes)), "words": listed_words(codes.unique())})
        for theirs, codes in told.items()
        if len(codes)
    ]


def with_open_sign(frame: pl.DataFrame, kind: RowKind, signs: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Rows of refunds with `SIGN`: null where there is none or the currency is known."""
    if kind not in ("returns", "finances"):
        return frame
    sign = pl.Series(SIGN, [None], dtype=pl.String).new_from_index(0, frame.height)
    for one in signs.values():
        sign = sign.fill_null(one)
    is_known = frame[CURRENCY].is_not_null() if CURRENCY in frame.columns else sign.is_null()
    return frame.with_columns(sign.set(is_known, None).alias(SIGN))


def without_currency(frame: pl.DataFrame, kind: RowKind, signs: Mapping[str, pl.Series]) -> list[Note]:
    """How many rows of orders or returns have money in no currency, with the signs beside it that may mean several."""
    money = [n for n, a in names_of(kind).items() if a.kind is Kind.MONEY and n in frame.columns]
    if kind not in ("orders", "order_items", "returns") or not money:
        return []
    has_money = frame.select(pl.any_horizontal(pl.col(name).is_not_null() for name in money)).to_series()
    is_open = has_money & frame[CURRENCY].is_null() if CURRENCY in frame.columns else has_money
    if not is_open.any():
        return []
    marks = {mark for sign in signs.values() for mark in sign.filter(is_open).drop_nulls()}
    may_be = [f"{mark} = {'/'.join(wordlists().signs.get(mark, ('?',)))}" for mark in marks]
    details = {"count": str(int(is_open.sum())), "words": listed_words(may_be) or "–"}
    if kind == "returns":
        return [Note("currency_of_order", "", details)]
    return [Note("currency_open", "", details)]


def _meant(mark: str) -> str | None:
    """The one currency that a sign or a code means, None where it may be several or is none that we know.

    >>> _meant("US$"), _meant("$"), _meant("USD"), _meant("RMB"), _meant("ABC")
    ('USD', None, 'USD', 'CNY', None)
    """
    codes = wordlists().signs.get(mark, (mark,) if mark in _codes() else ())
    return codes[0] if len(codes) == 1 else None


@cache
def _codes() -> frozenset[str]:
    return frozenset(code for codes in wordlists().signs.values() for code in codes)
