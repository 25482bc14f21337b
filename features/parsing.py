"""One column of a table into its array, by kind: the table door's half of `features/kinds.py`."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from features import kinds
from features.columns import Array, Bools
from features.errors import Problem
from features.kinds import Kind
from features.order import Attribute

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
INSTANT = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:[0-5]\d(\.\d{1,9})?)?([Zz]|[+-](0\d|1\d|2[0-3]):[0-5]\d)$"
LOCAL_INSTANT = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:[0-5]\d(\.\d{1,9})?)?$"
FLAGS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A column. array: (n,), unknown where `bad`; bad: (n,) bool; problem: what to say of the bad ones."""

    array: Array
    bad: Bools
    problem: Problem


def parsed(cells: pl.Series, attribute: Attribute, zone: ZoneInfo | None) -> Parsed:
    """The cells of one column as its kind; zone reads instants that carry no offset."""
    if attribute.kind is Kind.INSTANT:
        return _instants(cells, attribute, zone)
    if attribute.kind in kinds.TEXT_KINDS:
        return _texts(cells, attribute)
    if attribute.kind is Kind.FLAG:
        return _flags(cells, attribute)
    if attribute.kind is Kind.CHOICE:
        return _choices(cells, attribute)
    return _numbers(cells, attribute)


def _stripped(cells: pl.Series) -> pl.Series:
    text = cells.cast(pl.String, strict=False).str.strip_chars()
    return text.set(text == "", None)


def _result(values: pl.Series, given: pl.Series, problem: Problem) -> Parsed:
    """Numbers out of a column: bad is what was given and did not become a finite number."""
    array = values.cast(pl.Float64).fill_null(np.nan).to_numpy(writable=True)
    bad = given.is_not_null().to_numpy() & ~np.isfinite(array)
    array[bad] = np.nan
    return Parsed(array, bad, problem)


def _numbers(cells: pl.Series, attribute: Attribute) -> Parsed:
    limit = {Kind.RATE: 1.0, Kind.COUNT: 1e9}.get(attribute.kind, kinds.LARGEST_NUMBER)
    whole = attribute.kind is Kind.COUNT
    noun = "a whole number" if whole else "a number"
    detail = f"expected {noun} from {attribute.minimum:g} to {limit:g}; leave the cell empty where it is unknown"
    problem = Problem(attribute.name, f"not_a_{attribute.kind}", detail)
    given = cells
    if not cells.dtype.is_numeric():
        given = _stripped(cells)
        cells = given.set(~given.str.contains(NUMBER).fill_null(value=True), None)
    values = cells.cast(pl.Float64, strict=False)
    fits = (values >= attribute.minimum) & (values <= limit)
    if whole:
        fits &= values == values.floor()
    return _result(values.set(~fits, None), given, problem)


def _flags(cells: pl.Series, attribute: Attribute) -> Parsed:
    problem = Problem(attribute.name, "not_a_flag", "expected true or false; leave the cell empty where it is unknown")
    if cells.dtype == pl.Boolean:
        return _result(cells.cast(pl.Float64), cells, problem)
    if cells.dtype.is_numeric():
        values = cells.cast(pl.Float64)
        return _result(values.set(~values.is_in([0.0, 1.0]), None), cells, problem)
    given = _stripped(cells)
    return _result(
        given.str.to_lowercase().replace_strict(FLAGS, default=None, return_dtype=pl.Float64), given, problem
    )


def _choices(cells: pl.Series, attribute: Attribute) -> Parsed:
    detail = f"expected one of {', '.join(attribute.choices)}"
    given = _stripped(cells)
    places = {choice: float(place) for place, choice in enumerate(attribute.choices)}
    values = given.replace_strict(places, default=None, return_dtype=pl.Float64)
    return _result(values, given, Problem(attribute.name, "not_in_set", detail))


def _texts(cells: pl.Series, attribute: Attribute) -> Parsed:
    longest = kinds.LONGEST_IDENTIFIER if attribute.kind is Kind.IDENTIFIER else kinds.LONGEST_TEXT
    detail = f"expected at most {longest} printable characters"
    pattern = {Kind.COUNTRY: r"^[A-Z]{2}$", Kind.CURRENCY: r"^[A-Z]{3}$"}.get(attribute.kind)
    if pattern is not None:
        standard = "ISO 3166 such as US" if attribute.kind is Kind.COUNTRY else "ISO 4217 such as USD"
        detail = f"expected a code in capitals ({standard})"
    problem = Problem(attribute.name, f"not_{attribute.kind}", detail)
    if cells.dtype.is_float() or cells.dtype in (pl.Boolean, pl.Date, pl.Datetime) or cells.dtype.is_nested():
        return Parsed(
            _objects(pl.Series([None] * len(cells), dtype=pl.String)), cells.is_not_null().to_numpy(), problem
        )
    text = cells.cast(pl.String, strict=False)
    given = text.str.normalize("NFKC").str.strip_chars()
    given = given.set(given == "", None)
    if pattern is not None:
        bad = ~given.str.contains(pattern).fill_null(value=True)
    else:
        bad = (given.str.len_chars() > longest) | given.str.contains(r"[\p{C}\p{Zl}\p{Zp}]")
    bad = bad.fill_null(value=False)
    return Parsed(_objects(given.set(bad, None)), bad.to_numpy(), problem)


def _objects(text: pl.Series) -> Array:
    array = np.empty(len(text), dtype=object)
    array[:] = text.to_list()
    return array


def _instants(cells: pl.Series, attribute: Attribute, zone: ZoneInfo | None) -> Parsed:
    detail = "expected an instant with an offset such as 2026-11-20T08:15:00Z"
    if zone is None:
        detail += "; if the file is in local time, say so with --time-zone Area/City"
    problem = Problem(attribute.name, "not_an_instant", detail)
    if isinstance(cells.dtype, pl.Datetime):
        aware, given = _typed_instants(cells, zone), cells
    else:
        given = _stripped(cells)
        aware = _text_instants(given, zone)
    low, high = (pl.lit(at) for at in (kinds.EARLIEST_INSTANT, kinds.LATEST_INSTANT))
    frame = pl.DataFrame({"at": aware})
    seconds = frame.select(pl.when((pl.col("at") >= low) & (pl.col("at") < high)).then(pl.col("at").dt.epoch("us")))
    return _result(seconds.to_series() / 1e6, given, problem)


def _typed_instants(cells: pl.Series, zone: ZoneInfo | None) -> pl.Series:
    if cells.dtype.time_zone is not None:  # type: ignore[attr-defined]
        return cells.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    if zone is None:
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.Datetime("us", "UTC"))
    return _localised(cells.dt.cast_time_unit("us"), zone)


def _localised(naive: pl.Series, zone: ZoneInfo) -> pl.Series:
    local = naive.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _text_instants(given: pl.Series, zone: ZoneInfo | None) -> pl.Series:
    upper = given.str.to_uppercase().str.replace(r"^(\S{16})(Z|[+-]\d{2}:\d{2})?$", "${1}:00${2}")
    upper = upper.str.replace(r"^(\S{10}) (\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})?$", "${1}T${2}:00${3}")
    upper = upper.str.replace(" ", "T", literal=True)
    offset = upper.set(~given.str.contains(INSTANT).fill_null(value=True), None)
    aware = offset.str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC")
    if zone is None:
        return aware
    local = upper.set(~given.str.contains(LOCAL_INSTANT).fill_null(value=True), None)
    naive = local.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    return aware.fill_null(_localised(naive, zone))
