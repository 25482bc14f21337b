"""One column of a table into its array, by kind: the table door's half of `features/kinds.py`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from features import kinds
from features.columns import Array, Bools
from features.errors import Problem, SettingError
from features.kinds import Kind
from features.order import Attribute

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
INSTANT = f"^{kinds.INSTANT}$"
PLAIN_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
LOCAL_INSTANT = f"^{kinds.LOCAL_INSTANT}$"
CODES = {Kind.COUNTRY: "^[A-Z]{2}$", Kind.CURRENCY: "^[A-Z]{3}$"}
SELDOM = 4  # a column is read by its distinct texts where each comes so many times on average
SAMPLE = 1_024  # the first cells, which tell soon that this is not worth while
FLAGS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A column. array: (n,), unknown where `bad`; bad: (n,) bool; problem: what to say of the bad ones."""

    array: Array
    bad: Bools
    problem: Problem


def parsed(cells: pl.Series, attribute: Attribute, zone: ZoneInfo | None) -> Parsed:
    """The cells of one column as its kind; zone reads instants that carry no offset. A text that comes again and again
    is read once."""
    if cells.dtype != pl.String or cells[:SAMPLE].n_unique() * SELDOM > SAMPLE:
        return _parsed(cells, attribute, zone)
    texts = cells.unique().drop_nulls()
    if len(texts) * SELDOM > len(cells):
        return _parsed(cells, attribute, zone)
    few = _parsed(texts.extend_constant(None, 1), attribute, zone)
    which = cells.cast(pl.Enum(texts)).to_physical().fill_null(len(texts)).to_numpy()
    return Parsed(few.array[which], few.bad[which], few.problem)


def _parsed(cells: pl.Series, attribute: Attribute, zone: ZoneInfo | None) -> Parsed:
    problem = Problem(attribute.name, *kinds.expected(attribute.kind, attribute.choices, attribute.minimum))
    if not _is_readable(cells.dtype, attribute.kind):
        blank = np.full(len(cells), None if attribute.kind in kinds.TEXT_KINDS else np.nan)
        return Parsed(blank, cells.is_not_null().to_numpy(), problem)
    if attribute.kind is Kind.INSTANT:
        return _instants(cells, problem, zone)
    if attribute.kind in kinds.TEXT_KINDS:
        return _texts(cells, attribute.kind, problem)
    if attribute.kind is Kind.FLAG:
        return _flags(cells, problem)
    if attribute.kind is Kind.CHOICE:
        return _choices(cells, attribute.choices, problem)
    return _numbers(cells, attribute, problem)


def _is_readable(dtype: pl.DataType, kind: Kind) -> bool:
    """Whether a column type of a Parquet file can hold the kind at all. Text always can; CSV has nothing else."""
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Null):
        return True
    if kind is Kind.INSTANT:
        return isinstance(dtype, pl.Datetime)
    if kind in (Kind.TEXT, Kind.IDENTIFIER):
        return dtype.is_integer()
    if kind is Kind.FLAG:
        return dtype.is_numeric() or isinstance(dtype, pl.Boolean)
    return dtype.is_numeric() and kind not in kinds.TEXT_KINDS and kind is not Kind.CHOICE


def _stripped(cells: pl.Series) -> pl.Series:
    text = cells.cast(pl.String).str.strip_chars(kinds.WHITE_SPACE)
    return text.set(text == "", None)


def _result(values: pl.Series, given: pl.Series, problem: Problem) -> Parsed:
    """Numbers out of a column: bad is what was given and did not become a finite number."""
    array = values.cast(pl.Float64).fill_null(np.nan).to_numpy(writable=True)
    bad = given.is_not_null().to_numpy() & ~np.isfinite(array)
    array[bad] = np.nan
    return Parsed(array + 0.0, bad, problem)  # never -0.0


def _numbers(cells: pl.Series, attribute: Attribute, problem: Problem) -> Parsed:
    given = cells
    if not cells.dtype.is_numeric():
        given = _stripped(cells)
        cells = given.set(~given.str.contains(NUMBER), None)
        if attribute.kind is not Kind.COUNT:
            hint = (
                "; if the comma is the decimal sign, say so with --decimal ',', which score, worklist, playbook, odr "
                "and import take"
            )
            problem = replace(problem, detail=problem.detail + hint)
    values = cells.cast(pl.Float64, strict=False)
    fits = (values >= attribute.minimum) & (values <= kinds.largest_number(attribute.kind))
    if attribute.kind is Kind.COUNT:
        fits &= values == values.floor()
    return _result(values.set(~fits, None), given, problem)


def _flags(cells: pl.Series, problem: Problem) -> Parsed:
    if cells.dtype == pl.Boolean:
        return _result(cells, cells, problem)
    if cells.dtype.is_numeric():
        values = cells.cast(pl.Float64)
        return _result(values.set(~values.is_in([0.0, 1.0]), None), cells, problem)
    given = _stripped(cells)
    return _result(
        given.str.to_lowercase().replace_strict(FLAGS, default=None, return_dtype=pl.Float64), given, problem
    )


def _choices(cells: pl.Series, choices: tuple[str, ...], problem: Problem) -> Parsed:
    given = _stripped(cells)
    places = {choice: float(place) for place, choice in enumerate(choices)}
    return _result(given.replace_strict(places, default=None, return_dtype=pl.Float64), given, problem)


def _texts(cells: pl.Series, kind: Kind, problem: Problem) -> Parsed:
    given = _stripped(cells)
    if kind in CODES:
        bad = ~given.str.contains(CODES[kind])
        text = given
    else:
        odd = given.filter(given.str.contains("[^ -~]")).unique()  # all but printable ASCII, each value once
        read = pl.Series([kinds.readable_text(value) for value in odd], dtype=pl.String)
        text = given.replace(odd, read)
        bad = text.is_null() | (text.str.len_chars() > kinds.longest_text(kind))
        text = text.set(text == "", None)
    bad = given.is_not_null() & bad.fill_null(value=True)
    return Parsed(_objects(text.set(bad, None)), bad.to_numpy(), problem)


def _objects(text: pl.Series) -> Array:
    array = np.empty(len(text), dtype=object)
    array[:] = text.to_list()
    return array


def _instants(cells: pl.Series, problem: Problem, zone: ZoneInfo | None) -> Parsed:
    if zone is None:
        hint = (
            "; if the file is in local time, say so with --time-zone Area/City, and if day and month stand otherwise, "
            "with --date-order dmy or mdy, which score, worklist, playbook, odr and import take"
        )
        problem = replace(problem, detail=problem.detail + hint)
    if isinstance(cells.dtype, pl.Datetime):
        aware, given = _typed_instants(cells, cells.dtype, zone), cells
    else:
        given = _stripped(cells)
        aware = _text_instants(given, zone)
    low, high = (pl.lit(at) for at in (kinds.EARLIEST_INSTANT, kinds.LATEST_INSTANT))
    frame = pl.DataFrame({"at": aware})
    in_range = (pl.col("at") >= low) & (pl.col("at") < high)
    result = _result(frame.select(pl.when(in_range).then(pl.col("at").dt.epoch("us"))).to_series(), given, problem)
    return replace(result, array=result.array / 1e6)  # numpy divides exactly; polars times 1e-6, one bit off


def _typed_instants(cells: pl.Series, dtype: pl.Datetime, zone: ZoneInfo | None) -> pl.Series:
    if dtype.time_zone is not None:
        return cells.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    if zone is None:
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.Datetime("us", "UTC"))
    return localised(cells.dt.cast_time_unit("us"), zone)


def localised(naive: pl.Series, zone: ZoneInfo) -> pl.Series:
    """(n,) Datetime in UTC of clock times in a zone: the earlier of two, null where the clock skips."""
    try:
        local = naive.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    except pl.exceptions.ComputeError as error:
        raise SettingError(f"time zone {zone.key}: expected an Area/City such as Asia/Shanghai") from error
    return local.dt.convert_time_zone("UTC")


def _text_instants(given: pl.Series, zone: ZoneInfo | None) -> pl.Series:
    if given.str.contains(PLAIN_INSTANT).all():  # as most programs write them, which is read three times as fast
        at = given.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False, time_unit="us", cache=False)
        return at.dt.replace_time_zone("UTC")
    upper = given.str.to_uppercase().str.replace(" ", "T", literal=True)
    upper = upper.str.replace(r"^(\S{16})(Z|[+-]\d{2}:\d{2})?$", "${1}:00${2}")  # seconds, where left out
    offset = upper.set(~given.str.contains(INSTANT), None)
    aware = offset.str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC")
    if zone is None:
        return aware
    local = upper.set(~given.str.contains(LOCAL_INSTANT), None)
    naive = local.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    return aware.fill_null(localised(naive, zone))
