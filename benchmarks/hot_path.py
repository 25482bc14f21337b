"""Where one order spends its time: microseconds of processor time per stage of the API, alone and in company.

    OMP_NUM_THREADS=1 python benchmarks/hot_path.py [--model BUNDLE] [--rounds 30] [--together 1 16]

Medians over rounds in which each of the example orders passes each stage; per order, also where several are decided
together, as the API does with those that arrive together.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.bodies import bodies, machine
from features.document import checked_together, read_json, read_order
from model.reasons import reasons
from service.answers import answer
from service.bundles import chosen_bundle
from service.decide import decide
from service.means import Means
from service.recommend import recommended
from service.ruling import ruling
from service.settings import settings
from service.stakes import stakes


def microseconds(work: Callable[[Any], object], given: Sequence[Any], rounds: int, per: int) -> float:
    """The median over rounds of the processor time that one of `per` orders in each of `given` takes."""
    times: list[float] = []
    for _ in range(rounds):
        start = time.thread_time_ns()
        for one in given:
            work(one)
        times.append((time.thread_time_ns() - start) / 1e3 / len(given) / per)
    return statistics.median(times)


def stages(means: Means, together: int, rounds: int) -> dict[str, float]:
    """Microseconds per order and stage; those indented are part of the stage above."""
    scorer = means.bundle.scorer
    sent = bodies()
    sent = (sent * together)[: len(sent) // together * together * min(together, 4)]
    groups = [sent[k : k + together] for k in range(0, len(sent), together)]
    values = [[read_json(body) for body in group] for group in groups]
    orders = [[read_order(value) for value in group] for group in values]
    columns = [checked_together(group, 0.0)[0] for group in orders]
    scores = [scorer.score(c) for c in columns]
    at_stake = [_stakes(means, *pair) for pair in zip(columns, scores, strict=True)]
    decisions = [decide(c, means) for c in columns]
    answers = [[answer(d, i, means, "en") for i in range(together)] for d in decisions]

    def took(work: Callable[[Any], object], given: Sequence[Any]) -> float:
        return microseconds(work, given, rounds, together)

    every = range(together)
    return {
        "decode JSON": took(lambda group: [read_json(body) for body in group], groups),
        "validate": took(lambda group: [read_order(value) for value in group], values),
        "columns": took(lambda group: checked_together(group, 0.0), orders),
        "decide": took(lambda c: decide(c, means), columns),
        "  score": took(scorer.score, columns),
        "    features": took(scorer.pipeline.transform, columns),
        "    margin": took(lambda s: scorer.margin.log_odds(s.X), scores),
        "    trees": took(lambda s: scorer.booster.log_odds(s.X, s.state), scores),
        "  reasons": took(lambda s: reasons(scorer, s), scores),
        "    exact SHAP": took(lambda s: scorer.booster.contributions(s.X, s.state), scores),
        "  stakes": took(lambda pair: _stakes(means, *pair), list(zip(columns, scores, strict=True))),
        "    consequences": took(scorer.consequences.of, columns),
        "  advice": took(lambda s: recommended(s, means.catalogue, scorer.evidence), at_stake),
        "tell": took(lambda d: [answer(d, i, means, "en") for i in every], decisions),
        "  policy": took(lambda c: [ruling(c, i, "en") for i in every], columns),
        "encode JSON": took(lambda group: [orjson.dumps(a) for a in group], answers),
        "all": took(lambda group: _all(group, means), groups),
    }


def _stakes(means: Means, columns: Any, scores: Any) -> Any:
    scorer = means.bundle.scorer
    return stakes(columns, scores, scorer.consequences, scorer.target, means.costs)


def _all(group: Sequence[bytes], means: Means) -> list[bytes]:
    columns, _ = checked_together([read_order(read_json(body)) for body in group], 0.0)
    decisions = decide(columns, means)
    return [orjson.dumps(answer(decisions, i, means, "en")) for i in range(len(group))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--together", type=int, nargs="+", default=[1, 16])
    asked = parser.parse_args()
    means = Means(chosen_bundle(asked.model, settings()))
    found = [stages(means, together, asked.rounds) for together in asked.together]
    print(f"{machine()}\nµs of processor time per order, {len(bodies())} example orders, median of {asked.rounds}")
    print(f"{'stage':20}" + "".join(f"{f'{together} together':>14}" for together in asked.together))
    for name in found[0]:
        print(f"{name:20}" + "".join(f"{column[name]:14.1f}" for column in found))


if __name__ == "__main__":
    main()
