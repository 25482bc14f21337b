"""A trained model made into the files of a bundle."""

from __future__ import annotations

import platform
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import sklearn

from model.artefact import CANARIES, canaries, dumps, save
from model.profile import Rows, months_of, profile
from model.scorer import Scorer
from training.card import card
from training.evaluate import metrics
from training.learn import Learned
from training.report import report
from training.train import Prepared, Recipe, Trained, canary_orders, probabilities


def save_bundle(folder: Path, trained: Trained, recipe: Recipe, *, simulated: bool, made_on: date, key: bytes) -> None:
    """Write the bundle of a trained model into `folder`, which must not exist."""
    prepared, scorer = trained.prepared, trained.scorer
    texts = {
        "profile.json": dumps(profile_of(prepared, scorer, trained.learned)),
        "card.html": card(trained, recipe, simulated=simulated, made_on=made_on),
        "report.html": report(trained, recipe, simulated=simulated, made_on=made_on),
    }
    save(folder, scorer, texts, _facts(trained, recipe, simulated=simulated, made_on=made_on), key)


def _facts(trained: Trained, recipe: Recipe, *, simulated: bool, made_on: date) -> dict[str, Any]:
    dataset = trained.prepared.dataset
    return {
        "created_on": made_on.isoformat(),
        "simulated": simulated,
        "trained_until": datetime.fromtimestamp(dataset.observed_until, UTC).date().isoformat(),
        "target": trained.scorer.target,
        "standing": trained.scorer.standing,
        "claim_window_days": recipe.window_days,
        "seed": recipe.seed,
        **({"tuned": dict(trained.own)} if trained.own else {}),
        "orders": len(dataset.last_rows),
        "claims": dataset.claims,
        "data_fingerprint": trained.fingerprint,
        "trees": trained.scorer.booster.n_trees,
        "consequences": trained.scorer.consequences.to_state(),
        "dropped": [[d.attribute, d.reason] for d in trained.prepared.dropped],
        "metrics": {} if trained.test is None else metrics(trained.test),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
            "lightgbm": lightgbm.__version__,
        },
        "canaries": canaries(trained.scorer, canary_orders(trained.prepared, CANARIES)),
    }


def profile_of(prepared: Prepared, scorer: Scorer, learned: Learned | None) -> dict[str, Any]:
    """How the training's rows and their probabilities were spread, as JSON."""
    rows = prepared.handled
    looks = Rows(rows.X, rows.name, probabilities(scorer, learned, rows), months_of(rows.as_of), rows.importance)
    return profile(looks, prepared.pipeline.features_, rows.state)
