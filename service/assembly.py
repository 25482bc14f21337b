"""A result put together out of its pieces, a piece at a time: the user's columns first, ours behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from features.columns import Bools, Floats
from features.delimited import Reject
from features.keys import Keys
from features.tables import repeats
from service.batch_pieces import KEY, LINE, PLACE, ROW, explained_name, rejects_name, rows_name, rows_of, scored_name
from service.journal import get
from service.result_columns import EXPLAINED, NAMES, PREFIX


@dataclass
class Pieces:
    """The pieces of a file whose rows are all scored. repeated: by piece, (rows,) bool, which of them repeat an earlier
    row of the file; a piece alone cannot tell. orders: how many do not."""

    folder: Path
    count: int
    repeated: dict[int, Bools] = field(default_factory=dict)
    orders: int = 0

    def __post_init__(self) -> None:
        seen = Keys()
        for k in range(self.count):
            again = seen.repeated(get(self.folder, scored_name(k), [KEY])[KEY].to_numpy())
            self.orders += int(np.count_nonzero(~again))
            if again.any():
                self.repeated[k] = again

    def probability(self, k: int) -> Floats:
        """(rows,) float64 of the good rows of piece k; NaN for repeats, and where none is told."""
        values = get(self.folder, scored_name(k), ["probability"])["probability"].fill_null(np.nan).to_numpy()
        return np.where(self.repeated[k], np.nan, values) if k in self.repeated else values

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows of the result in the order of the file."""
        types = self._types
        for k in range(self.count):
            yield self._frame(k).cast(types)  # type: ignore[arg-type]

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

    @property
    def given(self) -> list[str]:
        """The names of the user's columns."""
        return [name for name in pl.read_ipc_schema(self.folder / rows_name(0)) if name != LINE]

    @property
    def schema(self) -> pl.Schema:
        """The columns of the result."""
        return self._frame(0).cast(self._types).schema  # type: ignore[arg-type]

    @cached_property
    def _types(self) -> dict[str, pl.DataType]:
        """Of the user's columns, which may come as other types in other pieces: what holds them all."""
        heads = [pl.DataFrame(schema=pl.read_ipc_schema(self.folder / rows_name(k))) for k in range(self.count)]
        return dict(pl.concat(map(_theirs, heads), how="vertical_relaxed").schema)

    def _frame(self, k: int) -> pl.DataFrame:
        told = get(self.folder, scored_name(k))
        if (self.folder / explained_name(k)).exists():
            why = get(self.folder, explained_name(k))
            told = told.with_row_index(PLACE).join(why, on=PLACE, how="left", maintain_order="left")
        else:
            told = told.with_columns(pl.lit(None, pl.String).alias(name) for name in EXPLAINED)
        if k in self.repeated:
            told = told.filter(pl.Series(~self.repeated[k]))
        rows = get(self.folder, rows_name(k))
        if told.height < rows.height:
            rows = rows[told[ROW]]
        return _theirs(rows).hstack([told[name].alias(PREFIX + name) for name in NAMES])

    def _repeats(self, k: int) -> list[Reject]:
        rows = get(self.folder, scored_name(k), [ROW])[ROW].to_numpy()[self.repeated[k]]
        frame, lines = rows_of(self.folder, k)
        is_repeat = np.zeros(frame.height, dtype=np.bool_)
        is_repeat[rows] = True
        return repeats(frame, lines, is_repeat)


def _theirs(rows: pl.DataFrame) -> pl.DataFrame:
    """The user's columns; those of an earlier result of ours make way."""
    return rows.select(pl.exclude(LINE, f"^{PREFIX}.*$"))
