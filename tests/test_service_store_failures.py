"""The store in bad hours: answers go on, what was told is spooled and comes into the database exactly once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from postgres import Server
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from stores import executed, locked, opened, work

from features.errors import SettingError
from service.store.database import Database, database_url
from service.store.keeping import Store
from service.store.spool import Spool
from service.store.tables import metadata
from service.store.work import packed

FAULTS: dict[str, tuple[Callable[[Server], None], Callable[[Server], None]]] = {
    "stopped": (Server.stop, Server.start),
    "frozen": (lambda s: s.signal(signal.SIGSTOP), lambda s: s.signal(signal.SIGCONT)),
}


async def up(store: Store) -> None:
    async with asyncio.timeout(30.0):
        while not store.writer.is_up:
            await asyncio.sleep(0.05)


async def kept(url: str) -> list[tuple[str, str]]:
    rows = await executed(url, "SELECT id, answer FROM decisions ORDER BY id")
    return [(row.id, row.answer) for row in rows]


def test_a_locked_file_sends_answers_into_the_spool_and_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/claimrisk.db"

    async def run() -> None:
        async with opened(url, tmp_path, patience=5.0) as store:
            assert await store.writer.record(work("a")) == "stored"
            with locked(tmp_path / "claimrisk.db"):
                assert [await store.writer.record(work(name)) for name in "bc"] == ["spooled", "spooled"]
            await up(store)
            assert await store.writer.record(work("d")) == "stored"
        assert await kept(url) == [(d.id, d.answer) for d in (*told("a", "stored"), *told("bc", "spooled"), *told("d"))]

    asyncio.run(run())


def told(names: str, to: str = "stored"):  # type: ignore[no-untyped-def]
    return [work(name).told(to).decisions[0] for name in names]  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_postgresql_that_fails_sends_answers_into_the_spool_and_back(
    postgresql: Server, postgresql_url: str, tmp_path: Path, fault: str
) -> None:
    breaks, mends = FAULTS[fault]

    async def run() -> None:
        async with opened(postgresql_url, tmp_path, patience=5.0) as store:
            assert await store.writer.record(work("a")) == "stored"
            breaks(postgresql)
            try:
                assert [await store.writer.record(work(name)) for name in "bc"] == ["spooled", "spooled"]
            finally:
                mends(postgresql)
            await up(store)
            assert await store.writer.record(work("d")) == "stored"
        assert await kept(postgresql_url) == [
            (d.id, d.answer) for d in (*told("a"), *told("bc", "spooled"), *told("d"))
        ]

    asyncio.run(run())


def test_what_a_killed_process_left_in_the_spool_is_replayed_at_the_next_start(url: str, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "slot-0", 1 << 20)
    spool.append([packed(work(name).told("spooled")) for name in "ab"])

    async def run() -> None:
        async with opened(url, tmp_path):
            pass
        assert await kept(url) == [(d.id, d.answer) for d in told("ab", "spooled")]

    asyncio.run(run())
    assert spool.is_empty()


def test_damaged_records_are_set_aside_and_the_rest_is_replayed(url: str, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "slot-0", 1 << 20)
    spool.append([packed(work(name)) for name in "abc"])
    path = tmp_path / "slot-0" / "open.spool"
    path.write_bytes(path.read_bytes().replace(b'"id":"b"', b'"id":"x"'))

    async def run() -> None:
        async with opened(url, tmp_path):
            pass
        assert [name for name, _ in await kept(url)] == ["a", "c"]

    asyncio.run(run())
    [aside] = (tmp_path / "slot-0").glob("*.rejected")
    assert b'"id":"x"' in aside.read_bytes()


def test_a_commit_that_came_after_we_gave_up_on_it_is_told_as_it_was(url: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(url, tmp_path) as store:
            assert await store.writer.record(work("a")) == "stored"
        Spool(tmp_path / "slot-0", 1 << 20).append([packed(work("a").told("spooled"))])
        async with opened(url, tmp_path):
            pass
        assert await kept(url) == [(d.id, d.answer) for d in told("a", "spooled")]

    asyncio.run(run())


def test_two_processes_on_one_store_need_two_workers(url: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(url, tmp_path):
            with pytest.raises(SettingError, match="another process writes"):
                async with opened(url, tmp_path):
                    pass
        async with opened(url, tmp_path, workers=2) as one, opened(url, tmp_path, workers=2) as other:
            assert [await s.writer.record(work(n)) for s, n in ((one, "a"), (other, "b"))] == ["stored", "stored"]

    asyncio.run(run())


def test_the_spool_of_a_worker_that_is_no_more_is_replayed_by_the_first(url: str, tmp_path: Path) -> None:
    Spool(tmp_path / "slot-3", 1 << 20).append([packed(work("a"))])

    async def run() -> None:
        async with opened(url, tmp_path):
            pass
        assert [name for name, _ in await kept(url)] == ["a"]

    asyncio.run(run())


def test_the_migrations_make_the_tables_that_the_code_declares(url: str, tmp_path: Path) -> None:
    async def run() -> list[object]:
        async with opened(url, tmp_path):
            pass
        engine = create_async_engine(database_url(url))
        async with engine.connect() as connection:
            found = await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
        await engine.dispose()
        return list(found)

    assert asyncio.run(run()) == []


def test_work_that_waited_for_a_connection_that_broke_leaves_the_next_one_alone(tmp_path: Path) -> None:
    async def run() -> list[AsyncConnection]:
        database, used, goes_on = Database(database_url(f"sqlite:///{tmp_path}/a.db")), [], asyncio.Event()

        async def hang(connection: AsyncConnection) -> None:
            used.append(connection)
            await goes_on.wait()

        async def late(connection: AsyncConnection) -> None:
            used.append(connection)

        await database.connect()
        tasks = [asyncio.create_task(database.run(job)) for job in (hang, late)]
        while not used:
            await asyncio.sleep(0)
        database.drop()
        await database.connect()
        goes_on.set()
        await asyncio.gather(*tasks)
        await database.close()
        return used

    first, second = asyncio.run(run())
    assert first is second
