"""Evidence on actions from the shop's own orders: claims of those handled one way beside like ones that were not.

For the orders that were not handled as an action says, to which it would be advised: how many claims of each type they
had, and how many they would have had, told from treated orders weighed to be like them (odds of the propensity) with
what weighing leaves made up by a linear outcome model; both cross-fitted (augmented weighting; Robins et al. 1994,
Chernozhukov et al. 2018). What was not chosen freely enough, or led to too few claims, is `not_identified`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.columns import Bools, Columns, Floats, Ints
from features.moments import DAY
from features.outcome import CLAIM_TYPES
from features.pipeline import FeaturePipeline
from model.delay import DelayCurve
from model.effects import Evidence, Finding
from training.confounders import Confounders, confounders
from training.dataset import Dataset
from training.landmarks import Landmarks
from training.propensity import propensities
from training.rows import Rows, known_piece
from training.treatments import Fit, Treatment, treatments

WEEK = 7.0 * DAY


@dataclass(frozen=True, slots=True)
class Past:
    """A data set and its training rows, with what they were made by; curve: how late claims show."""

    dataset: Dataset
    pipeline: FeaturePipeline
    marks: Landmarks
    rows: Rows
    curve: DelayCurve


@dataclass(frozen=True, slots=True)
class Choice:
    """m orders that had a choice.

    C: (m, k) confounders with a leading 1; treated: (m,) bool; Y: (m, types) 1 where a claim of the type came; weight:
    (m,) orders that a row stands for; cluster: (m,) int64; fold: (m,) int64.
    """

    C: Floats
    treated: Bools
    Y: Floats
    weight: Floats
    cluster: Ints
    fold: Ints


@dataclass(frozen=True, slots=True)
class Seen:
    """Orders at one moment. at: (m,) places of the training rows; weight: (m,) orders that a row stands for; known: as
    known then; why: what may have led to a choice."""

    at: Ints
    weight: Floats
    known: Columns
    why: Confounders


def evidence_of(past: Past) -> Evidence:
    """What the shop's orders tell of every treatment and claim type; deterministic."""
    every, found = treatments().treatment, dict[str, Mapping[str, Finding]]()
    for at in dict.fromkeys(t.at for t in every):
        seen = seen_at(past, at)
        found |= {t.action: findings(past, t, seen) for t in every if t.at == at}
    return Evidence({t.action: found[t.action] for t in every})


def seen_at(past: Past, name: str) -> Seen | None:
    """The orders at the landmark of this name; None where there are none. Of those without a claim some are drawn."""
    rows, dataset, fit = past.rows, past.dataset, treatments().fit
    at = np.flatnonzero(rows.name == name)
    some = rows.take(at)
    weight = some.weights(past.curve, dataset.observed_until)
    claimed = some.labels(dataset.observed_until)
    others = int(np.count_nonzero((weight > 0.0) & ~claimed))
    share = min(1.0, fit.most_others / max(others, 1))
    kept = (weight > 0.0) & (claimed | (np.random.default_rng(0).random(len(at)) < share))
    if not kept.any():
        return None
    weight = np.where(claimed, weight, weight / share)[kept]
    at, some = at[kept], some.take(kept)
    known = known_piece(dataset, past.pipeline, past.marks.take(at), slice(None))
    why = confounders(some.X, past.pipeline.features_, dataset.orders["shop_id"][some.order], some.placed_at, fit)
    return Seen(at, weight, known, why)


def effects_told(evidence: Evidence) -> str:
    """One line on what was found."""
    told = [a for a, by_type in evidence.findings.items() if any(f.status == "evidence" for f in by_type.values())]
    names = f" ({', '.join(told)})" if told else ""
    return f"effects of actions: past orders tell of {len(told)} of {len(evidence.findings)}{names}"


def findings(past: Past, treatment: Treatment, seen: Seen | None) -> Mapping[str, Finding]:
    """What the shop's orders, as seen at the moment of the choice, tell of one treatment, by claim type."""
    dropped = treatment.reads & set(past.pipeline.ignored)
    if dropped:
        return _all_refused(f"{', '.join(sorted(dropped))} cannot be trusted in past orders", 0.0)
    choice = None if seen is None else _choice(past, treatment, seen)
    if choice is None or choice.treated.all() or not choice.treated.any():
        return _all_refused("past orders were all handled alike, or do not tell how", 0.0)
    return compared(choice)


def _all_refused(reason: str, overlap: float) -> dict[str, Finding]:
    return {name: Finding("not_identified", math.nan, math.nan, (0, 0), overlap, reason) for name in CLAIM_TYPES}


def compared(choice: Choice) -> Mapping[str, Finding]:
    """What a choice did to claims of each type; both arms must have orders."""
    settings = treatments()
    propensity = propensities(choice.C, choice.treated, choice.weight, choice.fold, settings.fit)
    low, high = settings.refuse.could_go_either_way
    either = (propensity >= low) & (propensity <= high)
    overlap = float(choice.weight @ either / choice.weight.sum())
    if overlap < settings.refuse.least_overlap:
        why = f"{overlap:.1%} of the orders could have gone either way; {settings.refuse.least_overlap:.0%} are needed"
        return _all_refused(why, overlap)
    return _weighed(choice, propensity, either, overlap)


def _choice(past: Past, treatment: Treatment, seen: Seen) -> Choice | None:
    """The orders that had the choice, or None where there are none."""
    dataset, some = past.dataset, past.rows.take(seen.at)
    until = dataset.observed_until
    arms = treatment.arms(seen.known, dataset.orders.take(some.order))
    kind = np.nan_to_num(dataset.claim_type[some.order], nan=-1.0)
    claimed = some.labels(until)
    kept = arms.eligible & (arms.since <= until) & ~(some.claimed_at <= arms.since) & ~(claimed & (kind < 0.0))
    if not kept.any():
        return None
    some = some.take(kept)
    cluster = (some.placed_at // WEEK).astype(np.int64)
    if treatment.cluster != "week":
        cluster = np.unique(dataset.orders[treatment.cluster][some.order].astype(str), return_inverse=True)[1]
    Y = np.asarray((kind[kept][:, None] == np.arange(len(CLAIM_TYPES))) & claimed[kept][:, None], dtype=np.float64)
    weight = seen.weight[kept]
    return Choice(
        seen.why.without(treatment.apart, kept), arms.treated[kept], Y, weight / weight.mean(), cluster,
        some.group % treatments().fit.folds,
    )  # fmt: skip


def _weighed(choice: Choice, propensity: Floats, either: Bools, overlap: float) -> dict[str, Finding]:
    """Findings by claim type among the orders that could have gone either way."""
    settings = treatments()
    weight = choice.weight * either
    untreated = weight * ~choice.treated
    alike = weight * choice.treated * (1.0 - propensity) / propensity
    expected = _outcomes(choice, alike, settings.fit)
    found = {}
    for kind, name in enumerate(CLAIM_TYPES):
        y = choice.Y[:, kind]
        claims = (int((y * either) @ choice.treated), int((y * either) @ ~choice.treated))
        found[name] = _finding(y, expected[:, kind], (untreated, alike, choice.cluster), claims, overlap)
    return found


def _outcomes(choice: Choice, alike: Floats, fit: Fit) -> Floats:
    """(m, types) float64: claims expected if treated, linear in the confounders; no order is seen by its own model."""
    expected = np.zeros_like(choice.Y)
    ridge = np.full(choice.C.shape[1], fit.outcome_penalty)
    ridge[0] = 0.0
    for fold in np.unique(choice.fold):
        learn = alike * (choice.fold != fold)
        if learn.sum() > 0.0:
            weighed = choice.C * learn[:, None]
            penalty = np.diag(ridge * learn.sum() / np.count_nonzero(learn) * choice.C.shape[1])
            solved = np.linalg.solve(choice.C.T @ weighed + penalty, weighed.T @ choice.Y)
            inside = choice.fold == fold
            expected[inside] = choice.C[inside] @ solved
    return expected


def _finding(
    y: Floats, expected: Floats, weights: tuple[Floats, Floats, Ints], claims: tuple[int, int], overlap: float
) -> Finding:
    """The log relative risk among the untreated, with a standard error from its influence summed by cluster."""
    untreated, alike, cluster = weights
    fewest = treatments().refuse.fewest_claims
    if min(claims) < fewest:
        why = f"{claims[0]} claims with the action and {claims[1]} without; {fewest} of each are needed"
        return Finding("not_identified", math.nan, math.nan, claims, overlap, why)
    without = untreated @ y / untreated.sum()
    left = alike @ (y - expected) / alike.sum()
    regressed = untreated @ expected / untreated.sum()
    with_it = regressed + left
    if with_it <= 0.0:
        return Finding(
            "not_identified", math.nan, math.nan, claims, overlap, "treated and untreated orders differ too much"
        )
    influence = untreated * ((expected - regressed) / with_it - (y - without) / without) / untreated.sum()
    influence = influence + alike * (y - expected - left) / alike.sum() / with_it
    variance = float(np.sum(np.bincount(cluster, influence) ** 2))
    return Finding("evidence", float(np.log(with_it / without)), math.sqrt(variance), claims, overlap)
