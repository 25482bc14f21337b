"""The summary of a scored file: how many rows became what, counted as the result is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson
import polars as pl

from features.delimited import Reject
from service.result_columns import PREFIX
from service.results import Part


@dataclass(slots=True)
class Summary:
    """What became of a file: rows scored, rejected and left out by code, statuses, and what was warned of."""

    scored: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    strange_columns: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.scored + self.rejected.total() + self.dropped.total()

    def add(self, other: Summary) -> None:
        """Count another file in."""
        self.scored += other.scored
        for mine, theirs in (
            (self.rejected, other.rejected), (self.dropped, other.dropped), (self.statuses, other.statuses),
            (self.warnings, other.warnings),
        ):  # fmt: skip
            mine.update(theirs)
        self.strange_columns += [name for name in other.strange_columns if name not in self.strange_columns]

    def of_parts(self, parts: Iterable[Part]) -> Iterator[Part]:
        """The same parts of a result, counted."""
        for part in parts:
            self.scored += part.ours.height
            self.statuses.update(_counts(part.ours[PREFIX + "status"]))
            for warned, rows in _counts(part.ours[PREFIX + "warnings"]).items():
                self.warnings.update({name.replace(":", " "): rows for name in orjson.loads(warned)})
            yield part

    def of_rejects(self, rejects: Iterable[Reject]) -> Iterator[Reject]:
        """The same rejects, counted."""
        for reject in rejects:
            self.rejected[reject.code] += 1
            yield reject


def _counts(texts: pl.Series) -> dict[str, int]:
    return dict(texts.value_counts().iter_rows())
