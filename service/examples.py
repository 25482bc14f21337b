"""Example orders: a file decided at start, for the page and the demo."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.columns import Floats
from features.tables import TableOptions, read_orders
from service.answers import answer
from service.decide import BANDS, Decisions, decide
from service.means import Means
from service.wording import Lang


@dataclass(frozen=True, slots=True)
class Examples:
    """What became of a file of example orders. bands: orders by band; riskiest: places of the parts' orders, first
    the most probable claim, without those that have no probability."""

    parts: tuple[Decisions, ...]
    riskiest: tuple[tuple[int, int], ...]
    bands: Counter[str]

    @property
    def scored(self) -> int:
        """How many orders were decided."""
        return sum(part.columns.n for part in self.parts)

    @property
    def expected_claims(self) -> float:
        """The sum of the probabilities."""
        return float(sum(np.nansum(part.scores.probability) for part in self.parts))

    def answers(self, most: int, means: Means, lang: Lang) -> list[dict[str, Any]]:
        """The answers to the riskiest orders, as the API would give them."""
        return [answer(self.parts[k], i, means, lang) for k, i in self.riskiest[:most]]


def decided_examples(orders: Path, means: Means) -> Examples:
    """Decide on every good row of a file whose rows have an as_of of their own."""
    chunks = read_orders(orders, TableOptions(extras=means.extras))
    parts = tuple(decide(chunk.columns, means) for chunk in chunks)
    places = [(k, i) for k, part in enumerate(parts) for i in np.flatnonzero(~np.isnan(part.band)).tolist()]
    riskiest = sorted(places, key=lambda at: -float(parts[at[0]].scores.probability[at[1]]))
    return Examples(parts, tuple(riskiest), Counter(band for part in parts for band in _bands(part.band)))


def _bands(places: Floats) -> list[str]:
    return [BANDS[int(place)] for place in places[~np.isnan(places)]]
