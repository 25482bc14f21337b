"""Killed twenty times at random moments, taken up each time: is the result the one of an uninterrupted run?

    python -m benchmarks.resume --model BUNDLE [--orders ORDERS.parquet] [--rows 100000] [--kills 20] [--seed 1]

Each trial scores the file, is killed (SIGKILL, the process that leads alone) after a random part of the time that a
whole run takes, and is taken up with `--resume` until it ends; a trial may be killed again while taken up. Exits 1
where a byte differs, or where what stands at the place of the result after a kill is not all of it.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.batch_orders import make
from benchmarks.bodies import machine
from service.journal import file_digest

KILLED_AGAIN = 0.3


def begun(*told: str | Path) -> subprocess.Popen[bytes]:
    """`claimrisk score`, begun."""
    command = [str(Path(sys.executable).with_name("claimrisk")), "score", *map(str, told)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def trial(told: list[str | Path], out: Path, whole_seconds: float, rng: random.Random) -> tuple[int, bool]:
    """Kill and take up. Returns how often it was killed, and whether it ended well."""
    kills, resume = 0, list[str]()
    while True:
        process = begun(*told, *resume)
        if kills == 0 or rng.random() < KILLED_AGAIN:
            try:
                process.wait(rng.uniform(0.0, whole_seconds))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills, resume = kills + 1, ["--resume"]
                if out.exists():
                    return kills, True  # only the tidying was left, or it was no result yet: its bytes tell
                continue
        return kills, process.wait() == 0


def main() -> None:
    """Print one line a trial."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--orders", type=Path, default=None)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)  # noqa: S311 - moments of death, no secret
    with tempfile.TemporaryDirectory() as folder:
        orders, out = asked.orders or Path(folder) / "orders.parquet", Path(folder) / "out.parquet"
        make(orders, asked.rows, 12)
        told: list[str | Path] = [orders, "--out", out, "--model", asked.model, "--as-of", "2026-11-25T00:00:00Z"]
        told += ["--explain-top", "10%"]
        start = time.perf_counter()
        begun(*told).wait()
        whole_seconds, whole = time.perf_counter() - start, file_digest(out)
        print(f"{machine()}\na whole run: {whole_seconds:.1f} s, result {whole[:16]}")
        kills, equal, trials = 0, 0, 0
        while kills < asked.kills:
            out.unlink()
            killed, is_sound = trial(told, out, whole_seconds, rng)
            kills, trials = kills + killed, trials + 1
            is_equal = is_sound and file_digest(out) == whole
            equal += is_equal
            print(f"killed {killed} times, {'equal' if is_equal else 'DIFFERENT'}", flush=True)
        print(f"{kills} kills in {trials} trials, {equal} results equal to the byte")
        sys.exit(equal != trials)


if __name__ == "__main__":
    main()
