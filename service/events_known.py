"""The order as known at a moment, rebuilt from what the shop sent and what happened, in whatever order it came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from service.events_kinds import event_kinds
from service.store.work import Event


@dataclass(frozen=True, slots=True)
class Sent:
    """An order as the shop sent it to be scored. as_of, received_at: epoch seconds; seen: JSON."""

    id: str
    as_of: float
    received_at: float
    seen: str


@dataclass(frozen=True, slots=True)
class Life:
    """All that is kept of one order. last: the answer told last, JSON; None where there is none."""

    sent: Sequence[Sent] = ()
    events: Sequence[Event] = ()
    last: str | None = None


Lives = Mapping[str, Life]  # of a shop, by order


def order_known(life: Life, as_of: float, known_at: float) -> dict[str, Any] | None:
    """The order as JSON: what had happened by as_of, as far as we had been told by known_at; None without anything.

    Facts are laid over each other by when they were true, ties by identifier, never by when they came: the same facts
    give the same order. What is missing later is not forgotten; what null takes back was never sent. An event that was
    retracted never was.
    """
    sent = _sent([s for s in life.sent if s.received_at <= known_at], as_of)
    events = [e for e in life.events if e.received_at <= known_at]
    retracted = {json.loads(e.body)["retracts"] for e in events if e.kind == "label_retracted"}
    happened = [e for e in events if e.at <= as_of and e.event_id not in retracted]
    if not sent and not happened:
        return None
    items = sent + [(e.at, 1, e.event_id, json.loads(e.body)) for e in happened]
    order: dict[str, Any] = {}
    for _, is_event, _, value in sorted(items, key=lambda item: item[:3]):
        order |= _told(value, order) if is_event else value
    order.pop("as_of", None)
    return {name: value for name, value in order.items() if value is not None}


Item = tuple[float, int, str, dict[str, Any]]  # when it was true, whether it is an event, identifier, what it says


def _sent(known: Sequence[Sent], as_of: float) -> list[Item]:
    """What was sent by as_of, less what null takes back later, after as_of too: that was a mistake at any moment."""
    out, taken_back = list[Item](), set[str]()
    for s in sorted(known, key=lambda s: (s.as_of, s.id), reverse=True):
        value = _read(s.seen)
        if s.as_of <= as_of:
            said = {name: v for name, v in value.items() if v is not None and name not in taken_back}
            out.append((s.as_of, 0, s.id, said))
        taken_back |= {name for name, v in value.items() if v is None} - {"order_id", "shop_id"}
    return out


def _read(text: str) -> dict[str, Any]:
    """An order as it was sent: what orjson does not take, such as half a surrogate pair, json reads in its own time."""
    try:
        found: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = json.loads(text)
    return found


def _told(event: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    """What an event sets on the order as it was before it."""
    kind, at = event_kinds()[event["kind"]], event["at"]
    out = {name: event[name] for name in ("order_id", "shop_id")}
    amount, _, stage = kind.amounts_to.get(event.get("action", ""), "").partition(".")
    if amount:
        out |= _told(event | {"kind": amount, "stage": stage or None, "facts": {}}, order)
    is_anew = kind.anew_after in order or any(_is_before(order, name, kind.answers) for name in kind.first)
    is_late = kind.never_after in order
    out |= {name: at for name in kind.first if is_anew or (name not in order and not is_late)}
    dated = [name for member, name in kind.dates.items() if event.get(member) is True and not is_late]
    out |= {name: at for name in dated if name not in order or _is_before(order, name, kind.answers)}
    out |= dict.fromkeys(kind.last, at)
    if kind.stages:
        out[kind.stages[event.get("stage") or "requested"]] = at
    if kind.counts is not None:
        out[kind.counts] = order.get(kind.counts, 0) + 1
    out |= kind.sets
    out |= {name: event.get(member) for name, member in kind.tells.items()}
    return out | {name: value for name, value in event.get("facts", {}).items() if value is not None}


def _is_before(order: Mapping[str, Any], one: str, other: str | None) -> bool:
    """Whether an order has both instants, one before the other."""
    if other is None or one not in order or other not in order:
        return False
    return datetime.fromisoformat(order[one].upper()) < datetime.fromisoformat(order[other].upper())
