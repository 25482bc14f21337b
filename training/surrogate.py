"""Labels made less noisy: before contact, what contact then said of the claim stands in for whether it came.

Most claims pass through a contact, and contacts are ten times as frequent. Before its contact an order is labelled with
P(claim | what was known at its first contact), from trees that never saw that order, instead of 0 or 1 (a surrogate
index: Athey, Chetty, Imbens, Kang 2019). The trees learn from contacts of any age, of which the first ones are the
riskiest, so what they say is calibrated on first contacts. Orders without contact keep their label, so claims out of
the blue count too.
Calibration and all judging use the plain labels.
"""

from __future__ import annotations

import lightgbm
import numpy as np

from features.columns import Bools, Floats, Ints
from features.feature import Feature
from features.order import STATES, State
from model.calibration import probability_of
from training.calibrate import line
from training.rows import Rows
from training.settings import fit_settings
from training.trees import grown

CONTACT = STATES.index(State.CONTACT)


def targets(rows: Rows, y: Bools, weight: Floats, fold: Ints, features: tuple[Feature, ...], seed: int) -> Floats:
    """(m,) float64 in 0..1: the labels to fit on. rows: m rows known at one moment; y, weight: theirs; fold: (m,) by
    order, so that no order stands in for its own claim."""
    settings = fit_settings()
    at_contact = np.flatnonzero(rows.state == CONTACT)
    claims = len(np.unique(rows.group[at_contact[y[at_contact]]]))
    out = y.astype(np.float64)
    if claims < settings.surrogate_fewest_claims:
        return out
    wanted = int(claims / settings.surrogate_claims_per_tree)
    trees = min(max(wanted, settings.surrogate_fewest_trees), settings.surrogate_most_trees)
    said = np.empty(len(at_contact))
    for k in np.unique(fold):
        judged = fold[at_contact] == k
        fitted = at_contact[~judged]
        start = np.full(len(fitted), _level(y[fitted], weight[fitted]))
        booster = grown(rows.X[fitted], out[fitted], weight[fitted], start, features, seed, trees)
        said[judged] = start[0] + _raw(booster, rows.X[at_contact[judged]])
    order = np.lexsort((rows.as_of[at_contact], rows.group[at_contact]))
    groups, first = np.unique(rows.group[at_contact[order]], return_index=True)
    first_contact, at_first = at_contact[order[first]], said[order[first]]
    level, slope = line(at_first, y[first_contact], weight[first_contact] / weight[first_contact].max())
    index = probability_of(level + slope * at_first)
    place = np.minimum(np.searchsorted(groups, rows.group), len(groups) - 1)
    stands_in = (groups[place] == rows.group) & (rows.as_of < rows.as_of[first_contact[place]])
    stands_in &= rows.state != CONTACT
    out[stands_in] = index[place[stands_in]]
    return out


def _level(y: Bools, weight: Floats) -> float:
    rate = float((weight @ y + 0.5) / (weight.sum() + 1.0))
    return float(np.log(rate / (1.0 - rate)))


def _raw(booster: lightgbm.Booster, X: Floats) -> Floats:
    return np.asarray(booster.predict(X, raw_score=True)) if len(X) else np.zeros(0)
