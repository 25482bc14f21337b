"""Outcomes as known: what became of an order, out of its events, in the columns of `OUTCOME`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from features.columns import Array, Columns
from features.outcome import CLAIM, OUTCOME
from features.parsing import parsed
from service.events_known import Life
from service.instants import instant_text

# Stars up to which feedback is negative; amazon_a_to_z_policy M1.
NEGATIVE_UNTIL = 2
OF_DECISION = ("seller_paid", "counts_as_defect", "amount", "currency", "funded_by")
Row = dict[str, Any]


def outcomes_known(known: Sequence[tuple[Mapping[str, Any], Life]]) -> Columns:
    """The outcomes of orders as known, each with its life: one row per claim, chargeback and negative feedback."""
    rows = [row for order, life in known for row in outcome_rows(order, life)]
    names = dict.fromkeys(OUTCOME, pl.String)
    table = pl.DataFrame([{n: outcome_cell(row.get(n)) for n in OUTCOME} for row in rows], schema=names)
    arrays: dict[str, Array] = {name: parsed(table[name], OUTCOME[name], None).array for name in OUTCOME}
    return Columns(len(rows), arrays)


def outcome_cell(value: Any) -> str | None:
    """A value as tables of outcomes write it."""
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def outcome_rows(order: Mapping[str, Any], life: Life) -> Iterator[Row]:
    """What became of one order as known: a row per claim, chargeback and negative feedback, by names of `OUTCOME`."""
    told = sorted(life.events, key=lambda e: (e.at, e.event_id))
    retracted = {json.loads(e.body)["retracts"] for e in told if e.kind == "label_retracted"}
    claim: Row = {"claim_opened_at": order.get("claim_opened_at"), "claim_type": order.get("claim_type")}
    for event in told:
        if event.event_id in retracted:
            continue
        said, recorded = json.loads(event.body), instant_text(event.received_at)
        base = {"order_id": event.order_id, "event_id": event.event_id, "recorded_at": recorded}
        if event.kind == "feedback" and said["rating"] <= NEGATIVE_UNTIL:
            yield base | {"kind": "negative_feedback", "claim_opened_at": said["at"]}
        elif event.kind == "chargeback":
            yield base | {n: said.get(n) for n in OF_DECISION} | {"kind": "chargeback", "claim_opened_at": said["at"]}
        elif event.kind == "claim_opened":
            claim = base | {n: said.get(n) for n in ("amount", "currency")} | claim
        elif event.kind in ("claim_decided", "appeal_decided"):  # the later one stands, where it says something
            decided = {n: said[n] for n in OF_DECISION if said.get(n) is not None}
            claim = base | {"claim_opened_at": said["at"]} | {n: v for n, v in claim.items() if v is not None} | decided
            claim["decided_at"] = said["at"]
    if claim["claim_opened_at"] is not None:
        yield {"order_id": order["order_id"], "kind": CLAIM} | claim


def actions_known(life: Life) -> Iterator[Row]:
    """What was done about one order: its actions that were not retracted, in the order of time."""
    told = sorted(life.events, key=lambda e: (e.at, e.event_id))
    retracted = {json.loads(e.body)["retracts"] for e in told if e.kind == "label_retracted"}
    yield from (json.loads(e.body) for e in told if e.kind == "action_taken" and e.event_id not in retracted)
