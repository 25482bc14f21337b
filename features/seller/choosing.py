"""Which of the given maps a file is read by: that of most of its columns, unless a built-in one fits better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from features.errors import FileRefused
from features.seller.headers import known_as
from features.seller.mapping import EITHER, Encoding, Mapping
from features.seller.maps import fitting, has_column, header_row_of, reads
from features.seller.sources import DELIMITED, looked_at, sources
from features.seller.table import Note
from features.seller.vocabulary import KEYS
from features.seller.wordlists import wordlists


@dataclass(frozen=True, slots=True)
class _Fit:
    """How many attributes beside the keys of its rows a map reads of a file, of how many that it has; -1 of a file in
    which it does not even find the keys."""

    mapping: Mapping
    read: int
    of: int

    @property
    def is_of_orders(self) -> bool:
        return self.mapping.table[0].kind in ("orders", "order_items")

    def is_like(self, other: _Fit) -> bool:
        """Whether the rows are of one kind."""
        return self.mapping.table[0].kind == other.mapping.table[0].kind or (self.is_of_orders and other.is_of_orders)


def map_for(path: Path, given: Sequence[Mapping], encoding: Encoding | None, *, is_alone: bool) -> Mapping | None:
    """The one of the given maps that a file is read by; None where a built-in map is to be taken.

    That is so where one fits by its signature and none of the given reads more than the key of its rows, or another
    kind of rows and less. is_alone: the only file, for which a map must be meant. `FileRefused` where nothing reads it.
    """
    if not given:
        return None
    best = max((_fit(path, mapping, encoding) for mapping in given), key=lambda fit: fit.read)
    own = _built_in(path, encoding)
    if own is None:
        _require(best, path)
        return best.mapping
    share = wordlists().limits.share_of_built_in
    is_meant = is_alone or best.read == best.of or best.read > own.read
    is_meant = is_meant or (best.is_like(own) and best.read >= share * own.read)
    return best.mapping if best.read > 0 and is_meant else None


def not_meant(report: str) -> Note:
    """What is to be told of a file that a built-in map reads though others were given."""
    return Note("map_not_meant", "", {"report": report})


def require_columns(path: Path, mapping: Mapping, encoding: Encoding | None) -> None:
    """`FileRefused` where a map reads nothing of a file but its order number."""
    fit = _fit(path, mapping, encoding)
    if fit.read == 0:
        _require(fit, path)


def _require(fit: _Fit, path: Path) -> None:
    if fit.read > 0 or fit.of == 0:
        return
    what = "the number of its rows alone" if fit.read == 0 else "not even the number of its rows"
    raise FileRefused(
        f"{path}: expected columns that the map {fit.mapping.report} names, got {what}; name them in the map, or give "
        f"one for this file: claimrisk map {path} --out MAP.toml writes it"
    )


def _fit(path: Path, mapping: Mapping, encoding: Encoding | None) -> _Fit:
    """Of several sheets that of most columns."""
    keys = {name for table in mapping.table for key in KEYS[table.kind] for name in key.split(EITHER)}
    columns = [(n, column) for table in mapping.table for n, column in table.columns.items() if n not in keys]
    of = len({name for name, _ in columns})
    found = -1
    for names in _headers(path, mapping, encoding):
        if mapping.form == "json" or reads(mapping, names):
            have = {*known_as(names)}
            found = max(found, len({name for name, column in columns if has_column(column, have)}))
    return _Fit(mapping, found, of)


def _built_in(path: Path, encoding: Encoding | None) -> _Fit | None:
    if path.suffix.lower() in DELIMITED:
        fits = [m for names in _headers(path, None, encoding) if (m := fitting(names)) is not None]
        return _fit(path, fits[0], encoding) if fits else None
    try:
        return _fit(path, sources(path, None, encoding)[0].mapping, encoding)
    except FileRefused:
        return None


def _headers(path: Path, mapping: Mapping | None, encoding: Encoding | None) -> list[Sequence[str]]:
    """The names of the columns of each sheet, as a map finds them; none of a file that it cannot open."""
    try:
        if path.suffix.lower() in DELIMITED:
            rows = looked_at(path, mapping, encoding).rows
            row = header_row_of(rows, mapping)
            return [rows[row - 1]] if row <= len(rows) else []
        return [source.sheet.frame.columns for source in sources(path, mapping, encoding)]
    except FileRefused:
        return []
