"""Locks on files: each is held by one process at a time, and the system frees it when that one ends or is killed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def locked(path: Path) -> sqlite3.Connection | None:
    """A lock, held as long as it is open; None where another has it. SQLite's is the one that every platform has."""
    lock = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        lock.close()
        return None
    return lock


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Whether what runs inside has the lock at `path`, whose file goes at the end; a killed process leaves it, free."""
    lock = _of_the_file_there(path)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            _end(lock, path)


def _of_the_file_there(path: Path) -> sqlite3.Connection | None:
    """The lock of the file that stands at `path`, not of one that its holder took away before we had it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        path.touch()
        before, lock = _which(path), locked(path)
        if lock is None or (before is not None and _which(path) == before):
            return lock
        lock.close()


def _which(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _end(lock: sqlite3.Connection, path: Path) -> None:
    """Take the file away while the lock is held, so that nobody gets the lock of a file that goes."""
    if os.name == "nt":  # where no file goes that anybody has open
        lock.close()
    with suppress(OSError):
        path.unlink()
    lock.close()
