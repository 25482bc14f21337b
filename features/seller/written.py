"""How a whole column is written, as all its cells tell: its decimal sign, the order of day and month, digits lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from features import kinds
from features.errors import FileRefused
from features.kinds import Kind
from features.order import Attribute
from features.seller.dates import date_evidence, decided_order, numeric_days
from features.seller.keys import is_all_rounded, long_numbers
from features.seller.mapping import DateOrder, Decimal, MapColumn, Mapping, Said
from features.seller.measures import measures
from features.seller.numbers import decided, evidence, numerals
from features.seller.rawtext import kept_text, unmarked
from features.seller.table import Note
from features.seller.vocabulary import is_key

WRITES_A_MAP = "claimrisk map FILE --out MAP.toml writes one to start from"
_OTHERS = (Kind.INSTANT, Kind.FLAG, Kind.CHOICE, Kind.COUNTRY, Kind.CURRENCY)


@dataclass(frozen=True, slots=True)
class Written:
    """decimal: of a column of numbers; order: of one of instants; is_rounded: of keys, every long number ends in zeros
    as a spreadsheet leaves it; notes: what of this was guessed."""

    decimal: Decimal = "."
    is_guessed: bool = False
    order: DateOrder = "dmy"
    is_rounded: bool = False
    notes: list[Note] = field(default_factory=list)


def written(
    pieces: Sequence[pl.Series], attribute: Attribute, column: MapColumn, *, mapping: Mapping, said: Said, path: Path
) -> Written:
    """What the map or the user says of a column, else what its cells ((rows,) String, in pieces) show; `FileRefused`
    where that changes values and is open."""
    if attribute.kind is Kind.INSTANT:
        return _instants(pieces, column.date_order or mapping.date_order or said.date_order, path)
    if attribute.kind in kinds.TEXT_KINDS:
        return _keys(pieces) if is_key(attribute) else Written()
    if attribute.kind in _OTHERS:
        return Written()
    return _numbers(pieces, attribute, column.decimal or mapping.decimal or said.decimal, path)


def _instants(pieces: Sequence[pl.Series], declared: DateOrder | None, path: Path) -> Written:
    if declared is not None:
        return Written(order=declared)
    name = pieces[0].name
    seen = date_evidence(pl.concat([numeric_days(piece) for piece in pieces]).unique())
    order = decided_order(seen)
    if order is None or (seen.example is not None and len(seen.example.rpartition("/")[2]) == 2):
        raise FileRefused(
            f"{path}: column {name!r}: expected to know the order of day and month, got "
            f'{seen.example or "both orders"!r}; say --date-order dmy, mdy or ymd, or date_order = "dmy" in a map; '
            f"{WRITES_A_MAP}",
            about="which_date_order",
        )
    return Written(
        order=order, notes=[Note("date_order_guessed", name, {"order": order})] if seen.dmy or seen.mdy else []
    )


def _numbers(pieces: Sequence[pl.Series], attribute: Attribute, declared: Decimal | None, path: Path) -> Written:
    if declared is not None:
        return Written(decimal=declared)
    name = pieces[0].name
    each = pl.concat([piece.unique() for piece in pieces]).unique()
    seen = evidence(numerals(measures(each, attribute.name).text))
    decimal = decided(seen)
    if decimal is None:
        got = " and ".join(repr(value) for value in seen.apart) if seen.apart else repr(seen.example)
        raise FileRefused(
            f"{path}: column {name!r}: expected to know the decimal sign, got {got}; "
            f'say --decimal "." or ",", or decimal = "." in a map; {WRITES_A_MAP}',
            about="which_decimal",
        )
    told = [Note("decimal_guessed", name, {"sign": decimal})] if seen.point or seen.comma else []
    return Written(decimal=decimal, is_guessed=True, notes=told)


def _keys(pieces: Sequence[pl.Series]) -> Written:
    counts = [long_numbers(kept_text(unmarked(piece).str.strip_chars(kinds.WHITE_SPACE))) for piece in pieces]
    return Written(is_rounded=is_all_rounded(sum(long for long, _ in counts), sum(rounded for _, rounded in counts)))
