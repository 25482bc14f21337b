"""Statements: work as inserts that do nothing the second time, in the words of SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from service.store.outbox import Watch
from service.store.tables import decisions, events, outbox, replies
from service.store.work import Work

# Seconds that a reply is kept for whoever asks again with the same key.
REPLY_SECONDS = 72 * 3_600.0


class Statements:
    """The inserts of one dialect, made once: SQLAlchemy takes longer to build one than SQLite to run it."""

    def __init__(self, is_sqlite: bool, watch: Watch) -> None:
        insert: Any = sqlite.insert if is_sqlite else postgresql.insert
        decided, replied = insert(decisions), insert(replies)
        body = {"body": replied.excluded.body}
        whole = {column.name: replied.excluded[column.name] for column in replies.c}
        self.decisions = decided.on_conflict_do_nothing()
        self.decisions_again = decided.on_conflict_do_update(
            index_elements=["id"], set_={"answer": decided.excluded.answer}
        )
        self.watch = watch
        self.messages = insert(outbox).on_conflict_do_nothing()
        self.events = insert(events).on_conflict_do_nothing()
        self.replies = replied.on_conflict_do_update(
            index_elements=["caller", "key"], set_=whole, where=replies.c.at < replied.excluded.at - REPLY_SECONDS
        )
        self.replies_again = replied.on_conflict_do_update(
            index_elements=["caller", "key"], set_=body, where=replies.c.work_id == replied.excluded.work_id
        )

    async def write(self, connection: AsyncConnection, works: Sequence[Work]) -> list[bool]:
        """Write new work; False for work whose key another request has taken meanwhile: nothing of that is written."""
        is_ours = await self._claimed(connection, works)
        ours = [work for work, is_one in zip(works, is_ours, strict=True) if is_one]
        await self._tell(connection, ours)
        await _insert(connection, self.decisions, [asdict(d) for work in ours for d in work.decisions])
        await _insert(connection, self.events, [asdict(e) for work in ours for e in work.events])
        return is_ours

    async def write_again(self, connection: AsyncConnection, works: Sequence[Work]) -> None:
        """Write work out of the spool, which may be there already; its answers stay as they were told."""
        replied = [asdict(work.reply) for work in works if work.reply is not None]
        await self._tell(connection, works)
        await _insert(connection, self.decisions_again, [asdict(d) for work in works for d in work.decisions])
        await _insert(connection, self.events, [asdict(e) for work in works for e in work.events])
        await _insert(connection, self.replies_again, replied)

    async def _tell(self, connection: AsyncConnection, works: Sequence[Work]) -> None:
        """Put what changes into the outbox, of shops that have a webhook."""
        if not self.watch.lead:
            return
        found = await self.watch.messages(connection, [d for work in works for d in work.decisions])
        found += [m for work in works for m in work.messages if m.shop_id in self.watch.lead]
        rows = [{name: getattr(m, name) for name in ("id", "shop_id", "order_id", "topic", "body")} for m in found]
        begun = [{"next_at": m.at, "attempts": 0} for m in found]
        await _insert(connection, self.messages, [row | begin for row, begin in zip(rows, begun, strict=True)])

    async def _claimed(self, connection: AsyncConnection, works: Sequence[Work]) -> list[bool]:
        replied = [work.reply for work in works if work.reply is not None]
        if not replied:
            return [True] * len(works)
        # In the order of the keys, or two workers could wait for each other.
        rows = sorted((asdict(reply) for reply in replied), key=lambda row: (row["caller"], row["key"]))
        await _insert(connection, self.replies, rows)
        here = tuple_(replies.c.caller, replies.c.key).in_([(reply.caller, reply.key) for reply in replied])
        found = await connection.execute(select(replies.c.work_id).where(here))
        ids = set(found.scalars())
        return [work.reply is None or work.reply.work_id in ids for work in works]


async def pruned(connection: AsyncConnection, now: float) -> None:
    """Replies that are too old to be asked for are gone."""
    await connection.execute(delete(replies).where(replies.c.at < now - REPLY_SECONDS))


async def _insert(connection: AsyncConnection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(statement, rows)
