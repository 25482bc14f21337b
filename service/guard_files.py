"""What the guard knows, in files of its folder: what is missing, damaged or not of one teaching is told by name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from features.errors import SettingError

LEARNED = ("encoder.model", "encoder.onnx", "marks.npz")


def folder() -> Traversable:
    """Where the files lie."""
    return resources.files("service") / "guard"


def content(name: str) -> bytes:
    """What was learned, a file whole; `SettingError` where it is missing or not the one of digests.toml."""
    with readable(name):
        found = (folder() / name).read_bytes()
        told = sha256(found).hexdigest()
        if told != digests()[name]:
            raise SettingError(
                f"guard/{name}: expected the file of guard/digests.toml, got one that is damaged or of another "
                f"teaching (SHA-256 {told[:12]}...); install the program again"
            )
        return found


def digests() -> Mapping[str, str]:
    """SHA-256 of each file that was learned: they belong together."""
    told = table("digests.toml")
    with readable("digests.toml"):
        return {str(name): str(digest) for name, digest in told["sha256"].items()}


def table(name: str) -> dict[str, Any]:
    """A TOML file of the folder; `SettingError` where it is missing or cannot be read."""
    with readable(name):
        return tomllib.loads((folder() / name).read_text("utf-8"))


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Whatever the reading of a file meets is a `SettingError` that names it: ONNX Runtime, SentencePiece and numpy
    raise errors of some ten kinds for a damaged one, with no base in common."""
    try:
        yield
    except SettingError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise SettingError(
            f"guard/{name}: expected the file as it ships, got one that is missing or damaged ({said[:200]}); "
            "install the program again"
        ) from error
