"""Reads: what was told, looked up again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import URL, Row, Select, select
from sqlalchemy.exc import SQLAlchemyError

from service.problems import RequestRefused
from service.store.database import reading_engine
from service.store.patience import within
from service.store.statements import REPLY_SECONDS
from service.store.tables import decisions, replies
from service.store.work import Reply

SECONDS = 2.0


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

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        try:
            return await within(SECONDS, self._fetched(statement))
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise RequestRefused("store_unavailable", "the database does not answer; ask again") from error

    async def _fetched(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
            return rows
