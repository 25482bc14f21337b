"""Rows of one of the seller's files in our names, with all that was set aside, dropped or guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from features.delimited import Reject

Kind = Literal["order_items", "orders", "parcels", "messages", "returns", "finances", "claims", "performance"]


@dataclass(frozen=True, slots=True)
class Note:
    """Something guessed, filled in or worth knowing. code: stable; column: theirs or ours, "" if none; details: the
    numbers and names that the sentence of this code needs."""

    code: str
    column: str
    details: Mapping[str, str]


MOST_WORDS = 5


def added_up(notes: Iterable[Note]) -> list[Note]:
    """Notes on the pieces of a sheet as those of the whole: counts are added, of words the first few are kept."""
    found: dict[tuple[str, str], Note] = {}
    for note in notes:
        known = found.get((note.code, note.column))
        found[note.code, note.column] = note if known is None else _sum(known, note)
    return list(found.values())


def listed_words(words: Iterable[str]) -> str:
    """The first few of some words, in the order of their letters."""
    return ", ".join(sorted(set(words))[:MOST_WORDS])


def _sum(one: Note, other: Note) -> Note:
    details = dict(one.details)
    if "count" in details:
        details["count"] = str(int(details["count"]) + int(other.details["count"]))
    if "words" in details:
        details["words"] = listed_words([*details["words"].split(", "), *other.details["words"].split(", ")])
    return Note(one.code, one.column, details)


@dataclass(frozen=True, slots=True)
class SellerTable:
    """report: id of the map; kind: what a row is; rows: physical rows of data in the file.

    frame: our attribute names and a few of this room's own, typed (instants Datetime us UTC, money Float64, integers
    Int64, flags Boolean, texts String), and `line`, the physical line or sheet row. dropped: rows left out on purpose,
    by reason code. frame.height + rejected lines + dropped = rows.
    """

    report: str
    kind: Kind
    path: Path
    frame: pl.DataFrame
    rejects: list[Reject]
    rows: int
    dropped: Mapping[str, int]
    notes: list[Note]

    @property
    def is_complete(self) -> bool:
        """Whether every physical row is accounted for."""
        rejected = len({reject.line for reject in self.rejects})
        return self.frame.height + rejected + sum(self.dropped.values()) == self.rows
