"""The spool: work that the database could not take, in checksummed lines on the local disk until it can."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SUFFIX, REJECTED = ".spool", ".rejected"
_CHECKSUM_DIGITS = 8


class SpoolFull(Exception):
    """The spool holds as much as it may."""


@dataclass(slots=True)
class Spool:
    """The spool of one writer: a folder of its own, one open file, closed ones that wait to be replayed.

    A record is an empty line, then `crc32 in hex, blank, JSON` on a line: a torn or flipped record spoils itself alone.
    """

    folder: Path
    most_bytes: int

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def append(self, lines: Iterable[bytes]) -> None:
        """Keep the lines; they are on the disk when this returns. `OSError` or `SpoolFull` where they are not."""
        content = b"".join(b"\n%08x %s\n" % (zlib.crc32(line), line) for line in lines)
        if self.size() + len(content) > self.most_bytes:
            raise SpoolFull(f"{self.folder}: expected at most {self.most_bytes:,} bytes")
        is_new = not self._open_file().exists()
        with self._open_file().open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync_names(self.folder)

    def close_open(self) -> None:
        """Close the open file, if there is one: what comes now goes to another."""
        path = self._open_file()
        if path.exists():
            names = [int(p.stem) for p in self.folder.iterdir() if p.stem.isdigit()]  # those set aside keep theirs
            path.rename(self.folder / f"{max(names, default=0) + 1:08d}{SUFFIX}")

    def closed(self) -> list[Path]:
        """The files that wait to be replayed, oldest first."""
        return sorted(p for p in self.folder.glob(f"*{SUFFIX}") if p.stem.isdigit())

    def size(self) -> int:
        """Bytes that wait."""
        return sum(map(_size, self.folder.glob(f"*{SUFFIX}")))

    def is_empty(self) -> bool:
        """Whether nothing waits, closed or open."""
        return not any(self.folder.glob(f"*{SUFFIX}"))

    def _open_file(self) -> Path:
        return self.folder / f"open{SUFFIX}"


def _size(path: Path) -> int:
    """Bytes of a file; 0 where it was replayed and removed since it was listed."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sync_names(folder: Path) -> None:
    """Have a new file's name on the disk too, where a folder can be synced: Windows does it by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_spool(path: Path) -> tuple[list[bytes], list[bytes]]:
    """The sound records of a file, and its damaged lines."""
    sound: list[bytes] = []
    damaged: list[bytes] = []
    for line in path.read_bytes().split(b"\n"):
        checksum, record = line[:_CHECKSUM_DIGITS], line[_CHECKSUM_DIGITS + 1 :]
        if line and checksum == b"%08x" % zlib.crc32(record):
            sound.append(record)
        elif line:
            damaged.append(line)
    return sound, damaged


def set_aside(path: Path, damaged: list[bytes]) -> None:
    """Keep damaged lines beside the spool, for a person to look at; a second time changes nothing."""
    if damaged:
        path.with_suffix(REJECTED).write_bytes(b"\n".join(damaged) + b"\n")
