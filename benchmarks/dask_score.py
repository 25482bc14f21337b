"""A folder of orders scored on Dask with two workers of this machine, beside one process: start and end included.

    python -m benchmarks.dask_score --model BUNDLE [--orders ORDERS.parquet] [--rows 2000000] [--files 16]

Needs the extra `dask`. Prints the rates and Dask's ÷ that of one process, by the clock; exits 1 where a result differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import polars as pl

from benchmarks.batch_orders import make
from benchmarks.bodies import machine
from benchmarks.job import claimrisk
from service.journal import file_digest

WAYS = {
    "one process": ("--workers", "1"),
    "two processes": ("--workers", "2"),
    "dask, 2 workers": ("--workers", "2", "--engine", "dask"),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--orders", type=Path, default=None)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--files", type=int, default=16)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        orders = asked.orders or folder / "orders.parquet"
        make(orders, asked.rows, 12)
        rows = _split(orders, folder / "given", asked.files)
        print(f"{machine()}\n{rows:,} orders in {asked.files} files")
        results, seconds = dict[str, list[str]](), dict[str, float]()
        for way, told in WAYS.items():
            out = folder / way.replace(" ", "_")
            common = ("--model", asked.model, "--explain-top", "0%", "--as-of", "2026-11-25T00:00:00Z")
            job = claimrisk("score", folder / "given", "--out", out, *common, *told)
            results[way], seconds[way] = [file_digest(path) for path in sorted(out.iterdir())], job.seconds
            print(f"{way:16}{job.seconds:7.1f} s {job.cpu_seconds:7.1f} s of processors {rows / job.seconds:9,.0f}/s")
        for way in ("one process", "two processes"):
            print(f"dask ÷ {way}: {seconds[way] / seconds['dask, 2 workers']:.2f}")
        is_equal = len({tuple(found) for found in results.values()}) == 1
        print("results equal to the byte" if is_equal else "results DIFFER")
        sys.exit(not is_equal)


def _split(orders: Path, folder: Path, files: int) -> int:
    """Write the rows of a file into several; returns how many there are."""
    folder.mkdir()
    lazy = pl.scan_parquet(orders)
    rows = int(lazy.select(pl.len()).collect().item())
    size = -(-rows // files)
    for k in range(files):
        lazy.slice(k * size, size).sink_parquet(folder / f"{k:03}.parquet")
    return rows


if __name__ == "__main__":
    main()
