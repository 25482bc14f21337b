"""Training from files to a bundle: read, check for leaks, test on the latest orders, refit on all, keep."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from features.columns import Columns, Floats
from features.errors import TrainingError
from features.moments import DAY
from features.order import STATES
from features.phases import PHASES
from features.pipeline import Extra, FeaturePipeline
from features.spread import Spread, here
from model.assumed import Assumed, assumed_by
from model.booster import Booster
from model.calibration import Calibrator, probability_of
from model.delay import DelayCurve
from model.margin import Margin
from model.priors import priors
from model.scorer import Baseline, Scorer
from training.acted import as_if_unacted
from training.consequences import learned_consequences, told_of
from training.dataset import Dataset
from training.effects import Past, effects_told, evidence_of
from training.evaluate import BASELINES, HIDDEN, OURS, RawModel, Test, calibrated, tested
from training.landmarks import Landmarks
from training.leaks import Dropped, Ratio, known_ratios, overwritten, recorded_because_of_claim, shop_computed_rates
from training.learn import Known, Learned, Progress, known_at, learn, rolling_losses
from training.rows import Rows, built_rows, chosen_landmarks, curve_of, known_piece
from training.served import as_served
from training.settings import fit_settings
from training.shocks import learned_shocks, shocks_told
from training.trees import Own
from training.types import Claimed, leaning, state_shares


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. window_days: the claim window; extras: the shop's own attributes; trusted: attributes by name; own:
    LightGBM parameters in place of those of fit.toml; trials: of a search for these, 0 for none."""

    window_days: float
    extras: tuple[Extra, ...]
    trusted: frozenset[str]
    seed: int
    own: Own = field(default_factory=dict)
    trials: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A data set made into rows. rows: as if no order had been acted on; handled: the same as they were handled;
    dropped and ratios: what the leak checks found."""

    dataset: Dataset
    pipeline: FeaturePipeline
    marks: Landmarks
    rows: Rows
    handled: Rows
    dropped: list[Dropped]
    ratios: list[Ratio]


@dataclass(frozen=True, slots=True)
class Trained:
    """A scorer with what is known of it. test is None where there were too few claims to hold any back. own: LightGBM
    parameters that were searched for."""

    scorer: Scorer
    learned: Learned | None
    test: Test | None
    prepared: Prepared
    fingerprint: str
    own: Own = field(default_factory=dict)


def prepare(dataset: Dataset, recipe: Recipe, progress: Progress) -> Prepared:
    """Landmarks, leak checks and features of a data set."""
    marks, importance = chosen_landmarks(dataset, recipe.window_days, recipe.seed)
    if not marks.m:
        raise TrainingError("no order was ever at risk: check placed_at, latest_delivery_at and --observed-until")
    plain = FeaturePipeline(recipe.window_days, recipe.extras)
    ratios = known_ratios(dataset, plain, marks, importance)
    dropped = shop_computed_rates(dataset, recipe.trusted) + overwritten(dataset)
    dropped += recorded_because_of_claim(ratios, recipe.trusted)
    ignored = tuple(sorted({d.attribute for d in dropped}))
    progress(f"{marks.m:,} rows of {dataset.orders.n:,} orders; attributes dropped: {', '.join(ignored) or 'none'}")
    pipeline = FeaturePipeline(recipe.window_days, recipe.extras, ignored)
    last = dataset.last_rows
    pipeline.fit(dataset.orders.take(last), dataset.claimed_at[last], observed_until=dataset.observed_until)
    handled = built_rows(dataset, pipeline, marks, importance)
    unacted = as_if_unacted(dataset, handled, pipeline.features_)
    if unacted.orders:
        alone = f"; for {unacted.alone:.0%} of their weight hardly any were left alone" if unacted.alone > 0.01 else ""
        progress(f"{unacted.orders:,} orders were acted on: like ones that were not stand in for them{alone}")
    return Prepared(dataset, pipeline, marks, unacted.rows, handled, dropped, ratios)


def train(dataset: Dataset, recipe: Recipe, progress: Progress, spread: Spread = here) -> Trained:
    """The whole of training; deterministic given the data set and the recipe, wherever its fits are spread over."""
    with threadpool_limits(limits=1):
        return _train(dataset, recipe, progress, spread)


def _train(dataset: Dataset, recipe: Recipe, progress: Progress, spread: Spread) -> Trained:
    prepared = prepare(dataset, recipe, progress)
    fingerprint = str(joblib.hash([dataset.orders["order_id"].tolist(), prepared.rows.X, dataset.claimed_at]))
    claims = dataset.claims
    followed = (dataset.observed_until - float(np.min(dataset.orders["placed_at"]))) / DAY
    if followed < recipe.window_days:
        progress(f"only {followed:.0f} days were observed: what comes later in the claim window is not in the numbers")
    if claims < fit_settings().target_fewest_claims:
        progress(f"{claims} claims are too few to learn from: the shop's shrunk rate is kept instead")
        return _told(Trained(insufficient(prepared), None, None, prepared, fingerprint), progress)
    if recipe.trials:
        recipe = replace(recipe, own=searched(prepared, recipe, progress))
    test = final_test(prepared, recipe, progress, spread)
    learned = fitted_on_all(prepared, recipe, progress, spread)
    scorer = with_shocks(with_evidence(scorer_of(prepared, learned), prepared, progress), prepared, learned, progress)
    return _told(Trained(scorer, learned, test, prepared, fingerprint, recipe.own), progress)


def _told(trained: Trained, progress: Progress) -> Trained:
    progress(told_of(trained.scorer.consequences, trained.scorer.target))
    return trained


def with_evidence(scorer: Scorer, prepared: Prepared, progress: Progress) -> Scorer:
    """The scorer with what past orders tell of the effects of actions."""
    past = Past(prepared.dataset, prepared.pipeline, prepared.marks, prepared.handled, scorer.delay)
    evidence = evidence_of(past)
    progress(effects_told(evidence))
    return replace(scorer, evidence=evidence)


def with_shocks(scorer: Scorer, prepared: Prepared, learned: Learned, progress: Progress) -> Scorer:
    """The scorer with what past orders tell of the shocks that they shared."""
    shocks = learned_shocks(prepared.dataset, prepared.rows, learned, scorer)
    progress(shocks_told(shocks))
    return replace(scorer, shocks=shocks)


def fitted_on_all(prepared: Prepared, recipe: Recipe, progress: Progress, spread: Spread = here) -> Learned:
    """The model fitted on everything known at the end of observation."""
    until = prepared.dataset.observed_until
    curve = curve_of(prepared.rows, until, recipe.window_days)
    features, own, seed = prepared.pipeline.features_, recipe.own, recipe.seed
    return learn(prepared.rows, curve, features, until=until, seed=seed, progress=progress, own=own, spread=spread)


def searched(prepared: Prepared, recipe: Recipe, progress: Progress) -> Own:
    """LightGBM parameters that did best on what the final test may see."""
    from training.tune import tuned

    before, split = before_test(prepared)
    curve, features = curve_of(before, split, recipe.window_days), prepared.pipeline.features_

    def losses(own: Own) -> Iterator[float]:
        return rolling_losses(before, curve, features, until=split, seed=recipe.seed, own=own)

    return tuned(losses, recipe.trials, recipe.seed, progress)


def before_test(prepared: Prepared) -> tuple[Rows, float]:
    """The rows of orders placed before the final test's, and the moment at which those begin, epoch seconds."""
    split = float(np.quantile(prepared.dataset.orders["placed_at"], 1.0 - fit_settings().test_share))
    return prepared.rows.take(prepared.rows.placed_at < split), split


def final_test(prepared: Prepared, recipe: Recipe, progress: Progress, spread: Spread = here) -> Test | None:
    """What was known before the latest orders were placed, tested on those orders; None without claims on a side."""
    rows, until = prepared.rows, prepared.dataset.observed_until
    before, split = before_test(prepared)
    curve = curve_of(before, split, recipe.window_days)
    everything = known_at(before, curve, split, np.ones(len(before.order), dtype=np.bool_))
    latest = known_at(rows, curve_of(rows, until, recipe.window_days), until, rows.placed_at >= split)
    if everything.y.sum() < 2 or not latest.y.any():
        return None
    progress("final test: learning from what was known before the latest orders")
    features, own, seed = prepared.pipeline.features_, recipe.own, recipe.seed
    ours = learn(before, curve, features, until=split, seed=seed, progress=progress, own=own, spread=spread)
    models: dict[str, tuple[RawModel, Calibrator]] = {OURS: (ours.raw, ours.calibrator)}
    for name, fit in BASELINES.items():
        models[name] = calibrated(fit, before, curve, split, recipe.seed)
        progress(f"baseline {name} fitted")
    test = tested(rows, latest, models)
    suspects = trusted_suspects(prepared, recipe)
    if suspects:
        X, state = _without(prepared, latest, suspects), rows.state[latest.at]
        test.probability[HIDDEN] = probability_of(ours.calibrator.log_odds(ours.raw(X, state), rows.phase[latest.at]))
    return test


def trusted_suspects(prepared: Prepared, recipe: Recipe) -> tuple[str, ...]:
    """Attributes that look recorded because of a claim and are used because they were trusted by name."""
    return tuple(d.attribute for d in recorded_because_of_claim(prepared.ratios, ()) if d.attribute in recipe.trusted)


def _without(prepared: Prepared, known: Known, names: tuple[str, ...]) -> Floats:
    """Features of rows in which some attributes are unknown, as they will be when new orders are scored."""
    blind = copy(prepared.pipeline)
    blind.ignored = (*blind.ignored, *names)
    marks = prepared.marks.take(known.at)
    return built_rows(prepared.dataset, blind, marks, prepared.rows.importance[known.at]).X


def scorer_of(prepared: Prepared, learned: Learned) -> Scorer:
    """The scorer that is shipped."""
    calibrator = as_served(
        learned, dataset=prepared.dataset, pipeline=prepared.pipeline, marks=prepared.marks, rows=prepared.handled
    )
    return _scorer(prepared, learned.margin, learned.booster, calibrator, is_fitted=True)


def insufficient(prepared: Prepared) -> Scorer:
    """A scorer that answers the shop's shrunk rate."""
    nothing = np.empty(0)
    nowhere = np.empty(0, dtype=np.int64)
    margin = Margin(nowhere, nothing, nothing, nothing, nothing, nothing, nowhere, nothing, nothing, 0.0)
    claims = max(float(prepared.dataset.claims), 0.5)
    variance = np.tile([1.0 / claims, 0.0, 0.0], (len(PHASES), 1))
    calibrator = Calibrator(np.zeros(len(PHASES)), np.ones(len(PHASES)), variance)
    return _scorer(prepared, margin, Booster(""), calibrator, is_fitted=False)


def _scorer(prepared: Prepared, margin: Margin, booster: Booster, calibrator: Calibrator, *, is_fitted: bool) -> Scorer:
    until, window = prepared.dataset.observed_until, prepared.pipeline.window_days
    curve = curve_of(prepared.rows, until, window)
    claims = claimed_rows(prepared)
    shares = state_shares(claims)
    return Scorer(
        prepared.pipeline, margin, booster, calibrator, curve, baseline_of(prepared, curve), shares,
        prepared.dataset.coverage.target, "fitted" if is_fitted else "insufficient_data",
        learned_consequences(prepared.dataset, prepared.pipeline, prepared.marks, prepared.handled),
        leaning=leaning(claims, shares, prepared.pipeline.features_),
        assumed=assumed_beside(prepared) if is_fitted else Assumed(),
    )  # fmt: skip


def assumed_beside(prepared: Prepared) -> Assumed:
    """What stands beside a model that was learned: nothing where snapshots told what the carrier said."""
    name, dataset = priors().beside_model.attribute, prepared.dataset
    is_told = dataset.is_snapshots and name not in prepared.pipeline.ignored and dataset.orders.known(name).any()
    return Assumed() if is_told else assumed_by(priors())


def baseline_of(prepared: Prepared, curve: DelayCurve) -> Baseline:
    """Rates by state over all shops, and how many times that rate each shop has, shrunk to 1."""
    rows, settings = prepared.rows, fit_settings()
    known = known_at(rows, curve, prepared.dataset.observed_until, np.ones(len(rows.order), dtype=np.bool_))
    state = rows.state[known.at]
    claims = np.bincount(state, known.weight * known.y, len(STATES))
    exposed = np.bincount(state, known.weight, len(STATES))
    overall = (claims.sum() + 0.5) / (exposed.sum() + 100.0)
    rates = (claims + overall) / (exposed + 1.0)
    shops, place = np.unique(prepared.dataset.orders["shop_id"][rows.order[known.at]].astype(str), return_inverse=True)
    observed = np.bincount(place, known.weight * known.y)
    expected = np.bincount(place, known.weight * rates[state])
    prior = settings.shares_shop_prior_claims
    return Baseline(rates, dict(zip(shops.tolist(), ((observed + prior) / (expected + prior)).tolist(), strict=True)))


def claimed_rows(prepared: Prepared) -> Claimed:
    """The rows before claims whose type is known."""
    rows = prepared.rows
    kind = prepared.dataset.claim_type[rows.order]
    at = np.flatnonzero(rows.labels(prepared.dataset.observed_until) & np.isfinite(kind) & (rows.importance > 0.0))
    return Claimed(rows.X[at], rows.state[at], kind[at].astype(np.int64), rows.group[at], rows.importance[at])


def canary_orders(prepared: Prepared, most: int) -> Columns:
    """Some of the rows as orders known at their moment, spread over the data."""
    picks = np.linspace(0, prepared.marks.m - 1, min(most, prepared.marks.m)).astype(np.int64)
    few = prepared.marks.take(picks)
    return known_piece(prepared.dataset, prepared.pipeline, few, slice(None))


def probabilities(scorer: Scorer, learned: Learned | None, rows: Rows) -> Floats:
    """(m,) float64: what the model says of training rows, with the history of their time and at the level that fits it
    (`training/served.py`). learned: what the scorer was made of."""
    calibrator = scorer.calibrator if learned is None else learned.calibrator
    return probability_of(calibrator.log_odds(scorer.raw_log_odds(rows.X, rows.state, threads=1), rows.phase))
