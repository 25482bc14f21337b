"""A Parquet file of orders by rows: any process reads those that it works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.errors import FileRefused
from features.file_state import FileState


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """schema: of the file; height: its rows; state: when it was opened."""

    path: Path
    schema: pl.Schema
    height: int
    state: FileState

    @classmethod
    def of(cls, path: Path) -> ParquetRows:
        """The rows of a file; `FileRefused` where it is not readable, or has no columns."""
        with _refusing(path):
            state, lazy = FileState.of(path), pl.scan_parquet(path, glob=False)
            schema = lazy.collect_schema()
            if not schema:
                raise FileRefused(f"{path}: the file has no columns; expected at least order_id")
            return cls(path, schema, int(lazy.select(pl.len()).collect().item()), state)

    def read(self, start: int, most: int) -> tuple[pl.DataFrame, list[int]]:
        """At most so many rows from `start` on, with their lines: the first row of the file is 1."""
        with _refusing(self.path):
            part = pl.scan_parquet(self.path, glob=False).slice(start, most).collect(engine="streaming")
        return part, list(range(start + 1, start + 1 + part.height))


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise FileRefused(f"{path}: not a readable Parquet file ({str(error).partition(chr(10))[0]})") from error
