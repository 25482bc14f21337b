"""A result put together out of its pieces, a piece at a time: the user's columns first, ours behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from features.columns import Bools, Floats
from features.delimited import Reject
from features.keys import Keys
from features.tables import repeats
from service.batch_pieces import KEY, PLACE, ROW, explained_name, plain_name, rejects_name, scored_name
from service.batch_rows import InParquet, InPieces
from service.journal import get
from service.result_columns import EXPLAINED, NAMES, PREFIX
from service.results import Part


@dataclass
class Pieces:
    """The pieces of a file that are scored, as far as they were taken. repeated: by piece, (rows,) bool, which of them
    repeat an earlier row of the file; a piece alone cannot tell. orders: how many do not."""

    folder: Path
    given: InPieces | InParquet
    count: int = 0
    repeated: dict[int, Bools] = field(default_factory=dict)
    orders: int = 0
    _seen: Keys = field(default_factory=Keys)

    def take(self, k: int) -> int:
        """Piece k, which comes after those before it."""
        again = self._seen.repeated(get(self.folder, scored_name(k), [KEY])[KEY].to_numpy())
        self.orders += int(np.count_nonzero(~again))
        if again.any():
            self.repeated[k] = again
        self.count = k + 1
        return k

    def probability(self, k: int) -> Floats:
        """(rows,) float64 of the good rows of piece k; NaN for repeats, and where none is told."""
        values = get(self.folder, scored_name(k), ["probability"])["probability"].fill_null(np.nan).to_numpy()
        return np.where(self.repeated[k], np.nan, values) if k in self.repeated else values

    def rejects(self) -> Iterator[Reject]:
        """The rows that were set aside, in the order of the file."""
        for k in range(self.count):
            name = rejects_name(k)
            found = (
                [Reject(*row) for row in get(self.folder, name).iter_rows()] if (self.folder / name).exists() else []
            )
            if k in self.repeated:
                found += self._repeats(k)
            yield from sorted(found, key=lambda reject: reject.line)

    def part(self, k: int) -> Part:
        """The rows of the result that come of piece k."""
        told = get(self.folder, scored_name(k))
        if (self.folder / explained_name(k)).exists():
            why = get(self.folder, explained_name(k))
            told = told.with_row_index(PLACE).join(why, on=PLACE, how="left", maintain_order="left")
        else:
            told = told.with_columns(pl.lit(None, pl.String).alias(name) for name in EXPLAINED)
        if k in self.repeated:
            told = told.filter(pl.Series(~self.repeated[k]))
        ours = told.select(pl.col(name).alias(PREFIX + name) for name in NAMES)
        text = self.given.plain(k) if (self.folder / plain_name(k)).exists() and k not in self.repeated else None
        if text is not None:
            return Part(text, ours)
        rows, _ = self.given.read(k)
        if told.height < rows.height:
            rows = rows[told[ROW]]
        return Part(rows.select(pl.exclude(f"^{PREFIX}.*$")), ours)

    def _repeats(self, k: int) -> list[Reject]:
        rows = get(self.folder, scored_name(k), [ROW])[ROW].to_numpy()[self.repeated[k]]
        frame, lines = self.given.read(k)
        is_repeat = np.zeros(frame.height, dtype=np.bool_)
        is_repeat[rows] = True
        return repeats(frame, lines, is_repeat)
