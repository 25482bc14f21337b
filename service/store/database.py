"""The database: one connection that writes, to SQLite or PostgreSQL; it is made anew when it broke."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from features.errors import SettingError
from service.store.migrating import migrate
from service.store.outbox import Watch
from service.store.patience import let_go
from service.store.statements import Statements, pruned
from service.store.work import Work

T = TypeVar("T")
NO_WATCH = Watch({})
# Milliseconds that SQLite waits for the lock of another worker.
BUSY = 1_000
# Seconds after which asyncpg gives up by itself; we go on long before.
CONNECT_SECONDS, READ_SECONDS, WRITE_SECONDS = 2.0, 2.0, 15.0
# Between two looks for replies that are too old.
PRUNE_SECONDS = 3_600.0
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
    limits = _limits(url, READ_SECONDS)
    return create_async_engine(url, pool_size=4, max_overflow=0, pool_timeout=1.0, connect_args=limits)


def _limits(url: URL, seconds: float) -> dict[str, float]:
    """What asyncpg waits for before it gives a server up: to connect, and for each statement."""
    return {} if url.get_backend_name() == "sqlite" else {"timeout": CONNECT_SECONDS, "command_timeout": seconds}


class Database:
    """One writing connection. workers: processes that write to the same database."""

    def __init__(self, url: URL, workers: int = 1, watch: Watch = NO_WATCH) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._engine = create_async_engine(url, poolclass=NullPool, connect_args=_limits(url, WRITE_SECONDS))
        self._turn = asyncio.Lock()
        self._discarded: set[asyncio.Task[None]] = set()
        self._connection: AsyncConnection | None = None
        self._statements = Statements(self.is_sqlite, watch)
        self._is_migrated = False
        self._prune_at = 0.0
        if self.is_sqlite:
            Path(str(url.database)).resolve().parent.mkdir(parents=True, exist_ok=True)
            journal = "WAL" if workers == 1 or sqlite3.sqlite_version_info >= _SAFE_WAL else "TRUNCATE"
            event.listen(self._engine.sync_engine, "connect", _prepared(journal))

    async def connect(self) -> None:
        """Have a connection and the newest tables."""
        turn = self._turn
        connection = self._connection or await self._engine.connect()
        if turn is not self._turn:  # it took too long: another connection is being made
            await connection.close()
            return
        self._connection = connection
        if not self._is_migrated:
            await migrate(connection)
            self._is_migrated = True

    def drop(self) -> None:
        """Forget the connection, whatever it is doing; what it had not committed is written again by another."""
        broken, turn, self._connection, self._turn = self._connection, self._turn, None, asyncio.Lock()
        if broken is not None:
            discarded = let_go(asyncio.ensure_future(_discarded(broken, turn)))
            self._discarded.add(discarded)
            discarded.add_done_callback(self._discarded.discard)

    async def close(self) -> None:
        """Close for good, broken connections too."""
        self.drop()
        if self._discarded:
            await asyncio.wait(set(self._discarded))
        await self._engine.dispose()

    async def write(self, works: Sequence[Work]) -> list[bool]:
        """Write all of it in one transaction; False for work whose key another request has taken meanwhile."""
        async with self._begin() as connection:
            if time.monotonic() > self._prune_at:
                await self._prune(connection)
            return await self._statements.write(connection, works)

    async def write_again(self, works: Sequence[Work]) -> None:
        """Write work out of the spool."""
        async with self._begin() as connection:
            await self._statements.write_again(connection, works)

    async def _prune(self, connection: AsyncConnection) -> None:
        await pruned(connection, time.time())
        self._prune_at = time.monotonic() + PRUNE_SECONDS

    async def run(self, job: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do this in a transaction of its own."""
        async with self._begin() as connection:
            return await job(connection)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        turn, connection = self._turn, self._connection  # a turn is of one connection: after `drop` there are others
        assert connection is not None, "connect first"  # noqa: S101
        async with turn, connection.begin():
            yield connection


async def _discarded(connection: AsyncConnection, turn: asyncio.Lock) -> None:
    async with turn:
        await connection.close()


def _prepared(journal: str) -> Any:
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        # FULL: what was acknowledged survives a power cut, not only a killed process.
        for pragma in (f"busy_timeout={BUSY}", f"journal_mode={journal}", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return prepare
