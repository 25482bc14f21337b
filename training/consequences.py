"""Consequences learned: how far the shop's own decided claims shift and tilt what policy lets expect of claims."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.special import logit

from features.columns import Bools, Floats, Ints
from features.order import STATES
from features.outcome import CLAIM_TYPES
from features.pipeline import FeaturePipeline
from model.calibration import probability_of
from model.consequence_rules import Prior, expectations, expected
from model.consequences import Consequences, Tilt, from_policy_alone
from model.scorer import Target
from training.dataset import Dataset
from training.landmarks import Landmarks
from training.rows import Rows, known_piece
from training.settings import fit_settings


@dataclass(frozen=True, slots=True)
class Decided:
    """Rows of decided claims, (m,) each. share: what policy lets expect, in (0, 1); y: in [0, 1]; weight: 1 a claim."""

    share: Floats
    y: Floats
    weight: Floats

    @property
    def claims(self) -> float:
        """How many claims the rows are of."""
        return float(np.round(self.weight.sum(), 6))

    @property
    def has_both(self) -> bool:
        """Whether the outcome was seen both ways: records that show one side alone teach nothing of the share."""
        return bool(self.y.any() and not self.y.all())


def tilt_of(decided: Decided, prior: Prior) -> Tilt:
    """Intercept and slope of greatest likelihood, where as many claims as the prior is worth went as policy expects.

    Those stand on the same rows as the shop's own, each with the outcome that policy expects: without the shop's the
    fit is intercept 0, slope 1, and with as many of the shop's a shift is fitted about half. The slope is no less than
    0: what policy expects to be worse is never told as better. Of the fitted step away from policy only the part is
    taken that chance does not explain (positive-part James–Stein): a step that saves little is none.
    """
    claims, x = decided.claims, np.log(decided.share) - np.log1p(-decided.share)
    if not decided.has_both:
        return unmoved(prior)
    believed = prior.claims / claims
    target = (decided.y + believed * decided.share) / (1.0 + believed)

    def loss(beta: Floats, y: Floats) -> tuple[float, Floats]:
        log_odds = beta[0] + beta[1] * x
        residual = decided.weight * (probability_of(log_odds) - y)
        gradient = np.array([residual.sum(), residual @ x]) / claims
        return float(decided.weight @ (np.logaddexp(0.0, log_odds) - y * log_odds)) / claims, gradient

    start = np.array([0.0, 1.0])
    options = {"ftol": 1e-15, "gtol": 1e-10}
    bounds = [(None, None), (0.0, None)]
    found = minimize(loss, start, (target,), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    saved = 2.0 * claims * (loss(start, decided.y)[0] - loss(found, decided.y)[0])
    taken = max(0.0, 1.0 - prior.chance / saved) if saved > 0.0 else 0.0
    intercept, slope = start + taken * (found - start)
    return Tilt(float(intercept), float(slope), claims, prior.claims)


def learned_consequences(dataset: Dataset, pipeline: FeaturePipeline, marks: Landmarks, rows: Rows) -> Consequences:
    """The tilt of both outcomes, from every moment before each decided claim, as the order was known then.

    Where the outcomes show debited claims alone, who pays cannot be learned from them and stays as policy expects; and
    since what is not paid is no defect, a claim of theirs tells of as many defects as policy lets the seller pay of it.
    """
    target, prior = dataset.coverage.target, expectations().prior
    kind = dataset.claim_type[rows.order]
    at = np.flatnonzero(rows.labels(dataset.observed_until) & np.isfinite(kind))
    if not len(at):
        return from_policy_alone()
    told = expected(known_piece(dataset, pipeline, marks.take(at), slice(None)))
    place = np.arange(len(at)), kind[at].astype(np.int64)
    decisions, group = dataset.decisions.take(rows.order[at]), rows.group[at]
    pays, defects = told.seller_pays[place], decisions.counts_as_defect
    cell = rows.state[at] * len(CLAIM_TYPES) + place[1]

    def learned(share: Floats, y: Floats) -> Tilt:
        return shifted(tilt_of(decided(share, y, group), prior), (share, y, group), cell, prior)

    if target == "claim_debited":
        return Consequences(unmoved(prior), learned(told.defect[place], defects * pays))
    return Consequences(learned(pays, decisions.seller_paid), learned(told.defect[place], defects))


def decided(share: Floats, y: Floats, group: Ints) -> Decided:
    """Rows whose outcome is known out of m; those of a claim (group) share weight 1."""
    known: Bools = np.isfinite(y)
    _, of, count = np.unique(group[known], return_inverse=True, return_counts=True)
    return Decided(share[known], y[known], 1.0 / count[of])


def shifted(tilt: Tilt, outcomes: tuple[Floats, Floats, Ints], cell: Ints, prior: Prior) -> Tilt:
    """The tilt with what claims of a state and type say otherwise, each cell shrunk and believed as the tilt was.

    outcomes: (m,) share that policy expects, what came (NaN unknown), claim; cell: (m,) state · types + type.
    """
    shift = np.zeros(len(STATES) * len(CLAIM_TYPES))
    for place in np.unique(cell).tolist():
        found = decided(*(column[cell == place] for column in outcomes))
        if not found.has_both or found.claims < fit_settings().consequences_level_claims:
            continue
        said = float(found.weight @ tilt.of(found.share)) / found.claims
        seen = float(found.weight @ found.y) / found.claims
        fitted = (found.claims * seen + prior.claims * said) / (found.claims + prior.claims)
        saved = 2.0 * found.claims * (_deviance(seen, said) - _deviance(seen, fitted))
        shift[place] = max(0.0, 1.0 - prior.chance / max(saved, prior.chance)) * (logit(fitted) - logit(said))
    if not shift.any():
        return tilt
    return replace(tilt, shift=tuple(tuple(row) for row in shift.reshape(len(STATES), -1).tolist()))


def _deviance(seen: float, said: float) -> float:
    """Log-loss a claim of a share that is told where another is seen."""
    return float(-(seen * np.log(said) + (1.0 - seen) * np.log1p(-said)))


def unmoved(prior: Prior) -> Tilt:
    """As policy expects."""
    return Tilt(0.0, 1.0, 0.0, prior.claims)


def told_of(found: Consequences, target: Target) -> str:
    """What was learned, for the progress of training."""
    pays = _said(found.seller_pays)
    if target == "claim_debited":
        pays = "not learned, since the outcomes show debited claims alone"
    return f"consequences: who pays {pays}; defects {_said(found.defect)}"


def _said(tilt: Tilt) -> str:
    if not tilt.claims:
        return "as policy expects, for want of decided claims"
    learned = f"intercept {tilt.intercept:+.2f}, slope {tilt.slope:.2f}"
    return f"{learned} from {tilt.claims:,.0f} decided claims beside {tilt.prior_claims:.0f} of policy"
