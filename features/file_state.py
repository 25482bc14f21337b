"""Whether a file is still the one that was opened, for those who read it more than once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.errors import FileRefused


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells a file from a changed one, and from another that took its name."""

    path: Path
    told: tuple[int, ...]

    @classmethod
    def of(cls, path: Path) -> FileState:
        """The state of a file now; `FileRefused` where it cannot be looked at."""
        try:
            told = path.stat()
        except OSError as error:
            raise FileRefused(f"{path}: cannot be read ({error.strerror})", about="unreadable") from error
        return cls(path, (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns))

    def read(self, start: int, size: int) -> bytes:
        """So many bytes of the file; `FileRefused` where it cannot be read."""
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read(size)
        except OSError as error:
            raise FileRefused(f"{self.path}: cannot be read ({error.strerror})", about="unreadable") from error

    def require_unchanged(self) -> None:
        """`FileRefused` where the file was changed, or another has its name, since then."""
        if FileState.of(self.path) != self:
            raise FileRefused(f"{self.path}: it was changed while it was read; do it once more")
