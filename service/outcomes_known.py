"""Outcomes as known: what became of an order, out of its events, in the columns of `OUTCOME`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from features.columns import Array, Columns, epoch_seconds
from features.outcome import CLAIM, OUTCOME
from features.parsing import parsed
from service.events_known import Life
from service.instants import instant_text
from service.store.work import Event

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
    """What became of one order as known, by names of `OUTCOME`: a row per claim, chargeback and negative feedback.

    A buyer has one feedback per order: the last rating stands."""
    told = standing(life)
    ratings = [event for event, _ in told if event.kind == "feedback"]
    claim: Row = {"claim_opened_at": order.get("claim_opened_at"), "claim_type": order.get("claim_type")}
    for event, said in told:
        recorded = instant_text(event.received_at)
        base = {"order_id": event.order_id, "event_id": event.event_id, "recorded_at": recorded}
        if ratings[-1:] == [event] and said["rating"] <= NEGATIVE_UNTIL:
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
        claim["withdrawn_at"] = _withdrawn_at(order, claim)
        yield {"order_id": order["order_id"], "kind": CLAIM} | claim


def _withdrawn_at(order: Mapping[str, Any], claim: Row) -> str | None:
    """When the claim was withdrawn; None where it was not, or was filed anew or decided since."""
    withdrawn = order.get("claim_withdrawn_at")
    later = [claim["claim_opened_at"], claim.get("decided_at")]
    is_over = withdrawn is not None and all(at is None or _seconds(at) <= _seconds(withdrawn) for at in later)
    return str(withdrawn) if is_over else None


def _seconds(at: str) -> float:
    return epoch_seconds(datetime.fromisoformat(at.upper()))


def actions_known(life: Life) -> Iterator[Row]:
    """What was done about one order: its actions that were not retracted, in the order of time."""
    yield from (said for event, said in standing(life) if event.kind == "action_taken")


def standing(life: Life) -> list[tuple[Event, dict[str, Any]]]:
    """The events of an order that were not retracted, with their bodies, in the order of time."""
    told = sorted(((e, json.loads(e.body)) for e in life.events), key=lambda pair: (pair[0].at, pair[0].event_id))
    retracted = {said["retracts"] for event, said in told if event.kind == "label_retracted"}
    return [(event, said) for event, said in told if event.event_id not in retracted]
