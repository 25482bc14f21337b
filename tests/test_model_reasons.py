"""Reasons: booster and margin parts add up to the log-odds, by attribute, the strongest first."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from features.completion import completed
from features.document import read_order
from features.moments import as_known
from features.order import STATES
from features.order_columns import columns_of
from model.artefact import Bundle
from model.margin import Margin
from model.reasons import CONTEXT, LEAST, reasons
from model.scorer import Scores


@pytest.fixture(scope="module")
def scores(bundle: Bundle, documents: list[dict[str, Any]]) -> Scores:
    orders = completed(columns_of([read_order(document) for document in documents]))
    return bundle.scorer.score(as_known(orders))


def test_reasons_add_up_to_the_calibrated_log_odds_less_a_constant_of_the_phase(bundle: Bundle, scores: Scores) -> None:
    told = reasons(bundle.scorer, scores).strength.sum(axis=1)
    calibrated = np.log(scores.probability) - np.log1p(-scores.probability)
    for place in np.unique(scores.phase):
        rest = (calibrated - told)[scores.phase == place]
        np.testing.assert_allclose(rest, rest[0], rtol=0, atol=1e-9)


def test_the_parts_of_booster_and_margin_add_up_to_the_raw_log_odds(bundle: Bundle, scores: Scores) -> None:
    scorer = bundle.scorer
    contributions = scorer.booster.contributions(scores.X, scores.state)
    by_feature = scorer.margin.by_feature(scores.X, scores.X.shape[1])
    total = contributions.sum(axis=1) + by_feature.sum(axis=1) + scorer.margin.intercept
    np.testing.assert_allclose(total, scores.raw, rtol=0, atol=1e-9)


def test_the_log_odds_of_the_margin_are_intercept_plus_terms(bundle: Bundle, scores: Scores) -> None:
    margin = bundle.scorer.margin
    summed = [margin.intercept + sum(row) for row in margin.terms(scores.X).tolist()]
    np.testing.assert_allclose(margin.log_odds(scores.X), summed, rtol=0, atol=1e-12)


def test_the_margin_says_of_a_row_alone_what_it_says_in_a_table(bundle: Bundle, scores: Scores) -> None:
    margin, booster = bundle.scorer.margin, bundle.scorer.booster
    rows = zip(scores.X[:200, None], scores.state[:200, None], strict=True)
    alone = [margin.log_odds(row)[0] + booster.log_odds(row, state)[0] for row, state in rows]
    assert np.array(alone).tobytes() == scores.raw[:200].tobytes()


def test_a_margin_without_terms_says_its_intercept() -> None:
    nothing, nowhere = np.empty(0), np.empty(0, dtype=np.int64)
    margin = Margin(nowhere, nothing, nothing, nothing, nothing, nothing, nowhere, nothing, nothing, -5.5)
    assert margin.log_odds(np.full((3, 4), np.nan)).tolist() == [-5.5] * 3


def test_the_booster_says_what_bare_lightgbm_says(bundle: Bundle, scores: Scores) -> None:
    told = bundle.scorer.booster.log_odds(scores.X, scores.state)
    for part in bundle.scorer.booster.text.split("state=")[1:]:
        name, text = part.split("\n", 1)
        here = scores.state == STATES.index(name)
        bare = lightgbm.Booster(model_str=text)
        assert told[here].tobytes() == bare.predict(scores.X[here], raw_score=True, num_threads=1).tobytes()


def test_reasons_of_a_few_orders_are_those_they_have_among_all(bundle: Bundle, scores: Scores) -> None:
    every = reasons(bundle.scorer, scores)
    at = np.array([17, 3, 999, 3])
    few = reasons(bundle.scorer, scores, at)
    np.testing.assert_array_equal(few.strength, every.strength[at])
    assert [few.of(i, 5) for i in range(4)] == [every.of(int(j), 5) for j in at]


def test_what_raises_the_risk_comes_first_each_by_its_strength(bundle: Bundle, scores: Scores) -> None:
    told = reasons(bundle.scorer, scores)
    for i in range(50):
        row = [strength for _, strength in told.of(i, len(told.attributes))]
        up, down = [s for s in row if s > 0.0], [s for s in row if s < 0.0]
        assert row == sorted(up, reverse=True) + sorted(down)
        acting = {name for name, s in zip(told.attributes, told.strength[i], strict=True) if abs(s) >= LEAST}
        assert {name for name, _ in told.of(i, len(told.attributes))} == acting - CONTEXT


def test_each_attribute_is_told_once(bundle: Bundle, scores: Scores) -> None:
    told = reasons(bundle.scorer, scores)
    assert len(set(told.attributes)) == len(told.attributes)
    assert set(told.attributes) == {f.attribute for f in bundle.scorer.pipeline.features_}
