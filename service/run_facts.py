"""What a run over a file was begun with: whatever could change a byte of its result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import polars as pl

from features.errors import FileRefused
from features.policy.book import book
from features.seller.table import SellerTable
from features.tables import TableOptions
from service.means import Means

FORMAT = "2"
BLOCK = 1 << 22


def facts(path: Path, read: SellerTable | None, options: TableOptions, means: Means) -> Mapping[str, str]:
    """By name, as texts. read: the same file as a map has read it."""
    held = "" if read is None else hashlib.sha256(read.frame.write_csv().encode()).hexdigest()
    return {
        "format": FORMAT,
        "input file": _digest(path),
        "reading": f"{held} {options.zone or ''} {sorted((options.extras or {}).items())}",
        "as_of": "" if options.as_of is None else repr(options.as_of),
        "model": means.bundle.version,
        "cost profile": means.costs.version,
        "advice": means.catalogue.fingerprint,
        "policy": book().version,
        "program": " ".join(f"{name} {version(name)}" for name in ("claimrisk", "lightgbm", "numpy", "polars")),
    }


def rows_expected(path: Path, read: SellerTable | None) -> int | None:
    """About how many rows a file has; None where only reading it tells."""
    if read is not None:
        return read.frame.height
    if path.suffix.lower() in (".csv", ".tsv", ".jsonl"):
        return _lines(path)
    with suppress(pl.exceptions.PolarsError):  # the reader says what is wrong
        return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    return None


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileRefused(f"{path}: cannot be read ({error.strerror})") from error


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
