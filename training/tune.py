"""Tuning: LightGBM's parameters with the least rolling log-loss, searched for by Optuna (the extra `tune`)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

from features.errors import TrainingError
from training.settings import fit_settings
from training.trees import Own

Losses = Callable[[Own], Iterator[float]]
WHOLE = ("num_leaves", "max_depth")


def tuned(losses: Losses, trials: int, seed: int, progress: Callable[[str], None]) -> Own:
    """The parameters of the best of `trials` trials, the first of which is fit.toml's; deterministic given the seed.

    losses: rolling log-loss with some parameters, summed over the origins so far, after each; a trial that is worse
    than half of the others at the same origin ends there. `TrainingError` where Optuna is not installed.
    """
    if importlib.util.find_spec("optuna") is None:
        raise TrainingError('--tune needs Optuna: install the extra, such as pip install "claimrisk[tune]"')
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ranges = fit_settings().tune
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed), pruner=optuna.pruners.MedianPruner(n_startup_trials=5)
    )
    study.enqueue_trial({name: fit_settings().booster[name] for name in ranges})

    def objective(trial: Any) -> float:
        loss = float("nan")
        for origin, loss in enumerate(losses({name: _suggested(trial, name, *ranges[name]) for name in ranges})):
            trial.report(loss, origin)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss

    study.optimize(objective, n_trials=trials)
    usual, best = study.trials[0].value, study.best_value
    told = ", ".join(f"{name} {value:g}" for name, value in study.best_params.items())
    progress(f"{trials} trials: rolling log-loss {best:.3f} with {told}; {usual:.3f} as usual")
    return dict(study.best_params)


def _suggested(trial: Any, name: str, low: float, high: float) -> float:
    if name in WHOLE:
        return int(trial.suggest_int(name, int(low), int(high)))
    return float(trial.suggest_float(name, low, high, log=True))
