"""The rows of a file that is scored, where each process finds them: in pieces set down for it, or in a Parquet file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.delimited import RawChunk, Reject
from features.parquet_rows import ParquetRows
from service.journal import get, put

# A column of a piece that is none of the result; the user's may have any name.
LINE = "\x1fline"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows k of a file. pieces: the digest of what was set down for them, by name; rejects: of the reader."""

    k: int
    count: int
    pieces: dict[str, str]
    rejects: list[Reject]


@dataclass(frozen=True, slots=True)
class InPieces:
    """Rows that were set down in a folder."""

    folder: Path

    def set_down(self, raws: Iterable[RawChunk], is_done: Callable[[int], bool]) -> Iterator[Rows]:
        """All rows, which are set down as they are asked for; those that are done lie there."""
        for k, raw in enumerate(raws):
            pieces = {} if is_done(k) else {_name(k): self._put(k, raw)}
            yield Rows(k, raw.frame.height, pieces, raw.rejects)

    def _put(self, k: int, raw: RawChunk) -> str:
        return put(self.folder, _name(k), raw.frame.with_columns(pl.Series(LINE, raw.lines, dtype=pl.Int64)))

    def read(self, k: int) -> tuple[pl.DataFrame, list[int]]:
        """Rows k as they stand in the file, and their lines."""
        rows = get(self.folder, _name(k))
        return rows.drop(LINE), rows[LINE].to_list()

    def names(self) -> list[str]:
        """The names of the user's columns."""
        return [name for name in pl.read_ipc_schema(self.folder / _name(0)) if name != LINE]

    def require_unchanged(self) -> None:
        """Nobody else writes there."""


@dataclass(frozen=True, slots=True)
class InParquet:
    """Rows that stay in the file of the user, `most` a piece."""

    file: ParquetRows
    most: int

    def rows(self, _: Callable[[int], bool]) -> Iterator[Rows]:
        """All of them, with nothing to set down."""
        for k, start in enumerate(range(0, self.file.height, self.most)):
            yield Rows(k, min(self.most, self.file.height - start), {}, [])

    def read(self, k: int) -> tuple[pl.DataFrame, list[int]]:
        """Rows k as they stand in the file, and their lines."""
        return self.file.read(k * self.most, self.most)

    def names(self) -> list[str]:
        """The names of the user's columns."""
        return list(self.file.schema)

    def require_unchanged(self) -> None:
        """`FileRefused` where the user has changed the file meanwhile."""
        self.file.require_unchanged()


def _name(k: int) -> str:
    return f"rows-{k:05}"
