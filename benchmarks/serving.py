"""The API over HTTP beside a bare FastAPI echo of the same order: one worker each, on loopback, in the same run.

    python -m benchmarks.serving [--model BUNDLE] [--rounds 5] [--seconds 3] [--open-seconds 60]

Rounds alternate between the two, 16 connections of wrk (a Debian package) each; medians, and ratios by answers a second
and by processor time, which counts on a busy machine too. Then one connection, an open loop of 200 orders a second, the
time from start to ready, and the memory of the worker. Nothing is stored. Needs Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bodies import bodies, machine
from benchmarks.load import Load, closed_loop, free_port
from benchmarks.open_loop import load

HOST = "127.0.0.1"
FULL, SHORT, SCORE, ECHO = "full answer", "without reasons", "score alone", "echo"
CONNECTIONS = 16
BODY = bodies()[1]


@dataclass(frozen=True)
class Round:
    """What wrk saw, and the processor time of the server for each answer."""

    load: Load
    cpu_us: float


@contextlib.contextmanager
def server(command: list[str], ready: str) -> Iterator[tuple[int, float]]:
    """A server's process id, once it answers at `ready`, and the seconds that took; ended on leaving."""
    start = time.perf_counter()
    environment = os.environ | {"CLAIMRISK_DATABASE_URL": "off"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    try:
        while not _answers(ready):
            if process.poll() is not None or time.perf_counter() - start > 60.0:
                process.kill()
                raise SystemExit(f"did not start: {process.communicate()[1].decode()[-2_000:]}")
            time.sleep(0.01)
        yield process.pid, time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5.0) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except OSError:
        return False


def measured(url: str, seconds: float, pid: int, connections: int = CONNECTIONS) -> Round:
    """One round on one server."""
    before = _cpu_seconds(pid)
    found = closed_loop(url, BODY, connections, seconds)
    return Round(found, 1e6 * (_cpu_seconds(pid) - before) / (found.rate * seconds))


def _cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Memory of a process in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def told(name: str, found: list[Round], echo: list[Round]) -> str:
    """Medians over rounds, and ratios to the echo of the same round."""
    rate, p50, p99 = (statistics.median(getattr(r.load, key) for r in found) for key in ("rate", "p50", "p99"))
    by_rate = statistics.median(ours.load.rate / bare.load.rate for ours, bare in zip(found, echo, strict=True))
    by_cpu = statistics.median(bare.cpu_us / ours.cpu_us for ours, bare in zip(found, echo, strict=True))
    return (
        f"{name:16} {rate:6.0f}/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms, {sum(r.load.errors for r in found)} errors: "
        f"{by_rate:.2f} of the echo; {statistics.median(r.cpu_us for r in found):.0f} µs CPU: {by_cpu:.2f}"
    )


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--open-seconds", type=float, default=60.0)
    asked = parser.parse_args()
    port, beside = free_port(), free_port()
    ours = [str(Path(sys.executable).parent / "claimrisk"), "serve", "--port", str(port)]
    ours += ["--model", str(asked.model)] if asked.model else []
    peer = [sys.executable, "-m", "uvicorn", "benchmarks.echo:app", "--port", str(beside), "--log-level", "warning"]
    urls = {FULL: f"http://{HOST}:{port}/v1/scores", SHORT: f"http://{HOST}:{port}/v1/scores?reasons=false",
            SCORE: f"http://{HOST}:{port}/v1/scores?detail=score",
            ECHO: f"http://{HOST}:{beside}/echo"}  # fmt: skip
    print(machine())
    with (
        server(ours, f"http://{HOST}:{port}/readyz") as (pid, ready),
        server(peer, f"http://{HOST}:{beside}/openapi.json") as (peer_pid, _),
    ):
        pids = {FULL: pid, SHORT: pid, SCORE: pid, ECHO: peer_pid}
        rounds: dict[str, list[Round]] = {name: [] for name in urls}
        for _ in range(asked.rounds):
            for name, url in urls.items():
                rounds[name].append(measured(url, asked.seconds, pids[name]))
        for name, found in rounds.items():
            print(told(name, found, rounds[ECHO]))
        alone = measured(urls[FULL], asked.seconds, pid, connections=1)
        print(f"{'one connection':16} {alone.load.rate:6.0f}/s, p50 {alone.load.p50:.2f} ms; {alone.cpu_us:.0f} µs CPU")
        print(f"open loop, 200/s {asyncio.run(load(port, 200.0, asked.open_seconds, lambda _: BODY)).said()}")
        print(f"start to ready   {ready:.2f} s; resident memory {resident_mb(pid):.0f} MB")


if __name__ == "__main__":
    main()
