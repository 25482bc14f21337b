"""The map of a report: their names to ours, with units, words, time zone, constants, and what is left out and why."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from features.errors import InputError, nearest
from features.extras import EXTRA_PREFIX
from features.seller.table import Kind
from features.seller.vocabulary import KEYS, names_of

Decimal = Literal[".", ","]
DateOrder = Literal["dmy", "mdy", "ymd"]
Day = Literal["start", "end"]
NumberDate = Literal["excel", "epoch_s", "epoch_ms"]
Encoding = Literal["utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5", "cp932", "euc_kr", "cp1252"]
Form = Literal["table", "json"]
Constant = str | bool | int | float
CLOSED = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says of a file at the command line, for where its map says nothing. zone: of instants without an
    offset; the others: as in `Mapping`."""

    zone: ZoneInfo | None = None
    date_order: DateOrder | None = None
    decimal: Decimal | None = None
    encoding: Encoding | None = None


NOTHING_SAID = Said()


class MapRefused(InputError):
    """A map cannot be used: no TOML, an unknown key, a name that is none of ours."""


def _zone(name: object) -> object:
    if isinstance(name, str):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"expected a zone such as Asia/Shanghai, got {name!r}") from error
    return name


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Zone = Annotated[ZoneInfo, BeforeValidator(_zone), Field()]
Names = Annotated[tuple[str, ...], BeforeValidator(_tuple)]


@dataclass(frozen=True, slots=True, config=CLOSED)
class MapColumn:
    """Where one of our columns comes from.

    names: theirs, the first that the file has is taken; in JSON paths, where `^` is the object above, `[]` all of a
    list and `[type=ITEM]` those of a list that say so. values: words to ours, or the name of a table of words.
    unlisted, otherwise: what becomes of other words. day: which end of the day a date without a time means. contains:
    a flag, whether the list holds this word. takes: of several values in a list the sum, over all paths, or the one all
    agree on. is_absolute: drop the sign. is_digest: keep a digest only. fills_down: an empty cell says what the one
    above says.
    """

    names: Names
    values: dict[str, Constant] | str | None = None
    unlisted: Literal["reject", "unknown"] = "reject"
    otherwise: str | None = None
    unit: str | None = None
    decimal: Decimal | None = None
    date_order: DateOrder | None = None
    time_zone: Zone | None = None
    day: Day | None = None
    number_date: NumberDate | None = None
    contains: str | None = None
    takes: Literal["sum", "one"] = "one"
    is_absolute: bool = False
    is_digest: bool = False
    fills_down: bool = False


def _column(value: object) -> object:
    """`"their name"`, `["one", "or another"]`, or a table with `from`."""
    if isinstance(value, str):
        return {"names": (value,)}
    if isinstance(value, list):
        return {"names": value}
    if isinstance(value, dict) and "from" in value:
        theirs = value["from"]
        rest = {name: v for name, v in value.items() if name != "from"}
        return rest | {"names": [theirs] if isinstance(theirs, str) else theirs}
    return value


@dataclass(frozen=True, slots=True, config=CLOSED)
class Drop:
    """Rows that are left out on purpose: those whose value of `column` (`one|or another`) is listed, or missing where
    `blank`."""

    column: str
    reason: Annotated[str, Field(pattern=r"^[a-z][a-z_]+$")]
    values: Names = ()
    blank: bool = False


@dataclass(frozen=True, slots=True, config=CLOSED)
class TableMap:
    """One kind of row in a report.

    rows: in JSON, the path of the list; "" where the file is the list. needs: columns of which the file must have one,
    or it holds no such rows.
    """

    kind: Kind
    columns: dict[str, Annotated[MapColumn, BeforeValidator(_column)]]
    constants: dict[str, Constant] = Field(default_factory=dict)
    drop: Annotated[tuple[Drop, ...], BeforeValidator(_tuple)] = ()
    rows: str = ""
    needs: Names = ()


@dataclass(frozen=True, slots=True, config=CLOSED)
class Mapping:
    """A report and how it is read.

    signature: columns that tell the report from others, all of which must be there; unless: columns that it never has.
    keeps_extra: columns `x_…` of the file are the shop's own attributes. header_row: 1 is the first line.
    time_zone: of instants without an offset; assumed_time_zone: where neither the map nor the user names one, which is
    noted. has_quotes: false where a quotation mark is a letter like any other. fills_short_rows: cells missing at the
    end of a line are empty. blank: texts that stand for an empty cell, such as "--". words: named translations.
    """

    report: str
    table: Annotated[tuple[TableMap, ...], BeforeValidator(_tuple)]
    title: str = ""
    form: Form = "table"
    signature: Names = ()
    unless: Names = ()
    keeps_extra: bool = False
    encoding: Encoding | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    has_quotes: bool = True
    fills_short_rows: bool = False
    header_row: Annotated[int, Field(ge=1)] = 1
    sheet: str | None = None
    time_zone: Zone | None = None
    assumed_time_zone: Zone | None = None
    date_order: DateOrder | None = None
    decimal: Decimal | None = None
    personal: Names = ()
    blank: Names = ()
    words: dict[str, dict[str, Constant]] = Field(default_factory=dict)


TABLE_KEYS = ("kind", "columns", "constants", "drop", "rows", "needs")
EITHER = "|"


def read_map(file: Path | Traversable) -> Mapping:
    """The map in a TOML file; `MapRefused` names the key that is wrong and what to write."""
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise MapRefused(f"{file}: the map cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MapRefused(f"{file.name}: expected TOML in UTF-8: {error}") from error
    return mapping_of(found, file.name)


def mapping_of(found: dict[str, Any], name: str) -> Mapping:
    """The map in parsed TOML. A report with one kind of row writes its `kind` and `columns` at the top."""
    top = {key: value for key, value in found.items() if key not in TABLE_KEYS}
    if "columns" in found:
        top["table"] = [{key: found[key] for key in TABLE_KEYS if key in found}]
    try:
        mapping: Mapping = TypeAdapter(Mapping).validate_python({"report": name} | top)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "top"
        raise MapRefused(f"{name}: {where}: {first['msg']}") from error
    for table in mapping.table:
        _check_table(table, name)
    return mapping


def _check_table(table: TableMap, name: str) -> None:
    known = names_of(table.kind)
    given = [*table.columns, *table.constants]
    for ours in given:
        if ours not in known and not ours.startswith(EXTRA_PREFIX):
            raise MapRefused(f"{name}: {ours}: expected one of our names{nearest(ours, known)}; see claimrisk fields")
    for key in KEYS[table.kind]:
        either = key.split(EITHER)
        if not set(either) & set(given):
            raise MapRefused(f"{name}: a table of {table.kind} needs {' or '.join(either)}; say which column holds it")


def plain_name(theirs: str) -> str:
    """A column's name without differences that mean nothing: width, capitals, white space at the ends or doubled.

    >>> plain_name(" Ｏrder   ID ")
    'order id'
    """
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", theirs)).strip().lower()
