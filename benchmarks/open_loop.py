"""Open-loop load over HTTP: requests leave when they are due, whether or not earlier ones have been answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

# Seconds; the server closes what is idle for 5.
IDLE = 3.0


@dataclass(slots=True)
class Ledger:
    """What came back. seconds: from the moment a request was due; bodies: of answers with 200; lost: no answer."""

    seconds: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    lost: int = 0

    def said(self) -> str:
        """The ledger in one line."""
        if not self.seconds:
            return f"no answer, lost {self.lost}"
        p50, p99, most = np.percentile(self.seconds, [50, 99, 100]) * 1_000
        line = f"{len(self.bodies):,} answers, p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {most:.0f} ms"
        return line + f", other statuses {self.refused}, without answer {self.lost}"


class Connections:
    """Connections to one server on the loopback, kept alive."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of the answer; `OSError` or `EOFError` where there is none."""
        reader, writer = await self._connection()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in answer.split(b"\r\n")[1:-2])
        content = await reader.readexactly(int(headers[b"content-length"]))
        if headers.get(b"connection") == b"close":
            writer.close()
        else:
            self._free.append((time.perf_counter(), reader, writer))
        return int(answer.split(b" ", 2)[1]), content

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._free:
            since, reader, writer = self._free.pop()
            if time.perf_counter() - since < IDLE:
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)


async def load(port: int, rate: float, seconds: float, body: Callable[[int], bytes], seed: int = 1) -> Ledger:
    """POST /v1/scores at so many a second, arrivals as of a Poisson process. body: of the n-th request."""
    connections, ledger, chance = Connections(port), Ledger(), random.Random(seed)  # noqa: S311
    running: set[asyncio.Task[None]] = set()
    begin, due, n = time.perf_counter(), 0.0, 0

    async def one(content: bytes, due: float) -> None:
        try:
            status, answer = await connections.ask("POST", "/v1/scores", content)
        except (OSError, EOFError):
            ledger.lost += 1
            return
        ledger.seconds.append(time.perf_counter() - begin - due)
        if status == 200:
            ledger.bodies.append(answer)
        else:
            ledger.refused[status] = ledger.refused.get(status, 0) + 1

    while due < seconds:
        await asyncio.sleep(max(0.0, begin + due - time.perf_counter()))
        task = asyncio.create_task(one(body(n), due))
        running.add(task)
        task.add_done_callback(running.discard)
        due, n = due + chance.expovariate(rate), n + 1
    while running:
        await asyncio.wait(set(running), timeout=30.0)
    return ledger
