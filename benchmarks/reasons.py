"""Exact reasons and scores of the trees beside LightGBM's own, one thread, in the same run.

    OMP_NUM_THREADS=1 python -m benchmarks.reasons [--model BUNDLE] [--rows 4000] [--rounds 5]

Rows are those of the example orders, each column shuffled by itself, so that many ways through the trees are taken.
Microseconds of processor time per row, medians; by state of the order, whose trees differ.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import lightgbm
import numpy as np

from benchmarks.bodies import bodies, machine
from benchmarks.hot_path import microseconds
from features.columns import Floats
from features.document import checked_together, read_json, read_order
from features.order import STATES
from service.bundles import chosen_bundle
from service.settings import settings


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    scorer = chosen_bundle(asked.model, settings()).scorer
    orders, _ = checked_together([read_order(read_json(body)) for body in bodies()], 0.0)
    chance = np.random.default_rng(1)
    few = scorer.pipeline.transform(orders)
    X = np.stack([chance.choice(column, asked.rows) for column in few.T], axis=1)
    print(f"{machine()}\nµs per row, {asked.rows} rows, medians of {asked.rounds}: ours, LightGBM's, ratio, difference")

    for part in scorer.booster.text.split("state=")[1:]:
        name, text = part.split("\n", 1)
        bare, state = lightgbm.Booster(model_str=text), np.full(asked.rows, STATES.index(name))

        def shap(rows: Floats, bare: lightgbm.Booster = bare) -> Floats:
            return np.asarray(bare.predict(rows, pred_contrib=True, num_threads=1))

        def score(rows: Floats, bare: lightgbm.Booster = bare) -> Floats:
            return np.asarray(bare.predict(rows, raw_score=True, num_threads=1))

        print(f"{name:10} {bare.num_trees():4} trees", end="")
        for what, ours, theirs in (("exact SHAP", scorer.booster.contributions, shap),
                                   ("scores", scorer.booster.log_odds, score)):  # fmt: skip
            mine = microseconds(partial(ours, state=state), [X], asked.rounds, asked.rows)
            other = microseconds(theirs, [X], asked.rounds, asked.rows)
            gap = float(np.abs(ours(X, state) - theirs(X)).max())
            print(f"; {what} {mine:5.1f} {other:6.1f} {other / mine:5.1f} x, {gap:.0e}", end="")
        print()


if __name__ == "__main__":
    main()
