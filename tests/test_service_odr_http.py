"""The defect budget over HTTP: what files tell the store tells too, defects come from events, nothing vanishes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import NOW
from starlette.testclient import TestClient

from features.columns import epoch_seconds
from features.completion import completed
from features.document import read_order
from features.order_columns import columns_of
from model.artefact import Bundle
from service.means import Means
from service.odr import forecast
from service.odr_files import FileOrders
from service.odr_plan import Wanted, plans
from service.odr_plan_told import plans_told
from service.odr_rule import odr_rule
from service.odr_told import told
from service.odr_window import Span, window
from training.dataset import read_outcomes

ODR = "/v1/shops/s/odr"
US = {"marketplace": "US"}
AT = epoch_seconds(NOW)


def instant(days_ago: float) -> str:
    return (NOW - timedelta(days=days_ago)).isoformat().replace("+00:00", "Z")


def order(number: int, days_ago: float, **more: Any) -> dict[str, Any]:
    of = {"order_id": f"o{number}", "shop_id": "s", "marketplace": "US", "fulfilment_channel": "seller"}
    times = {"placed_at": instant(days_ago), "latest_delivery_at": instant(days_ago - 8), "as_of": instant(0.0)}
    return of | times | {"order_total": 20.0 + number, "currency": "USD"} | more


ORDERS = [order(i, 1.0 + 1.9 * (i - 10)) for i in range(10, 40)]  # sorted by name, as the store gives them


def sent(client: TestClient, *events: dict[str, Any]) -> None:
    assert client.post("/v1/scores/batch", json={"orders": ORDERS}).status_code == 200
    listed = [{"event_id": f"e{i}", "shop_id": "s"} | e for i, e in enumerate(events)]
    statuses = [r["status"] for r in client.post("/v1/events", json={"events": listed}).json()["results"]]
    assert statuses == [200] * len(events)


FEEDBACK = {"order_id": "o17", "kind": "feedback", "at": instant(5.0), "rating": 1}
DECIDED = {"order_id": "o19", "kind": "claim_decided", "at": instant(2.0), "counts_as_defect": True}
CHARGEBACK = {"order_id": "o21", "kind": "chargeback", "at": instant(3.0)}


def test_the_store_tells_what_files_of_the_same_orders_tell(kept: TestClient, bundle: Bundle, tmp_path: Path) -> None:
    sent(kept, FEEDBACK)
    row = {"order_id": "o17", "event_id": "e0", "kind": "negative_feedback", "claim_opened_at": instant(5.0)}
    pl.DataFrame([row]).write_parquet(tmp_path / "outcomes.parquet")
    rule, means = odr_rule("US", AT), Means(bundle)
    assert rule is not None
    columns = completed(columns_of([read_order(one) for one in ORDERS]))
    source = FileOrders(columns, read_outcomes(tmp_path / "outcomes.parquet", None))
    found = forecast(window(source, Span("s", "US", AT - rule.seconds, AT), means), rule, bundle.scorer)
    expected = told(found, bundle, "zh")
    asked = {"Accept-Language": "zh-CN"}
    assert kept.get(ODR, params=US, headers=asked).json() == expected
    expected["plan"] = plans_told(plans(found, means, Wanted(0.2)), found, "zh")
    assert kept.post(f"{ODR}/plan", json=US | {"alpha": 0.2}, headers=asked).json() == expected


def test_defects_come_from_events_and_a_retracted_one_goes(kept: TestClient) -> None:
    retraction = {"order_id": "o17", "kind": "label_retracted", "at": instant(1.0), "retracts": "e0"}
    sent(kept, FEEDBACK, DECIDED, CHARGEBACK, FEEDBACK | {"order_id": "o22", "rating": 3}, retraction)
    known = kept.get(ODR, params=US).json()["known"]
    assert known["by_kind"] == {"a_to_z": 1, "chargeback": 1, "negative_feedback": 0}
    assert (known["defects"], known["rate"]) == (2, pytest.approx(2 / 30))


@pytest.mark.parametrize(("rating", "defects"), [(5, 0), (2, 1)])
def test_the_last_rating_of_an_order_stands(kept: TestClient, rating: int, defects: int) -> None:
    sent(kept, FEEDBACK, FEEDBACK | {"at": instant(4.0), "rating": rating})
    assert kept.get(ODR, params=US).json()["known"]["by_kind"]["negative_feedback"] == defects


def test_a_chargeback_that_does_not_count_is_no_defect(kept: TestClient) -> None:
    sent(kept, CHARGEBACK | {"counts_as_defect": False})
    assert kept.get(ODR, params=US).json()["known"]["by_kind"]["chargeback"] == 0


def test_the_later_decision_on_a_claim_stands(kept: TestClient) -> None:
    opened = {"order_id": "o19", "kind": "claim_opened", "at": instant(4.0), "facts": {"claim_type": "not_received"}}
    sent(kept, opened)
    assert kept.get(ODR, params=US).json()["known"]["undecided_claims"] == 1
    sent(kept, DECIDED | {"event_id": "d1"})
    assert kept.get(ODR, params=US).json()["known"]["defects"] == 1
    sent(kept, DECIDED | {"event_id": "d2", "kind": "appeal_decided", "at": instant(1.0), "counts_as_defect": False})
    known = kept.get(ODR, params=US).json()["known"]
    assert (known["defects"], known["undecided_claims"]) == (0, 0)


def test_the_official_count_is_told_beside_ours(kept: TestClient) -> None:
    sent(kept)
    official = kept.get(ODR, params=US | {"official_defects": 1, "official_orders": 40}).json()["official"]
    assert official == {"defects": 1, "orders": 40, "difference": {"defects": 1, "orders": 10}}


def test_an_order_that_contradicts_itself_by_what_came_later_is_told_not_lost(kept: TestClient) -> None:
    sent(kept, {"order_id": "o30", "kind": "delivered", "at": instant(59.0)})
    answer = kept.get(ODR, params=US).json()
    assert answer["orders"] == 30
    assert [w["text"] for w in answer["warnings"] if w["code"] == "ORDERS_AS_SENT"] == [
        "1 orders are contradicted by an event about them: they count as they were sent, with their defects."
    ]


@pytest.mark.parametrize(
    ("asked", "status", "detail"),
    [
        (US | {"marketplace": "XX"}, 400, "expected one with a known target, of US"),
        (US | {"marketplace": "UK"}, 400, "no text on the target of UK was found"),
        (US | {"marketplace": "IT"}, 404, "no order of s on IT"),
        (US | {"official_defects": 5}, 400, "official_orders"),
        ({}, 400, "marketplace"),
    ],
)
def test_what_cannot_be_told_is_refused_with_why(
    kept: TestClient, asked: dict[str, Any], status: int, detail: str
) -> None:
    sent(kept)
    answer = kept.get(ODR, params=asked)
    assert (answer.status_code, detail in answer.text) == (status, True), answer.text


def test_without_a_store_there_is_no_budget(client: TestClient) -> None:
    assert client.get(ODR, params=US).status_code == 404
    assert client.post(f"{ODR}/plan", json=US | {"alpha": 2.0}).status_code == 400
