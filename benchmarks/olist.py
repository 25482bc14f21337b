"""Quality on real orders: the product by its own commands, beside baselines refitted in the same run.

    python benchmarks/olist.py [--write docs/results.md]

Five rolling origins: at each the product is trained on what a shop would hold then, and scores the orders of the next
period as they are placed, shipped and delivered, by file and by HTTP; both doors must give equal bits. Baselines learn
from the orders whose claim window had closed by the origin, and count reviews up to each purchase.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.olist_baselines import Floats, candidates, features, refitted
from benchmarks.olist_orders import EXTRAS, FOLDER, MOMENTS, WINDOW_DAYS, Olist, known_by, read_olist
from benchmarks.olist_product import Product
from benchmarks.olist_report import CONSTANT, Judged, replaced_section, report

ORIGINS = 5
FIRST_ORIGIN = 0.45
LONG_PROMISE_DAYS = 40
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
    held = known_by(olist.orders.filter(pl.col("placed_at") < period.origin), period.origin)
    with tempfile.TemporaryDirectory(prefix="olist-") as folder:
        product = Product(Path(folder), EXTRAS, WINDOW_DAYS, seed)
        product.train(held, olist.outcomes(period.origin), period.origin)
        by_file, by_http = product.scored_file(asked), product.scored_by_http(asked)
    if by_file["order_id"].to_list() != asked["order_id"].to_list():
        raise SystemExit(f"expected {asked.height} rows in their order, got {by_file.height}: some were set aside")
    p, status = by_file["claimrisk_probability"].to_numpy(), by_file["claimrisk_status"]
    if not np.array_equal(p, by_http):
        raise SystemExit(f"file and HTTP differ in {np.sum(p != by_http)} of {len(p)} rows; expected equal bits")
    if np.isnan(p).any():
        raise SystemExit(f"{np.isnan(p).sum()} orders at risk got no probability: {status.value_counts().rows()}")
    print(f"{period.origin:%Y-%m-%d}: {len(p)} rows, equal bits by file and HTTP, {status.value_counts().rows()}")
    return {m: p[(asked["x_moment"] == m).to_numpy()] for m in MOMENTS}


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
    return {m: _joined([p.tested(rows[m]) for p in periods(olist)], found[m]) for m in MOMENTS}


def _joined(tested: list[pl.DataFrame], found: dict[str, list[Floats]]) -> Judged:
    happened = pl.concat(tested)["is_claimed"].to_numpy().astype(np.float64)
    return Judged(happened, {name: np.concatenate(p) for name, p in found.items()}, [t.height for t in tested])


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
