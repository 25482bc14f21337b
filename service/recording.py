"""Recording: what was told of orders goes to the store before it is answered, if there is one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

from service.answers import Scored
from service.running import Running
from service.store.work import Decision, Work


@dataclass(frozen=True, slots=True)
class Told:
    """The body of an answer, and the decision to keep; None where nothing is kept."""

    body: bytes
    decision: Decision | None


def told(found: Scored, held: Running, cause: Literal["score", "event"] = "score") -> Told:
    """The answer as bytes, ready to be kept."""
    body = orjson.dumps(found.answer)
    return Told(body, None if held.store is None else _decision(found, body, cause))


async def recorded(answers: Sequence[Told], held: Running) -> list[bytes]:
    """The bodies as they may be answered: each says where it was kept, and by now is."""
    decisions = tuple(one.decision for one in answers if one.decision is not None)
    if held.store is None or not decisions:
        return [one.body for one in answers]
    to = await held.store.writer.record(Work(decisions))
    held.metrics.recorded(to, len(decisions))
    if to == "stored":
        return [one.body for one in answers]
    return [decision.told(to).answer.encode() for decision in decisions]


def _decision(found: Scored, body: bytes, cause: Literal["score", "event"]) -> Decision:
    answer, decisions, i = found.answer, found.decisions, found.i
    return Decision(
        id=answer["id"],
        shop_id=answer["shop_id"],
        order_id=answer["order_id"],
        as_of=float(decisions.columns["as_of"][i]),
        decided_at=found.at,
        cause=cause,
        model=answer["versions"]["model"],
        probability=answer["probability"],
        band=answer["band"],
        features=decisions.scores.X[i].astype("<f8").tobytes(),
        seen=json.dumps(found.seen),
        answer=body.decode(),
    )
