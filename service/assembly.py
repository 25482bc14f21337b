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
from service.batch_pieces import KEY, LINE, OURS, PLACE, explained_name, rejects_name, scored_name
from service.journal import get
from service.result_columns import EXPLAINED, NAMES, PREFIX


@dataclass(slots=True)
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
        """(rows,) float64 of the rows of piece k; NaN for repeats, and where none is told."""
        told = get(self.folder, scored_name(k), [OURS + "probability"])[OURS + "probability"]
        values = told.fill_null(np.nan).to_numpy()
        return np.where(self.repeated[k], np.nan, values) if k in self.repeated else values

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows of the result in the order of the file."""
        types = self._types()
        for k in range(self.count):
            yield self._frame(k).cast(types)  # type: ignore[arg-type]

    def rejects(self) -> Iterator[Reject]:
        """The rows that were set aside, in the order of the file."""
        for k in range(self.count):
            path = self.folder / rejects_name(k)
            found = [Reject(*row) for row in pl.read_ipc(path).iter_rows()] if path.exists() else []
            if k in self.repeated:
                found += self._repeats(k)
            yield from sorted(found, key=lambda reject: reject.line)

    @property
    def given(self) -> list[str]:
        """The names of the user's columns."""
        return [name for name in pl.read_ipc_schema(self.folder / scored_name(0)) if not name.startswith(OURS)]

    @property
    def schema(self) -> pl.Schema:
        """The columns of the result."""
        return self._frame(0).cast(self._types()).schema  # type: ignore[arg-type]

    def _types(self) -> dict[str, pl.DataType]:
        """Of the user's columns, which may come as other types in other pieces: what holds them all."""
        heads = [pl.DataFrame(schema=pl.read_ipc_schema(self.folder / scored_name(k))) for k in range(self.count)]
        theirs = [head.select(pl.exclude(f"^({OURS}|{PREFIX}).*$")) for head in heads]
        return dict(pl.concat(theirs, how="vertical_relaxed").schema)

    def _frame(self, k: int) -> pl.DataFrame:
        rows = get(self.folder, scored_name(k))
        if (self.folder / explained_name(k)).exists():
            why = get(self.folder, explained_name(k)).rename({name: OURS + name for name in EXPLAINED})
            rows = rows.with_row_index(PLACE).join(why, on=PLACE, how="left", maintain_order="left")
        else:
            rows = rows.with_columns(pl.lit(None, pl.String).alias(OURS + name) for name in EXPLAINED)
        if k in self.repeated:
            rows = rows.filter(pl.Series(~self.repeated[k]))
        theirs = rows.select(pl.exclude(f"^({OURS}|{PREFIX}).*$"))
        return theirs.hstack([rows[OURS + name].alias(PREFIX + name) for name in NAMES])

    def _repeats(self, k: int) -> list[Reject]:
        rows = get(self.folder, scored_name(k))
        return repeats(rows.select(pl.exclude(f"^{OURS}.*$")), rows[LINE].to_list(), self.repeated[k])
