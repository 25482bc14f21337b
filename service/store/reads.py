"""Reads: what was told, looked up again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import URL, Row, Select, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from service.events_known import Life, Lives, Sent
from service.refused import RequestRefused
from service.store.database import reading_engine
from service.store.patience import within
from service.store.statements import REPLY_SECONDS
from service.store.tables import AT_ONCE, decisions, events, outbox, replies
from service.store.work import Event, Reply

SECONDS = 2.0
# The same for all orders of a shop.
SHOP_SECONDS = 20.0


class Reads:
    """Connections that only read. Each look-up is refused where the database does not answer in time."""

    def __init__(self, url: URL) -> None:
        self._engine = reading_engine(url)

    async def answer(self, identifier: str) -> tuple[str, str] | None:
        """The shop and the answer of one decision; None where there is none."""
        rows = await self._rows(select(decisions.c.shop_id, decisions.c.answer).where(decisions.c.id == identifier))
        return (rows[0].shop_id, rows[0].answer) if rows else None

    async def answers(self, shop_id: str, order_id: str, after: str, most: int) -> list[str]:
        """The answers on one order, oldest first, those after this id; at most so many."""
        here = (decisions.c.shop_id == shop_id, decisions.c.order_id == order_id, decisions.c.id > after)
        rows = await self._rows(select(decisions.c.answer).where(*here).order_by(decisions.c.id).limit(most))
        return [row.answer for row in rows]

    async def reply(self, caller: str, key: str, now: float) -> Reply | None:
        """What was answered to this key in the last 72 hours."""
        here = (replies.c.caller == caller, replies.c.key == key, replies.c.at >= now - REPLY_SECONDS)
        rows = await self._rows(select(replies).where(*here))
        return Reply(**rows[0]._mapping) if rows else None

    async def events(self, ids: Sequence[tuple[str, str]]) -> list[Event]:
        """The events among these, by shop and id, that are kept."""
        found: list[Event] = []
        for begin in range(0, len(ids), AT_ONCE):
            here = tuple_(events.c.shop_id, events.c.event_id).in_(ids[begin : begin + AT_ONCE])
            found += [Event(**row._mapping) for row in await self._rows(select(events).where(here))]
        return found

    async def lives(self, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Life]:
        """All that is kept of these orders, by shop and order."""
        sent = defaultdict[tuple[str, str], list[Sent]](list)
        happened = defaultdict[tuple[str, str], list[Event]](list)
        last: dict[tuple[str, str], str] = {}
        for begin in range(0, len(places), AT_ONCE):
            piece = places[begin : begin + AT_ONCE]
            of_decision = tuple_(decisions.c.shop_id, decisions.c.order_id).in_(piece)
            for row in await self._rows(select(decisions).where(of_decision).order_by(decisions.c.id)):
                last[row.shop_id, row.order_id] = row.answer
                if row.cause == "score":
                    told = Sent(row.id, row.as_of, row.decided_at, row.seen)
                    sent[row.shop_id, row.order_id].append(told)
            of_event = tuple_(events.c.shop_id, events.c.order_id).in_(piece)
            for row in await self._rows(select(events).where(of_event)):
                happened[row.shop_id, row.order_id].append(Event(**row._mapping))
        return {place: Life(sent[place], happened[place], last.get(place)) for place in places}

    async def told(self, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[tuple[float, str]]]:
        """The answers on these orders with when they were decided, by shop and order, in the order of time."""
        found = defaultdict[tuple[str, str], list[tuple[float, str]]](list)
        for begin in range(0, len(places), AT_ONCE):
            here = tuple_(decisions.c.shop_id, decisions.c.order_id).in_(places[begin : begin + AT_ONCE])
            columns = (decisions.c.shop_id, decisions.c.order_id, decisions.c.decided_at, decisions.c.answer)
            for row in await self._rows(select(*columns).where(here).order_by(decisions.c.id)):
                found[row.shop_id, row.order_id].append((row.decided_at, row.answer))
        return found

    async def places(self, shop_id: str | None, after: tuple[str, str], most: int) -> list[tuple[str, str]]:
        """Shops and orders of which something is kept, of one shop or of all, in their order, those after this one."""
        found = set[tuple[str, str]]()
        for table in (decisions, events):
            place = (table.c.shop_id, table.c.order_id)
            here = select(*place).where(tuple_(*place) > after).distinct().order_by(*place).limit(most)
            if shop_id is not None:
                here = here.where(table.c.shop_id == shop_id)
            found |= {(row.shop_id, row.order_id) for row in await self._rows(here, SHOP_SECONDS)}
        return sorted(found)[:most]

    async def shop_lives(self, shop_id: str, since: float) -> Lives:
        """All that was sent and happened since (epoch seconds), by order of the shop; without the answers."""
        sent, happened = defaultdict[str, list[Sent]](list), defaultdict[str, list[Event]](list)
        of_shop = (decisions.c.shop_id == shop_id, decisions.c.as_of > since, decisions.c.cause == "score")
        columns = [decisions.c[name] for name in ("id", "order_id", "as_of", "decided_at", "seen")]
        for row in await self._rows(select(*columns).where(*of_shop), SHOP_SECONDS):
            sent[row.order_id].append(Sent(row.id, row.as_of, row.decided_at, row.seen))
        since_then = (events.c.shop_id == shop_id, events.c.at > since)
        for row in await self._rows(select(events).where(*since_then), SHOP_SECONDS):
            happened[row.order_id].append(Event(**row._mapping))
        return {order: Life(sent[order], happened[order]) for order in sorted(sent.keys() | happened.keys())}

    async def messages(self, shop_id: str, topic: str) -> list[str]:
        """The bodies of all messages to a shop on a topic, sent or waiting."""
        here = (outbox.c.shop_id == shop_id, outbox.c.topic == topic)
        return [row.body for row in await self._rows(select(outbox.c.body).where(*here))]

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def _rows(self, statement: Select[Any], seconds: float = SECONDS) -> Sequence[Row[Any]]:
        try:
            return await within(seconds, self._fetched(statement))
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise RequestRefused("store_unavailable", "the database does not answer; ask again") from error

    async def _fetched(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
            return rows
