"""The product by its own commands: train on files, score a file, score the same rows by HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.olist_baselines import Floats

COMMAND = Path(sys.executable).with_name("claimrisk")
BATCH = 1_000
READY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Product:
    """The commands, with all their files in one folder. extras: the shop's own attributes, as `--extra` takes them."""

    folder: Path
    extras: Mapping[str, str]
    window_days: int
    seed: int

    @property
    def bundle(self) -> Path:
        """Where the model is."""
        return self.folder / "bundle"

    def train(self, orders: pl.DataFrame, outcomes: pl.DataFrame, observed_until: datetime) -> None:
        """`claimrisk train`."""
        orders.write_parquet(self.folder / "orders.parquet")
        outcomes.write_parquet(self.folder / "outcomes.parquet")
        extras = [part for name, declared in self.extras.items() for part in ("--extra", f"{name}:{declared}")]
        self._run(
            "train", self.folder / "orders.parquet", self.folder / "outcomes.parquet", "--out", self.bundle,
            "--observed-until", observed_until.isoformat(), "--claim-window-days", self.window_days,
            "--seed", self.seed, *extras,
        )  # fmt: skip

    def scored_file(self, orders: pl.DataFrame) -> pl.DataFrame:
        """`claimrisk score`: the orders with the product's columns behind."""
        orders.write_parquet(self.folder / "asked.parquet")
        out = self.folder / "scored.parquet"
        self._run("score", self.folder / "asked.parquet", "--model", self.bundle, "--out", out)
        return pl.read_parquet(out)

    def scored_by_http(self, orders: pl.DataFrame) -> Floats:
        """`claimrisk serve`: (n,) float64 probabilities by the batch route, NaN where it tells none."""
        results: list[dict[str, dict[str, float | None]]] = []
        with self._server() as address:
            for part in orders.iter_slices(BATCH):
                body = json.dumps({"orders": [self.document(row) for row in part.iter_rows(named=True)]}).encode()
                results += _answer(f"{address}/v1/scores/batch", body)["results"]
        refused = [r for r in results if r["status"] != 200]
        if refused:
            raise SystemExit(f"HTTP refused {len(refused)} orders, the first with {refused[0]['problem']}")
        return np.array([r["score"]["probability"] for r in results], dtype=np.float64)

    def document(self, row: Mapping[str, object]) -> dict[str, object]:
        """One row as the flat JSON order: instants as text, unknowns left out, the shop's own attributes apart."""
        known = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items() if v is not None}
        extra = {k.removeprefix("x_"): v for k, v in known.items() if k in self.extras}
        return {k: v for k, v in known.items() if not k.startswith("x_")} | {"extra": extra}

    def _environment(self) -> dict[str, str]:
        """Ours without any setting of the product; its key and data lie in the folder."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMRISK_")}
        return ours | {"CLAIMRISK_DATA_DIR": str(self.folder / "data")}

    def _run(self, *arguments: object) -> None:
        command = [str(COMMAND), *map(str, arguments)]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")

    @contextmanager
    def _server(self) -> Iterator[str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [COMMAND, "serve", "--model", self.bundle, "--host", "127.0.0.1", "--port", str(port)]
        log = self.folder / "serve.log"
        with log.open("w") as out, subprocess.Popen(command, env=self._environment(), stdout=out, stderr=out) as server:
            try:
                _await_ready(f"http://127.0.0.1:{port}/readyz", server, log)
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


def _answer(address: str, body: bytes) -> dict[str, list[dict[str, dict[str, float | None]]]]:
    request = urllib.request.Request(address, body, {"content-type": "application/json"})  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{address} answered {error.code}: {error.read(2000).decode(errors='replace')}") from error


def _await_ready(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(address).close()  # noqa: S310
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"claimrisk serve was not ready in {READY_SECONDS} s:\n{log.read_text()[-4000:]}")
