"""One column of a seller's file into ours: texts, words, numbers or instants by the kind of the attribute."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from features import kinds
from features.errors import FileRefused, Problem
from features.kinds import Kind
from features.order import Attribute
from features.parsing import parsed
from features.seller.dates import date_parts, instants
from features.seller.headers import zone_said
from features.seller.keys import DIGITS_LOST, digests, digits_lost, parcel_digests
from features.seller.mapping import MapColumn, Mapping, MapRefused, Said, plain_name
from features.seller.measures import measures
from features.seller.numbers import Numbers, Numerals, numbers, numerals
from features.seller.rawtext import MARK, kept_text, unmarked
from features.seller.table import Note, listed_words
from features.seller.units import COUNT, OURS, factor
from features.seller.vocabulary import PARCEL, is_key
from features.seller.wordlists import wordlists
from features.seller.written import WRITES_A_MAP, Written

_WORDS_OF_KIND = {Kind.COUNTRY: "countries", Kind.CURRENCY: "currencies"}
NOT_AN_INSTANT = "expected a date, or a date and a time, that exist, from 2000 to 2099"


@dataclass(frozen=True, slots=True)
class Reading:
    """What holds for a whole file. said: what the user said, for where the map says nothing."""

    path: Path
    mapping: Mapping
    said: Said

    def words(self, column: MapColumn, attribute: Attribute) -> dict[str, object]:
        """Their words, made plain, to ours."""
        named = self.mapping.words | {k: dict(v) for k, v in wordlists().words.items() if k not in self.mapping.words}
        table: Dict[str, object] = named.get(_WORDS_OF_KIND.get(attribute.kind, ""), {})
        if isinstance(column.values, str):
            if column.values not in named:
                raise MapRefused(f"{self.mapping.report}: {column.values}: expected a table [words.{column.values}]")
            table = named[column.values]
        elif column.values is not None:
            table = column.values
        return {plain_name(word): ours for word, ours in table.items()}


@dataclass(frozen=True, slots=True)
class Cells:
    """A column of ours. values: (n,) typed, null where missing or bad; bad: (n,) Boolean; problem: what to say of the
    bad ones; sign: (n,) signs of currency, of money alone."""

    values: pl.Series
    bad: pl.Series
    problem: Problem
    notes: list[Note] = field(default_factory=list)
    sign: pl.Series | None = None


def read_cells(text: pl.Series, attribute: Attribute, column: MapColumn, reading: Reading, how: Written) -> Cells:
    """The cells of one of their columns or of a piece of it, (n,) String, as the attribute's kind; how: as the whole
    column is written."""
    if attribute.kind is Kind.INSTANT:
        return _instants(text, attribute, column, reading, how)
    if attribute.kind is Kind.FLAG:
        return _flags(text, attribute, column, reading)
    if attribute.kind is Kind.CHOICE or attribute.kind in _WORDS_OF_KIND:
        return _words(text, attribute, column, reading)
    if attribute.kind in kinds.TEXT_KINDS:
        return _texts(text, attribute, column, reading, how)
    return _numbers(text, attribute, column, how)


def constant_cells(value: object, n: int, attribute: Attribute, report: str) -> pl.Series:
    """(n,) of one value that the map gives."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    result = parsed(pl.Series([text]), attribute, None)
    if result.bad.any() or attribute.kind is Kind.INSTANT:
        raise MapRefused(f"{report}: {attribute.name} = {value!r}: {result.problem.detail}")
    typed: pl.DataType = {Kind.FLAG: pl.Boolean(), Kind.COUNT: pl.Int64()}.get(attribute.kind, pl.Float64())
    if attribute.kind is Kind.CHOICE or attribute.kind in kinds.TEXT_KINDS:
        return pl.Series(attribute.name, [text] * n, dtype=pl.String)
    return pl.Series(attribute.name, [result.array[0]] * n).cast(typed)


def _problem(attribute: Attribute) -> Problem:
    """What is wrong with a cell that holds something: nothing is known of it but that it could not be read."""
    code, detail = kinds.wanted(attribute.kind, attribute.choices, attribute.minimum)
    of = OURS.get(attribute.name, COUNT)
    unit = f", in {of} or with its unit behind it" if of != COUNT else ""
    return Problem(attribute.name, code, f"{detail}{unit}; correct the cell, or empty it to use the order without it")


def _checked(values: pl.Series, given: pl.Series, attribute: Attribute) -> Cells:
    """Values with those set aside that were given and not understood, or are out of the attribute's range."""
    result = parsed(values, attribute, None)
    bad = pl.Series(result.bad) | (given & values.is_null())
    if attribute.kind in kinds.TEXT_KINDS:
        values = pl.Series(attribute.name, result.array.tolist(), dtype=pl.String)
    kept = values.alias(attribute.name).set(bad, None)
    if attribute.kind is Kind.COUNT:
        kept = kept.cast(pl.Int64)
    return Cells(kept, bad, _problem(attribute))


def _is_given(text: pl.Series) -> pl.Series:
    return (unmarked(text).str.strip_chars(kinds.WHITE_SPACE).str.len_chars() > 0).fill_null(value=False)


def _texts(text: pl.Series, attribute: Attribute, column: MapColumn, reading: Reading, how: Written) -> Cells:
    values = kept_text(unmarked(text).str.strip_chars(kinds.WHITE_SPACE))
    values = values.set(values == "", None)
    if column.values is not None:
        values = _plain_words(values).replace_strict(
            {k: str(v) for k, v in reading.words(column, attribute).items()}, default=values, return_dtype=pl.String
        )
    if is_key(attribute):
        return _keys(text, values, attribute, column, how)
    cut = values.str.replace_all(r"[\p{Cc}\p{Cf}]+", " ").str.slice(0, kinds.longest_text(attribute.kind))
    shorter = int((values.str.len_chars() > cut.str.len_chars()).sum())
    notes = [Note("texts_cut", text.name, {"count": str(shorter)})] if shorter else []
    return replace(_checked(cut, values.is_not_null(), attribute), notes=notes)


def _keys(text: pl.Series, values: pl.Series, attribute: Attribute, column: MapColumn, how: Written) -> Cells:
    """Numbers and names of orders, goods and parcels: one that a spreadsheet has rounded names something else."""
    lost, doubtful = digits_lost(values, is_rounded=how.is_rounded)
    notes = [Note("digits_doubtful", text.name, {"count": str(doubtful)})] if doubtful else []
    typed = int(text.str.starts_with(MARK).sum() or 0)
    if typed:
        notes.append(Note("numbers_as_names", text.name, {"count": str(typed)}))
    if attribute.name == PARCEL:
        values, several, cut = parcel_digests(values)
        notes += [Note("parcels_split", text.name, {"count": str(several)})] if several else []
        notes += [Note("no_parcel_numbers", text.name, {"count": str(cut)})] if cut else []
        cells = Cells(values.alias(PARCEL), pl.repeat(False, len(values), eager=True), _problem(attribute))
    else:
        values = digests(values) if column.is_digest else values
        cells = _checked(values, values.is_not_null(), attribute)
    bad = cells.bad | lost
    problem = Problem(attribute.name, "digits_lost", DIGITS_LOST) if lost.any() else cells.problem
    return Cells(cells.values.set(lost, None), bad, problem, notes)


def _plain_words(text: pl.Series) -> pl.Series:
    each = text.drop_nulls().unique()
    return text.replace_strict(
        each, pl.Series([plain_name(w) for w in each], dtype=pl.String), default=None, return_dtype=pl.String
    )


def _words(text: pl.Series, attribute: Attribute, column: MapColumn, reading: Reading) -> Cells:
    given, plain = _is_given(text), _plain_words(unmarked(text))
    own = {plain_name(choice): choice for choice in attribute.choices}
    ours = own | {word: str(value) for word, value in reading.words(column, attribute).items()}
    values = plain.replace_strict(ours, default=None, return_dtype=pl.String)
    if attribute.kind in _WORDS_OF_KIND:
        values = values.fill_null(plain.str.to_uppercase())
    if column.otherwise is not None:
        strange = given & values.is_null()
        return _with_unlisted(_checked(values.set(strange, column.otherwise), given, attribute), strange, text)
    if column.unlisted == "unknown":
        known = values.is_in(attribute.choices) if attribute.choices else values.is_not_null()
        strange = given & ~known.fill_null(value=False)
        return _with_unlisted(_checked(values.set(strange, None), given & ~strange, attribute), strange, text)
    return _checked(values, given, attribute)


def _with_unlisted(cells: Cells, strange: pl.Series, text: pl.Series) -> Cells:
    count = int(strange.sum())
    if not count:
        return cells
    details = {"count": str(count), "words": listed_words(unmarked(text).filter(strange).unique())}
    return replace(cells, notes=[*cells.notes, Note("words_unknown", text.name, details)])


def _flags(text: pl.Series, attribute: Attribute, column: MapColumn, reading: Reading) -> Cells:
    given, plain = _is_given(text), _plain_words(unmarked(text))
    if column.contains is not None and column.values is None and not set(plain.drop_nulls()) <= {"true", "false"}:
        return _checked(
            plain.str.contains(plain_name(column.contains), literal=True).set(~given, None), given, attribute
        )
    words = dict(wordlists().flags) if column.values is None else reading.words(column, attribute)
    truth = {word: value for word, value in words.items() if isinstance(value, bool)}
    values = plain.replace_strict(truth, default=None, return_dtype=pl.Boolean)
    if column.unlisted == "unknown":
        strange = given & values.is_null()
        return _with_unlisted(_checked(values, given & ~strange, attribute), strange, text)
    return _checked(values, given, attribute)


def _numbers(text: pl.Series, attribute: Attribute, column: MapColumn, how: Written) -> Cells:
    measured = measures(text, attribute.name)
    found = numerals(measured.text)
    result = numbers(found, how.decimal, is_guessed=how.is_guessed)
    values = _understood(result, found, attribute, column)
    cells = _checked(_scaled(values, measured.factor, found, attribute, column), found.given, attribute)
    named = len(text) - measured.factor.null_count()
    details = {"count": str(named), "words": listed_words(measured.words)}
    notes = [Note("units_in_cells", text.name, details)] if named else []
    return replace(cells, notes=notes, sign=result.sign if _is_amount(attribute) else None)


def _understood(result: Numbers, found: Numerals, attribute: Attribute, column: MapColumn) -> pl.Series:
    """Per cent is understood of rates alone, a sign of currency of amounts alone."""
    values = result.values.abs() if column.is_absolute else result.values
    if attribute.kind is not Kind.RATE:
        values = values.set(found.is_percent, None)
    return values if _is_amount(attribute) else values.set(found.sign.is_not_null(), None)


def _scaled(values: pl.Series, own: pl.Series, found: Numerals, attribute: Attribute, column: MapColumn) -> pl.Series:
    """Values in our unit: of the unit that a cell names (`own`, (n,) factors), else of the one that the map names."""
    by_map = 1.0 if column.unit is None else factor(column.unit, attribute.name)
    plain = (~found.is_percent).fill_null(value=True)
    return pl.select(pl.when(plain).then(values * own.fill_null(by_map)).otherwise(values)).to_series()


def _is_amount(attribute: Attribute) -> bool:
    return attribute.kind is Kind.MONEY or attribute.name == "amount"


def _instants(text: pl.Series, attribute: Attribute, column: MapColumn, reading: Reading, how: Written) -> Cells:
    found, mapping, notes = date_parts(text), reading.mapping, list[Note]()
    zone = column.time_zone or zone_said(text.name) or mapping.time_zone or reading.said.zone
    day = column.day or ("end" if attribute.role == "promise" else "start")
    result = instants(found, how.order, zone or mapping.assumed_time_zone, day=day, number=column.number_date)
    local = int(result.needs_zone.sum())
    if local and zone is None:
        if mapping.assumed_time_zone is None:
            raise FileRefused(
                f"{reading.path}: column {text.name!r}: expected instants with an offset, got local time; say "
                f"--time-zone Asia/Shanghai, or time_zone in a map; {WRITES_A_MAP}",
                about="which_zone",
            )
        notes.append(Note("time_zone_assumed", text.name, {"zone": mapping.assumed_time_zone.key}))
    elif local and (said := zone_said(text.name)) and not column.time_zone:
        notes.append(Note("time_zone_in_header", text.name, {"zone": said.key}))
    days, serials = int(result.is_day.sum()), int(result.is_serial.sum())
    if days:
        notes.append(Note("dates_without_time", text.name, {"count": str(days), "day": day}))
    if serials:
        notes.append(Note("day_numbers", text.name, {"count": str(serials)}))
    cells = _checked(result.values, found.given, attribute)
    return replace(cells, notes=notes, problem=Problem(attribute.name, "not_an_instant", NOT_AN_INSTANT))
