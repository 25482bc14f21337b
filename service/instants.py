"""Instants as answers tell them: RFC 3339 in UTC."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

SECONDS_OF_DAY = 86_400


def instant_text(seconds: float) -> str | None:
    """RFC 3339 in UTC; None for NaN.

    >>> instant_text(0.0)
    '1970-01-01T00:00:00Z'
    """
    if math.isnan(seconds):
        return None
    if seconds.is_integer():
        days, rest = divmod(int(seconds), SECONDS_OF_DAY)
        return f"{_day(days)}T{rest // 3_600:02}:{rest // 60 % 60:02}:{rest % 60:02}Z"
    at = datetime.fromtimestamp(round(seconds * 1e6) / 1e6, UTC)
    return at.isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=4_096)
def _day(days: int) -> str:
    return (date(1970, 1, 1) + timedelta(days)).isoformat()
