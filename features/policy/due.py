"""When a span of policy ends: hours run on, days end with the marketplace's local day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from features.moments import HOUR
from features.policy.facts import PolicyFact

SATURDAY = 5
LAST_SECOND = time(23, 59, 59)
QUARTER = (
    900.0  # seconds; every time zone of today lies whole quarters of an hour from UTC, so no day begins inside one
)


def due(fact: PolicyFact, start: float, zone: ZoneInfo) -> float:
    """The end (epoch seconds) of a fact's span that starts at an instant.

    No source says in which zone a day ends: the last second of the marketplace's local day is this project's
    assumption. Business days are Monday to Friday; public holidays are not known.
    """
    if fact.unit == "hours":
        return start + float(fact.value) * HOUR
    day = local_day(start, zone)
    days = int(fact.value)
    if fact.unit == "calendar_days":
        return end_of_day(day + timedelta(days=days), zone)
    if fact.unit == "business_days":
        return end_of_day(_after_business_days(day, days), zone)
    raise ValueError(f"{fact.id}: expected a span of hours or days, got the unit {fact.unit}")


def local_day(at: float, zone: ZoneInfo) -> date:
    """The local day of an instant (epoch seconds)."""
    return _day_of(at // QUARTER, zone)


@lru_cache(maxsize=65_536)
def _day_of(quarter: float, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(quarter * QUARTER, UTC).astimezone(zone).date()


@lru_cache(maxsize=4_096)
def end_of_day(day: date, zone: ZoneInfo) -> float:
    """The last second of a local day, as epoch seconds."""
    return datetime.combine(day, LAST_SECOND, zone).timestamp()


def _after_business_days(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < SATURDAY
    return day
