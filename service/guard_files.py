"""What the guard has learned, in files of its folder: what is missing or damaged is told by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from features.errors import SettingError


def content(name: str) -> bytes:
    """A file of the folder `guard`, whole; `SettingError` where it is missing."""
    with readable(name):
        return (resources.files("service") / "guard" / name).read_bytes()


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
