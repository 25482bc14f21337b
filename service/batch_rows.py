"""The rows of a file that is scored, where each process finds them: in pieces set down for it, or in a Parquet file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import orjson
import polars as pl

from features.delimited import Block, RawChunk, Reject, gathered
from features.file_state import FileState
from features.parquet_rows import ParquetRows
from features.sound import SoundText
from features.tables import cut
from service.journal import get, put, put_text

# A column of a piece that is none of the result; the user's may have any name.
LINE = "\x1fline"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows k of a file. pieces: the digest of what was set down for them, by name; rejects: of the reader."""

    k: int
    count: int
    pieces: dict[str, str]
    rejects: list[Reject]


# All rows, where told which pieces are done.
RowsLeft = Callable[[Callable[[int], bool]], Iterator[Rows]]


@dataclass(frozen=True, slots=True)
class InPieces:
    """Rows that were set down in a folder, or of which was set down where in a sound text file they are. file: its
    state when it was opened, None of other files."""

    folder: Path
    file: FileState | None

    def set_down(self, blocks: Iterable[Block], most: int, is_done: Callable[[int], bool]) -> Iterator[Rows]:
        """All rows, at most so many a piece, set down as they are asked for; those that are done lie there."""
        for k, some in enumerate(_pieces(blocks, most)):
            pieces = {} if is_done(k) else self._put(k, some)
            rejects = [reject for block in some if isinstance(block, RawChunk) for reject in block.rejects]
            yield Rows(k, sum(block.height for block in some), pieces, rejects)

    def _put(self, k: int, some: Sequence[Block]) -> dict[str, str]:
        text = _as_text(some)
        if text is not None:
            start = None if self.file is None else text.start
            told = [text.header, text.delimiter, text.has_quotes, text.line, text.height, start]
            data = text.data if start is None else b"%d" % len(text.data)
            return {_text_name(k): put_text(self.folder, _text_name(k), orjson.dumps(told) + b"\n" + data)}
        raw = gathered(some)
        frame = raw.frame.with_columns(pl.Series(LINE, raw.lines, dtype=pl.Int64))
        return {_name(k): put(self.folder, _name(k), frame)}

    def read(self, k: int) -> tuple[pl.DataFrame, list[int]]:
        """Rows k as they stand in the file, and their lines."""
        if (self.folder / _text_name(k)).exists():
            text = self._text(k)
            return text.frame(), text.lines
        rows = get(self.folder, _name(k))
        return rows.drop(LINE), rows[LINE].to_list()

    def plain(self, k: int) -> SoundText | None:
        """Rows k as lines of CSV that can be copied, where they lie here so."""
        text = self._text(k) if (self.folder / _text_name(k)).exists() else None
        return text if text is not None and text.is_plain else None

    def _text(self, k: int) -> SoundText:
        told, _, data = (self.folder / _text_name(k)).read_bytes().partition(b"\n")
        header, delimiter, has_quotes, line, height, start = orjson.loads(told)
        if self.file is not None and start is not None:
            data = self.file.read(start, int(data))
        return SoundText(data, tuple(header), delimiter, has_quotes, line, height, start)

    def names(self) -> list[str]:
        """The names of the user's columns."""
        if (self.folder / _text_name(0)).exists():
            return list(self._text(0).header)
        return [name for name in pl.read_ipc_schema(self.folder / _name(0)) if name != LINE]

    def require_unchanged(self) -> None:
        """`FileRefused` where the user has changed the file meanwhile."""
        if self.file is not None:
            self.file.require_unchanged()


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

    def plain(self, _: int) -> SoundText | None:
        """None lie here as lines."""
        return None

    def names(self) -> list[str]:
        """The names of the user's columns."""
        return list(self.file.schema)

    def require_unchanged(self) -> None:
        """`FileRefused` where the user has changed the file meanwhile."""
        self.file.state.require_unchanged()


def _name(k: int) -> str:
    return f"rows-{k:05}"


def _text_name(k: int) -> str:
    return f"text-{k:05}"


def _pieces(blocks: Iterable[Block], most: int) -> Iterator[list[Block]]:
    """Blocks, cut where one is too long, that make a piece together."""
    some, rows = list[Block](), 0
    for block in blocks:
        for part in [block] if block.height <= most else cut(gathered([block]), most):
            if some and rows + part.height > most:
                yield some
                some, rows = [], 0
            some.append(part)
            rows += part.height
    if some:
        yield some


def _as_text(some: Sequence[Block]) -> SoundText | None:
    """All of them as one text; None where it would not be read as they are."""
    texts = [block for block in some if isinstance(block, SoundText)]
    if len(texts) < len(some) or not all(one.is_followed_by(after) for one, after in pairwise(texts)):
        return None
    return texts[0].joined(texts[1:])
