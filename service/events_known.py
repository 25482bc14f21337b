"""The order as known at a moment, rebuilt from what the shop sent and what happened, in whatever order it came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from features.columns import Columns
from features.conditions import declared
from features.kinds import Kind
from features.refunds import is_surely_in_full
from service.advice_catalogue import AS_OF, catalogue
from service.events_kinds import KindOfEvent, event_kinds, telling
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
    said = {name: value for name, value in event.get("facts", {}).items() if value is not None}
    done = _sets(event)
    out |= done | _known_of(order, filter(_is_kept, done))
    for step in _steps(event):
        out |= _told(step, order)
        said = {name: value for name, value in said.items() if name not in step["facts"]}
    is_anew = kind.anew_after in order or any(_is_before(order, name, kind.answers) for name in kind.first)
    is_late = kind.never_after in order
    out |= {name: at for name in kind.first if is_anew or (name not in order and not is_late)}
    dated = [name for member, name in kind.dates.items() if event.get(member) is True and not _is_in_full(order)]
    out |= {name: at for name in dated if name not in order or _is_before(order, name, kind.answers)}
    if kind.grows is not None:
        return out | _grown(kind, at, said, order)
    out |= dict.fromkeys(kind.last, at)
    if kind.stages:
        out |= _staged(kind, event, order)
    if kind.counts is not None:
        out[kind.counts] = 1 if is_anew else order.get(kind.counts, 0) + 1
    out |= kind.sets
    out |= {name: event.get(member) for name, member in kind.tells.items()}
    once = dict.fromkeys(kind.once) | said if is_anew else _known_of(order, kind.once)
    return out | said | once


def _known_of(order: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: order[name] for name in names if order.get(name) is not None}


def _staged(kind: KindOfEvent, event: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    """What a stage sets: its instant, once. One that begins anew has facts of its own, and its later stages are set
    anew while they are those of the former one."""
    name, at = kind.stages[event.get("stage") or "requested"], event["at"]
    first, after = next(iter(kind.stages.values())), str(kind.anew_after)
    if name == first and first in order and _is_before({**order, name: at}, after, name):
        return {**dict.fromkeys(kind.facts), name: at}
    is_former = _is_before(order, after, first) and _is_before(order, name, first)
    return {name: at, **({} if is_former else _known_of(order, [name]))}


def _grown(kind: KindOfEvent, at: str, said: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    """What an event tells whose amount is all of it so far. Told again, or after all was paid back, it moves nothing;
    one without an amount leaves unknown how much it is by now."""
    name = str(kind.grows)
    before, now, kept = order.get(name), said.get(name), _known_of(order, kind.last)
    has_grown = now is not None and (before is None or now > before)
    is_all, is_more = _is_in_full(order), has_grown or (now is None and before is not None)
    is_repeated = bool(kept) and (is_all or not is_more)
    is_unknown = now is None and not is_repeated and not is_all
    amount = None if is_unknown else now if has_grown else before
    return {**said, **(kept if is_repeated else dict.fromkeys(kind.last, at)), name: amount}


def _is_in_full(order: Mapping[str, Any]) -> bool:
    """Whether what was refunded, at some moment, is known to be all that the buyer paid."""
    amounts = _known_of(order, ("order_total", "item_price", "shipping_price", "promotion_discount", "refund_amount"))
    told = {"refunded_at": 0.0} | {name: float(value) for name, value in amounts.items()}
    return bool(is_surely_in_full(Columns.of_values([told]))[0])


def _steps(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The events that an action which was taken is as well: the one it amounts to, and those that tell the instants
    which it sets (service/advice)."""
    kinds = event_kinds()
    names = [kinds[event["kind"]].amounts_to.get(event.get("action", "")), *map(telling().get, _sets(event))]
    out = list[dict[str, Any]]()
    for name in filter(None, dict.fromkeys(names)):
        kind, _, stage = name.partition(".")
        facts = {n: v for n, v in event.get("facts", {}).items() if n in kinds[kind].facts}
        out.append({**event, "kind": kind, "action": "", "stage": stage or None, "facts": facts})
    return out


def _sets(event: Mapping[str, Any]) -> dict[str, Any]:
    """What an action that was taken sets on its order. An amount is what its effect is reckoned with, not what was
    paid: that is unknown where the event does not tell it."""
    taken = next((a for a in reversed(catalogue().actions) if a.id == event.get("action")), None)
    told = {} if taken is None else {name: event["at"] if v == AS_OF else v for name, v in taken.sets.items()}
    return {name: value for name, value in told.items() if declared(name).kind is not Kind.MONEY}


def _is_kept(name: str) -> bool:
    """Whether an instant that an action sets stays as told first; of what was done again the last time counts."""
    return declared(name).is_instant and declared(name).role != "done"


def _is_before(order: Mapping[str, Any], one: str, other: str | None) -> bool:
    """Whether an order has both instants, one before the other."""
    if other is None or one not in order or other not in order:
        return False
    return datetime.fromisoformat(order[one].upper()) < datetime.fromisoformat(order[other].upper())
