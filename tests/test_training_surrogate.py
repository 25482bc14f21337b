"""Labels that contact makes less noisy: nearer to the chance of a claim, and as many claims as there were."""

from __future__ import annotations

import numpy as np
import pytest

from features.columns import Bools, Floats, Ints
from features.feature import Feature
from features.moments import DAY
from features.order import STATES
from model.calibration import probability_of
from training.rows import Rows
from training.surrogate import targets

CONTACT = STATES.index("contact")
FEATURES = tuple(Feature(name, name, "number", "placed", "made up", 0) for name in ("telling", "noise", "waited"))


def seen(X: Floats, phase: Ints, order: Ints, day: Floats, y: Bools) -> Rows:
    """Rows of orders at some days, with a claim on day 60 where y; all windows close on day 90."""
    m = len(y)
    return Rows(
        X, phase, order, order, np.zeros(m), day * DAY, np.full(m, 90.0 * DAY),
        np.where(y, 60.0 * DAY, np.nan), np.ones(m), np.full(m, "", dtype=object),
    )  # fmt: skip


def test_before_contact_an_order_is_labelled_with_what_its_contact_says_of_the_claim() -> None:
    """Claims come after a contact alone, by the contact's own feature, half of whose claims are only chance."""
    rng, n = np.random.default_rng(4), 4_000
    X = rng.normal(0.0, 1.0, (2 * n, len(FEATURES)))
    chance = probability_of(-1.0 + 2.0 * X[n:, 0])
    y = np.tile(rng.random(n) < chance, 2)
    order = np.tile(np.arange(n), 2)
    made = seen(X, np.repeat([0, CONTACT], n), order, np.repeat([0.0, 10.0], n), y)
    found = targets(made, y, np.ones(2 * n), order % 3, FEATURES, seed=1)
    assert (found[n:] == y[n:]).all()
    assert np.abs(found[:n] - chance).mean() < 0.5 * np.abs(y[:n] - chance).mean()
    few = targets(made, y & (order < 50), np.ones(2 * n), order % 3, FEATURES, seed=1)
    assert (few == (y & (order < 50))).all()


def test_labels_say_as_many_claims_as_there_were_though_old_contacts_hardly_lead_to_any() -> None:
    """Orders seen when placed, at contact, and five more times while no claim comes: the claims are those of day 60."""
    rng, n = np.random.default_rng(5), 1_500
    claimed = rng.random(n) < 0.1
    day = np.array([0.0, 10.0, 61.0, 62.0, 63.0, 64.0, 65.0])
    kept = (np.arange(7) < 2)[:, None] | ~claimed
    step, order = np.nonzero(kept)
    y = claimed[order]
    X = rng.normal(0.0, 1.0, (len(y), len(FEATURES)))
    found = targets(
        seen(X, np.where(step == 0, 0, CONTACT), order, day[step], y), y, np.ones(len(y)), order % 3, FEATURES, seed=1
    )
    assert found[step == 0].sum() == pytest.approx(claimed.sum(), rel=0.02)
