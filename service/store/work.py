"""A piece of work: everything that one answer leaves behind, written together or not at all."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import orjson

Recorded = Literal["stored", "spooled", "off"]
_STORED = '"recorded":"stored"'


def says(body: bytes, to: Recorded) -> bytes:
    """A body that was made with `stored`, saying where it went. Within texts the quotes are escaped: none is hit."""
    return body.replace(_STORED.encode(), f'"recorded":"{to}"'.encode())


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
    shadow_model: str | None = None
    shadow_probability: float | None = None

    def told(self, to: Recorded) -> Decision:
        """The decision with an answer that says so; it is made with `stored`."""
        return replace(self, answer=says(self.answer.encode(), to).decode())


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an order. at: when, received_at: when we came to know; body: as it was sent, JSON."""

    shop_id: str
    event_id: str
    order_id: str
    kind: str
    at: float
    received_at: float
    body: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered to a request with an Idempotency-Key. digest: of what was asked; work_id: whose it was."""

    caller: str
    key: str
    digest: str
    work_id: str
    at: float
    language: str
    body: bytes

    def told(self, to: Recorded) -> Reply:
        """The reply with a body that says so."""
        return replace(self, body=says(self.body, to))


@dataclass(frozen=True, slots=True)
class Message:
    """A message for the shop's webhook, sent at this moment or later (epoch seconds). order_id: None of the shop."""

    id: str
    shop_id: str
    order_id: str | None
    topic: str
    body: str
    at: float


@dataclass(frozen=True, slots=True)
class Work:
    """What is written in one go."""

    decisions: tuple[Decision, ...] = ()
    events: tuple[Event, ...] = ()
    reply: Reply | None = None
    messages: tuple[Message, ...] = ()

    def told(self, to: Recorded) -> Work:
        """The same work, its answers saying where it went."""
        reply = None if self.reply is None else self.reply.told(to)
        return replace(self, decisions=tuple(d.told(to) for d in self.decisions), reply=reply)

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return self == NOTHING


NOTHING = Work()


def packed(work: Work) -> bytes:
    """The work as one line of JSON, for the spool."""
    return orjson.dumps(asdict(work), default=_text_of)


def unpacked(line: bytes) -> Work:
    """The work that `packed` made a line of.

    >>> unpacked(packed(Work())) == Work()
    True
    """
    members: dict[str, Any] = orjson.loads(line)
    reply = members.get("reply")
    return Work(
        tuple(Decision(**_with_bytes(d, "features")) for d in members["decisions"]),
        tuple(Event(**e) for e in members.get("events", ())),
        None if reply is None else Reply(**_with_bytes(reply, "body")),
        tuple(Message(**m) for m in members.get("messages", ())),
    )


def _text_of(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"expected bytes, got {type(value).__name__}")


def _with_bytes(members: dict[str, Any], name: str) -> dict[str, Any]:
    return members | {name: base64.b64decode(members[name])}
