"""JSON and JSON lines: lists of records walked along the paths of a map, or laid flat where there is none."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from features.delimited import Reject
from features.errors import FileRefused
from features.seller.encodings import guessed_encoding
from features.seller.mapping import MapColumn, TableMap
from features.seller.rawtext import RawSheet, cell_text, column_text

LISTED = ";"
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
LARGEST_DOCUMENT = 1 << 30


class _NotOne(ValueError):
    """A path leads to several values of which one was wanted."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A record with those around it, the nearest first."""

    value: Any
    around: tuple[Any, ...]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def read_document(path: Path) -> Any:
    """The value of a JSON file; `payload` around an answer of the platform is taken off."""
    try:
        if path.stat().st_size > LARGEST_DOCUMENT:
            raise FileRefused(f"{path}: expected a JSON file of at most 1 GiB; split it, or use JSON lines")
        text = path.read_bytes().decode(guessed_encoding(path).encoding)
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except OSError as error:
        raise FileRefused(f"{path}: cannot be read ({error.strerror})", about="unreadable") from error
    except (ValueError, RecursionError) as error:
        raise FileRefused(f"{path}: expected JSON: {error}") from error
    return value["payload"] if isinstance(value, dict) and isinstance(value.get("payload"), dict | list) else value


def names_in(value: Any) -> list[str]:
    """The names by which a document is known: those of the object, or of the first record of a list."""
    if isinstance(value, list):
        value = value[0] if value else {}
    return list(value) if isinstance(value, dict) else []


def is_list_of_records(value: Any) -> bool:
    """Whether a document is simply a list of objects."""
    return isinstance(value, list) and all(isinstance(record, dict) for record in value)


def mapped_records(value: Any, table: TableMap, first: int) -> RawSheet:
    """The rows at the map's path, one column per name the map knows; first: the number of the first row."""
    places = list(_at(_Place(value, ()), _steps(table.rows)))
    wanted = {column.names[0]: column for column in table.columns.values() if column.contains is None}
    flags = [column for column in table.columns.values() if column.contains is not None]
    wanted |= {f"{column.names[0]} {column.contains}": column for column in flags}
    wanted |= {drop.column: MapColumn((drop.column,)) for drop in table.drop if drop.column not in wanted}
    columns: dict[str, list[object]] = {name: [] for name in wanted}
    lines, rejects = list[int](), list[Reject]()
    for line, place in enumerate(places, first):
        try:
            found = {name: _first(place, column) for name, column in wanted.items()}
        except _NotOne as error:
            rejects.append(Reject(line, str(error), "several_values", "expected one value, got several", ""))
            continue
        lines.append(line)
        for name, cell in found.items():
            columns[name].append(cell)
    return RawSheet(table.rows, pl.DataFrame([column_text(c, name) for name, c in columns.items()]), lines, rejects)


def _steps(path: str) -> list[str]:
    return [step for step in path.split(".") if step]


def _at(place: _Place, steps: list[str]) -> Iterator[_Place]:
    """The records at the end of a path; a list at its end is walked through."""
    if not steps:
        if isinstance(place.value, list):
            yield from (_Place(record, place.around) for record in place.value)
        elif place.value is not None:
            yield place
        return
    if isinstance(place.value, list):
        for record in place.value:
            yield from _at(_Place(record, place.around), steps)
    elif isinstance(place.value, dict):
        step = steps[0].removesuffix("[]")
        yield from _at(_Place(place.value.get(step), (place.value, *place.around)), steps[1:])


def _first(place: _Place, column: MapColumn) -> object:
    """The value at the first of the column's paths that leads to one; of a sum, that over all paths."""
    if column.takes == "sum":
        return _sum([v for name in column.names for v in _found(place, name)])
    return next((cell for name in column.names if (cell := _cell(place, name, column)) is not None), None)


def _cell(place: _Place, path: str, column: MapColumn) -> object:
    found = _found(place, path)
    if column.contains is not None:
        return None if not found else column.contains in found
    different = list(dict.fromkeys(map(str, found)))
    if len(different) > 1:
        raise _NotOne(path)
    return found[0] if found else None


def _found(place: _Place, path: str) -> list[Any]:
    """The values at the end of a path, from the object that it starts with."""
    up = len(path) - len(path.lstrip("^"))
    value = place.value if not up else place.around[up - 1] if up <= len(place.around) else None
    return [v for v in _values(value, _steps(path[up:])) if v is not None]


def _sum(found: list[Any]) -> object:
    """The sum, None of nothing; where one is no number that one, to be refused as such."""
    strange = [one for one in found if isinstance(one, bool) or not _NUMBER.fullmatch(str(one))]
    return strange[0] if strange else math.fsum(map(float, found)) if found else None


def _values(value: Any, steps: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _values(one, steps)
    elif not steps:
        if not isinstance(value, dict):
            yield value
    elif isinstance(value, dict):
        name, _, chosen = steps[0].removesuffix("]").partition("[")
        inner, (key, _, wanted) = value.get(name), chosen.partition("=")
        if key and isinstance(inner, list):
            inner = [one for one in inner if isinstance(one, dict) and one.get(key) == wanted]
        yield from _values(inner, steps[1:])


def flat_sheet(records: Iterable[Any], path: Path) -> RawSheet:
    """Records laid flat: `a.b` for b inside a, lists of plain values joined; lists of objects are left out."""
    flat = [_flat(record) for record in records]
    names = list(dict.fromkeys(name for record in flat for name in record))
    if not names:
        raise FileRefused(f"{path}: expected a list of objects, got none")
    columns = [column_text([record.get(name) for record in flat], name) for name in names]
    return RawSheet("", pl.DataFrame(columns), range(1, len(flat) + 1))


def _flat(value: Any, prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, inner in value.items():
        if isinstance(inner, dict):
            found |= _flat(inner, f"{prefix}{name}.")
        elif isinstance(inner, list):
            plain = [cell_text(one) or "" for one in inner if not isinstance(one, dict | list)]
            if plain and len(plain) == len(inner):
                found[prefix + name] = LISTED.join(plain)
        else:
            found[prefix + name] = inner
    return found


def read_lines(path: Path, encoding: str) -> RawSheet:
    """JSON lines: one object a line; a damaged line is set aside."""
    flat, lines, rejects = list[dict[str, object]](), list[int](), list[Reject]()
    for line, record in parsed_lines(path, encoding):
        if isinstance(record, Reject):
            rejects.append(record)
        else:
            flat.append(_flat(record))
            lines.append(line)
    names = list(dict.fromkeys(name for record in flat for name in record))
    columns = [column_text([record.get(name) for record in flat], name) for name in names]
    return RawSheet("", pl.DataFrame(columns), lines, rejects)


def parsed_lines(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, Any] | Reject]]:
    """The line number and the object, or why there is none."""
    try:
        with path.open(encoding=encoding, errors="surrogateescape") as file:
            for line, text in enumerate(file, 1):
                if text.strip():
                    yield line, _object(line, text)
    except OSError as error:
        raise FileRefused(f"{path}: cannot be read ({error.strerror})", about="unreadable") from error
    except UnicodeError as error:
        raise FileRefused(f"{path}: expected text in {encoding}, got other bytes") from error


def _object(line: int, text: str) -> dict[str, Any] | Reject:
    try:
        text.encode()
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except UnicodeEncodeError:
        return Reject(line, "", "damaged_record", "expected text in the encoding of the file, got other bytes", "")
    except (ValueError, RecursionError):
        return Reject(line, "", "damaged_record", "expected one JSON object a line", "")
    if not isinstance(value, dict):
        return Reject(line, "", "damaged_record", "expected one JSON object a line", "")
    return value
