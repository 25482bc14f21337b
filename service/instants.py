"""Instants as answers tell them: RFC 3339 in UTC."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

SECONDS_OF_DAY, MINUTES_OF_DAY = 86_400, 1_440
# An answer tells a dozen instants, and to format them by numbers took a tenth of its time.
_MINUTES = tuple(f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(MINUTES_OF_DAY))
_SECONDS = tuple(f"{second:02}Z" for second in range(60))


def instant_text(seconds: float) -> str | None:
    """RFC 3339 in UTC; None for NaN.

    >>> instant_text(0.0)
    '1970-01-01T00:00:00Z'
    """
    if math.isnan(seconds):
        return None
    whole = int(seconds)
    if whole == seconds:
        return f"{_day(whole // SECONDS_OF_DAY)}{_MINUTES[whole // 60 % MINUTES_OF_DAY]}{_SECONDS[whole % 60]}"
    at = datetime.fromtimestamp(round(seconds * 1e6) / 1e6, UTC)
    return at.isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=4_096)
def _day(days: int) -> str:
    return (date(1970, 1, 1) + timedelta(days)).isoformat()
