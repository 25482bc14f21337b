"""The store of one process, opened: a slot among the writers, its spool, its writer, and reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.store.database import NO_WATCH, Database, database_url
from service.store.outbox import Watch
from service.store.reads import Reads
from service.store.slots import Slot, abandoned, take_slot
from service.store.spool import Spool
from service.store.writer import PATIENCE, Writer


@dataclass(frozen=True, slots=True)
class Store:
    """An open store."""

    writer: Writer
    reads: Reads
    slots: tuple[Slot, ...]

    async def close(self) -> None:
        """Write what is waited for, then close everything."""
        await self.writer.stop()
        await self.reads.close()
        for slot in self.slots:
            slot.release()


async def open_store(
    url: str,
    folder: Path,
    *,
    workers: int = 1,
    spool_bytes: int = 1 << 28,
    patience: float = PATIENCE,
    watch: Watch = NO_WATCH,
) -> Store:
    """Open the store at this URL. folder: of spools, on the local disk; workers: processes that share the store;
    watch: what is put into the outbox.

    A database that does not answer is no error: answers go into the spool until it does.
    """
    at = database_url(url)
    own = take_slot(folder, workers)
    slots = (own, *(abandoned(folder, workers) if own.number == 0 else ()))
    writer = Writer(Database(at, workers, watch), [Spool(slot.folder, spool_bytes) for slot in slots], patience)
    await writer.start()
    return Store(writer, Reads(at), slots)
