"""The table of effects: the catalogue's priors, moved by the evidence of a bundle."""

from __future__ import annotations

import math

import numpy as np
import pytest

from features.outcome import CLAIM_TYPES
from model.effects import Evidence, Finding
from service.advice_catalogue import catalogue
from service.effects import effect_table, effects_told, prior_of

IDS = [action.id for action in catalogue().actions]
SIGNATURE, RECEIVED = IDS.index("ADD_SIGNATURE"), CLAIM_TYPES.index("not_received")


def test_without_evidence_the_table_is_the_catalogue() -> None:
    table = effect_table(catalogue(), Evidence())
    for place, action in enumerate(catalogue().actions):
        for kind, name in enumerate(CLAIM_TYPES):
            prior = prior_of(action, name)
            assert table.risk[place, :, kind].tolist() == [prior.median, prior.low, prior.high]
        assert (table.basis[place], table.unidentified[place]) == (action.effect.basis, None)


def test_a_harm_that_history_shows_is_told_and_hardly_moves_another_action() -> None:
    harm = Finding("evidence", math.log(2.0), 0.1, (200, 900), 0.5)
    table = effect_table(catalogue(), Evidence({"ADD_SIGNATURE": {"not_received": harm}}))
    plain = effect_table(catalogue(), Evidence())
    assert table.risk[SIGNATURE, 0, RECEIVED] > 1.0
    assert table.basis[SIGNATURE] == "evidence"
    others = np.arange(len(IDS)) != SIGNATURE
    assert (table.trust[others] > 0.7).all()
    assert table.trust[SIGNATURE] == 1.0
    assert (np.abs(np.log(table.risk[others, 0])) <= np.abs(np.log(plain.risk[others, 0]))).all()


def test_where_what_could_be_tried_shows_nothing_what_could_not_is_believed_less() -> None:
    nothing = Finding("evidence", 0.0, 0.1, (200, 200), 0.9)
    tried = {"ADD_SIGNATURE": "not_received", "REPLY_NOW": "not_received", "FIX_LISTING": "not_as_described"}
    table = effect_table(catalogue(), Evidence({action: {kind: nothing} for action, kind in tried.items()}))
    place, kind = IDS.index("ADD_RETURN_ADDRESS"), CLAIM_TYPES.index("return_or_refund")
    assert table.basis[place] == catalogue().actions[place].effect.basis
    assert 0.2 < table.trust[place] < 0.6
    assert table.risk[place, 0, kind] == pytest.approx(0.5 ** table.trust[place])
    told = effects_told(catalogue(), Evidence({a: {k: nothing} for a, k in tried.items()}))
    assert told["ADD_RETURN_ADDRESS"]["share_of_prior_believed"] == round(float(table.trust[place]), 2)


def test_what_is_not_identified_says_why_and_keeps_the_prior() -> None:
    untold = Finding("not_identified", math.nan, math.nan, (3, 900), 0.5, "3 claims with the action; 30 are needed")
    table = effect_table(catalogue(), Evidence({"ADD_SIGNATURE": {"not_received": untold}}))
    assert table.unidentified[SIGNATURE] == untold.reason
    assert table.basis[SIGNATURE] == catalogue().actions[SIGNATURE].effect.basis
    assert (table.risk == effect_table(catalogue(), Evidence()).risk).all()


def test_what_is_believed_is_told_with_what_it_rests_on() -> None:
    harm = Finding("evidence", math.log(2.0), 0.1, (200, 900), 0.5)
    untold = Finding("not_identified", math.nan, math.nan, (0, 0), 0.0, "nobody could choose")
    evidence = Evidence({"ADD_SIGNATURE": {"not_received": harm}, "PAY_DUTIES": {"not_received": untold}})
    told = effects_told(catalogue(), evidence)
    assert told["ADD_SIGNATURE"]["basis"] == "evidence"
    assert told["ADD_SIGNATURE"]["claims_with_and_without"] == {"not_received": (200, 900)}
    assert told["PAY_DUTIES"]["not_identified"] == "nobody could choose"
    assert "not_identified" not in told["REPLY_NOW"]
