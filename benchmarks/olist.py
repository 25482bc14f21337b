"""Quality on real orders: the product by its own commands, beside baselines refitted in the same run.

    python benchmarks/olist.py [--write docs/results.md]

Five rolling origins: at each the product is trained on what a shop would hold then, and scores the orders of the next
period as they are placed, shipped and delivered, by file and by HTTP; both doors must give equal bits. Baselines learn
from the orders whose claim window had closed by the origin, and count reviews up to each purchase.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.olist_baselines import Floats, candidates, features, refitted
from benchmarks.olist_orders import EXTRAS, FOLDER, MOMENTS, WINDOW_DAYS, Olist, known_by, read_olist
from benchmarks.olist_report import CONSTANT, Judged, replaced_section, report

ORIGINS = 5
FIRST_ORIGIN = 0.45
LONG_PROMISE_DAYS = 40
BATCH = 1_000
READY_SECONDS = 60
CLAIMRISK = Path(sys.executable).with_name("claimrisk")
PRODUCT = "claimrisk"


@dataclass(frozen=True, slots=True)
class Period:
    """Orders placed in [origin, until) are tested; what was known by the origin is learned from."""

    origin: datetime
    until: datetime

    def tested(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of this period's orders."""
        return rows.filter((pl.col("placed_at") >= self.origin) & (pl.col("placed_at") < self.until))

    def learned(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of earlier orders whose claim window had closed."""
        return rows.filter((pl.col("placed_at") < self.origin) & (pl.col("closes_at") <= self.origin))


def periods(olist: Olist) -> list[Period]:
    """Periods of about equal size; the last ends early enough that all but long promises have closed windows."""
    last = olist.seen_until - timedelta(days=WINDOW_DAYS + LONG_PROMISE_DAYS)
    placed = olist.orders.filter(pl.col("placed_at") < last)["placed_at"].sort()
    shares = np.linspace(FIRST_ORIGIN, 1.0, ORIGINS + 1)[:-1]
    days = [placed[int(share * len(placed))].replace(hour=0, minute=0, second=0, microsecond=0) for share in shares]
    return [Period(a, b) for a, b in zip(days, [*days[1:], last], strict=True)]


def mature_rows(olist: Olist) -> dict[str, pl.DataFrame]:
    """Per moment the orders at risk whose outcome is known in full."""
    return {m: olist.looked_at(m).filter(pl.col("closes_at") <= olist.seen_until) for m in MOMENTS}


def by_baselines(olist: Olist, rows: pl.DataFrame, moment: str, period: Period, seed: int) -> dict[str, Floats]:
    """Per baseline the probabilities of one period's orders at one moment."""
    keys = olist.orders.select("order_id", "shop_id", "category", "ship_to_region")
    reviews = olist.reviews.drop_nulls("reviewed_at").join(keys, on="order_id")
    learned = period.learned(rows)
    X, X_new = (features(part, moment, reviews) for part in (learned, period.tested(rows)))
    y = learned["is_claimed"].to_numpy().astype(np.float64)
    found: dict[str, Floats] = {}
    for name, choices in candidates(moment, seed).items():
        found[name], found[f"{name}, never calibrated"] = refitted(choices, X, y, X_new)
    del found[f"{CONSTANT}, never calibrated"]
    return found


def by_product(olist: Olist, rows: dict[str, pl.DataFrame], period: Period, seed: int) -> dict[str, Floats]:
    """Per moment the probabilities that the product's commands give one period's orders; both doors agree."""
    moments = pl.concat([period.tested(found).with_columns(x_moment=pl.lit(m)) for m, found in rows.items()])
    asked = moments.select(*olist.orders.columns, "as_of", "x_moment")
    with tempfile.TemporaryDirectory(prefix="olist-") as name:
        folder = Path(name)
        bundle = _trained(folder, olist, period.origin, seed)
        by_file, by_http = _file_scores(folder, bundle, asked), _http_scores(bundle, asked)
    print(f"  {period.origin:%Y-%m-%d}: {len(asked)} rows, status {dict(Counter(by_file['claimrisk_status']))}")
    p = by_file["claimrisk_probability"].to_numpy()
    if by_file["order_id"].to_list() != asked["order_id"].to_list() or not np.array_equal(p, by_http):
        raise SystemExit(f"file and HTTP differ in {np.sum(p != by_http)} of {len(p)} rows; expected equal bits")
    return {m: p[(asked["x_moment"] == m).to_numpy()] for m in MOMENTS}


def _trained(folder: Path, olist: Olist, origin: datetime, seed: int) -> Path:
    """The bundle of a shop that trains at the origin on the files it would hold then."""
    held = known_by(olist.orders.filter(pl.col("placed_at") < origin), origin)
    held.write_parquet(folder / "orders.parquet")
    olist.outcomes(origin).write_parquet(folder / "outcomes.parquet")
    extras = [part for name, declared in EXTRAS.items() for part in ("--extra", f"{name}:{declared}")]
    _run(
        "train", folder / "orders.parquet", folder / "outcomes.parquet", "--out", folder / "bundle",
        "--observed-until", origin.isoformat(), "--claim-window-days", WINDOW_DAYS, "--seed", seed, *extras,
    )  # fmt: skip
    return folder / "bundle"


def _run(*arguments: object) -> None:
    done = subprocess.run([CLAIMRISK, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"claimrisk {arguments[0]} ended with {done.returncode}:\n{done.stderr[-4000:]}")


def _file_scores(folder: Path, bundle: Path, asked: pl.DataFrame) -> pl.DataFrame:
    asked.write_parquet(folder / "asked.parquet")
    _run("score", folder / "asked.parquet", "--model", bundle, "--out", folder / "scored.parquet")
    return pl.read_parquet(folder / "scored.parquet")


def _http_scores(bundle: Path, asked: pl.DataFrame) -> Floats:
    found: list[float] = []
    with _server(bundle) as address:
        for part in asked.iter_slices(BATCH):
            body = json.dumps({"orders": [_document(row) for row in part.iter_rows(named=True)]}).encode()
            request = urllib.request.Request(  # noqa: S310 - our own server
                f"{address}/v1/scores/batch", body, {"content-type": "application/json"}
            )
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                results = json.load(answer)["results"]
            refused = [r for r in results if r["status"] != 200]
            if refused:
                raise SystemExit(f"HTTP refused {len(refused)} orders, the first with {refused[0]['problem']}")
            found += [np.nan if r["score"]["probability"] is None else r["score"]["probability"] for r in results]
    return np.array(found)


def _document(row: dict[str, object]) -> dict[str, object]:
    """One row as the flat JSON order: instants as text, unknowns left out, the shop's own attributes apart."""
    known = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items() if v is not None}
    extra = {k[2:]: v for k, v in known.items() if k in EXTRAS}
    return {k: v for k, v in known.items() if not k.startswith("x_")} | {"extra": extra}


@contextmanager
def _server(bundle: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [CLAIMRISK, "serve", "--model", bundle, "--host", "127.0.0.1", "--port", str(port)]
    log = bundle.with_name("serve.log")
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            _await_ready(f"http://127.0.0.1:{port}/readyz", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _await_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(address).close()  # noqa: S310
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"claimrisk serve was not ready in {READY_SECONDS} s:\n{log.read_text()[-4000:]}")


def judged(olist: Olist, seed: int, *, with_product: bool) -> dict[str, Judged]:
    """Per moment the outcomes and everybody's probabilities, over all periods."""
    rows, found = mature_rows(olist), {m: defaultdict[str, list[Floats]](list) for m in MOMENTS}
    for period in periods(olist):
        for moment in MOMENTS:
            for name, p in by_baselines(olist, rows[moment], moment, period, seed).items():
                found[moment][name].append(p)
        if with_product:
            for moment, p in by_product(olist, rows, period, seed).items():
                found[moment][PRODUCT].append(p)
    y = {m: np.concatenate([p.tested(rows[m])["is_claimed"].to_numpy() for p in periods(olist)]) for m in MOMENTS}
    return {m: Judged(y[m].astype(np.float64), {n: np.concatenate(p) for n, p in found[m].items()}) for m in MOMENTS}


def preamble(olist: Olist) -> list[str]:
    """What was compared, in lines of Markdown."""
    rows = mature_rows(olist)
    lines = [
        f"{olist.orders.height} delivered orders of {olist.orders['shop_id'].n_unique()} sellers; left out for all: "
        + ", ".join(f"{n} {reason}" for reason, n in olist.left_out.items())
        + f". Claim window {WINDOW_DAYS} days after the promise; an order with a claim is no longer judged.",
        "",
        "| origin | orders learned (claims) | " + " | ".join(f"{m}: orders (claims)" for m in MOMENTS) + " |",
        "|---|---|" + "---|" * len(MOMENTS),
    ]
    for period in periods(olist):
        parts = [period.learned(rows["placed"]), *(period.tested(found) for found in rows.values())]
        counts = " | ".join(f"{part.height} ({part['is_claimed'].sum()})" for part in parts)
        lines.append(f"| {period.origin:%Y-%m-%d} | {counts} |")
    return lines


def main() -> None:
    """Run the comparison, print it, and write it where told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of Olist's tables")
    parser.add_argument("--write", type=Path, help="Markdown file whose section on Olist is to be replaced")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--baselines-only", action="store_true", help="leave the product out")
    options = parser.parse_args()
    olist = read_olist(options.data)
    found = judged(olist, options.seed, with_product=not options.baselines_only)
    text = "\n".join([*preamble(olist), "", *report(found, PRODUCT)])
    print(text)
    if options.write is not None:
        options.write.write_text(replaced_section(options.write, text), encoding="utf-8")


if __name__ == "__main__":
    main()
