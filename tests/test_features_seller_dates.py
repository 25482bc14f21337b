"""Dates: a writer who keeps to one style is read right, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.seller.dates import date_evidence, date_parts, decided_order, instants, numeric_days
from features.seller.mapping import DateOrder
from features.seller.rawtext import MARK

SHANGHAI = ZoneInfo("Asia/Shanghai")
EXCEL = datetime(1899, 12, 30)
STYLES = {
    "iso": lambda t: t.strftime("%Y-%m-%d %H:%M"),
    "iso_offset": lambda t: t.replace(tzinfo=SHANGHAI).astimezone(UTC).isoformat(),
    "slashes": lambda t: f"{t.year}/{t.month}/{t.day} {t.hour}:{t.minute:02}",
    "chinese": lambda t: f"{t.year}年{t.month}月{t.day}日 {t.hour}:{t.minute:02}",
    "chinese_half": lambda t: (
        f"{t.year}年{t.month}月{t.day}日 {'上下'[t.hour >= 12]}午{t.hour % 12 or 12}:{t.minute:02}"
    ),
    "chinese_words": lambda t: f"{t.year}年{t.month:02}月{t.day:02}日{t.hour:02}时{t.minute:02}分",
    "english": lambda t: t.strftime("%d-%b-%Y %H:%M"),
    "american": lambda t: t.strftime("%b %d, %Y %I:%M:%S %p"),
    "dmy": lambda t: t.strftime("%d/%m/%Y %H:%M"),
    "dotted": lambda t: t.strftime("%d.%m.%Y %H:%M"),
    "mdy": lambda t: t.strftime("%m/%d/%Y %I:%M %p"),
    "compact": lambda t: t.strftime("%Y%m%d%H%M%S"),
    "half_behind": lambda t: f"{t:%Y-%m-%d} {t.hour % 12 or 12}:{t.minute:02} {'上下'[t.hour >= 12]}午",
    "half_from_zero": lambda t: f"{t.year}/{t.month}/{t.day} {'上下'[t.hour >= 12]}午{t.hour % 12}:{t.minute:02}",
    "small_hours": lambda t: (
        f"{t.year}/{t.month}/{t.day} {'凌晨' if t.hour < 6 else '早上' if t.hour < 12 else '下午'}"
        f"{t.hour % 12 or 12}:{t.minute:02}"
    ),
    "japanese_half": lambda t: f"{t:%Y年%m月%d日} 午{'前後'[t.hour >= 12]}{t.hour % 12}:{t.minute:02}",
    "weekday": lambda t: f"{t.year}年{t.month}月{t.day}日 星期{'一二三四五六日'[t.weekday()]} {t.hour}:{t.minute:02}",
    "rfc": lambda t: t.strftime("%a, %d %b %Y %H:%M:%S +0800"),
    "korean": lambda t: f"{t.year}. {t.month}. {t.day}. {t.hour:02}:{t.minute:02}",
    "german": lambda t: f"{t.day}. {t:%b %Y %H:%M}",
    "compact_spaced": lambda t: t.strftime("%Y%m%d %H:%M:%S"),
    "kept_as_text": lambda t: t.strftime("'%Y-%m-%d %H:%M"),
    "full_width": lambda t: "".join(chr(ord(c) + 0xFEE0) if c > " " else "\u3000" for c in f"{t:%Y-%m-%d %H:%M}"),
    "serial": lambda t: f"{MARK}{(t - EXCEL) / timedelta(days=1)!r}",
}


def read(cells: list[str], order: DateOrder | None = None, **more: object) -> list[datetime | None] | None:
    """The instants of a column written in Shanghai, None where day and month are open."""
    parts = date_parts(pl.Series("at", cells))
    order = order or decided_order(date_evidence(numeric_days(pl.Series("at", cells))))
    return None if order is None else instants(parts, order, SHANGHAI, **more).values.to_list()  # type: ignore[arg-type]


@given(st.sampled_from(sorted(STYLES)), st.lists(st.datetimes(datetime(2000, 1, 2), datetime(2099, 1, 1)), min_size=1))
@settings(max_examples=200)
def test_a_column_in_one_style_is_read_right_or_its_order_is_open(style: str, moments: list[datetime]) -> None:
    wanted = [moment.replace(second=0, microsecond=0) for moment in moments]
    found = read([STYLES[style](moment) for moment in wanted])
    if found is None:
        assert style in ("dmy", "mdy", "dotted")
        assert all(moment.day <= 12 for moment in wanted)
    else:
        assert found == [moment.replace(tzinfo=SHANGHAI).astimezone(UTC) for moment in wanted]


@given(st.sampled_from(["dmy", "mdy"]), st.lists(st.datetimes(datetime(2000, 1, 2), datetime(2099, 1, 1)), min_size=1))
def test_an_order_that_is_declared_is_not_guessed(style: DateOrder, moments: list[datetime]) -> None:
    wanted = [moment.replace(second=0, microsecond=0) for moment in moments]
    found = read([STYLES[style](moment) for moment in wanted], style)
    assert found == [moment.replace(tzinfo=SHANGHAI).astimezone(UTC) for moment in wanted]


@pytest.mark.parametrize(
    "cell",
    [
        "2025-02-30", "31/04/2025", "2025-03-04 25:00", "13:00", "2025-03-04 13:00 PM", "2025-03-04 07:25:13 CST",
        "Tue",
        "45720", "2025-13-01", "4 Foo 2025", "2025-03-0414:05", "0 Jan 2025", "2025年3月", "1741068300",
        "2025/3/4 晚上12:30", "2025/3/4 下午14:05",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_not_read(cell: str) -> None:
    assert read([cell], "dmy") == [None]


@pytest.mark.parametrize(
    ("cell", "utc"),
    [
        ("2025-03-04 07:25:13 UTC", "2025-03-04T07:25:13+00:00"),
        ("04.03.2025 07:25:13 UTC", "2025-03-04T07:25:13+00:00"),
        ("Jul 10, 2025 2:05:03 PM PST", "2025-07-10T22:05:03+00:00"),
        ("2025-03-04T14:05:00+0800", "2025-03-04T06:05:00+00:00"),
        ("2025/03/04 16:25:13 JST", "2025-03-04T07:25:13+00:00"),
        ("2025-03-04T14:05:00.123Z", "2025-03-04T14:05:00.123000+00:00"),
        ("10-Jul-2025", "2025-07-09T16:00:00+00:00"), ("２０２５年３月４日", "2025-03-03T16:00:00+00:00"),
    ],
)  # fmt: skip
def test_a_zone_in_the_text_goes_before_that_of_the_file(cell: str, utc: str) -> None:
    assert read([cell], "dmy") == [datetime.fromisoformat(utc)]


def test_a_promise_without_a_time_ends_with_its_day() -> None:
    assert read(["10-Jul-2025"], "dmy", day="end") == [datetime(2025, 7, 10, 15, 59, 59, tzinfo=UTC)]


@pytest.mark.parametrize(("order", "cell"), [("mdy", "04-30-22"), ("dmy", "30-04-22"), ("ymd", "22-04-30")])
def test_a_year_of_two_digits_needs_an_order(order: DateOrder, cell: str) -> None:
    assert read([cell]) is None
    assert read([cell], order) == [datetime(2022, 4, 29, 16, tzinfo=UTC)]
