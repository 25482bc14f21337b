"""Which orders of a table get reasons and advice: all, those from a band on, or the riskiest share of the file."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.columns import Bools, Floats, Ints
from features.errors import InputError
from service.decide import BANDS


@dataclass(frozen=True, slots=True)
class Explained:
    """share: of the orders of the file, riskiest first; band: the lowest place in BANDS. All orders unless said."""

    share: float = 1.0
    band: int = 0

    @property
    def is_none(self) -> bool:
        """Whether no order is explained."""
        return self.share == 0.0

    @property
    def is_told_at_once(self) -> bool:
        """Whether an order alone tells if it is explained; a share is of the whole file."""
        return self.share in (0.0, 1.0)

    def by_band(self, band: Floats) -> Bools:
        """(n,) bool: orders from the band on; all, those without a band too, where no band was said."""
        return np.asarray((band >= self.band) | (self.band == 0))

    def most(self, orders: int) -> int:
        """How many of the orders of a file are explained."""
        return math.ceil(round(self.share * orders, 6))

    def __str__(self) -> str:
        return f"riskiest {100 * self.share:g} %, band from {BANDS[self.band]}"


def explained(top: str | None, band: str | None) -> Explained:
    """What `--explain-top` and `--explain-band` say.

    >>> print(explained("10%", None))
    riskiest 10 %, band from low
    """
    if top is not None and band is not None:
        raise InputError("expected --explain-top or --explain-band, got both")
    if band is not None:
        if band not in BANDS:
            raise InputError(f"--explain-band {band}: expected one of {', '.join(BANDS)}")
        return Explained(band=BANDS.index(band))
    found = re.fullmatch(r"(\d+(?:\.\d+)?)%", top or "100%")
    if found is None or float(found[1]) > 100.0:
        raise InputError(f"--explain-top {top}: expected a share of the orders such as 10%, from 0% to 100%")
    return Explained(share=float(found[1]) / 100.0)


def riskiest(parts: Sequence[Floats], most: int) -> list[Ints]:
    """Of the orders of a file, whose probabilities come in parts (NaN where none is told): for each part the places of
    those among the riskiest `most`; of equals the first.
    """
    together = -np.concatenate(parts)
    most = min(most, int(np.count_nonzero(together == together)))
    if not most:
        return [np.zeros(0, dtype=np.int64) for _ in parts]
    together.partition(most - 1)
    last = -together[most - 1]
    equals = most - sum(int(np.count_nonzero(part > last)) for part in parts)
    out: list[Ints] = []
    for part in parts:
        is_equal = part == last
        taken = np.flatnonzero((part > last) | (is_equal & (np.cumsum(is_equal) <= equals)))
        equals -= min(equals, int(np.count_nonzero(is_equal)))
        out.append(taken)
    return out
