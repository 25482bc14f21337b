"""A Parquet file of orders by rows: any process reads those that it works on, and a changed file is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.errors import FileRefused


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """schema: of the file; height: its rows; state: what tells whether the file is still the one that was opened."""

    path: Path
    schema: pl.Schema
    height: int
    state: tuple[int, ...]

    @classmethod
    def of(cls, path: Path) -> ParquetRows:
        """The rows of a file; `FileRefused` where it is not readable, or has no columns."""
        with _refusing(path):
            state, lazy = _state(path), pl.scan_parquet(path, glob=False)
            schema = lazy.collect_schema()
            if not schema:
                raise FileRefused(f"{path}: the file has no columns; expected at least order_id")
            return cls(path, schema, int(lazy.select(pl.len()).collect().item()), state)

    def read(self, start: int, most: int) -> tuple[pl.DataFrame, list[int]]:
        """At most so many rows from `start` on, with their lines: the first row of the file is 1."""
        with _refusing(self.path):
            part = pl.scan_parquet(self.path, glob=False).slice(start, most).collect(engine="streaming")
        return part, list(range(start + 1, start + 1 + part.height))

    def require_unchanged(self) -> None:
        """`FileRefused` where the file was changed, or another has its name, since it was opened."""
        with _refusing(self.path):
            if _state(self.path) != self.state:
                raise FileRefused(f"{self.path}: it was changed while it was read; do it once more")


def _state(path: Path) -> tuple[int, ...]:
    told = path.stat()
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise FileRefused(f"{path}: not a readable Parquet file ({str(error).partition(chr(10))[0]})") from error
