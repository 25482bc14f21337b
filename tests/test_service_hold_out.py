"""The hold-out: off unless asked for, the same lot for the same order, told in the answer, and compared afterwards."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import NOW
from starlette.testclient import TestClient
from typer.testing import CliRunner

from model.artefact import Bundle
from service.advice_catalogue import catalogue
from service.app import create_app
from service.cli import app as cli
from service.hold_out import Lot, may_be_left_out, rules
from service.hold_out_report import Arm, Compared, ended, hold_out_told
from service.means import Means
from service.routes import EXAMPLE
from service.settings import Settings

ACTIONS = {action.id: action for action in catalogue().actions}
SIGNATURE = ACTIONS["ADD_SIGNATURE"]


DAY = 86_400.0


def lots(share: float, n: int = 4_000) -> np.ndarray:
    return np.array([Lot(share, "s", f"o{i}", 1.0).is_left_out(SIGNATURE) for i in range(n)])


def test_the_lot_takes_its_share_and_is_the_same_again() -> None:
    assert lots(0.2).mean() == pytest.approx(0.2, abs=0.02)
    assert (lots(0.2) == lots(0.2)).all()
    assert lots(0.4)[lots(0.2)].all()


def test_no_lot_is_drawn_of_duties_of_what_serves_many_or_where_much_is_at_stake() -> None:
    assert rules().actions <= {a.id for a in catalogue().actions if may_be_left_out(a)}
    lot = Lot(0.2, "s", "o", 2.0)
    assert lot.chance(SIGNATURE, 3.9) == 0.2
    assert lot.chance(SIGNATURE, -4.1) == lot.chance(SIGNATURE, 4.1) == 0.0
    assert lot.chance(ACTIONS["REPLY_NOW"], 0.0) == lot.chance(ACTIONS["FIX_LISTING"], 0.0) == 0.0


@pytest.fixture
def drawing(bundle: Bundle, url: str, tmp_path: Path) -> Any:
    of = Settings(data_dir=tmp_path, database_url=url)
    with TestClient(create_app(Means(bundle, hold_out=0.5), of, clock=lambda: NOW)) as client:
        yield client, of


def told(answer: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Actions advised by lot, and left out by it."""
    by_lot = {r["action"] for r in answer["recommendations"] if "propensity" in r}
    return by_lot, {r["action"] for r in answer["actions_rejected"] if r["reason"] == "HELD_OUT"}


ORDERS = [
    {"order_id": f"o{i}", "as_of": NOW.isoformat(), "marketplace": "US", "placed_at": "2026-11-19T00:00:00Z",
     "ship_by": "2026-11-22T00:00:00Z", "latest_delivery_at": "2026-11-24T23:59:59Z", "has_tracking": False,
     "signature_service": "none", "is_claims_protected": False, "currency": "USD", "order_total": 20.0 * 1.1**i}
    for i in range(60)
]  # fmt: skip


def test_an_answer_says_what_was_left_out_and_what_might_have_been(drawing: Any, client: TestClient) -> None:
    both = [told(drawing[0].post("/v1/scores", json=order).json()) for order in ORDERS]
    usual = [client.post("/v1/scores", json=order).json() for order in ORDERS]
    assert all(told(answer) == (set(), set()) for answer in usual)
    assert any(advised for advised, _ in both)
    assert any(left_out for _, left_out in both)
    for answer, (_, left_out) in zip(usual, both, strict=True):
        assert left_out <= {r["action"] for r in answer["recommendations"]} & rules().actions


def test_what_was_drawn_is_compared(drawing: Any) -> None:
    client, of = drawing
    drawn = [told(client.post("/v1/scores", json=order).json()) for order in ORDERS]
    found = hold_out_told(of, NOW.timestamp() + 30 * DAY)
    counted = {(c.action, c.surrogate): (c.advised.orders, c.left_out.orders) for c in found}
    for action in {name for pair in drawn for side in pair for name in side}:
        sides = tuple(sum(action in pair[side] for pair in drawn) for side in (0, 1))
        assert counted[action, "late"] == counted[action, "contact"] == sides
    assert all(c.advised.share == 1.0 for c in found if c.surrogate == "late" and c.advised.orders)
    assert hold_out_told(of, NOW.timestamp() + 1.0) == []


def test_only_orders_that_were_not_late_yet_and_are_over_tell_anything() -> None:
    order = {"latest_delivery_at": "2026-11-10T00:00:00Z", "delivered_at": "2026-11-12T00:00:00Z"}
    at = 1_794_268_800.0  # 2026-11-10
    assert ended(order, at - DAY, at + DAY) == {"late": True, "contact": False}
    assert ended(order | {"delivered_at": None}, at - DAY, at + DAY) == {"late": True, "contact": False}
    assert ended(order | {"delivered_at": "2026-11-09T00:00:00Z", "first_message_at": "2026-11-09T12:00:00Z"},
                 at - DAY, at + DAY) == {"late": False, "contact": True}  # fmt: skip
    assert ended(order, at + 1.0, at + DAY) is None
    assert ended(order, at - DAY, at - 1.0) is None


def test_limits_of_a_difference_hold_it_as_often_as_they_say() -> None:
    chance, held = np.random.default_rng(0), 0
    for _ in range(400):
        hits = chance.binomial([200, 60], [0.10, 0.18])
        low, high = Compared("A", "late", Arm(200, int(hits[0])), Arm(60, int(hits[1]))).interval
        held += low <= -0.08 <= high
    assert held / 400 == pytest.approx(0.95, abs=0.03)
    assert all(map(math.isnan, Compared("A", "late", Arm(200, 9), Arm(29, 9)).interval))


def test_the_command_says_so_where_no_lot_was_drawn(
    kept: TestClient, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept.post("/v1/scores", json=EXAMPLE).status_code == 200
    monkeypatch.setattr("service.cli_holdout.settings", lambda: Settings(data_dir=tmp_path, database_url=url))
    found = CliRunner().invoke(cli, ["holdout"])
    assert found.exit_code == 0, found.output
    assert "no lot was drawn yet" in found.output
    assert CliRunner().invoke(cli, ["holdout", "--json"]).stdout == "[]\n"
