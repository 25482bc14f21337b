"""The outbox: messages for webhooks, written in the transaction of what they tell, taken out when they are due."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.instants import instant_text
from service.ruling import clocks_of
from service.store.tables import AT_ONCE, decisions, outbox
from service.store.work import Decision, Message

# Seconds for which a message that was taken out belongs to who took it; then another worker tries.
LEASE, MOST_AT_ONCE = 60.0, 20
Ending = Literal["delivered", "outdated", "given_up"]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is told of, by shop: seconds before a clock of the seller's runs out. Other shops have no messages."""

    lead: Mapping[str, float]

    async def messages(self, connection: AsyncConnection, told: Sequence[Decision]) -> list[Message]:
        """What these decisions change: bands since the last decision of the order, clocks that will run out."""
        watched = sorted((d for d in told if d.shop_id in self.lead), key=lambda d: d.id)
        if not watched:
            return []
        bands = await _bands(connection, sorted({(d.shop_id, d.order_id) for d in watched}))
        for decision in watched:
            bands[decision.shop_id, decision.order_id].append((decision.id, decision.band))
        out: list[Message] = []
        for decision in watched:
            earlier = [told for told in bands[decision.shop_id, decision.order_id] if told[0] < decision.id]
            if earlier and (before := max(earlier, key=lambda told: told[0])[1]) != decision.band:
                out.append(_band_changed(decision, before))
            out += _clocks(decision, self.lead[decision.shop_id])
        return out


async def _bands(
    connection: AsyncConnection, orders: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[tuple[str, str | None]]]:
    """By shop and order the kept decisions and their bands; asked for in pieces, which PostgreSQL's stack holds."""
    found = defaultdict[tuple[str, str], list[tuple[str, str | None]]](list)
    columns = (decisions.c.shop_id, decisions.c.order_id, decisions.c.id, decisions.c.band)
    for begin in range(0, len(orders), AT_ONCE):
        here = tuple_(decisions.c.shop_id, decisions.c.order_id).in_(orders[begin : begin + AT_ONCE])
        for row in await connection.execute(select(*columns).where(here)):
            found[row.shop_id, row.order_id].append((row.id, row.band))
    return found


def message(key: str, topic: str, at: float, place: tuple[str, str | None], data: Mapping[str, Any]) -> Message:
    """A message; the same key makes the same, which is sent once. at: epoch seconds, not sent before."""
    shop_id, order_id = place
    named = {"shop_id": shop_id} | ({} if order_id is None else {"order_id": order_id})
    body = {"type": topic, "timestamp": instant_text(at), "data": named | dict(data)}
    name = "msg_" + hashlib.sha256(f"{topic}\n{shop_id}\n{order_id}\n{key}".encode()).hexdigest()[:32]
    return Message(name, shop_id, order_id, topic, json.dumps(body), at)


def _band_changed(decision: Decision, before: str | None) -> Message:
    data = {"score_id": decision.id, "before": before, "after": decision.band}
    place = (decision.shop_id, decision.order_id)
    return message(decision.id, "order.band_changed", decision.decided_at, place, data)


def _clocks(decision: Decision, lead: float) -> Iterator[Message]:
    for code, due in sorted(_running(decision.answer, decision.seen)):
        at = max(_seconds(due) - lead, decision.decided_at)
        if at < _seconds(due):
            place = (decision.shop_id, decision.order_id)
            yield message(f"{code} {due}", "order.clock_running_out", at, place, {"clock": code, "due": due})


def _running(answer: str, seen: str) -> set[tuple[str, str]]:
    """The seller's clocks that run, as an answer tells them, or the order that it is on where it is a score alone: code
    and due."""
    told = json.loads(answer)
    clocks = told["clocks"]
    if clocks is None:
        clocks = clocks_of(json.loads(seen), _seconds(told["as_of"]))
    return {
        (c["code"], c["due"]) for c in clocks
        if c["state"] == "running" and c["due"] and not c["code"].startswith("BUYER_")
    }  # fmt: skip


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


async def taken_out(connection: AsyncConnection, now: float) -> list[Row[Any]]:
    """Messages that are due, for who asks alone; what no longer holds is ended. Taken, not sent: sent again later."""
    due = select(outbox.c.id).where(outbox.c.ended_at.is_(None), outbox.c.next_at <= now)
    due = due.order_by(outbox.c.next_at).limit(MOST_AT_ONCE).with_for_update(skip_locked=True)
    lease = {"next_at": now + LEASE, "attempts": outbox.c.attempts + 1}
    taken = update(outbox).where(outbox.c.id.in_(due)).values(lease).returning(*outbox.c)
    rows = (await connection.execute(taken)).all()
    return [row for row in rows if not await _ended_as_outdated(connection, row, now)]


async def _ended_as_outdated(connection: AsyncConnection, row: Row[Any], now: float) -> bool:
    """Whether a clock stopped before its message was sent, as the last answer on the order tells."""
    if row.topic != "order.clock_running_out":
        return False
    of_order = (decisions.c.shop_id == row.shop_id, decisions.c.order_id == row.order_id)
    newest = select(decisions.c.answer, decisions.c.seen).where(*of_order).order_by(decisions.c.id.desc()).limit(1)
    data, last = json.loads(row.body)["data"], (await connection.execute(newest)).one_or_none()
    still = last is not None and (data["clock"], data["due"]) in _running(*last) and now < _seconds(data["due"])
    if not still:
        await settled(connection, row.id, now, "outdated")
    return not still


async def settled(connection: AsyncConnection, message_id: str, at: float, ending: Ending | None) -> None:
    """A message is ended at this moment; without an ending it is tried again then."""
    values = {"next_at": at} if ending is None else {"ended_at": at, "ending": ending}
    await connection.execute(update(outbox).where(outbox.c.id == message_id).values(values))
