"""The search for LightGBM's parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from features.errors import TrainingError
from training.settings import fit_settings
from training.trees import Own, parameters
from training.tune import tuned


def losses(own: Own) -> Iterator[float]:
    """Least at a rate of 0.03 and 8 leaves."""
    off = math.log(own["learning_rate"] / 0.03) ** 2 + (own["num_leaves"] - 8) ** 2 / 16
    yield from (k + off for k in range(4))


def test_the_search_beats_what_is_usual_and_stays_in_its_ranges() -> None:
    told: list[str] = []
    best = tuned(losses, 25, 3, told.append)
    usual = {name: fit_settings().booster[name] for name in best}
    assert list(losses(best))[-1] < list(losses(usual))[-1]  # type: ignore[arg-type]
    assert all(low <= best[name] <= high for name, (low, high) in fit_settings().tune.items())
    assert told[0].startswith("25 trials: rolling log-loss 3.")


def test_equal_seeds_find_equal_parameters() -> None:
    found = [tuned(losses, 12, seed, lambda _: None) for seed in (5, 5, 6)]
    assert found[0] == found[1] != found[2]


def test_one_trial_is_what_is_usual() -> None:
    best = tuned(losses, 1, 0, lambda _: None)
    assert dict(best) == {name: fit_settings().booster[name] for name in fit_settings().tune}
    assert parameters((), 0, best) == parameters((), 0)


def test_without_optuna_the_search_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(TrainingError, match=r"claimrisk\[tune\]"):
        tuned(losses, 1, 0, lambda _: None)
