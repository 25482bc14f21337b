"""Servers and load on loopback: a process that is ended by its number, and wrk as the closed-loop client."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Load:
    """rate: answers a second; p50, p99: milliseconds; errors: answers that were no 2xx, and broken connections."""

    rate: float
    p50: float
    p99: float
    errors: int


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def serving(
    command: Sequence[str], url: str, body: bytes, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[float]:
    """Run a server in its own process group until it answers `body` at `url` with 200; gives the seconds it took."""
    with tempfile.TemporaryFile() as log:
        begun = time.monotonic()
        process = subprocess.Popen(
            list(command), stdout=log, stderr=log, cwd=cwd, start_new_session=True, env=os.environ | dict(env or {})
        )
        try:
            while not _answers(url, body):
                if process.poll() is not None or time.monotonic() - begun > 120.0:
                    log.seek(0)
                    raise SystemExit(f"{command[0]} did not start:\n{log.read().decode(errors='replace')[-3000:]}")
                time.sleep(0.02)
            yield time.monotonic() - begun
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10.0)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def posted(url: str, body: bytes) -> bytes:
    """The answer to one POST of JSON."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10.0) as answer:  # noqa: S310
        return bytes(answer.read())


def _answers(url: str, body: bytes) -> bool:
    try:
        posted(url, body)
    except urllib.error.HTTPError as error:
        if error.code == 422:
            raise SystemExit(f"{url} refuses the body: {error.read()[:500].decode(errors='replace')}") from error
        return False
    except OSError:
        return False
    return True


def closed_loop(url: str, body: bytes, connections: int, seconds: float) -> Load:
    """POST the body again and again on so many connections; needs wrk (a Debian package) on the path."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        said = json.dumps(body.decode("ascii"))
        script.write(f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = {said}\n')
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", script.name, url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if rate is None:
        raise SystemExit(f"wrk said what cannot be read:\n{told}")
    bad = [int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", told)]
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    errors = sum(bad) + (sum(map(int, broken.groups())) if broken else 0)
    return Load(float(rate[1]), _quantile(told, "50%"), _quantile(told, "99%"), errors)


def _quantile(told: str, name: str) -> float:
    found = re.search(rf"^\s+{name}\s+([\d.]+)(us|ms|s|m)$", told, re.MULTILINE)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")
