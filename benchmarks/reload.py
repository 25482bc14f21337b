"""Hot reload under load: the champion changes every two seconds; does every request get its answer, from one model?

    python -m benchmarks.reload BUNDLE --key bundle.key --seconds 60

`claimrisk serve` watches a registry of two bundles, BUNDLE and one that says more; a third, damaged and signed again,
is named now and then. Callers post orders over kept connections, RATE a second together if that can be had, and hold
every answer to the numbers that the version named in it must give, computed beside. Answers are kept in SQLite.
    requests  answered; errors: no answer, or a status other than 200
    mixed     answers whose numbers are not those of the version they name; must be 0
    swaps     changes of version that callers saw, of those that were asked for
    p50, p99  milliseconds, beside a like run without reloads
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from features.document import checked_columns, read_order
from features.moments import as_known
from model.artefact import Bundle, canaries, load, save, signature_of
from service.decide import decide
from service.means import Means
from service.registry import Registry, added, write_registry
from service.routes import EXAMPLE

PERIOD, CALLERS, ORDERS, RATE = 2.0, 8, 40, 100.0
ADDRESS = "127.0.0.1"
HEAD = "POST /v1/scores HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


def lifted(folder: Path, out: Path, key: bytes, by: float = 0.5) -> Path:
    """A sound bundle at `out` that is that of `folder` but for more log-odds."""
    bundle = load(folder, key)
    margin = bundle.scorer.margin
    scorer = dataclasses.replace(bundle.scorer, margin=dataclasses.replace(margin, intercept=margin.intercept + by))
    facts = {k: v for k, v in bundle.manifest.items() if k not in ("format", "feature_contract", "files")}
    facts["canaries"] = canaries(scorer, as_known(checked_columns(read_order(EXAMPLE), 0.0, {})))
    texts = {name: (folder / name).read_bytes() for name in ("profile.json", "card.html", "report.html")}
    save(out, scorer, texts, facts, key)
    return out


def damage(folder: Path, key: bytes) -> None:
    """Damage the trees and sign the bundle again, as if it had been made so; LightGBM's parser dies of it."""
    text = (folder / "booster.txt").read_bytes().replace(b"split_feature=", b"split_feature=99999999 ", 1)
    (folder / "booster.txt").write_bytes(text)
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["files"]["booster.txt"] = {"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    raw = orjson.dumps(manifest)
    (folder / "manifest.json").write_bytes(raw)
    (folder / "signature").write_text(signature_of(raw, key), "ascii")


@dataclass
class Seen:
    """What callers saw. milliseconds: of each request; versions: in the order of the answers."""

    milliseconds: list[float] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    errors: int = 0
    mixed: int = 0

    @property
    def swaps(self) -> int:
        """How many versions came anew after another; callers overlap, so only long runs count."""
        return sum(a != b for a, b in pairwise(self.versions[::CALLERS]))


def orders() -> list[dict[str, Any]]:
    """Orders that differ in value and in how long ago they were to arrive."""
    due = EXAMPLE["latest_delivery_at"]
    return [
        EXAMPLE | {"order_total": 20.0 + 7.0 * i, "latest_delivery_at": due.replace("16T", f"{16 - i % 9:02d}T")}
        for i in range(ORDERS)
    ]


def expected(bundle: Bundle) -> list[float]:
    """The probability of each order by this bundle."""
    means = Means(bundle)
    return [float(decide(checked_columns(read_order(o), 0.0, {}), means).scores.probability[0]) for o in orders()]


async def call(port: int, until: float, truth: Mapping[str, list[float]], seen: Seen) -> None:
    """Post order after order over one connection, and hold each answer to what its version must say."""
    reader, writer = await asyncio.open_connection(ADDRESS, port)
    for i, order in cycle(enumerate(orders())):
        if time.monotonic() > until:
            break
        body, began = orjson.dumps(order), time.perf_counter()
        head = f"{HEAD}Content-Length: {len(body)}\r\n\r\n"
        try:
            writer.write(head.encode() + body)
            told = await reader.readuntil(b"\r\n\r\n")
            length = next(int(h[16:]) for h in told.lower().split(b"\r\n") if h.startswith(b"content-length: "))
            answer = orjson.loads(await reader.readexactly(length))
        except (OSError, asyncio.IncompleteReadError, StopIteration):
            seen.errors += 1
            reader, writer = await asyncio.open_connection(ADDRESS, port)
            continue
        seen.milliseconds.append((time.perf_counter() - began) * 1_000)
        await asyncio.sleep(max(0.0, CALLERS / RATE - time.perf_counter() + began))
        if not told.startswith(b"HTTP/1.1 200 "):
            seen.errors += 1
            continue
        version = answer["versions"]["model"]
        seen.versions.append(version)
        seen.mixed += answer["probability"] != truth[version][i]
    writer.close()


async def change(models: Path, sound: tuple[str, str], bad: str, until: float) -> int:
    """Name another champion every PERIOD; the damaged one each fifth time. Returns how many sound ones were named."""
    asked = 0
    for turn in range(10**6):
        await asyncio.sleep(PERIOD)
        if time.monotonic() > until - PERIOD:
            return asked
        is_bad = turn % 5 == 4
        write_registry(models, Registry(champion=bad if is_bad else sound[(asked + 1) % 2]))
        asked += not is_bad
    return asked


async def run(
    port: int, seconds: float, truth: Mapping[str, list[float]], models: Path | None, sound: Any, bad: str
) -> tuple[Seen, int]:
    """Callers for so long, with changes of the champion where `models` is given."""
    seen, until = Seen(), time.monotonic() + seconds
    jobs: list[Any] = [call(port, until, truth, seen) for _ in range(CALLERS)]
    changing = change(models, sound, bad, until) if models else asyncio.sleep(0, 0)
    *_, asked = await asyncio.gather(*jobs, changing)
    return seen, int(asked or 0)


def told(name: str, seen: Seen, asked: int) -> None:
    """Print one line."""
    p50, p99 = np.percentile(seen.milliseconds, [50, 99])
    print(
        f"{name:12} requests {len(seen.milliseconds):7,}  errors {seen.errors}  mixed {seen.mixed}  "
        f"swaps {seen.swaps} of {asked}  p50 {p50:.1f} ms  p99 {p99:.1f} ms"
    )


def main() -> None:
    """Serve, load, change, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", type=Path, required=True, help="file of the key that signed the bundle")
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    key = asked.key.read_bytes().strip()
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        shutil.copy(asked.key, data / "bundle.key")
        models = data / "models"
        sound = (added(models, asked.bundle, key), added(models, lifted(asked.bundle, data / "lifted", key), key))
        bad = f"{sound[0]}-damaged"
        shutil.copytree(models / sound[0], models / bad)
        damage(models / bad, key)
        write_registry(models, Registry(champion=sound[0]))
        truth = {version: expected(load(models / version, key)) for version in sound}
        _measure(data, models, truth, sound, bad, asked.seconds)


def _measure(data: Path, models: Path, truth: Mapping[str, list[float]], sound: Any, bad: str, seconds: float) -> None:
    with socket.create_server((ADDRESS, 0)) as free:
        port = free.getsockname()[1]
    of = os.environ | {"CLAIMRISK_DATA_DIR": str(data), "OMP_NUM_THREADS": "1"}
    command = [Path(sys.executable).with_name("claimrisk"), "serve", "--port", str(port)]
    with (data / "log").open("wb") as log:
        server = subprocess.Popen(command, env=of, stdout=log, stderr=log)
    try:
        _wait(port)
        told("no reloads", *asyncio.run(run(port, seconds / 3, truth, None, sound, bad)))
        told("reloads", *asyncio.run(run(port, seconds, truth, models, sound, bad)))
        lines = (data / "log").read_text()
        print(f"the server lives: {server.poll() is None}; refused the damaged: {lines.count('model.refused')} times")
        print(next((line for line in lines.splitlines() if "model.refused" in line), "no refusal"))
    finally:
        server.terminate()
        server.wait(20)


def _wait(port: int) -> None:
    until = time.monotonic() + timedelta(seconds=60).total_seconds()
    while time.monotonic() < until:
        try:
            socket.create_connection((ADDRESS, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
