"""Instants as people write them: ISO, Chinese, English, day and month in either order, and Excel's day numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

import polars as pl

from features.parsing import localised
from features.seller.mapping import DateOrder, Day, NumberDate
from features.seller.numbers import plain_digits
from features.seller.rawtext import MARK
from features.seller.wordlists import wordlists

_EVENING = ("pm", "下午", "午後", "晚上")
_HALF = r"上午|下午|午前|午後|凌晨|早上|晚上|[AaPp]\.?[Mm]\.?"
_TIME = (
    rf"(?:(?:[T,] *| +|日 *)(?P<before>{_HALF})? ?"
    r"(?P<h>\d{1,2})[:时](?P<mi>\d{2})"
    r"(?:(?:[:分](?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?秒?)|分)? ?"
    rf"(?P<after>{_HALF})?"
    r" ?(?P<z>[Zz]|[A-Z]{3,4}|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?)?|日)?$"
)
_MONTH = r"(?P<mon>[A-Za-z]{3,9})\.?"
_YMD = r"^(?P<y>\d{4})(?:[-/.] ?(?P<m>\d{1,2})[-/.] ?|年 ?(?P<m2>\d{1,2})月 ?)(?P<d>\d{1,2})\.?" + _TIME
_COMPACT = (
    r"^(?P<y>20\d{2})(?P<m>\d{2})(?P<d>\d{2})"
    r"(?:[T ]?(?P<h>\d{2}):?(?P<mi>\d{2}):?(?P<s>\d{2}) ?(?P<z>[Zz]|[+-]\d{2}:?\d{2})?)?$"
)
# A day of the week says nothing that the date does not say.
_WEEKDAY = r"^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? | ?(?:星期|周)[一二三四五六日天]"
_DAY_MONTH = r"^(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[ \-/]" + _MONTH + r"[ \-/,]{1,2}(?P<y>\d{4}|\d{2})" + _TIME
_MONTH_DAY = r"^" + _MONTH + r" (?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4})" + _TIME
_NUMERIC = r"^(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{4}|\d{2})" + _TIME
_PARTS = ("y", "m", "m2", "d", "mon", "a", "b", "c", "before", "h", "mi", "s", "f", "after", "z")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
MONTHS = {word: f"{n:02}" for words in (_MONTHS, _FULL) for n, word in enumerate(words, 1)} | {"sept": "09"}
EXCEL_EPOCH = datetime(1899, 12, 30)
FIRST_SERIAL, LAST_SERIAL = 36526.0, 73050.0  # 2000-01-01 to 2099-12-31
DAY_US = 86_400_000_000
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class DateParts:
    """A column of texts taken apart, a String column for each of `_PARTS`.

    number: (n,) Float64, cells that are numbers; is_typed: (n,) Boolean, whether they were numbers in the file; given:
    (n,) Boolean, not empty.
    """

    parts: pl.DataFrame
    number: pl.Series
    is_typed: pl.Series
    given: pl.Series


@dataclass(frozen=True, slots=True)
class DateEvidence:
    """How many values can only be day first, or month first; how many could be both, or need the order for their year
    of two digits, with an example."""

    dmy: int
    mdy: int
    either: int
    example: str | None


@dataclass(frozen=True, slots=True)
class Instants:
    """values: (n,) Datetime us UTC, null where missing or not understood; needs_zone, is_day, is_serial: (n,) Boolean:
    the text names no offset; it is a date without a time; it is a day number."""

    values: pl.Series
    needs_zone: pl.Series
    is_day: pl.Series
    is_serial: pl.Series


def date_parts(text: pl.Series) -> DateParts:
    """Year, month, day, time and zone of each cell of a column, (n,) String."""
    plain = plain_digits(text).str.replace(_WEEKDAY, "")
    is_typed = plain.str.starts_with(MARK).fill_null(value=False)
    bare = plain.str.strip_prefix(MARK)
    given = bare.is_not_null() & (bare != "")
    number = bare.set(~bare.str.contains(r"^\d+(\.\d+)?$"), None).cast(pl.Float64, strict=False)
    open_, found = bare, pl.DataFrame({name: pl.Series([None] * len(text), dtype=pl.String) for name in _PARTS})
    for pattern in (_YMD, _COMPACT, _DAY_MONTH, _MONTH_DAY, _NUMERIC):
        groups = open_.str.extract_groups(pattern).struct.unnest()
        found = found.with_columns(found[name].fill_null(groups[name]).alias(name) for name in groups.columns)
        open_ = open_.set(open_.str.contains(pattern), None)
    return DateParts(found, number, is_typed, given)


def numeric_days(text: pl.Series) -> pl.DataFrame:
    """(different, 3) String: the numbers of days that stand as three of them, year last; text: (n,) String."""
    groups = plain_digits(text).str.strip_prefix(MARK).str.extract_groups(_NUMERIC).struct.unnest()
    return groups.select("a", "b", "c").drop_nulls().unique()


def date_evidence(ask: pl.DataFrame) -> DateEvidence:
    """What a column says of the order of day and month. ask: see `numeric_days`."""
    first, second = ask["a"].cast(pl.Int64), ask["b"].cast(pl.Int64)
    dmy, mdy = (first > 12) & (second <= 12), (second > 12) & (first <= 12)
    short = ask["c"].str.len_chars() == 2
    open_ = ((first <= 12) & (second <= 12) & (first != second)) | short
    examples = ask.filter(open_).select(pl.concat_str(["a", "b", "c"], separator="/")).to_series().sort().to_list()
    dmy_only, mdy_only, both = (int(which.sum()) for which in (dmy & ~short, mdy & ~short, open_))
    return DateEvidence(dmy_only, mdy_only, both, next(iter(examples), None))


def decided_order(found: DateEvidence) -> DateOrder | None:
    """The order that the column itself shows; "dmy" where it makes no difference, None where it is open."""
    evident, share = found.dmy + found.mdy, wordlists().limits.share_that_decides
    if not evident:
        return None if found.either else "dmy"
    if found.dmy >= share * evident:
        return "dmy"
    return "mdy" if found.mdy >= share * evident else None


def instants(
    found: DateParts, order: DateOrder, zone: ZoneInfo | None, *, day: Day = "start", number: NumberDate | None = None
) -> Instants:
    """The instants of a column. zone: of texts that name no offset; without one they stay unknown."""
    parts = found.parts.with_columns(*_ordered(found.parts, order))
    has_time, named = parts["h"].is_not_null(), _offset_minutes(parts["z"])
    numeric = _from_numbers(found, number)
    from_parts = _local(parts)
    is_serial = from_parts.is_null() & numeric.is_not_null()
    local = from_parts.fill_null(numeric)
    is_day = local.is_not_null() & ~has_time & ~(is_serial & (local.dt.time() != time(0)))
    if number in ("epoch_s", "epoch_ms"):
        named, is_day = named.set(is_serial, 0), is_day & ~is_serial
    if day == "end":
        local = local.set(is_day, None).fill_null(local.dt.offset_by("86399s"))
    bad_zone = parts["z"].is_not_null() & named.is_null()
    local = local.set(bad_zone, None)
    shifted = (local - (named * MINUTE_US).cast(pl.Duration("us"))).dt.replace_time_zone("UTC")
    needs_zone = local.is_not_null() & named.is_null()
    values = shifted if zone is None else shifted.fill_null(localised(local.set(~needs_zone, None), zone))
    return Instants(values, needs_zone, is_day, is_serial)


def _ordered(parts: pl.DataFrame, order: DateOrder) -> list[pl.Series]:
    """Year, month and day, with those that stood as numbers in the order given."""
    places = {"dmy": ("c", "b", "a"), "mdy": ("c", "a", "b"), "ymd": ("a", "b", "c")}[order]
    if order == "ymd":  # a year of two digits in front; one of four at the end leaves day and month open
        parts = parts.with_columns(pl.when(pl.col("c").str.len_chars() == 2).then("c").alias("c"))
    year, month, day = (parts[name] for name in places)
    year = year.set(year.str.len_chars() == 1, None)
    short = year.str.len_chars() == 2
    year = year.set(short, None).fill_null("20" + year)
    words = parts["mon"].str.to_lowercase().replace_strict(MONTHS, default=None, return_dtype=pl.String)
    own = parts["y"]
    own_short = own.str.len_chars() == 2
    own = own.set(own_short, None).fill_null("20" + own)
    return [
        own.fill_null(year).alias("y"),
        parts["m"].fill_null(parts["m2"]).fill_null(words).fill_null(month).alias("m"),
        parts["d"].fill_null(day).alias("d"),
    ]


def _local(parts: pl.DataFrame) -> pl.Series:
    """(n,) Datetime without a zone, null where a date or time does not exist."""
    half = pl.coalesce("before", "after").str.to_lowercase().str.replace_all(".", "", literal=True)
    hour = pl.col("h").cast(pl.Int64, strict=False)
    is_evening = half.is_in(_EVENING)
    is_half = hour.is_between(0, 12) & ~((half == "晚上") & (hour % 12 == 0))  # midnight of which day?
    twelve = pl.when(is_half).then(hour % 12 + pl.when(is_evening).then(12).otherwise(0))
    right = pl.when(half.is_null()).then(hour.fill_null(0)).otherwise(twelve)
    both = pl.col("before").is_not_null() & pl.col("after").is_not_null()
    text = pl.format(
        "{}-{}-{}T{}:{}:{}.{}",
        pl.col("y"), pl.col("m").str.zfill(2), pl.col("d").str.zfill(2),
        right.cast(pl.String).str.zfill(2), pl.col("mi").fill_null("00"),
        pl.col("s").fill_null("00"), pl.col("f").fill_null("0"),
    )  # fmt: skip
    chosen = pl.when(~both & right.is_between(0, 23)).then(text)
    return parts.select(chosen.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")).to_series()


def _offset_minutes(zone: pl.Series) -> pl.Series:
    """(n,) Int64: minutes ahead of UTC, null where no zone is named or an abbreviation has several meanings."""
    upper = zone.str.to_uppercase()
    known = upper.replace_strict(wordlists().zones, default=None, return_dtype=pl.String)
    text = known.fill_null(upper.str.strip_prefix("UTC").str.strip_prefix("GMT"))
    parts = text.str.extract_groups(r"^(?P<sign>[+-])(?P<h>\d{2}):?(?P<m>\d{2})?$").struct.unnest()
    minutes = parts["h"].cast(pl.Int64) * 60 + parts["m"].fill_null("00").cast(pl.Int64)
    return minutes * (parts["sign"] == "-").replace_strict({True: -1, False: 1}, default=None, return_dtype=pl.Int64)


def _from_numbers(found: DateParts, number: NumberDate | None) -> pl.Series:
    """(n,) Datetime without a zone: Excel's day numbers where they were numbers in the file or the map says so."""
    value = found.number
    if number in ("epoch_s", "epoch_ms"):
        return (value * (1e6 if number == "epoch_s" else 1e3)).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
    is_serial = value.is_between(FIRST_SERIAL, LAST_SERIAL + 1, closed="left")
    if number is None:
        is_serial &= found.is_typed
    milliseconds = (value.set(~is_serial, None) * (DAY_US / 1e3)).round().cast(pl.Int64)
    return (milliseconds * 1_000).cast(pl.Duration("us")) + pl.Series([EXCEL_EPOCH], dtype=pl.Datetime("us"))
