"""Crashes of the store: a service killed under load, a PostgreSQL stopped, killed, frozen; is every answer kept once?

    python -m benchmarks.store_crash MODEL [--kills 50] [--rate 150]

Needs initdb on the PATH or under /usr/lib/postgresql. Sends to the loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.open_loop import Connections, Ledger, load

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from postgres import Server, server

ORDER = {
    "as_of": "2026-11-20T08:15:00Z", "marketplace": "US", "placed_at": "2026-11-02T03:12:00Z",
    "ship_by": "2026-11-04T23:59:59Z", "shipped_at": "2026-11-03T06:40:00Z", "has_tracking": True,
    "latest_delivery_at": "2026-11-16T23:59:59Z", "order_total": 45.5, "currency": "USD",
}  # fmt: skip
READY_WITHIN = 120.0


def order(n: int) -> bytes:
    """The n-th order as a body."""
    return json.dumps(ORDER | {"order_id": f"114-{n:07d}"}).encode()


class Service:
    """`claimrisk serve` in a process of its own. ready_seconds: from its start."""

    def __init__(self, model: Path, folder: Path, port: int, url: str | None = None) -> None:
        more = {"CLAIMRISK_DATA_DIR": str(folder), "CLAIMRISK_KEY_FILE": str(model.parent / "bundle.key")}
        more |= {} if url is None else {"CLAIMRISK_DATABASE_URL": url}
        command = [str(Path(sys.executable).parent / "claimrisk"), "serve", "--model", str(model), "--port", str(port)]
        begin = time.perf_counter()
        with (folder / "log").open("ab") as out:
            self.process = subprocess.Popen(command, env=os.environ | more, stdout=out, stderr=out)
        atexit.register(self.process.kill)  # whatever goes wrong here, nothing goes on answering at this port
        asyncio.run(_until(port, "/readyz", b'"ready"'))
        self.port, self.ready_seconds = port, time.perf_counter() - begin

    def kill(self) -> None:
        """End it as a power cut would, but for what the kernel has already been given."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as it should end."""
        self.process.terminate()
        self.process.wait()


async def _until(port: int, path: str, said: bytes) -> None:
    end, connections = time.perf_counter() + READY_WITHIN, Connections(port)
    while time.perf_counter() < end:
        try:
            if said in (await connections.ask("GET", path))[1]:
                return
        except (OSError, EOFError):
            pass
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{path} did not say {said!r} within {READY_WITHIN:g} s")


def compared(told: list[bytes], kept: list[tuple[str, str]]) -> str:
    """What is lost, doubled or different among answers that were acknowledged. kept: (id, answer) of every row."""
    rows = dict(kept)
    answers = {json.loads(body)["id"]: body for body in told}
    lost = sum(name not in rows for name in answers)
    different = sum(name in rows and rows[name].encode() != body for name, body in answers.items())
    doubled = len(kept) - len(rows) + len(told) - len(answers)
    spooled = sum(b'"recorded":"spooled"' in body for body in told)
    return (
        f"{len(told):,} acknowledged ({spooled:,} spooled), {len(rows):,} kept: lost {lost}, doubled {doubled}, "
        f"different {different}"
    )


def killed(model: Path, folder: Path, kills: int, rate: float, port: int) -> None:
    """kill -9 under load, again and again, on SQLite."""
    chance, told, after = random.Random(1), list[bytes](), list[float]()  # noqa: S311
    service = Service(model, folder, port)
    first = service.ready_seconds
    for n in range(kills):
        told += asyncio.run(_load_then(service.kill, port, rate, chance.uniform(0.3, 1.5), n)).bodies
        service = Service(model, folder, port)
        after.append(service.ready_seconds)
    service.stop()
    with closing(sqlite3.connect(folder / "claimrisk.db")) as database:
        rows = database.execute("SELECT id, answer FROM decisions").fetchall()
        whole = database.execute("PRAGMA integrity_check").fetchone()[0]
    print(f"kill -9 x {kills} at {rate:g}/s on SQLite: {compared(told, rows)}; integrity {whole}; "
          f"ready {statistics.median(after):.1f} s after a kill, {max(after):.1f} at the longest (first start of all: "
          f"{first:.1f})")  # fmt: skip


async def _load_then(what: Callable[[], None], port: int, rate: float, after: float, n: int) -> Ledger:
    asyncio.get_running_loop().call_later(after, what)
    return await load(port, rate, after + 0.1, lambda i: order(i + n * 100_000), seed=n)


def faulted(model: Path, folder: Path, name: str, rate: float, port: int) -> None:
    """A PostgreSQL that fails in the middle of 12 s of load and is back after 4 s."""
    faults: dict[str, tuple[Callable[[Server], None], Callable[[Server], None]]] = {
        "stopped": (Server.stop, Server.start),
        "killed": (lambda s: s.signal(signal.SIGKILL), Server.start),
        "backends killed": (_kill_backends, lambda _: None),
        "frozen": (lambda s: s.signal(signal.SIGSTOP), lambda s: s.signal(signal.SIGCONT)),
    }
    breaks, mends = faults[name]
    with server() as postgresql:
        service = Service(model, folder, port, postgresql.url)
        ledger = asyncio.run(_broken(postgresql, breaks, mends, port, rate))
        begin = time.perf_counter()
        asyncio.run(_until(port, "/metrics", b"claimrisk_store_up 1.0"))
        after = time.perf_counter() - begin
        service.stop()
        rows = asyncio.run(_rows(postgresql.url))
    print(f"PostgreSQL {name} for 4 s of 12 s at {rate:g}/s: {ledger.said()}; {compared(ledger.bodies, rows)}; "
          f"all replayed {after:.1f} s after the load")  # fmt: skip


def _kill_backends(postgresql: Server) -> None:
    for process in postgresql.processes()[1:]:
        if b"127.0.0.1" in Path(f"/proc/{process}/cmdline").read_bytes():
            os.kill(process, signal.SIGKILL)


async def _broken(
    postgresql: Server, breaks: Callable[[Server], None], mends: Callable[[Server], None], port: int, rate: float
) -> Ledger:
    async def fault() -> None:
        await asyncio.sleep(4.0)
        await asyncio.to_thread(breaks, postgresql)
        await asyncio.sleep(4.0)
        await asyncio.to_thread(mends, postgresql)

    ledger, _ = await asyncio.gather(load(port, rate, 12.0, order), fault())
    return ledger


async def _rows(url: str) -> list[tuple[str, str]]:
    import asyncpg

    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT id, answer FROM decisions")
    await connection.close()
    return [tuple(row) for row in rows]


def calm(model: Path, folder: Path, rate: float, port: int) -> None:
    """Nothing fails: what a kept answer takes on SQLite."""
    service = Service(model, folder, port)
    asyncio.run(load(port, rate, 2.0, order))
    print(f"SQLite, open loop at {rate:g}/s for 20 s: {asyncio.run(load(port, rate, 20.0, order)).said()}")
    service.stop()


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rate", type=float, default=150.0)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--only", choices=["calm", "killed", "stopped", "postmaster", "backends", "frozen"])
    given = parser.parse_args()
    runs: dict[str, Callable[[Path], None]] = {
        "calm": lambda folder: calm(given.model, folder, 200.0, given.port),
        "killed": lambda folder: killed(given.model, folder, given.kills, given.rate, given.port),
        "stopped": lambda folder: faulted(given.model, folder, "stopped", given.rate, given.port),
        "postmaster": lambda folder: faulted(given.model, folder, "killed", given.rate, given.port),
        "backends": lambda folder: faulted(given.model, folder, "backends killed", given.rate, given.port),
        "frozen": lambda folder: faulted(given.model, folder, "frozen", given.rate, given.port),
    }
    for name, run in runs.items():
        if given.only in (None, name):
            with TemporaryDirectory() as folder:
                run(Path(folder))


if __name__ == "__main__":
    main()
