"""Advice on simulated orders: does it save what could be saved, keep quiet where nothing helps, and say what is untold?

    python benchmarks/advice.py --orders 500000 --later 30000

Per world: a shop's history is simulated, the product learns from it, and gives advice on orders of the year after, when
they are placed, shortly before ship-by, and when the buyer writes. What each action truly does is known, on average and
order by order (benchmarks/advice_truth.py). Worlds: reference; null, in which no action works; harmful, in which the
tracked service does harm; confounded, in which choices have reasons that no file holds; tangled, in which effects
hardly add up. Bars, as in the project's plan:
    regret     of a plan of fixed budget against the best possible one: at most 20 % (reference)
    paid       share of orders of the null world that get advice that costs something and is no duty: at most 5 %
    harm       share of orders that are advised the harmful action: none once past orders tell
    cover      of effects whose basis is evidence, the 90 % intervals that hold the true effect: 80 to 97 %
    untold     every effect that is not identified says why
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.advice_plan import Options, judged
from benchmarks.advice_truth import DEEDS, Later, TrueEffect, later_orders, true_effects
from features.columns import Columns
from features.outcome import CLAIM_TYPES
from model.effects import Evidence
from model.scorer import Scorer
from service.advice_catalogue import Action, catalogue
from service.cost_profile import default_costs
from service.effects import effect_table, prior_of
from service.stakes import Stakes, stakes
from service.worth import MEDIAN, Worths, worths
from training.dataset import Dataset, read_dataset
from training.landmarks import Landmarks, known_rows
from training.learn import Learned, learned_without_search
from training.ledger import orders_frame
from training.rows import curve_of
from training.simulate import load_world, simulate
from training.train import Prepared, Recipe, fitted_on_all, prepare, scorer_of, with_evidence
from training.verdicts import judge
from training.world import World

WORLDS = ("reference", "null", "harmful", "confounded", "tangled")
HARMFUL = "USE_TRACKED_SERVICE"
SEED, WINDOW_DAYS, QUICK_TREES = 7, 90.0, 60
RECIPE = Recipe(WINDOW_DAYS, (), frozenset(), SEED)
BUDGETS = (0.02, 0.05, 0.10)  # dollars per later order
BUDGET = 0.05  # the one that the bar is about, fixed before anything was measured


@dataclass(frozen=True)
class Advised:
    """Later orders with what the product makes of them; before: (m,) true probabilities as things are; truth: what
    actions truly do on average."""

    later: Later
    stakes: Stakes
    scorer: Scorer
    before: np.ndarray
    truth: Mapping[str, TrueEffect]

    def worths(self, evidence: Evidence) -> Worths:
        """What every feasible action is said to be worth."""
        return worths(self.stakes, catalogue(), evidence)


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=500_000, help="orders of the history")
    parser.add_argument("--later", type=int, default=30_000, help="orders of the year after")
    parser.add_argument("--fates", type=int, default=2, help="lives of the history's orders behind the true effects")
    parser.add_argument("--worlds", nargs="+", default=list(WORLDS), choices=WORLDS)
    parser.add_argument("--quick", action="store_true", help="fit models without the search for their size")
    parser.add_argument("--cache", type=Path, default=None, help="folder that keeps prepared histories and truths")
    told = parser.parse_args()
    memory, covered = joblib.Memory(told.cache, verbose=0), list[bool]()
    for name in told.worlds:
        begun = time.monotonic()
        print(f"\n## {name}: {told.orders:,} orders of history, {told.later:,} later ones", flush=True)
        world = load_world(name)
        ready = memory.cache(history)(world, told.orders)
        scorer = evident(learned(ready, is_quick=told.quick), ready)
        truth = memory.cache(true_effects)(world, told.orders, SEED, told.fates)
        covered += shown_effects(scorer.evidence, truth)
        shown_advice(name, advised(world, scorer, truth, told.later))
        print(f"   {time.monotonic() - begun:.0f} s", flush=True)
    print(f"\ncover: {_share(covered)} of {len(covered)} effects with evidence, all worlds (bar 80-97 %)")


def read(folder: Path, frames: Sequence[tuple[str, object]]) -> Dataset:
    """Frames by way of files, as a user would give them."""
    for name, frame in frames:
        frame.write_parquet(folder / f"{name}.parquet")  # type: ignore[attr-defined]
    return read_dataset(folder / "orders.parquet", folder / "outcomes.parquet")


def history(world: World, orders: int) -> Prepared:
    """Part 0, prepared for training."""
    made = simulate(world, orders, SEED, truth=False)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        dataset = read(Path(folder), [("orders", made.orders), ("outcomes", made.outcomes)])
        return prepare(dataset, RECIPE, lambda _: None)


def learned(ready: Prepared, *, is_quick: bool) -> Scorer:
    """The product's model."""
    with threadpool_limits(limits=1):
        return scorer_of(ready, _quickly(ready) if is_quick else fitted_on_all(ready, RECIPE, lambda _: None))


def evident(scorer: Scorer, ready: Prepared) -> Scorer:
    """The model with what the history tells of actions."""
    begun = time.process_time()
    with threadpool_limits(limits=1):
        found = with_evidence(scorer, ready, print)
    print(f"   evidence took {time.process_time() - begun:.0f} s of processor time", flush=True)
    return found


def _quickly(ready: Prepared) -> Learned:
    rows, until = ready.rows, ready.dataset.observed_until
    curve = curve_of(rows, until, WINDOW_DAYS)
    return learned_without_search(rows, curve, ready.pipeline.features_, until=until, seed=SEED, trees=QUICK_TREES)


def shown_effects(evidence: Evidence, truth: Mapping[str, TrueEffect]) -> list[bool]:
    """Print every effect beside the truth; whether each interval that rests on evidence covers it."""
    table = effect_table(catalogue(), evidence)
    places = {action.id: place for place, action in enumerate(catalogue().actions)}
    covered, untold, silent = [], [], 0
    for action, by_type in evidence.findings.items():
        for kind, name in enumerate(CLAIM_TYPES):
            finding, true = by_type[name], float(np.exp(truth[action].log_rr[kind]))
            median, low, high = table.risk[places[action], :, kind]
            if finding.status == "not_identified":
                untold.append(f"{action}/{name}: {finding.reason}")
                silent += not finding.reason
                continue
            if prior_of(catalogue().actions[places[action]], name).is_firm or not np.isfinite(true):
                continue
            inside = bool(low <= true <= high)
            covered.append(inside)
            print(
                f"   {action:<27}{name:<17} true {true:.2f} told {median:.2f} ({low:.2f}-{high:.2f})"
                f"{'' if inside else ' MISSED'}  history {np.exp(finding.log_rr):.2f} sd {finding.sd:.2f}"
                f" claims {finding.claims[0]}/{finding.claims[1]} overlap {finding.overlap:.2f}"
            )
    print(f"cover: {_share(covered)} of {len(covered)} effects with evidence (bar 80-97 %)")
    print(f"untold: {len(untold)} not identified, of which {silent} do not say why (bar 0); such as")
    print("\n".join(f"   {line}" for line in untold[:: max(len(untold) // 5, 1)][:6]))
    return covered


def _share(hits: Sequence[bool]) -> str:
    return f"{np.mean(hits):.0%}" if hits else "none"


def advised(world: World, scorer: Scorer, truth: Mapping[str, TrueEffect], orders: int) -> Advised:
    """Advice on the orders of part 1."""
    later = later_orders(world, orders, SEED)
    verdicts = judge(later.story)
    frame = orders_frame(later.story, verdicts.decided, verdicts.seller_paid)
    outcomes = simulate(world, orders, SEED, part=1, truth=False).outcomes
    with tempfile.TemporaryDirectory() as folder:
        columns = read(Path(folder), [("orders", frame), ("outcomes", outcomes)]).orders
    if columns["order_id"].tolist() != frame["order_id"].to_list():
        raise SystemExit("some later orders could not be read")
    known = _known(columns, later)
    scores = scorer.score(known)
    at_stake = stakes(known, scores, scorer.consequences, scorer.target, default_costs())
    everything = np.arange(len(later.order))
    return Advised(later, at_stake, scorer, later.true_probabilities(None, everything), truth)


def _known(columns: Columns, later: Later) -> Columns:
    name = later.name.astype(object)
    moments = Landmarks(later.order, later.instants(), name, np.ones(len(later.order), dtype=np.bool_))
    return known_rows(columns, moments, (), is_snapshots=False)


def shown_advice(name: str, told: Advised) -> None:
    """Print what plans save, how many orders get paid advice, and who is advised what does harm."""
    by_evidence, by_prior = told.worths(told.scorer.evidence), told.worths(Evidence())
    ours, prior = options_of(told, by_evidence), options_of(told, by_prior)
    for budget in BUDGETS:
        spend = budget * len(told.later.story.basket)
        plan = judged(ours, ours.told, spend)
        if plan.best < 0.05 * spend:
            print(f"plan: ${budget} an order: nothing can be saved (${plan.best:.0f} for ${spend:.0f})")
            continue
        bar = " (bar 20 %)" if name == "reference" and budget == BUDGET else ""
        print(f"plan: ${budget} an order: saves ${plan.saved:.0f} of ${plan.best:.0f} for ${plan.spent:.0f}")
        print(f"   regret {plan.regret:.0%}{bar}; by priors alone {judged(prior, prior.told, spend).regret:.0%}")
        known = [judged(ours, says, spend).regret for says in (ours.with_risks, ours.with_effects)]
        print(f"   were each order's risk known {known[0]:.0%}, were each action's mean effect known {known[1]:.0%}")
    for label, found in (("with evidence", by_evidence), ("by priors alone", by_prior)):
        paid, shared, harm = (_advised_share(told, found, which) for which in (_is_paid, _is_shared, _is_harmful))
        print(f"paid: {paid:.1%} of orders get advice that costs something, {label} (bar 5 % in the null world)")
        print(f"   {shared:.1%} belong to a SKU, lane or shop that is advised something once for all")
        print(f"harm: {harm:.2%} of orders are advised {HARMFUL}, {label} (bar 0 in the harmful world)")
    _shown_by_action(by_evidence)


def _shown_by_action(found: Worths) -> None:
    """Print how many orders each action is advised for, of those for which it is feasible."""
    for action, worth in found.by_action():
        advised = int(np.count_nonzero((worth.net > 0.0) & ~worth.is_too_late & ~worth.is_blocked))
        if advised:
            basis = worth.effects.basis[worth.place[0]]
            print(f"   {action.id:<27}advised {advised:>6,} of {len(worth.rows):>6,} ({basis})")


def options_of(told: Advised, found: Worths) -> Options:
    """All feasible pairs of order and action whose truth the simulator knows, in time and inside the limits.

    Saved is the fall of the claim's probability × the order's cost of a claim, which is the product's own in all.
    """
    at = told.stakes
    per_claim, shares = (
        (at.by_type * at.claim.of_type).sum(axis=1) / at.probability,
        at.by_type / at.probability[:, None],
    )
    parts = []
    for action, feasible in found.by_action():
        if action.id not in DEEDS:
            continue
        worth = feasible.taken(~feasible.is_too_late & ~feasible.is_blocked)
        rows, do = worth.rows, DEEDS[action.id].do
        before, money, own = told.before[rows], per_claim[rows], 1.0 - worth.relative()[:, MEDIAN]
        after = before if do is None or not len(rows) else _after(told, do, rows)
        mean = shares[rows] @ (1.0 - np.exp(np.nan_to_num(told.truth[action.id].log_rr)))
        columns = (
            rows, worth.place, worth.cost, at.probability[rows] * own * money,
            (before - after) * money, before * own * money, at.probability[rows] * mean * money,
        )  # fmt: skip
        parts.append(columns)
    return Options(*(np.concatenate(column) for column in zip(*parts, strict=True)))


_TRUTH: dict[tuple[int, str, bytes], np.ndarray] = {}


def _after(told: Advised, do: str, rows: np.ndarray) -> np.ndarray:
    """True probabilities after an intervention, kept because several plans ask for them."""
    key = (id(told), do, rows.tobytes())
    if key not in _TRUTH:
        _TRUTH[key] = told.later.true_probabilities(do, rows)
    return _TRUTH[key]


def _is_paid(worth: Worths, action: Action) -> np.ndarray:
    """(k,) bool: spent on the order itself; what is done once for a SKU, a lane or the shop is told apart."""
    return (worth.net > 0.0) & (worth.cost > 0.0) & (action.scope == "order" and not action.is_duty)


def _is_shared(worth: Worths, action: Action) -> np.ndarray:
    return (worth.net > 0.0) & (action.scope != "order")


def _is_harmful(worth: Worths, action: Action) -> np.ndarray:
    return (worth.net > 0.0) & (action.id == HARMFUL)


def _advised_share(told: Advised, found: Worths, which: object) -> float:
    """Share of the later orders that are advised such an action at any of their moments."""
    hit = [w.rows[which(w, action) & ~w.is_too_late & ~w.is_blocked] for action, w in found.by_action()]  # type: ignore[operator]
    orders = np.unique(told.later.order[np.concatenate(hit)]) if hit else np.empty(0)
    return len(orders) / len(told.later.story.basket)


if __name__ == "__main__":
    main()
