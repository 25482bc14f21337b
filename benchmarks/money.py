"""Expected cost and expected defects, as told, against the true ones of later simulated orders.

    python benchmarks/money.py --orders 100000 --later 100000 --lives 60

Trains on N simulated orders, then tells what each order of the later year is expected to cost at its entry of each
state, with the product's own functions and a cost profile whose share of refunds is that of the shop's past claims. The
truth: each later order is lived on from there many times (training/replicates.py); debits, staff time, goods on their
way back and defects are counted and priced as the profile says.
    told ÷ true    by tenth of the expected cost (of the expected defects), least first, and in total; by state, and of
                   all rows together
    noise          standard error of the true total, and of the true value of a tenth at its noisiest, from counting
    luck           claims that the past showed ÷ those that later orders truly bring: no model can see this part
`--labels debited` hides every claim that was not debited and declares that (`complete_for = ["debited"]`); `--invisible
0.4` also cuts the declared span so that so many of all claims are invisible.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path

import joblib
import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.columns import Columns, Floats, concatenated
from features.goods import order_value
from features.moments import DAY, as_known_from_final
from features.tables import TableOptions, read_orders
from model.scorer import Scorer
from service.cost_profile import Costs, Rate, default_costs
from service.stakes import Stakes, stakes
from training.dataset import read_dataset
from training.replicates import Foreseen, foreseen
from training.simulate import load_world, simulate
from training.train import Recipe, fitted_on_all, prepare, scorer_of

STATES = ("placed", "shipped", "delivered", "contact")
WINDOW_DAYS = 90.0
RATES = {"GBP": 1.27, "EUR": 1.08}
TENTHS = 10


@dataclass(frozen=True)
class Told:
    """m rows: what was told and the truth. cost, defects, true_cost, true_defects: (m,); claims: (m,) counted."""

    cost: Floats
    defects: Floats
    true_cost: Floats
    true_defects: Floats
    claims: Floats


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--later", type=int, default=100_000)
    parser.add_argument(
        "--lives", type=int, default=60, help="lives of each later order; six times as many of contacts"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--world", default="reference")
    parser.add_argument("--labels", choices=("filed", "debited"), default="filed")
    parser.add_argument("--invisible", type=float, default=0.0, help="share of all claims that the labels do not show")
    parser.add_argument("--cache", type=Path, help="folder in which models and truths of equal arguments are kept")
    a = parser.parse_args()
    memory = joblib.Memory(a.cache, verbose=0)
    for seed in a.seeds:
        scorer, costs, share = memory.cache(trained)(a.world, a.orders, seed, a.labels, a.invisible)
        print(f"\nWorld {a.world}, seed {seed}, {a.orders:,} orders, labels {a.labels}; {scorer.consequences}")
        print("| state | rows | expected | told ÷ true by tenth | total | noise of total, of a tenth |")
        print("|---|---|---|---|---|---|")
        each: list[Told] = []
        for state in STATES:
            lives = a.lives * (6 if state == "contact" else 1)
            truth = memory.cache(foreseen)(load_world(a.world), a.later, seed, part=1, state=state, lives=lives)
            if state == "placed":
                print(f"# luck: {share / truth.claims.sum(axis=1).mean():.3f}")
            found = told(scorer, costs, later_rows(memory.cache(later)(a.world, a.later, seed), truth), truth)
            print("\n".join(lines(state, found)), flush=True)
            each.append(found)
        print("\n".join(lines("all", joined(each))), flush=True)


def joined(parts: list[Told]) -> Told:
    """The rows of all parts as one."""
    return Told(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Told)))


def trained(world: str, orders: int, seed: int, labels: str, invisible: float) -> tuple[Scorer, Costs, float]:
    """A scorer, the costs of a shop that knows what share of its orders' value it has refunded, and the share of its
    orders that were claimed."""
    past = simulate(load_world(world), orders, seed, part=0, truth=False)
    with tempfile.TemporaryDirectory() as name, threadpool_limits(limits=1):
        folder = Path(name)
        past.orders.write_parquet(folder / "orders.parquet")
        seen = hidden(past.outcomes, labels, invisible, folder / "outcomes.coverage.toml")
        seen.write_parquet(folder / "outcomes.parquet")
        mature = float(past.orders["latest_delivery_at"].dt.epoch("us").max()) / 1e6 + (WINDOW_DAYS + 1.0) * DAY
        dataset = read_dataset(folder / "orders.parquet", folder / "outcomes.parquet", observed_until=mature)
        print(f"# {dataset.orders.n:,} orders with {dataset.claims} claims, of {past.outcomes.height} claims in all")
        paid = seen.filter("seller_paid").join(past.orders.select("order_id", "order_total"), on="order_id")
        refunded, share = paid["amount"].sum() / paid["order_total"].sum(), past.outcomes.height / orders
        del past, paid, seen  # training takes the memory
        prepared = prepare(dataset, Recipe(WINDOW_DAYS, (), frozenset(), seed), lambda _: None)
        scorer = scorer_of(
            prepared, fitted_on_all(prepared, Recipe(WINDOW_DAYS, (), frozenset(), seed), lambda _: None)
        )
    return scorer, profile(refunded), share


def hidden(outcomes: pl.DataFrame, labels: str, invisible: float, coverage: Path) -> pl.DataFrame:
    """The outcomes that a source shows, and beside them the declaration of what it is complete for."""
    shown = outcomes if labels == "filed" else outcomes.filter("seller_paid")
    first = min(int(max(shown.height - (1.0 - invisible) * outcomes.height, 0)), shown.height - 1)
    since = shown.sort("claim_opened_at")["claim_opened_at"][first]
    told = f"from = {since.date()}\n" if first else ""
    coverage.write_text(f'[source.finances]\n{told}complete_for = ["{labels}"]\n')
    return shown.filter(pl.col("claim_opened_at") >= since) if first else shown


def profile(refund_share: float) -> Costs:
    """The default profile with the shop's share of refunds, and rates for its currencies."""
    usual = default_costs().others
    rates = tuple(Rate(code, date(2000, 1, 1), value) for code, value in RATES.items())
    return Costs(replace(usual, claim=replace(usual.claim, refund_share=refund_share), rate=rates), version="bench")


def later(world: str, orders: int, seed: int) -> Columns:
    """The orders of the later year in their final state."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "later.parquet"
        simulate(load_world(world), orders, seed, part=1, truth=False).orders.write_parquet(path)
        return concatenated([chunk.columns for chunk in read_orders(path, TableOptions())])


def later_rows(orders: Columns, truth: Foreseen) -> Columns:
    """The later orders as they were known at their entry of the state."""
    place = {order_id: i for i, order_id in enumerate(orders["order_id"])}
    at = np.fromiter((place[o] for o in truth.order_id), np.int64, len(truth.order_id))
    rows = orders.take(at).replacing({"as_of": truth.as_of.dt.epoch("us").to_numpy() / 1e6})
    return as_known_from_final(rows, plan_known=np.ones(rows.n, dtype=np.bool_))


def told(scorer: Scorer, costs: Costs, rows: Columns, truth: Foreseen) -> Told:
    """What is told of the rows, beside the truth."""
    parts = []
    for start in range(0, rows.n, 100_000):
        piece = slice(start, min(start + 100_000, rows.n))
        columns = rows.take(np.arange(rows.n)[piece])
        found = stakes(columns, scorer.score(columns), scorer.consequences, scorer.target, costs)
        defects = (found.by_type * found.outlook.defect).sum(axis=1)
        parts.append((found.expected.amount, defects, true_cost(found, truth, piece)))
    cost, defects, true = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Told(cost, defects, true, truth.defects.sum(axis=1), truth.claims.sum(axis=1) * truth.lives)


def true_cost(found: Stakes, truth: Foreseen, piece: slice) -> Floats:
    """(n,) float64: what was counted, priced as the profile says; refunds are what the seller was debited."""
    p = found.prices
    rate = p.value / order_value(found.columns)
    way_back = p.refund - p.refunded[:, None]
    goods = truth.amount[piece] * rate + (truth.paid[piece] * way_back).sum(axis=1)
    return np.asarray(
        goods + truth.claims[piece].sum(axis=1) * p.handling + truth.defects[piece].sum(axis=1) * p.defect
    )


def lines(state: str, found: Told) -> list[str]:
    """The rows of the table for one state."""
    out = []
    for name, said, true in (("cost", found.cost, found.true_cost), ("defects", found.defects, found.true_defects)):
        tenths = np.array_split(np.argsort(said, kind="stable"), TENTHS)
        ratios = [said[t].sum() / true[t].sum() for t in tenths]
        noise = [1.0 / np.sqrt(max(found.claims[t].sum(), 1.0)) for t in (np.arange(len(said)), *tenths)]
        by_tenth = " ".join(f"{ratio:.2f}" for ratio in ratios)
        total = f"{said.sum() / true.sum():.3f}"
        out.append(
            f"| {state} | {len(said):,} | {name} | {by_tenth} | {total} | {noise[0]:.3f}, {max(noise[1:]):.2f} |"
        )
    return out


if __name__ == "__main__":
    main()
