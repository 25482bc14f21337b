"""Rows of one of the seller's files in our names, with all that was set aside, dropped or guessed."""

from __future__ import annotations

from collections.abc import Mapping
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
