"""Stores for tests: opened on any database, with work to write into them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from service.store.database import database_url
from service.store.keeping import Store, open_store
from service.store.work import Decision, Work


def work(name: str) -> Work:
    """Work with one decision of this id."""
    answer = f'{{"id":"{name}","recorded":"stored"}}'
    decision = Decision(name, "default", f"o-{name}", 0.0, 0.0, "score", "m", 0.01, "low", b"\0" * 8, "{}", answer)
    return Work((decision,))


@asynccontextmanager
async def opened(url: str, folder: Path, workers: int = 1, patience: float = 20.0) -> AsyncIterator[Store]:
    """A store, closed at the end."""
    store = await open_store(url, folder, workers=workers, patience=patience)
    try:
        yield store
    finally:
        await store.close()


async def executed(url: str, *statements: str) -> list[Any]:
    """The rows of the last statement."""
    engine = create_async_engine(database_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        found = [await connection.execute(text(statement)) for statement in statements]
        rows = list(found[-1]) if found[-1].returns_rows else []
    await engine.dispose()
    return rows


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """SQLite's file, held by somebody else."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
