"""The database: one connection that writes, to SQLite or PostgreSQL; it is made anew when it broke."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Table, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from features.errors import SettingError
from service.store import tables
from service.store.migrating import migrate
from service.store.patience import let_go
from service.store.work import Work

# Milliseconds that SQLite waits for the lock of another worker.
BUSY = 1_000
# Before this one, two connections that write to a WAL can lose committed pages (sqlite.org/wal.html#walresetbug).
_SAFE_WAL = (3, 51, 3)
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def database_url(text: str) -> URL:
    """The URL with the driver that we use; `SettingError` for another database."""
    url = make_url(text)
    driver = _DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None or (driver.startswith("sqlite") and not url.database):
        raise SettingError(
            "CLAIMRISK_DATABASE_URL: expected postgresql://user:password@host/name, sqlite:///file or off"
        )
    return url.set(drivername=driver)


def reading_engine(url: URL) -> AsyncEngine:
    """An engine for reads beside the writer."""
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database)).resolve().as_uri()
        url = url.set(database=path, query={"mode": "ro", "uri": "true"})
        return create_async_engine(url, pool_size=2, max_overflow=0, pool_timeout=1.0)
    return create_async_engine(url, pool_size=2, max_overflow=2, pool_timeout=1.0, pool_pre_ping=True)


class Database:
    """One writing connection. workers: processes that write to the same database."""

    def __init__(self, url: URL, workers: int = 1) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._engine = create_async_engine(url, poolclass=NullPool)
        self._connection: AsyncConnection | None = None
        self._is_migrated = False
        if self.is_sqlite:
            Path(str(url.database)).resolve().parent.mkdir(parents=True, exist_ok=True)
            journal = "WAL" if workers == 1 or sqlite3.sqlite_version_info >= _SAFE_WAL else "TRUNCATE"
            event.listen(self._engine.sync_engine, "connect", _prepared(journal))

    async def connect(self) -> None:
        """Have a connection and the newest tables."""
        if self._connection is None:
            self._connection = await self._engine.connect()
        if not self._is_migrated:
            await migrate(self._connection)
            self._is_migrated = True

    def drop(self) -> None:
        """Forget the connection, whatever it is doing; what it had not committed is written again by another."""
        broken, self._connection = self._connection, None
        if broken is not None:
            let_go(asyncio.ensure_future(_discarded(broken)))

    async def close(self) -> None:
        """Close for good."""
        if self._connection is not None:
            await self._connection.close()
        await self._engine.dispose()

    async def write(self, works: Sequence[Work], *, again: bool = False) -> None:
        """Write all of it in one transaction. again: from the spool; what is there already stays, as it was told."""
        assert self._connection is not None, "connect first"  # noqa: S101
        async with self._connection.begin():
            rows = [asdict(d) for work in works for d in work.decisions]
            if rows:
                insert = self._insert(tables.decisions)
                told = {"answer": insert.excluded.answer}
                write = (
                    insert.on_conflict_do_update(index_elements=["id"], set_=told)
                    if again
                    else insert.on_conflict_do_nothing()
                )
                await self._connection.execute(write, rows)

    def _insert(self, table: Table) -> Any:
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)


async def _discarded(connection: AsyncConnection) -> None:
    await connection.invalidate()
    await connection.close()


def _prepared(journal: str) -> Any:
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        # FULL: what was acknowledged survives a power cut, not only a killed process.
        for pragma in (f"busy_timeout={BUSY}", f"journal_mode={journal}", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return prepare
