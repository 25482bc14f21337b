"""Processes that tests end from outside."""

from __future__ import annotations

from pathlib import Path


def worker_of(pid: int) -> int:
    """A process that works: the last that descends from the one given."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return max(p for p in found if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes())
