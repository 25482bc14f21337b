"""Names of a file's columns, some of which say the time zone of what stands below: 下单时间(北京时间), paid (UTC)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from features.seller.mapping import plain_name
from features.seller.wordlists import wordlists

_SUFFIX = re.compile(r"(.*\S)\s*[(\[]([^()\[\]]+)[)\]]")
_MOST_HOURS = 12
_OFFSET = re.compile(r"(?:(?:utc|gmt)\s*)?([+-])0?(\d{1,2})(?::?00)?")


def without_zone(theirs: str) -> str:
    """The plain name of a column without the zone that it says, if it says one that we know.

    >>> without_zone("下单时间（北京时间）"), without_zone("Weight (g)")
    ('下单时间', 'weight (g)')
    """
    found = _SUFFIX.fullmatch(plain_name(theirs))
    return found[1] if found and _zone(found[2]) else plain_name(theirs)


def zone_said(theirs: str) -> ZoneInfo | None:
    """The zone that the name of a column says, None where it says none that we know.

    >>> zone_said("Order date (UTC+08:00)"), zone_said("签收时间[PST]")
    (zoneinfo.ZoneInfo(key='Asia/Shanghai'), zoneinfo.ZoneInfo(key='Etc/GMT+8'))
    """
    found = _SUFFIX.fullmatch(plain_name(theirs))
    return _zone(found[2]) if found else None


def _zone(words: str) -> ZoneInfo | None:
    """A zone by its name, by its abbreviation as in the cells of files, or as whole hours ahead of UTC."""
    lists = wordlists()
    if words in lists.header_zones:
        return ZoneInfo(lists.header_zones[words])
    hours = _OFFSET.fullmatch(lists.zones.get(words.upper(), words))
    if not hours or int(hours[2]) > _MOST_HOURS:
        return None
    ahead = int(hours[2]) * (1 if hours[1] == "+" else -1)
    return ZoneInfo(f"Etc/GMT{-ahead:+d}" if ahead else "UTC")  # Etc counts hours behind


def known_as(names: Iterable[str]) -> dict[str, str]:
    """What columns may be called, to their names in the file: by their plain names, then without the zone they say; the
    first of two that differ by the zone alone."""
    found = list(names)
    plain = {plain_name(name): name for name in found}
    return {without_zone(name): name for name in reversed(found)} | plain
