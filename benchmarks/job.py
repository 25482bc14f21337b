"""One command as a job: how long it took, and how much memory its processes held together at most."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """seconds: from start to end, its start included; cpu_seconds: of processor time, of all its processes; peak_mb: of
    all of them together, memory that several share (such as libraries) counted once."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def claimrisk(*told: str | Path) -> Job:
    """Run `claimrisk` to its end."""
    command = [str(Path(sys.executable).with_name("claimrisk")), *map(str, told)]
    start, before = time.perf_counter(), _children_cpu()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    peaks = [0.0]
    watch = threading.Thread(target=_watch, args=(process, peaks))
    watch.start()
    _, said = process.communicate()
    seconds = time.perf_counter() - start
    watch.join()
    if process.returncode:
        raise RuntimeError(said)
    return Job(seconds, _children_cpu() - before, max(peaks))


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(process: subprocess.Popen[str], peaks: list[float]) -> None:
    while process.poll() is None:
        peaks.append(sum(_proportional_mb(pid) for pid in family(process.pid)))
        time.sleep(SAMPLE_SECONDS)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in _read(task).split()]
    return found


def _proportional_mb(pid: int) -> float:
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # gone by now
        return ""
