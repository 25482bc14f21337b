"""How long the defect budget of a shop with many open orders takes over HTTP, with its plan.

    python -m benchmarks.odr_speed --model BUNDLE --orders 20000

Example orders of one shop, moved to the last 60 days, are sent to the API in this process, which keeps them in SQLite;
then the budget and its plan (over at most 2,000 orders) are asked for. Seconds of the clock and of the processor, the
least of some askings.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from benchmarks.bodies import bodies
from features.document import read_json
from service.app import create_app
from service.bundles import chosen_bundle
from service.means import Means
from service.settings import Settings, settings

NOW, BATCH, ASKINGS = datetime(2026, 11, 20, 8, tzinfo=UTC), 1_000, 3
PATH, US = "/v1/shops/speed/odr", {"marketplace": "US"}
EXAMPLES = [body for body in bodies() if b'"placed_at"' in body and b"claim_opened_at" not in body]


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--orders", type=int, default=20_000)
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        of = Settings(data_dir=Path(folder), database_url=f"sqlite:///{folder}/speed.db", max_batch_bytes=1 << 26)
        app = create_app(Means(chosen_bundle(given.model, settings())), of, clock=lambda: NOW)
        with TestClient(app) as client:
            for begin in range(0, given.orders, BATCH):
                some = [order(number) for number in range(begin, min(begin + BATCH, given.orders))]
                client.post("/v1/scores/batch", json={"orders": some}).raise_for_status()
            while b"claimrisk_store_up 1.0" not in client.get("/metrics").content:  # what was spooled is replayed
                time.sleep(0.1)
            found = client.get(PATH, params=US).raise_for_status().json()
            chance = found["as_it_will_be"]["probability_of_breach"]
            print(f"{found['orders']:,} orders in the window, P(breach) {chance:.2f}")
            seconds("budget", lambda: client.get(PATH, params=US))
            wanted = US | {"alpha": max(chance / 2.0, 1e-4)}
            seconds("budget and plan", lambda: client.post(f"{PATH}/plan", json=wanted))


def order(number: int) -> dict[str, Any]:
    """One of the example orders, as it would stand if it had been placed some of the last 60 days ago."""
    found: dict[str, Any] = read_json(EXAMPLES[number % len(EXAMPLES)])
    placed = NOW - timedelta(days=float(np.random.default_rng(number).uniform(0.1, 59.0)))
    shift = placed - datetime.fromisoformat(found["placed_at"])
    moments = {n: datetime.fromisoformat(v) + shift for n, v in found.items() if n.endswith(("_at", "_by"))}
    promised = ("latest_delivery_at", "earliest_delivery_at", "ship_by")
    known = {n: v for n, v in found.items() if n not in moments}
    known |= {n: at.isoformat() for n, at in moments.items() if n in promised or at <= NOW}
    return known | {"order_id": f"o{number}", "shop_id": "speed", "marketplace": "US", "as_of": NOW.isoformat()}


def seconds(name: str, ask: Callable[[], Any]) -> None:
    """Print the least of some askings."""
    clock, processor = list[float](), list[float]()
    for _ in range(ASKINGS):
        begun, worked = time.perf_counter(), time.process_time()
        ask().raise_for_status()
        clock.append(time.perf_counter() - begun)
        processor.append(time.process_time() - worked)
    print(f"{name}: {min(clock):.2f} s, of the processor {min(processor):.2f} s")


if __name__ == "__main__":
    main()
