"""Instants as answers tell them: RFC 3339 in UTC."""

from __future__ import annotations

import math
from datetime import UTC, datetime


def instant_text(seconds: float) -> str | None:
    """RFC 3339 in UTC; None for NaN.

    >>> instant_text(0.0)
    '1970-01-01T00:00:00Z'
    """
    if math.isnan(seconds):
        return None
    at = datetime.fromtimestamp(round(seconds * 1e6) / 1e6, UTC)
    return at.isoformat().replace("+00:00", "Z")
