"""A shop's orders and the outcomes of its defects out of files, as the defect budget asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from features.columns import Columns, concatenated
from features.delimited import Reject
from features.errors import InputError
from features.order import attributes
from features.tables import Chunk
from service.odr_window import Span, in_span
from training.dataset import read_outcomes


@dataclass(frozen=True, slots=True)
class FileOrders:
    """Orders, one row each, with their outcomes where there is a file of them; rejects: rows that were set aside."""

    orders: Columns
    known: Columns | None
    rejects: list[Reject] = field(default_factory=list)

    def within(self, span: Span) -> Columns:
        """The shop's orders placed in the span."""
        return in_span(self.orders, span)

    def outcomes(self, span: Span) -> Columns | None:
        """The outcomes known by the end of the span, if there is a file of them."""
        return None if self.known is None else self.known.take(~(self.known["claim_opened_at"] > span.until))

    def marketplace(self, asked: str | None) -> str:
        """The marketplace asked for, or the only one; `InputError` where that is not in the file."""
        choices, codes = attributes()["marketplace"].choices, self.orders["marketplace"]
        return _one("--marketplace", {choices[int(c)] for c in codes[~np.isnan(codes)].tolist()}, asked)

    def shop(self, asked: str | None) -> str:
        """The shop asked for, or the only one; `InputError` where that is not in the file."""
        return _one("--shop", {str(shop) for shop in self.orders["shop_id"].tolist() if shop is not None}, asked)


def file_orders(chunks: Iterable[Chunk], outcomes: Path | None, zone: ZoneInfo | None) -> FileOrders:
    """Read both files. zone: of instants without an offset."""
    read = list(chunks)
    rejects = [reject for chunk in read for reject in chunk.rejects]
    known = None if outcomes is None else read_outcomes(outcomes, zone)
    return FileOrders(concatenated([chunk.columns for chunk in read]), known, rejects)


def _one(option: str, there: set[str], asked: str | None) -> str:
    if asked is None and len(there) == 1:
        return next(iter(there))
    if asked is None or asked not in there:
        got = "none" if asked is None else asked
        raise InputError(f"{option}: expected one of {', '.join(sorted(there)) or '(the file has none)'}, got {got}")
    return asked
