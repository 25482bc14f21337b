"""What is assumed beside a model: a parcel that the carrier calls lost never looks like one on its way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.columns import Columns
from features.document import checked_columns, read_order
from model.artefact import Bundle
from model.assumed import Assumed, assumed_by
from model.priors import priors
from model.reasons import reasons
from model.scorer import Scorer, log_odds_of
from service.decide import decide
from service.means import Means

WORDS = ("lost", "damaged", "customs_hold", "exception", "returning", "refused", "undeliverable", "attempted")
ORDER = {"order_id": "A", "as_of": "2026-11-20T08:15:00Z", "marketplace": "US", "placed_at": "2026-11-02T03:12:00Z",
         "latest_delivery_at": "2026-11-16T23:59:59Z", "shipped_at": "2026-11-03T06:40:00Z", "order_total": 60.0,
         "first_scan_at": "2026-11-03T19:00:00Z", "currency": "USD", "has_tracking": True}  # fmt: skip


def columns(**changed: Any) -> Columns:
    return checked_columns(read_order({**ORDER, **changed}), 0.0)


def log_odds(scorer: Scorer, **changed: Any) -> float:
    return float(log_odds_of(scorer.score(columns(**changed)).probability)[0])


@pytest.mark.parametrize("word", WORDS)
def test_the_carriers_word_multiplies_the_odds_as_the_priors_say(bundle: Bundle, word: str) -> None:
    feature = {"lost": "tracking_lost", "damaged": "tracking_lost", "attempted": "tracking_attempted"}
    name = feature.get(word, "tracking_exception" if word in ("customs_hold", "exception") else "tracking_returning")
    multiple = next(term.multiple for term in priors().term if name in term.features)
    told = log_odds(bundle.scorer, tracking_status=word) - log_odds(bundle.scorer, tracking_status="in_transit")
    assert told == pytest.approx(np.log(multiple))


@pytest.mark.parametrize(
    "later", [{"delivered_at": "2026-11-15T10:00:00Z"}, {"first_message_at": "2026-11-18T10:00:00Z"}]
)
def test_after_delivery_or_contact_nothing_is_assumed_and_that_is_told(bundle: Bundle, later: dict[str, str]) -> None:
    assert log_odds(bundle.scorer, tracking_status="lost", **later) == log_odds(bundle.scorer, **later)
    told = decide(columns(tracking_status="lost", **later), Means(bundle))
    assert ("ATTRIBUTE_IGNORED", "tracking_status") in {(w.code, w.attribute) for w in told.warnings}


def test_what_is_assumed_is_a_reason_a_warning_and_a_wider_interval(bundle: Bundle) -> None:
    lost = decide(columns(tracking_status="lost"), Means(bundle))
    found = reasons(bundle.scorer, lost.scores).of(0, 9)
    assert dict(found)["tracking_status"] == pytest.approx(bundle.scorer.assumed.log_odds["lost"])
    assert ("EFFECT_ASSUMED", "tracking_status") in {(w.code, w.attribute) for w in lost.warnings}
    width = [
        np.subtract(*(log_odds_of(side) for side in (told.high, told.low)))[0]
        for told in (lost.scores, bundle.scorer.score(columns()))
    ]
    assert width[0] > width[1]


def test_an_order_on_its_way_is_told_no_assumption(bundle: Bundle) -> None:
    told = decide(columns(tracking_status="in_transit"), Means(bundle))
    assert not {"EFFECT_ASSUMED", "ATTRIBUTE_IGNORED"} & {w.code for w in told.warnings}


def test_a_table_tells_what_each_of_its_orders_is_told_alone(bundle: Bundle) -> None:
    many = [columns(tracking_status=word) for word in (*WORDS, None)] * 20
    table = Columns(len(many), {name: np.concatenate([c[name] for c in many]) for name in many[0]})
    alone = [bundle.scorer.score(one).probability[0] for one in many]
    assert bundle.scorer.score(table).probability.tolist() == alone


def test_nothing_is_assumed_where_a_bundle_says_nothing_of_it(bundle: Bundle) -> None:
    silent = replace(bundle.scorer, assumed=Assumed.from_state({}))
    assert log_odds(silent, tracking_status="lost") == log_odds(silent)


def test_what_is_assumed_outlives_its_bundle() -> None:
    assumed = assumed_by(priors())
    assert Assumed.from_state(assumed.to_state()) == assumed
