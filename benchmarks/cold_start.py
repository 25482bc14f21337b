"""Cold start on simulated shops: how far do priors and two numbers get without any model?

    python -m benchmarks.cold_start --worlds rare reference common --write docs/results.md

Each simulated shop tells, on one day, how many orders it had in 60 days and how many A-to-z claims on them; nothing is
trained. Its later orders are scored at the moments at which the TRUE probability is known.
    rank      chance that a look that ends in a claim stands above one that does not (0.5 is chance; the truth's beside)
    told ÷ truth   sum of the probabilities ÷ sum of the true ones, over all shops; with the numbers and without
    shops     the same for each shop: median, and the share of shops within a factor 2
    inside    share of 20 score bins whose mean truth lies in the mean 90 % interval
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from benchmarks.learning_curve import later_rows
from features.columns import Columns, Floats
from model.coldstart import ShopNumbers, cold_scorer
from training.simulate import Simulated, load_world, simulate

SPAN, DAY_OF_YEAR, BINS = 60, 240, 20
CELLS = (
    "placed",
    "shipped",
    "in_transit",
    "delivered",
    "contact",
    "overdue",
    "delivered_30",
    "unanswered_24",
    "random",
)


@dataclass(frozen=True)
class Looked:
    """m looks at orders of one shop. truth, told, untold: (m,) probabilities, told with and without the two numbers;
    low, high: (m,) of those told; cell: (m,) text."""

    numbers: ShopNumbers
    truth: Floats
    told: Floats
    untold: Floats
    low: Floats
    high: Floats
    cell: np.ndarray


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="+", default=["rare", "reference", "common"])
    parser.add_argument("--orders", type=int, default=60_000, help="orders of the year, of 16 shops")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="document whose section is replaced")
    arguments = parser.parse_args()
    lines: list[str] = []
    for world in arguments.worlds:
        lines += table(world, looked(world, arguments.orders, arguments.seed))
        print("\n".join(lines[-len(CELLS) - 7 :]), flush=True)
    if arguments.write:
        replace_section(arguments.write, lines)


def looked(world: str, orders: int, seed: int) -> list[Looked]:
    """Every shop of one simulated year, looked at after the day on which it told its numbers."""
    made = simulate(load_world(world), orders, seed)
    if made.truth is None:
        raise ValueError("the simulation told no truth")
    first: datetime = made.orders["placed_at"].min()  # type: ignore[assignment]
    day = first + timedelta(days=DAY_OF_YEAR)
    later = made.orders.filter(pl.col("placed_at") > day)
    truth = made.truth.join(later.select("order_id", "shop_id"), on="order_id").with_columns(
        pl.when(pl.col("cell") == "entry").then(pl.col("state")).otherwise(pl.col("cell")).alias("cell")
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "later.parquet"
        later.write_parquet(path)
        return [
            _shop(later_rows(path, of_shop), of_shop, numbers_of(made, shop[0], day))
            for shop, of_shop in truth.group_by("shop_id", maintain_order=True)
        ]


def numbers_of(made: Simulated, shop: object, day: datetime) -> ShopNumbers:
    """The two numbers as the marketplace counts them: orders placed in the span, and claims on them until its end."""
    placed = pl.col("placed_at").is_between(day - timedelta(days=SPAN), day)
    orders = made.orders.filter((pl.col("shop_id") == shop) & placed)
    claims = made.outcomes.filter(pl.col("claim_opened_at") <= day).join(orders, on="order_id", how="semi")
    return ShopNumbers(claims.height, max(orders.height, 1))


def _shop(rows: Columns, truth: pl.DataFrame, numbers: ShopNumbers) -> Looked:
    told, untold = cold_scorer(numbers).score(rows), cold_scorer(None).score(rows)
    true = truth["probability"].to_numpy()
    return Looked(numbers, true, told.probability, untold.probability, told.low, told.high, truth["cell"].to_numpy())


def table(world: str, shops: list[Looked]) -> list[str]:
    """The markdown table of one world."""
    claims, orders = sum(s.numbers.claims for s in shops), sum(s.numbers.orders for s in shops)
    lines = [
        f"### World `{world}`: {len(shops)} shops that told {claims} claims on {orders:,} orders of {SPAN} days", "",
        "| looks | number | truth, mean | rank | truth's own | told ÷ truth | without numbers | shops: median | within "
        "factor 2 | inside |", "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for cell in CELLS:
        lines.append(f"| {cell} | {' | '.join(_numbers(shops, cell))} |")
    return [*lines, ""]


def _numbers(shops: list[Looked], cell: str) -> list[str]:
    parts = [(s, s.cell == cell) for s in shops if (s.cell == cell).sum() >= 20]
    truth, told, untold, low, high = (
        np.concatenate([getattr(s, name)[at] for s, at in parts]) for name in ("truth", "told", "untold", "low", "high")
    )
    ratios = np.array([s.told[at].sum() / s.truth[at].sum() for s, at in parts])
    bins = np.array_split(np.argsort(told, kind="stable"), BINS)
    inside = np.mean([low[b].mean() <= truth[b].mean() <= high[b].mean() for b in bins])
    return [
        f"{len(truth):,}", f"{100 * truth.mean():.3f} %", f"{rank(truth, told):.3f}", f"{rank(truth, truth):.3f}",
        f"{told.sum() / truth.sum():.2f}", f"{untold.sum() / truth.sum():.2f}", f"{np.median(ratios):.2f}",
        f"{100 * np.mean((ratios > 0.5) & (ratios < 2.0)):.0f} %", f"{100 * inside:.0f} %",
    ]  # fmt: skip


def rank(truth: Floats, told: Floats) -> float:
    """The area under the curve if each look ended in a claim with its true probability."""
    label = np.repeat([1, 0], len(truth))
    return float(roc_auc_score(label, np.tile(told, 2), sample_weight=np.concatenate([truth, 1.0 - truth])))


def replace_section(document: Path, lines: list[str]) -> None:
    """Write the tables between the marks of this benchmark in a document."""
    begin, end = "<!-- cold_start -->\n", "<!-- /cold_start -->"
    before, _, rest = document.read_text("utf-8").partition(begin)
    _, _, after = rest.partition(end)
    if not after:
        raise SystemExit(f"{document}: expected the marks {begin.strip()} and {end}")
    document.write_text(before + begin + "\n".join(lines) + "\n" + end + after, "utf-8")


if __name__ == "__main__":
    main()
