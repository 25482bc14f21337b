"""Any permutation, duplication and delay of an order's events ends in the same state: against a small model."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from starlette.testclient import TestClient

from model.artefact import Bundle
from service.app import create_app
from service.means import Means
from service.settings import Settings

_orders = itertools.count()
PLACED = {"placed_at": "2026-11-01T00:00:00Z", "marketplace": "US", "latest_delivery_at": "2026-11-15T00:00:00Z"}


def at(day: int) -> str:
    return f"2026-11-{day:02d}T12:00:00Z"


# A life, in the order in which it happened.
LIFE: list[dict[str, Any]] = [
    {"kind": "shipped", "at": at(2), "facts": {"carrier": "USPS"}},
    {"kind": "shipped", "at": at(3), "facts": {"carrier": "UPS"}},
    {"kind": "scanned", "at": at(4), "facts": {"tracking_status": "in_transit"}},
    {"kind": "scanned", "at": at(6), "facts": {"tracking_status": "exception"}},
    {"kind": "message", "at": at(7), "facts": {"message_topic": "not_received"}},
    {"kind": "reply", "at": at(8)},
    {"kind": "delivered", "at": at(9)},
    {"kind": "message", "at": at(10), "facts": {"message_topic": "damaged"}},
    {"kind": "return", "at": at(11), "stage": "requested"},
    {"kind": "claim_opened", "at": at(12), "facts": {"claim_type": "not_as_described"}},
    {"kind": "claim_withdrawn", "at": at(13)},
    {"kind": "label_retracted", "at": at(14), "retracts": "e9"},
]


def model(sent: set[int], is_placed: bool) -> dict[str, Any] | None:
    """The order that these events make, attribute by attribute: the first or last of those that tell it."""
    if not sent and not is_placed:
        return None
    true = [LIFE[n] for n in sorted(sent) if n != 9 or 11 not in sent]

    def of(kind: str, name: str = "at") -> list[Any]:
        values = [e.get("facts", {}).get(name, e.get(name)) for e in true if e["kind"] == kind]
        return [v for v in values if v is not None]

    told = {
        "shipped_at": of("shipped")[:1], "carrier": of("shipped", "carrier")[-1:],
        "first_scan_at": of("scanned")[:1], "last_scan_at": of("scanned")[-1:],
        "tracking_status": of("scanned", "tracking_status")[-1:], "delivered_at": of("delivered"),
        "first_message_at": of("message")[:1], "last_message_at": of("message")[-1:],
        "message_count": [len(of("message"))] if of("message") else [],
        "message_topic": of("message", "message_topic")[:1],  # what the first is about (order.py)
        "first_reply_at": of("reply"),
        "last_reply_at": of("reply"), "return_requested_at": of("return"), "claim_opened_at": of("claim_opened"),
        "claim_type": of("claim_opened", "claim_type"), "claim_withdrawn_at": of("claim_withdrawn"),
    }  # fmt: skip
    return {n: v[0] for n, v in told.items() if v} | (PLACED if is_placed else {})


def machine(client: TestClient) -> type[RuleBasedStateMachine]:
    """The machine that sends LIFE in any order to this client."""

    class Life(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.name = f"order-{next(_orders)}"
            self.sent: set[int] = set()
            self.is_placed = False

        def events(self, numbers: list[int]) -> list[dict[str, Any]]:
            return [{"event_id": f"e{n}", "shop_id": self.name, "order_id": self.name} | LIFE[n] for n in numbers]

        @rule(number=st.integers(0, len(LIFE) - 1))
        def send(self, number: int) -> None:
            told = client.post("/v1/events", json=self.events([number])[0]).json()
            assert told["status"] == ("duplicate" if number in self.sent else "accepted")
            self.sent.add(number)

        @rule(numbers=st.lists(st.integers(0, len(LIFE) - 1), min_size=2, max_size=len(LIFE)))
        def send_many(self, numbers: list[int]) -> None:
            results = client.post("/v1/events", json={"events": self.events(numbers)}).json()["results"]
            taken = {n for n, r in zip(numbers, results, strict=True) if r["event"]["status"] == "accepted"}
            assert taken == set(numbers) - self.sent
            self.sent |= taken

        @rule()
        def place(self) -> None:
            order = PLACED | {"shop_id": self.name, "order_id": self.name, "as_of": at(1)}
            assert client.post("/v1/scores", json=order).status_code == 200
            self.is_placed = True

        @invariant()
        def the_order_is_known_as_the_model_says(self) -> None:
            found = client.get(f"/v1/orders/{self.name}", params={"shop_id": self.name})
            expected = model(self.sent, self.is_placed)
            if expected is None:
                assert found.status_code == 404
                return
            own = {"shop_id": self.name, "order_id": self.name}
            assert found.json()["order"] == expected | own
            assert {e["event_id"] for e in found.json()["events"]} == {f"e{n}" for n in self.sent}

    return Life


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_any_order_of_events_ends_in_the_same_state(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, bundle: Bundle
) -> None:
    url = f"sqlite:///{tmp_path}/c.db" if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    of = Settings(data_dir=tmp_path, database_url=url, store_wait_ms=20_000)
    with TestClient(create_app(Means(bundle), of, clock=lambda: NOW)) as client:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine(client), settings=settings(max_examples=30, stateful_step_count=12, deadline=None)
        )
