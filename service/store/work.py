"""A piece of work: everything that one answer leaves behind, written together or not at all."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import orjson

Recorded = Literal["stored", "spooled", "off"]
_STORED, _SPOOLED = '"recorded":"stored"', '"recorded":"spooled"'


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer as it was told. Instants: epoch seconds; features: bytes of little-endian float64; seen: JSON."""

    id: str
    shop_id: str
    order_id: str
    as_of: float
    decided_at: float
    cause: Literal["score", "event"]
    model: str
    probability: float | None
    band: str | None
    features: bytes
    seen: str
    answer: str

    def told(self, recorded: Recorded) -> Decision:
        """The decision with an answer that says so; it is made with `stored`."""
        word = f'"recorded":"{recorded}"'
        return replace(self, answer=self.answer.replace(_STORED, word, 1))


@dataclass(frozen=True, slots=True)
class Work:
    """What is written in one go."""

    decisions: tuple[Decision, ...] = ()

    def told(self, recorded: Recorded) -> Work:
        """The same work, its answers saying where it went."""
        return replace(self, decisions=tuple(d.told(recorded) for d in self.decisions))


def packed(work: Work) -> bytes:
    """The work as one line of JSON, for the spool."""
    return orjson.dumps(asdict(work), default=_text_of)


def unpacked(line: bytes) -> Work:
    """The work that `packed` made a line of.

    >>> unpacked(packed(Work())) == Work()
    True
    """
    members: dict[str, Any] = orjson.loads(line)
    return Work(tuple(_decision(d) for d in members["decisions"]))


def _text_of(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"expected bytes, got {type(value).__name__}")


def _decision(members: dict[str, Any]) -> Decision:
    return Decision(**members | {"features": base64.b64decode(members["features"])})
