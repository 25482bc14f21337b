"""Names of a file's columns, some of which say the time zone of what stands below: 下单时间(北京时间), paid (UTC)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from features.seller.mapping import plain_name
from features.seller.wordlists import wordlists

_SUFFIX = re.compile(r"(.*\S)\s*[(\[]([^()\[\]]+)[)\]]")


def without_zone(theirs: str) -> str:
    """The plain name of a column without the zone that it says, if it says one that we know.

    >>> without_zone("下单时间（北京时间）"), without_zone("Weight (g)")
    ('下单时间', 'weight (g)')
    """
    found = _SUFFIX.fullmatch(plain_name(theirs))
    return found[1] if found and found[2] in wordlists().header_zones else plain_name(theirs)


def zone_said(theirs: str) -> ZoneInfo | None:
    """The zone that the name of a column says, None where it says none that we know."""
    found = _SUFFIX.fullmatch(plain_name(theirs))
    name = wordlists().header_zones.get(found[2]) if found else None
    return ZoneInfo(name) if name else None


def known_as(names: Iterable[str]) -> dict[str, str]:
    """What columns may be called, to their names in the file: by their plain names, then without the zone they say; the
    first of two that differ by the zone alone."""
    found = list(names)
    plain = {plain_name(name): name for name in found}
    return {without_zone(name): name for name in reversed(found)} | plain
