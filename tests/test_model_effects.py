"""What an action does: a belief that the shop's own history may move, as far as history can tell."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from model.artefact import Bundle, dumps
from model.calibration import Z_90
from model.effects import Belief, Evidence, Finding, choice_variance, effect_settings, posterior, trust
from model.scorer import Scorer

PRIOR = Belief(0.65, 0.45, 0.95)
UNTOLD = Finding("not_identified", math.nan, math.nan, (3, 900), 0.4, "3 claims with the action; 30 are needed")


def found(log_rr: float, sd: float, status: str = "evidence") -> Finding:
    return Finding(status, log_rr, sd, (100, 900), 0.4)  # type: ignore[arg-type]


def test_without_a_finding_the_prior_is_told_to_the_bit() -> None:
    assert posterior(PRIOR, None).belief == PRIOR
    assert posterior(PRIOR, UNTOLD).belief == PRIOR
    assert posterior(PRIOR, UNTOLD).basis == "prior"


def test_a_posterior_is_that_of_a_grid() -> None:
    sd = math.hypot(0.2, effect_settings().confounding_sd)
    grid = np.linspace(-3.0, 3.0, 60_001)
    density = np.exp(-0.5 * ((grid - math.log(0.65)) / PRIOR.sd) ** 2 - 0.5 * ((grid + 0.2) / sd) ** 2)
    below = np.cumsum(density) / density.sum()
    told = posterior(PRIOR, found(-0.2, 0.2)).belief
    expected = [np.exp(grid[np.searchsorted(below, q)]) for q in (0.5, 0.05, 0.95)]
    assert (told.median, told.low, told.high) == pytest.approx(expected, rel=1e-3)


def test_much_history_cannot_tell_more_than_confounding_leaves() -> None:
    told = posterior(PRIOR, found(-0.2, 1e-6)).belief
    assert math.log(told.high / told.low) / (2 * Z_90) > 0.8 * effect_settings().confounding_sd
    trial = posterior(PRIOR, found(-0.2, 1e-6, "experiment"))
    assert trial.basis == "experiment"
    assert trial.belief.median == pytest.approx(math.exp(-0.2), rel=0.02)


def test_a_prior_that_history_contradicts_gives_way() -> None:
    harm = posterior(PRIOR, found(math.log(1.6), 0.1)).belief
    assert 1.4 < harm.median < 1.6
    assert harm.low > 1.0
    unsure = posterior(PRIOR, found(math.log(1.2), 0.6)).belief
    assert unsure.median < 1.0


def test_what_an_action_cannot_reach_is_not_moved_and_tells_how_much_was_choice() -> None:
    firm = Belief(1.0, 1.0, 1.0)
    assert posterior(firm, found(-0.5, 0.1)).belief == firm
    assert choice_variance([found(-0.5, 0.1)]) == pytest.approx(0.25 - 0.01)
    assert choice_variance([found(-0.05, 0.1), UNTOLD]) == choice_variance([]) == 0.0


def test_choice_widens_a_posterior_and_leaves_it_nearer_to_the_prior() -> None:
    plain, doubted = posterior(PRIOR, found(0.5, 0.1)).belief, posterior(PRIOR, found(0.5, 0.1), 0.24).belief
    assert PRIOR.median < doubted.median < plain.median
    assert doubted.high / doubted.low > plain.high / plain.low


def test_evidence_is_kept_as_plain_json_and_read_back() -> None:
    evidence = Evidence({"ADD_SIGNATURE": {"not_received": found(0.3, 0.2), "not_as_described": UNTOLD}})
    state = evidence.to_state()
    assert b"NaN" not in dumps(state)
    again = Evidence.from_state(state)
    assert again.of("ADD_SIGNATURE", "not_received") == found(0.3, 0.2)
    untold = again.of("ADD_SIGNATURE", "not_as_described")
    assert untold is not None
    assert (untold.status, untold.reason, math.isnan(untold.log_rr)) == ("not_identified", UNTOLD.reason, True)
    assert again.of("PAY_DUTIES", "not_received") is None


def test_a_scorer_keeps_its_evidence_and_one_without_any_is_still_read(bundle: Bundle) -> None:
    scorer = replace(bundle.scorer, evidence=Evidence({"PAY_DUTIES": {"not_received": found(-0.4, 0.2)}}))
    state = scorer.to_state()
    again = Scorer.from_state(state, scorer.booster)
    assert again.evidence.of("PAY_DUTIES", "not_received") == found(-0.4, 0.2)
    del state["evidence"]
    assert Scorer.from_state(state, scorer.booster).evidence.findings == {}


def test_priors_are_trusted_as_far_as_findings_bear_them_out() -> None:
    assert trust([]) == trust([(PRIOR, UNTOLD, 0.0)]) == 1.0
    assert trust([(PRIOR, found(-0.7, 0.1), 0.0)] * 9) == 1.0
    shares = [trust([(PRIOR, found(0.0, 0.1), 0.0)] * n) for n in (0, 1, 3, 9, 81)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 0.05
    assert trust([(Belief(1.0, 1.0, 1.0), found(0.5, 0.1), 0.0)]) == 1.0


def test_less_trust_moves_a_belief_toward_no_effect_and_makes_it_no_surer() -> None:
    half = PRIOR.trusted(0.5)
    assert half.median == pytest.approx(math.sqrt(PRIOR.median))
    assert half.sd == pytest.approx(PRIOR.sd)
    assert PRIOR.trusted(1.0) == PRIOR
