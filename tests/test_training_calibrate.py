"""Fitting the calibrator: late phases by themselves, chance shrunk away, slopes of models that learned from more."""

from __future__ import annotations

import numpy as np
import pytest

from features.columns import Floats
from features.moments import DAY
from features.order import STATES
from features.phases import PHASES, STATE_OF_PHASE
from model.calibration import Calibrator, probability_of
from training.calibrate import Said, fitted_calibrator

FLAT, STRAIGHT = np.zeros(len(PHASES)), np.ones(len(PHASES))


def said(m: int, level: Floats, slope: Floats, seed: int) -> Said:
    """Rows in all phases whose claims follow level[phase] + slope[phase] · raw."""
    rng = np.random.default_rng(seed)
    raw, phase = rng.normal(-3.0, 1.2, m), rng.integers(0, len(PHASES), m)
    y = rng.random(m) < probability_of(level[phase] + slope[phase] * raw)
    return Said(raw, phase, y, np.ones(m), rng.uniform(0.0, 300.0, m) * DAY, np.arange(m) % 4)


def test_a_late_phase_has_a_slope_of_its_own() -> None:
    slope = np.where(np.array(PHASES) == "settled", 1.5, 1.0)
    found = fitted_calibrator(*[said(60_000, FLAT, slope, seed=1)] * 2)
    assert found.slopes[PHASES.index("settled")] == pytest.approx(1.5, abs=0.2)
    assert found.slopes[PHASES.index("delivered")] == pytest.approx(1.0, abs=0.1)


def test_where_claims_are_rare_a_slope_turns_as_freely_as_elsewhere() -> None:
    settled, rng = np.array(PHASES) == "settled", np.random.default_rng(1)
    level, slope = np.where(settled, 3.5, 0.0), np.where(settled, 1.5, 1.0)  # turned about -7, where its rows are
    phase = rng.integers(0, len(PHASES), 400_000)
    raw = rng.normal(np.where(settled, -7.0, -3.0)[phase], 1.0)
    y = rng.random(len(raw)) < probability_of(level[phase] + slope[phase] * raw)
    rows = Said(raw, phase, y, np.ones(len(raw)), rng.uniform(0.0, 300.0, len(raw)) * DAY, np.arange(len(raw)) % 4)
    found = fitted_calibrator(rows, rows)
    assert found.slopes[settled] == pytest.approx(1.5, abs=0.15)
    rare = settled[phase]
    told = probability_of(found.log_odds(raw[rare], phase[rare])).mean()
    assert y[rare].mean() / told == pytest.approx(1.0, abs=0.04)


def test_a_late_phase_that_nobody_saw_is_taken_as_the_rest_of_its_state() -> None:
    every = said(40_000, np.linspace(-0.5, 0.5, len(PHASES)), STRAIGHT, seed=2)
    early = every.phase < len(STATES)
    seen = Said(*(getattr(every, name)[early] for name in Said.__slots__))
    found = fitted_calibrator(seen, seen)
    np.testing.assert_allclose(found.intercepts, found.intercepts[STATE_OF_PHASE])
    assert (found.deviation(np.full(8, -3.0), np.arange(8))[len(STATES) :] > 0.3).all()


def test_a_model_that_learned_from_twice_as_much_has_half_the_error_of_slope() -> None:
    seen = said(40_000, FLAT, 0.7 * STRAIGHT, seed=3)
    once, twice = (fitted_calibrator(seen, seen, more).slopes for more in (1.0, 2.0))
    np.testing.assert_allclose(1.0 - twice, (1.0 - once) / 2.0)


def test_states_whose_levels_differ_by_chance_alone_get_one_level() -> None:
    found = fitted_calibrator(*[said(3_000, FLAT, STRAIGHT, seed=4)] * 2)
    assert np.ptp(found.log_odds(np.full(len(STATES), -2.0), np.arange(len(STATES)))) < 0.1
    apart = np.linspace(-1.0, 1.0, len(STATES))[STATE_OF_PHASE]
    assert np.ptp(fitted_calibrator(*[said(30_000, apart, STRAIGHT, seed=5)] * 2).intercepts) > 1.5


def test_a_bundle_from_before_there_were_phases_is_read_with_the_numbers_of_its_states() -> None:
    numbers = {
        "intercepts": [0.1, 0.2, 0.3, 0.4, 0.5],
        "slopes": [1.0, 1.1, 1.2, 1.3, 1.4],
        "variance": [[1, 2, 3]] * 5,
    }
    found = Calibrator.from_state(numbers)
    assert found.intercepts.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.3, 0.4, 0.5]
    assert Calibrator.from_state(found.to_state()).to_state() == found.to_state()
