"""Keys of orders: which row of a file repeats an earlier one, in eight bytes a row."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.columns import Bools, Columns

Digests = NDArray[np.uint64]

LONGEST_RUN = 1 << 20  # longer ones are not made longer


def digests(columns: Columns) -> Digests:
    """(n,) uint64: of the key (order_id, as_of) of each order; the same in every process of one version of polars."""
    keys = pl.DataFrame({"order_id": pl.Series(columns["order_id"], dtype=pl.String), "as_of": columns["as_of"]})
    return keys.hash_rows().to_numpy()


class Keys:
    """64-bit digests of the keys met so far: of ten million keys two agree by chance in 1 of 400,000 files.

    Sorted runs, each at least twice the next until they are long, so that adding is cheap in time and memory.
    """

    def __init__(self) -> None:
        self._runs: list[Digests] = []

    def repeated(self, digests: Digests) -> Bools:
        """(n,) bool: whether each stands earlier, here or in an earlier call; they count as met from now on."""
        found: Bools = ~pl.Series(digests).is_first_distinct().to_numpy()
        order = np.argsort(digests)
        ordered = digests[order]  # neighbours are looked for next to each other
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, ordered), len(run) - 1)
            found[order[run[place] == ordered]] = True
        if len(digests):
            self._runs.append(ordered)
        while len(self._runs) > 1 and len(self._runs[-2]) < min(2 * len(self._runs[-1]), LONGEST_RUN):
            last = self._runs.pop()
            self._runs[-1] = np.concatenate([self._runs[-1], last])
            self._runs[-1].sort()
        return found
