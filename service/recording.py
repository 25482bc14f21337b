"""Recording: what is told of orders goes to the store before it is answered, if there is one."""

from __future__ import annotations

import json
import math
from typing import Literal

from service.answers import Scored
from service.running import Running
from service.store.work import Decision, Reply, Work, says

MOST_REMEMBERED = 10_000
Cause = Literal["score", "event"]


class KeyTaken(Exception):
    """Another request with the same Idempotency-Key was answered first; nothing of this one is kept."""


async def recorded(body: bytes, work: Work, held: Running) -> bytes:
    """The body as it may be answered: it says where the work went, and by now it is there."""
    if held.store is None or work.is_empty():
        return body
    to = await held.store.writer.record(work)
    held.metrics.recorded(to, len(work.decisions))
    if to == "taken":
        raise KeyTaken
    if to == "stored":
        held.spooled.clear()  # the database is up only once it has all that was spooled
        return body
    if work.reply is not None:
        _remember(work.reply.told(to), held)
    return says(body, to)


def _remember(reply: Reply, held: Running) -> None:
    """Keep a reply at hand until the database has it; of very many, the oldest go."""
    held.spooled[reply.caller, reply.key] = reply
    while len(held.spooled) > MOST_REMEMBERED:
        held.spooled.pop(next(iter(held.spooled)))


def decision(found: Scored, body: bytes, cause: Cause = "score") -> Decision:
    """One score as a row of the store. body: its bytes."""
    answer, decisions, i, beside = found.answer, found.decisions, found.i, found.beside
    shadow = math.nan if beside is None else float(beside.probability[i])
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
        shadow_model=None if beside is None else beside.model,
        shadow_probability=None if math.isnan(shadow) else shadow,
    )
