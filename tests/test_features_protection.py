"""What can be said of a Claims Protected label: by cases a seller can read, one of six of every order, alone or not."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import Columns, concatenated
from features.completion import completed
from features.conditions import Labelled, Truths
from features.document import read_order
from features.order_columns import columns_of
from features.protection import VOIDS, Label, labelled

CASES = tomllib.loads((Path(__file__).parent / "golden" / "protection_cases.toml").read_text("utf-8"))
LABELS: tuple[Label, ...] = get_args(Label)
ONE_OF, REASONS = tuple(label for label in LABELS if label not in VOIDS), VOIDS
HOUR = 3_600.0


def order(case: dict[str, Any]) -> Columns:
    base = {name: value for name, value in CASES["base"].items() if name not in case.get("without", ())}
    return completed(columns_of([read_order(base | case.get("given", {}))]))


def said(columns: Columns, labels: tuple[Label, ...]) -> list[str]:
    return [label for label in labels if labelled(columns, label)[0]]


@pytest.mark.parametrize("case", CASES["case"], ids=lambda case: case["says"])
def test_the_label_is_that_of_the_case(case: dict[str, Any]) -> None:
    assert said(order(case), ONE_OF) == [case["label"]]
    assert said(order(case), REASONS) == case.get("by", [])


def test_every_label_and_reason_has_a_case() -> None:
    assert {case["label"] for case in CASES["case"]} == set(ONE_OF)
    assert {reason for case in CASES["case"] for reason in case.get("by", ())} == set(REASONS)


moments = st.sampled_from([np.nan, 0.0, 1.0, 24.0, 48.0, 49.0, 96.0, 97.0])
flags = st.sampled_from([np.nan, 0.0, 1.0])
INSTANTS = ("ship_by", "first_scan_at", "last_scan_at", "delivered_at", "first_message_at", "last_message_at",
            "first_reply_at", "last_reply_at", "refunded_at")  # fmt: skip


@st.composite
def orders(draw: st.DrawFn) -> Columns:
    """One order of any kind; hours after 20 November 2026."""
    held = {name: 1.7954e9 + draw(moments) * HOUR for name in INSTANTS}
    held |= {name: draw(flags) for name in ("is_claims_protected", "is_late_delivery_risk", "has_refund")}
    held |= {name: draw(st.sampled_from([np.nan, *range(12)])) for name in ("marketplace", "tracking_status")}
    held |= {"message_topic": draw(st.sampled_from([np.nan, 0.0, 1.0, 6.0])), "as_of": 1.7954e9 + 97.0 * HOUR}
    return Columns(1, {name: np.array([value]) for name, value in held.items()})


@settings(max_examples=60, deadline=None)
@given(st.lists(orders(), min_size=40, max_size=40))
def test_an_order_in_a_table_has_the_label_that_it_has_alone(alone: list[Columns]) -> None:
    together = Truths(concatenated(alone))
    for label in LABELS:
        condition = Labelled((label,))
        each = [Truths(one).of(condition)[0] for one in alone]
        assert together.of(condition).tolist() == each


@settings(max_examples=60, deadline=None)
@given(st.lists(orders(), min_size=40, max_size=40))
def test_one_of_the_six_can_be_said_of_every_order(alone: list[Columns]) -> None:
    table = concatenated(alone)
    assert np.sum([labelled(table, label) for label in ONE_OF], axis=0).tolist() == [1] * table.n
    void = np.logical_or.reduce([labelled(table, reason) for reason in REASONS])
    assert np.array_equal(void, labelled(table, "void"))
