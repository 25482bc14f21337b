"""What a claim leads to: by policy's facts where the marketplace has them, tilted by the shop's own claims."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from features.columns import Columns, concatenated
from features.completion import completed
from features.document import read_order
from features.moments import states
from features.order import STATES
from features.order_columns import columns_of
from features.outcome import CLAIM_TYPES
from model.consequence_rules import expectations, expected
from model.consequences import Consequences, Tilt, from_policy_alone

CASES = tomllib.loads((Path(__file__).parent / "golden" / "consequence_cases.toml").read_text("utf-8"))


def order(case: dict[str, Any]) -> Columns:
    base = {name: value for name, value in CASES["base"].items() if name not in case.get("without", ())}
    return completed(columns_of([read_order(base | case.get("given", {}))]))


@pytest.mark.parametrize("case", CASES["case"], ids=lambda case: case["name"])
def test_the_rule_that_decides_is_the_one_of_the_case(case: dict[str, Any]) -> None:
    place = int(expected(order(case)).rule[0, CLAIM_TYPES.index(case["type"])])
    assert (expectations().rule[place].id if place >= 0 else "base") == case["rule"]


def test_every_rule_decides_in_some_case() -> None:
    assert {rule.id for rule in expectations().rule} <= {case["rule"] for case in CASES["case"]}


def test_orders_in_a_table_are_judged_as_each_alone() -> None:
    alone = [order(case) for case in CASES["case"]]
    together = expected(concatenated(alone))
    assert np.array_equal(together.rule, np.concatenate([expected(one).rule for one in alone]))
    assert np.array_equal(together.defect, np.concatenate([expected(one).defect for one in alone]))


def test_what_a_shop_saw_tilts_every_share_and_keeps_their_order() -> None:
    tilted = Consequences(Tilt(-0.5, 1.2, 80, 30), Tilt(0.3, 0.9, 80, 30))
    columns = concatenated([order(case) for case in CASES["case"]])
    plain, told = from_policy_alone().of(columns), tilted.of(columns)
    order_of_plain = np.argsort(plain.seller_pays.ravel())
    assert np.all(np.diff(told.seller_pays.ravel()[order_of_plain]) >= 0)
    assert told.seller_pays[plain.seller_pays <= 0.5].max() < 0.5
    assert Consequences.from_state(tilted.to_state()) == tilted


def test_a_state_whose_claims_went_otherwise_has_a_level_of_its_own() -> None:
    columns = concatenated([order(case) for case in CASES["case"]])
    here = states(columns) == 3
    shift = tuple((1.0, 0.0, 0.0) if place == 3 else (0.0,) * 3 for place in range(len(STATES)))
    moved = Consequences(Tilt(0.0, 1.0, 80, 30, shift), from_policy_alone().defect)
    plain, told = from_policy_alone().of(columns), moved.of(columns)
    assert here.any()
    assert np.all((told.seller_pays[:, 0] > plain.seller_pays[:, 0]) == here)
    assert np.array_equal(told.seller_pays[:, 1:], plain.seller_pays[:, 1:])
    assert Consequences.from_state(orjson.loads(orjson.dumps(moved.to_state()))) == moved
