"""Rows of a large seller's file: read + rejected + left out = rows of the file, and how long it takes.

    python benchmarks/seller_rows.py [--rows 1000000] [--broken 0.01]

Writes an All Orders report with a known number of broken and cancelled rows, reads it and compares.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from features.seller.maps import built_in
from features.seller.reading import read_seller_file

HEADER = (
    "amazon-order-id", "purchase-date", "order-status", "fulfillment-channel", "sales-channel", "ship-service-level",
    "product-name", "sku", "asin", "item-status", "quantity", "currency", "item-price", "shipping-price", "ship-state",
    "ship-postal-code", "ship-country", "is-business-order",
)  # fmt: skip
BROKEN = ("amount", "date", "quantity", "number", "cells")


def line(i: int, broken: str) -> str:
    """One row; broken: which part of it, if any."""
    order = "1.14E+17" if broken == "number" else f"114-{i:07}-{i % 9973:07}"
    cells = [
        order, "soon" if broken == "date" else f"2025-03-{i % 28 + 1:02}T{i % 24:02}:05:06+00:00",
        "Cancelled" if broken == "cancelled" else "Shipped", "Merchant", "Amazon.com", "Standard",
        f'Glass 6" no. {i % 500}', f"S-{i % 5000}", f"B{i % 5000:09}", "Shipped", "-1" if broken == "quantity" else "1",
        "USD", "many" if broken == "amount" else f"{i % 300}.99", "3.99", "CA", "90210", "US", "false",
    ]  # fmt: skip
    return "\t".join([*cells, "more"] if broken == "cells" else cells) + "\n"


def main() -> None:
    """Print counts, seconds and the peak of memory; fail where a row is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--broken", type=float, default=0.01)
    asked = parser.parse_args()
    rng = np.random.default_rng(7)
    fate = np.where(rng.random(asked.rows) < asked.broken, rng.choice(BROKEN, asked.rows), "")
    fate = np.where((fate == "") & (rng.random(asked.rows) < 0.02), "cancelled", fate)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.txt"
        with path.open("w", encoding="utf-8") as file:
            file.write("\t".join(HEADER) + "\n")
            file.writelines(line(i, broken) for i, broken in enumerate(fate.tolist()))
        built_in()
        start = time.perf_counter()
        (table,) = read_seller_file(path)
        seconds = time.perf_counter() - start
    read, rejected, dropped = table.frame.height, len(table.rejects), sum(table.dropped.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = f"{read:,} read, {rejected:,} rejected, {dropped:,} left out"
    print(f"{table.rows:,} rows: {told}; {seconds:.1f} s, {peak:,.0f} MB")
    if not table.is_complete or table.rows != asked.rows:
        raise SystemExit("rows are missing")
    if rejected != int(np.isin(fate, BROKEN).sum()) or dropped != int((fate == "cancelled").sum()):
        raise SystemExit("other rows were rejected or left out than were broken or cancelled")


if __name__ == "__main__":
    main()
