"""The journal of a long run: finished pieces in a folder with their digests, so that a run that was killed goes on."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import orjson
import polars as pl

from features.errors import InputError

NAME = "journal.jsonl"
Step = Mapping[str, str]


def put(folder: Path, name: str, frame: pl.DataFrame) -> str:
    """Write a piece whole or not at all. Returns its digest."""
    return _put(folder, name, lambda aside: frame.write_ipc(aside, compression="lz4"))


def put_text(folder: Path, name: str, text: bytes) -> str:
    """Write a piece that is text whole or not at all. Returns its digest."""
    return _put(folder, name, lambda aside: aside.write_bytes(text))


def _put(folder: Path, name: str, write: Callable[[Path], object]) -> str:
    aside = folder / f"{name}.{os.getpid()}.part"
    write(aside)
    digest = file_digest(aside)
    aside.replace(folder / name)
    return digest


def get(folder: Path, name: str, columns: list[str] | None = None) -> pl.DataFrame:
    """A piece, or some of its columns; only of pieces that this run wrote, or whose digests stand in its journal."""
    return pl.read_ipc(folder / name, columns=columns)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Journal:
    """Which pieces in a folder are finished. facts: what the run was begun with; another run may not take it up.

    `journal.jsonl` holds the facts, then a line per step with the digests of its pieces. A step counts as not done
    where its line was cut off, or a piece is gone or has other bytes than the line says.
    """

    def __init__(self, folder: Path, facts: Mapping[str, str], steps: Sequence[Step] = ()) -> None:
        self.folder = folder
        self._names = {name for step in steps for name in step}
        aside = self._path.with_suffix(".part")
        aside.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in (facts, *steps)))
        aside.replace(self._path)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def note(self, step: Step) -> None:
        """The digests of pieces that have been written, by name; after a crash all of them are there, or none."""
        with self._path.open("ab") as file:
            file.write(orjson.dumps(step) + b"\n")
        self._names |= set(step)

    def remove(self) -> None:
        """The run is over."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _path(self) -> Path:
        return self.folder / NAME


def begun(folder: Path, facts: Mapping[str, str]) -> Journal:
    """The journal of a new run; what an earlier one left is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Journal(folder, facts)


def resumed(folder: Path, facts: Mapping[str, str]) -> Journal:
    """The journal of a run with the same facts, as far as it came; `InputError` where they were others."""
    before, steps = _read(folder)
    if not before:
        return begun(folder, facts)
    for name, now in facts.items():
        if before.get(name) != now:
            raise InputError(
                f"--resume: the run was begun with another {name.replace('_', ' ')} ({before.get(name)}) than is given "
                f"now ({now}); give the same, or leave out --resume to begin again"
            )
    done = [step for step in steps if all(_is(folder / name, step[name]) for name in step)]
    kept = {NAME} | {name for step in done for name in step}
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink(missing_ok=True)
    return Journal(folder, facts, done)


def facts_of(folder: Path) -> Mapping[str, str]:
    """What the run whose journal lies in a folder was begun with; nothing where there is none."""
    return _read(folder)[0]


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and file_digest(path) == digest


def _read(folder: Path) -> tuple[Mapping[str, str], list[Step]]:
    lines: list[dict[str, str]] = []
    with suppress(OSError, orjson.JSONDecodeError):  # not there, or cut off here
        for line in (folder / NAME).read_bytes().splitlines():
            lines.append(orjson.loads(line))
    return (lines[0], list(lines[1:])) if lines else ({}, [])
