"""A calibrator for the history that is served, which tells keys apart better than that of training rows.

A row of the past sees what was known of its SKU or region then; an order that is scored sees all that was known at the
end of training. The more is known, the further the rates of keys lie apart, and with them log-odds: further than claims
do, and their mean probability grows though nothing happens more often. So each phase's slope is lowered until
the same rows lie as far apart with either history – by less where claims are few, since a model that learned from few
says too little anyway – and its level set such that they are told the same mean.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.columns import Floats, Ints
from features.history import AGE
from features.phases import PHASES
from features.pipeline import FeaturePipeline
from model.calibration import Calibrator, probability_of
from training.dataset import Dataset
from training.landmarks import Landmarks
from training.learn import Learned
from training.rows import PIECE_ROWS, Rows, known_piece
from training.settings import fit_settings

MOST_ROWS = 200_000
STEPS = 20


def as_served(
    learned: Learned, *, dataset: Dataset, pipeline: FeaturePipeline, marks: Landmarks, rows: Rows
) -> Calibrator:
    """The calibrator of a model that is served with the pipeline's newest history. rows: those of the marks."""
    some = np.arange(0, marks.m, marks.m // MOST_ROWS + 1)
    age = [f.name for f in pipeline.features_].index(AGE.name)
    state, phase, weight = rows.state[some], rows.phase[some], rows.importance[some]
    calibrator, chosen, served = learned.calibrator, marks.take(some), np.empty(len(some))
    for start in range(0, len(some), PIECE_ROWS):
        piece = slice(start, start + PIECE_ROWS)
        X = pipeline.transform(known_piece(dataset, pipeline, chosen, piece))
        X[:, age] = rows.X[some[piece], age]  # a bundle is served for a while
        served[piece] = learned.raw(X, state[piece])
    trained = learned.raw(rows.X[some], state)
    wanted = probability_of(calibrator.log_odds(trained, phase))
    before, after = _spread(trained, phase, weight), _spread(served, phase, weight)
    wider = np.divide(after, before, out=np.ones(len(PHASES)), where=before > 0.0)
    share = dataset.claims / (dataset.claims + fit_settings().served_prior_claims)
    calibrator = replace(calibrator, slopes=calibrator.slopes / np.maximum(wider, 1.0) ** share)
    shift = _shifts(calibrator.log_odds(served, phase), phase, weight, wanted)
    return replace(calibrator, intercepts=calibrator.intercepts + shift)


def _spread(log_odds: Floats, phase: Ints, weight: Floats) -> Floats:
    """(phases,) float64: the weighted standard deviation of log-odds in each phase; 0 where there are no rows."""
    total = np.maximum(np.bincount(phase, weight, len(PHASES)), 1e-300)
    mean = np.bincount(phase, weight * log_odds, len(PHASES)) / total
    square = np.bincount(phase, weight * (log_odds - mean[phase]) ** 2, len(PHASES)) / total
    return np.sqrt(square)


def _shifts(log_odds: Floats, phase: Ints, weight: Floats, wanted: Floats) -> Floats:
    """(phases,) float64: what each phase's log-odds need for the weighted sum of probabilities that is wanted; 0 where
    there are no rows."""
    sums = np.bincount(phase, weight * wanted, len(PHASES))
    shift = np.zeros(len(PHASES))
    for _ in range(STEPS):
        found = np.bincount(phase, weight * probability_of(log_odds + shift[phase]), len(PHASES))
        shift += np.log(np.where(sums > 0.0, sums, 1.0) / np.where(sums > 0.0, found, 1.0))
    return shift
