"""The identifier of an answer: a ULID, so that identifiers sort by time."""

from __future__ import annotations

import os

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "scr_"
_PAIRS = tuple(first + second for first in CROCKFORD for second in CROCKFORD)
_BITS, _PLACES, _RANDOM_BYTES = 10, range(12, -1, -1), 10


def score_id(milliseconds: int, random: bytes | None = None) -> str:
    """`scr_` and 26 characters: 48 bits of time, 80 of chance (github.com/ulid/spec).

    >>> score_id(0, bytes(10))
    'scr_00000000000000000000000000'
    """
    chance = int.from_bytes(os.urandom(_RANDOM_BYTES) if random is None else random)
    value = (milliseconds & (1 << 48) - 1) << 80 | chance
    return PREFIX + "".join([_PAIRS[value >> _BITS * place & len(_PAIRS) - 1] for place in _PLACES])
