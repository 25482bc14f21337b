"""Slots: each process that writes to the same store has one of its own, with a spool; the kernel frees it at death."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from features.errors import SettingError
from service.locks import locked


@dataclass(frozen=True, slots=True)
class Slot:
    """A place among the writers; `lock` holds it as long as it is open."""

    number: int
    folder: Path
    lock: sqlite3.Connection

    def release(self) -> None:
        """Let another process have it."""
        self.lock.close()


def take_slot(folder: Path, workers: int) -> Slot:
    """The first free slot of so many; `SettingError` where other processes hold them all."""
    for number in range(workers):
        slot = _try_slot(folder, number)
        if slot is not None:
            return slot
    raise SettingError(
        f"{folder}: another process writes to this store; stop it, name another CLAIMRISK_DATA_DIR, or serve with "
        f"more --workers than {workers}"
    )


def abandoned(folder: Path, workers: int) -> list[Slot]:
    """Slots of workers that are no more, taken: their spools wait for somebody."""
    numbers = (int(p.name.removeprefix("slot-")) for p in folder.glob("slot-*") if p.is_dir())
    taken = (_try_slot(folder, number) for number in sorted(numbers) if number >= workers)
    return [slot for slot in taken if slot is not None]


def _try_slot(folder: Path, number: int) -> Slot | None:
    """The slot, or None where another process has it."""
    place = folder / f"slot-{number}"
    place.mkdir(parents=True, exist_ok=True)
    lock = locked(place / "lock")
    return None if lock is None else Slot(number, place, lock)
