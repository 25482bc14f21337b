"""Money rounded to what its currency can pay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from features.columns import Columns, Floats
from features.kinds import CURRENCY_EXPONENTS, DEFAULT_EXPONENT, Kind
from features.order import attributes
from features.symbols import each
from features.tracing import of_each, written


@cache
def money_names() -> tuple[str, ...]:
    """The attributes that are amounts of money."""
    return tuple(a.name for a in attributes().values() if a.kind is Kind.MONEY)


def rounded_money(columns: Columns) -> Columns:
    """Money rounded half to even to the exponent of its currency; without a currency as it is."""
    money = [name for name in money_names() if name in columns]
    if not money or "currency" not in columns:
        return columns
    if columns.is_few:
        told = zip(money_names(), of_each(_rounded_of_one(), columns), strict=True)
        return columns.with_values({name: values for name, values in told if name in money})
    return columns.replacing(dict(zip(money, _rounded(columns, money), strict=True)))


def _rounded(columns: Columns, money: Sequence[str]) -> list[Floats]:
    scale = each(lambda code: 10.0 ** CURRENCY_EXPONENTS.get(code, DEFAULT_EXPONENT), columns["currency"])
    return [np.rint(columns[name] * scale) / scale for name in money]


@cache
def _rounded_of_one() -> Callable[..., list[float]]:
    return written(lambda columns: _rounded(columns, money_names()))
