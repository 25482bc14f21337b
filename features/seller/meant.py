"""How much of a header a map reads, and whether a given map is meant for it or the built-in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.seller.headers import known_as
from features.seller.mapping import EITHER, Mapping
from features.seller.maps import has_column, reads
from features.seller.vocabulary import KEYS
from features.seller.wordlists import wordlists


@dataclass(frozen=True, slots=True)
class Fit:
    """How many attributes beside the keys of its rows a map reads of a file, of how many that it has; -1 of a file in
    which it does not even find the keys."""

    mapping: Mapping
    read: int
    of: int

    @property
    def is_of_orders(self) -> bool:
        """Whether its rows are orders or their items."""
        return self.mapping.table[0].kind in ("orders", "order_items")

    def is_like(self, other: Fit) -> bool:
        """Whether the rows are of one kind."""
        return self.mapping.table[0].kind == other.mapping.table[0].kind or (self.is_of_orders and other.is_of_orders)

    def is_meant_beside(self, own: Fit) -> bool:
        """Whether a given map is meant though a built-in one fits: it reads all it names, or more, or of the same kind
        of rows a good part as much; never one that reads the keys alone."""
        share = wordlists().limits.share_of_built_in
        is_as_much = self.is_like(own) and self.read >= share * own.read
        return self.read > 0 and (self.read == self.of or self.read > own.read or is_as_much)


def fit_of(mapping: Mapping, headers: Sequence[Sequence[str]]) -> Fit:
    """The fit of a map to the names of the columns of each sheet: of several sheets that of most columns."""
    keys = {name for table in mapping.table for key in KEYS[table.kind] for name in key.split(EITHER)}
    columns = [(n, column) for table in mapping.table for n, column in table.columns.items() if n not in keys]
    found = -1
    for names in headers:
        if mapping.form == "json" or reads(mapping, names):
            have = {*known_as(names)}
            found = max(found, len({name for name, column in columns if has_column(column, have)}))
    return Fit(mapping, found, len({name for name, _ in columns}))
