"""A first look at a file that no map knows: what each column seems to be, as a draft of a map to edit."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from features.delimited import Dialect
from features.errors import FileRefused
from features.kinds import Kind as ValueKind
from features.order import Attribute
from features.seller.dates import date_evidence, date_parts, decided_order, instants, numeric_days
from features.seller.draft import DraftColumn, drafted
from features.seller.families import FAMILIES, ORDERS, PARCELS, alias, family_of
from features.seller.mapping import NOTHING_SAID, Said, mapping_of
from features.seller.measures import measures
from features.seller.numbers import decided, evidence, numerals
from features.seller.rawtext import RawSheet, unmarked
from features.seller.reading import read_seller_file
from features.seller.records import flat_sheet, is_list_of_records, read_document, read_lines
from features.seller.sources import DELIMITED, LINES, Look, Source, looked_at, read_parquet, read_text, sources
from features.seller.table import Kind, Note, SellerTable
from features.seller.vocabulary import names_of
from features.seller.wordlists import is_personal, wordlists
from features.seller.workbook import read_workbook

# What reading by the draft notes beside what the draft itself guessed.
TOLD = (
    "columns_not_used", "personal_columns_dropped", "words_unknown", "dates_without_time", "day_numbers",
    "units_in_cells", "currency_by_sign", "currency_open",
)  # fmt: skip
AMAZON_ORDER = r"^\d{3}-\d{7}-\d{7}$"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file seems to be. draft: a map as TOML, to be edited; guesses: everything in it that nobody said; open:
    what must be decided before the columns concerned are read; tables: the file as read by the draft."""

    draft: str
    guesses: list[Note]
    open: list[Note]
    tables: list[SellerTable]


def inspected(path: Path, said: Said = NOTHING_SAID) -> Inspection:
    """The built-in map that fits, or a draft made from names and values; nothing in it is decided where two readings
    are possible."""
    known = _known(path, said)
    if known:
        return _by_built_in(path, known, said)
    sheet, top, guesses = _sheet(path, said)
    if not sheet.rows:
        raise FileRefused(f"{path}: no rows below the header; expected some to look at", about="empty_file")
    family = family_of(sheet.frame.columns)
    columns, more, asked = _columns(sheet, family, said)
    kind = _kind(sheet, columns) if family == ORDERS else family
    guesses += [*more, Note("kind_guessed", "", {"kind": kind})]
    draft = drafted(path, top, kind, columns=columns, frame=sheet.frame)
    if not {"order_id", *(("parcel_id",) if family == PARCELS else ())} & {column.ours for column in columns}:
        return Inspection(draft, guesses, [Note("which_order_id", "", {}), *asked], [])
    mapping = mapping_of(tomllib.loads(draft), path.name)
    tables = read_seller_file(path, mapping=mapping, said=said)
    guesses += [note for table in tables for note in table.notes if note.code in TOLD]
    return Inspection(draft, guesses, asked, tables)


def _known(path: Path, said: Said) -> list[Source]:
    """What a built-in map reads of a file; nothing where none fits. A file that is none at all is refused."""
    try:
        return sources(path, None, said.encoding)
    except FileRefused:
        if not path.is_file() or path.suffix.lower() not in (*DELIMITED, *LINES, ".xlsx", ".json", ".parquet"):
            raise
        return []


def _by_built_in(path: Path, known: list[Source], said: Said) -> Inspection:
    text = built_in_text(known[0].mapping.report)
    if text is None:
        raise FileRefused(f"{path}: its columns have our names already; no map is needed")
    rows = {source.sheet.header_row for source in known}
    where = f"header_row = {max(rows)}\n" if rows != {1} and len(rows) == 1 else ""
    draft = "".join(f'{name} = "{value}"\n' for name, value in _said_beyond(text, said)) + where + text
    try:
        tables = read_seller_file(path, said=said)
    except FileRefused as refusal:
        return Inspection(draft, [], [Note("refused", "", {"reason": str(refusal)})], [])
    guesses = [replace(note) for table in tables for note in table.notes]
    return Inspection(draft, list({(n.code, n.column): n for n in guesses}.values()), [], tables)


def _said_beyond(text: str, said: Said) -> Iterator[tuple[str, str]]:
    """What was said of how a file is written and its map does not say: by the name that a map has for it."""
    told = {"time_zone": said.zone, "date_order": said.date_order, "decimal": said.decimal, "encoding": said.encoding}
    has = tomllib.loads(text)
    return ((name, str(value)) for name, value in told.items() if value is not None and name not in has)


def built_in_text(report: str) -> str | None:
    """A map that ships with the program, as its file stands; None of a layout that needs none."""
    from importlib import resources

    folder = resources.files("features.seller") / "maps"
    texts = (file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".toml"))
    return next((text for text in texts if f'report = "{report}"' in text), None)


def _best_row(rows: Sequence[Sequence[str]]) -> int:
    """The row, counted from 1, that looks most like a header: names we know, then most cells."""
    known = [sum(any(alias(cell, family) for family in FAMILIES) for cell in row) for row in rows]
    scores = [
        (
            known[place],
            sum(bool(cell) for cell in row) if not place else 0,
            -place,
        )
        for place, row in enumerate(rows)
    ]
    return -max(scores)[2] + 1 if scores else 1


def _sheet(path: Path, said: Said) -> tuple[RawSheet, dict[str, object], list[Note]]:
    """The rows of a file, the settings at the top of its map, and what was guessed."""
    suffix = path.suffix.lower()
    if suffix in DELIMITED:
        return _delimited_sheet(path, looked_at(path, said=said.encoding))
    if suffix == ".xlsx":
        sheets = read_workbook(path, header_row=_best_row)
        row = sheets[0].header_row
        top: dict[str, object] = {"sheet": sheets[0].name} | ({"header_row": row} if row > 1 else {})
        more = [Note("sheet_not_used", sheet.name, {}) for sheet in sheets[1:]]
        return sheets[0], top, [*sheets[0].notes, *more]
    if suffix == ".parquet":
        return read_parquet(path), {}, []
    if suffix in LINES:
        return read_lines(path, "utf-8-sig"), {}, []
    value = read_document(path)
    if not is_list_of_records(value):
        raise FileRefused(f"{path}: expected a list of objects, got another JSON document; write its map by hand")
    return flat_sheet(value, path), {}, []


def _delimited_sheet(path: Path, look: Look) -> tuple[RawSheet, dict[str, object], list[Note]]:
    row = _best_row(look.rows)
    notes = [Note("delimiter_guessed", "", {"delimiter": {"\t": "tab"}.get(look.delimiter, look.delimiter)})]
    encoding = look.encoding.removesuffix("-sig")
    if not look.is_certain:
        notes.append(Note("encoding_guessed", "", {"encoding": encoding}))
    top: dict[str, object] = {"encoding": encoding, "delimiter": look.delimiter}
    if row > 1:
        top["header_row"] = row
        notes.append(Note("header_row", "", {"row": str(row)}))
    header = look.rows[row - 1] if look.rows else []
    return read_text(path, Dialect(look.encoding, look.delimiter, header_row=row), header), top, notes


def _columns(sheet: RawSheet, family: Kind, said: Said) -> tuple[list[DraftColumn], list[Note], list[Note]]:
    """The columns recognised, what was guessed of them, and what is open."""
    found: dict[str, DraftColumn] = {}
    guesses, asked, names = list[Note](), list[Note](), names_of(family)
    for theirs in sheet.frame.columns:
        ours = alias(theirs, family) or ("order_id" if _holds_order_numbers(sheet.frame[theirs]) else None)
        if ours is None or ours in found or ours not in names or is_personal(theirs):
            continue
        column, notes = _column(sheet.frame[theirs], names[ours], said)
        found[ours] = column
        guesses += [Note("column_guessed", theirs, {"ours": ours}), *notes]
        if column.question is not None:
            asked.append(column.question)
    return list(found.values()), guesses, asked


def _holds_order_numbers(text: pl.Series) -> bool:
    share = text.drop_nulls().str.contains(AMAZON_ORDER).mean()
    return isinstance(share, float) and share >= wordlists().limits.share_that_decides


def _column(text: pl.Series, attribute: Attribute, said: Said) -> tuple[DraftColumn, list[Note]]:
    ours, theirs = attribute.name, text.name
    if attribute.kind is ValueKind.INSTANT:
        return _instant_column(text, ours, said)
    if attribute.kind is ValueKind.CHOICE or attribute.name in LISTS:
        return _choice_column(text, attribute)
    if attribute.kind in (ValueKind.MONEY, ValueKind.NUMBER, ValueKind.RATE, ValueKind.COUNT):
        seen = evidence(numerals(measures(text, ours).text))
        decimal = said.decimal or decided(seen)
        if decimal is None:
            question = Note("which_decimal", theirs, {"example": seen.example or ""})
            return DraftColumn(ours, theirs, {"decimal": "?"}, question), []
        if not seen.point and not seen.comma:
            return DraftColumn(ours, theirs, {}), []
        return DraftColumn(ours, theirs, {"decimal": decimal}), [Note("decimal_guessed", theirs, {"sign": decimal})]
    return DraftColumn(ours, theirs, {}), []


def _instant_column(text: pl.Series, ours: str, said: Said) -> tuple[DraftColumn, list[Note]]:
    parts, settings, notes = date_parts(text), dict[str, str](), list[Note]()
    seen = date_evidence(numeric_days(text))
    order = said.date_order or decided_order(seen)
    if order is None:
        return DraftColumn(
            ours, text.name, {"date_order": "?"}, Note("which_order", text.name, _example(seen.example))
        ), []
    if seen.dmy or seen.mdy or (said.date_order and seen.either):
        settings["date_order"] = order
        notes.append(Note("date_order_guessed", text.name, {"order": order}))
    if int(instants(parts, order, None).needs_zone.sum()):
        if said.zone is None:
            question = Note("which_zone", text.name, _example(unmarked(text.drop_nulls()).first()))
            return DraftColumn(ours, text.name, settings | {"time_zone": "?"}, question), notes
        settings["time_zone"] = said.zone.key
    return DraftColumn(ours, text.name, settings), notes


def _example(value: object) -> dict[str, str]:
    return {"example": str(value or "")}


LISTS = {
    "marketplace": "marketplaces", "service_level": "service_levels", "fulfilment_channel": "channels",
    "tracking_status": "tracking", "claim_type": "claim_types", "seller_paid": "claim_paid",
    "funded_by": "claim_funded", "claim_status": "claim_endings", "claim_result": "claim_endings",
}  # fmt: skip


def _choice_column(text: pl.Series, attribute: Attribute) -> tuple[DraftColumn, list[Note]]:
    """A closed set: the words of our lists are understood, the others are told."""
    settings = {"unlisted": "unknown"}
    if attribute.name in LISTS:
        settings = {"values": LISTS[attribute.name], **settings}
    return DraftColumn(attribute.name, text.name, settings), []


def _kind(sheet: RawSheet, columns: Iterable[DraftColumn]) -> str:
    theirs = next((column.theirs for column in columns if column.ours == "order_id"), None)
    if theirs is None:
        return "orders"
    return "orders" if sheet.frame[theirs].drop_nulls().is_unique().all() else "order_items"
