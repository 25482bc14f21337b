"""Propensity: how likely an order is handled one way rather than another, told by a model that did not see it."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from features.columns import Bools, Floats, Ints
from training.treatments import Fit


def propensities(C: Floats, treated: Bools, weight: Floats, fold: Ints, fit: Fit) -> Floats:
    """(m,) float64: P(treated | C), cross-fitted over folds ((m,) int64). C: (m, k) with a leading 1; weight: (m,)."""
    if treated.all() or not treated.any():
        return treated.astype(np.float64)
    found = np.empty(len(treated))
    for k in np.unique(fold):
        inside = fold == k
        learn = ~inside if len(np.unique(treated[~inside])) == 2 else np.ones_like(inside)
        model = LogisticRegression(C=1.0 / fit.propensity_penalty, solver="newton-cholesky", tol=1e-6)
        model.fit(C[learn, 1:], treated[learn], sample_weight=weight[learn])
        found[inside] = model.predict_proba(C[inside, 1:])[:, 1]
    return found
