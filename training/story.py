"""One part's simulated orders and what became of them, with the columns of frames made from arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from training.basket import Basket, part_start
from training.entities import Entities, Flags, Floats, Ints
from training.journey import Journey
from training.world import World

_CENTS = 2


@dataclass(frozen=True, slots=True)
class Story:
    """One part's orders and what became of them."""

    world: World
    entities: Entities
    basket: Basket
    journey: Journey
    seed: int
    part: int

    def instants(self, name: str, days: Floats) -> pl.Series:
        """Instants from days since placing; null where these are not finite."""
        is_known = np.isfinite(days)
        seconds = np.round((self.basket.placed + np.where(is_known, days, 0.0)) * 86400.0).astype(np.int64)
        start = int(part_start(self.world, self.part).timestamp())
        micros = pl.Series(name, (seconds + start) * 1_000_000).cast(pl.Datetime("us", "UTC"))
        return masked(micros, is_known)

    @property
    def order_ids(self) -> pl.Series:
        """Texts like Amazon's, unique over parts."""
        i = np.arange(len(self.basket), dtype=np.int64)
        middle, last = (i * 6180339 + 40507 * self.seed) % 10**7, (i * 2718281 + 7919 * self.part + self.seed) % 10**7
        digits = [pl.Series(part).cast(pl.String).str.zfill(7) for part in (middle, last)]
        return ("114-" + digits[0] + "-" + digits[1]).alias("order_id")


def coded(name: str, codes: Ints, texts: tuple[str, ...]) -> pl.Series:
    """A text column from codes; null where a code is negative."""
    column = pl.Series(name, texts)[pl.Series(np.where(codes < 0, 0, codes))].alias(name)
    return masked(column, codes >= 0)


def masked(column: pl.Series, is_known: Flags) -> pl.Series:
    """The column with null where it is not known."""
    if is_known.all():
        return column
    return pl.select(pl.when(pl.Series(is_known)).then(column).otherwise(None).alias(column.name)).to_series()


def money(name: str, amount: Floats) -> pl.Series:
    """Amounts in whole cents."""
    return pl.Series(name, np.round(amount, _CENTS))


def flag(name: str, flags: Flags, is_known: Flags | None = None) -> pl.Series:
    """A flag, null where not known."""
    column = pl.Series(name, flags)
    return column if is_known is None else masked(column, is_known)
