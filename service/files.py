"""Writing files so that a half-written one is never taken for a result: aside first, then renamed into place."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from features.errors import InputError


def keep_inputs(out: Path | None, *given: Path | None) -> None:
    """Refuse a result in the place of a file that was given, which would be lost."""
    for path in given:
        if out is not None and path is not None and out.exists() and path.exists() and out.samefile(path):
            raise InputError(
                f"--out {out}: expected another file than the input {path.name}, which would be lost; name another",
                about="input_lost",
            )


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; renamed into place at the end, removed if anything fails."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        aside.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})", about="not_written") from error
    finally:
        with suppress(OSError):  # gone, or never there
            aside.unlink()


def unfinished(path: Path) -> Iterator[Path]:
    """What processes that were ended while they wrote `path` have left beside it; to be asked when none writes."""
    return path.parent.glob(f".{glob.escape(path.name)}.*.part")


@contextmanager
def folder_aside(path: Path) -> Iterator[Path]:
    """A folder beside `path` to fill; it takes the place of `path`, an earlier bundle there included, at the end."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        if path.exists():
            shutil.rmtree(path)
        aside.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})", about="not_written") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
