"""Migrating: the tables brought to the newest form by Alembic, by one process at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

FOLDER = Path(__file__).parent / "migrations"
# Any number, always the same: PostgreSQL's lock that migrations of all processes share.
_LOCK = 7_405_230


async def migrate(connection: AsyncConnection, to: str = "head") -> None:
    """Bring the tables to that form. One transaction: a migration that was killed half-way has not happened."""
    async with connection.begin():
        if connection.dialect.name == "sqlite":
            await connection.execute(text("BEGIN IMMEDIATE"))
        else:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade, to)


def _upgrade(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
