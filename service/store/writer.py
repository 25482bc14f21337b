"""The writer: work of many requests in one transaction; into the spool where the database does not take it in time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import structlog
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.store.database import Database
from service.store.patience import within
from service.store.spool import Spool, SpoolFull, read_spool, set_aside
from service.store.work import Recorded, Work, packed, unpacked

# Seconds that a group may take, beside the one before it: together less than the 250 ms that an answer has.
PATIENCE = 0.1
# Seconds between looks at a database that is down, and what such a look and a piece of replay may take.
PAUSE, LOOK, PIECE_SECONDS = 0.25, 2.0, 10.0
MOST_DECISIONS, PIECE = 500, 200

T = TypeVar("T")
# taken: another request with the same Idempotency-Key was first; nothing was written.
Outcome = Recorded | Literal["taken"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Work
    told: asyncio.Future[Outcome]


class Writer:
    """Writes what `record` is given, group by group. spools: its own, then those of workers that are no more."""

    def __init__(self, database: Database, spools: Sequence[Spool], patience: float = PATIENCE) -> None:
        self.is_up = False
        self._database, self._spools, self._patience = database, spools, patience
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._spooling, self._writing = asyncio.Lock(), asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def spooled_bytes(self) -> int:
        """Bytes that wait to be replayed."""
        return sum(spool.size() for spool in self._spools)

    async def start(self) -> None:
        """Look once for the database, so that a healthy one is up; then write until `stop`."""
        await self._look()
        self._tasks = [asyncio.create_task(self._write_groups()), asyncio.create_task(self._mend())]

    async def stop(self) -> None:
        """Write what is waited for, then end."""
        await self._queue.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await within(LOOK, self._database.close())
        except Exception as error:
            log.warning("store.close_failed", error=type(error).__name__)

    async def record(self, work: Work) -> Outcome:
        """Where the work went: when this returns it is there. `off` if not even the spool took it."""
        waiting = _Waiting(work, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.told

    async def run(self, job: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do this on the connection that writes, between two groups; `ConnectionError` while the database is down."""
        async with self._writing:
            if not self.is_up:
                raise ConnectionError("the database is down")
            return await within(self._patience, self._database.run(job))

    async def _write_groups(self) -> None:
        while True:
            group = [await self._queue.get()]
            size = len(group[0].work.decisions)
            while not self._queue.empty() and size < MOST_DECISIONS:
                group.append(self._queue.get_nowait())
                size += len(group[-1].work.decisions)
            async with self._writing:
                told = await self._wrote(group) if self.is_up else None
            for waiting, where in zip(group, told or await self._spooled(group), strict=True):
                if not waiting.told.done():
                    waiting.told.set_result(where)
                self._queue.task_done()

    async def _wrote(self, group: Sequence[_Waiting]) -> list[Outcome] | None:
        try:
            ours = await within(self._patience, self._database.write([waiting.work for waiting in group]))
        except Exception as error:  # whatever a driver raises: the answer goes on
            log.warning("store.down", error=type(error).__name__)
            self.is_up = False
            self._database.drop()
            return None
        return ["stored" if is_ours else "taken" for is_ours in ours]

    async def _spooled(self, group: Sequence[_Waiting]) -> list[Outcome]:
        lines = [packed(waiting.work.told("spooled")) for waiting in group]
        async with self._spooling:
            try:
                await asyncio.to_thread(self._spools[0].append, lines)
            except (OSError, SpoolFull) as error:
                log.error("store.not_recorded", answers=len(group), error=str(error))
                return ["off"] * len(group)
        return ["spooled"] * len(group)

    async def _mend(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            if not self.is_up:
                await self._look()

    async def _look(self) -> None:
        """Connect and replay; the database is up again once nothing waits."""
        try:
            await within(LOOK, self._database.connect())
            while True:
                async with self._spooling:
                    if all(spool.is_empty() for spool in self._spools):
                        self.is_up = True
                        break
                    for spool in self._spools:
                        spool.close_open()
                for path in itertools.chain.from_iterable(spool.closed() for spool in self._spools):
                    await self._replay(path)
        except Exception as error:  # drivers raise errors of their own while they connect
            log.info("store.still_down", error=repr(error)[:300])
            self._database.drop()
        else:
            log.info("store.up")

    async def _replay(self, path: Path) -> None:
        """Write a file of the spool, then remove it; killed between the two, it is written again without effect."""
        sound, damaged = await asyncio.to_thread(read_spool, path)
        for begin in range(0, len(sound), PIECE):
            piece = sound[begin : begin + PIECE]
            try:
                await self._write_again(piece)
            except (IntegrityError, DataError):
                damaged += [line for line in piece if not await self._is_taken(line)]
        set_aside(path, damaged)
        path.unlink()
        log.info("store.replayed", records=len(sound), set_aside=len(damaged))

    async def _is_taken(self, line: bytes) -> bool:
        try:
            await self._write_again([line])
        except (IntegrityError, DataError):
            return False
        return True

    async def _write_again(self, lines: Sequence[bytes]) -> None:
        await within(PIECE_SECONDS, self._database.write_again([unpacked(line) for line in lines]))
