"""A real PostgreSQL for tests and benchmarks: brought up in a folder of its own, as nobody where we are root."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl; None where there is no PostgreSQL."""
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else next(iter(_PLACES), None)


class Server:
    """One PostgreSQL on the loopback, without fsync: it is killed here, the machine is not."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._bin = folder, binaries()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.url = f"postgresql://claimrisk@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "-U", "claimrisk", "-A", "trust", "-E", "UTF8", "-D", f"{folder}/pg", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k '' -c fsync=off -c max_connections=40 -c shared_buffers=32MB"
        self._run("pg_ctl", "-D", f"{self.folder}/pg", "-l", f"{self.folder}/log", "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop at once, as if it had crashed."""
        self._run("pg_ctl", "-D", f"{self.folder}/pg", "-w", "-m", "immediate", "stop")

    def processes(self) -> list[int]:
        """The process that listens, then its children."""
        first = int((self.folder / "pg" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def signal(self, number: int) -> None:
        """Send a signal to all of its processes, the one that would start others first."""
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def _run(self, name: str, *arguments: str) -> None:
        drop = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        # The server inherits the outputs: a pipe would never end.
        subprocess.run([*drop, str(self._bin and self._bin / name), *arguments], check=True, cwd=self.folder,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


@contextmanager
def server() -> Iterator[Server]:
    """A server for as long as the block lasts."""
    folder = Path(mkdtemp(prefix="claimrisk-pg-"))
    folder.chmod(0o777)
    running = Server(folder)
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
