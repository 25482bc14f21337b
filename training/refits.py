"""Refits: the models that would have been made at past moments, each of what was known then alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from model.scorer import Scorer
from training.dataset import Dataset
from training.hindsight import as_it_stood
from training.learn import Progress
from training.settings import fit_settings
from training.train import Prepared, Recipe, fitted_on_all, insufficient, prepare, scorer_of

Fit = Callable[[Prepared, Recipe, Progress], Scorer]


@dataclass(frozen=True, slots=True)
class Origin:
    """One model of a back-test. at: instant up to which it knew; orders and claims that it could learn from; standing:
    fitted, insufficient_data, or bundle for one that was given."""

    at: float
    orders: int
    claims: int
    standing: str


def fitted_scorer(prepared: Prepared, recipe: Recipe, progress: Progress) -> Scorer:
    """As `claimrisk train` makes it, without the final test: the back-test is the test."""
    if prepared.dataset.claims < fit_settings().target_fewest_claims:
        return insufficient(prepared)
    return scorer_of(prepared, fitted_on_all(prepared, recipe, progress))


class Refits:
    """A scorer for each moment asked for, made once; `origins` tells of those made so far."""

    def __init__(self, dataset: Dataset, recipe: Recipe, progress: Progress, fit: Fit = fitted_scorer) -> None:
        self._dataset, self._recipe, self._progress, self._fit = dataset, recipe, progress, fit
        self._made: dict[float, Scorer] = {}
        self.origins: list[Origin] = []

    def __call__(self, moment: float) -> Scorer:
        """The scorer of a moment, epoch seconds."""
        if moment not in self._made:
            known = as_it_stood(self._dataset, moment)
            self._progress(f"origin {len(self.origins) + 1}: {known.orders.n:,} orders, {known.claims} claims known")
            with threadpool_limits(limits=1):
                scorer = self._fit(prepare(known, self._recipe, self._progress), self._recipe, self._progress)
            self.origins.append(Origin(moment, len(known.last_rows), known.claims, scorer.standing))
            self._made[moment] = scorer
        return self._made[moment]


class Given:
    """The scorer of a bundle, whatever the moment."""

    def __init__(self, scorer: Scorer, trained_until: float, orders: int, claims: int) -> None:
        self._scorer = scorer
        self.origins = [Origin(trained_until, orders, claims, "bundle")]

    def __call__(self, moment: float) -> Scorer:  # noqa: ARG002 - one shape with Refits
        """The scorer."""
        return self._scorer
