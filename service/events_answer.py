"""The answer to events: each is kept once, and says how the risk of its order has changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from anyio import to_thread

from features.columns import epoch_seconds
from features.errors import OrderRefused, Problem
from service.answering import Made, Posted
from service.answers import Answer, Asked, Scored
from service.decide import rules
from service.events import read_event
from service.events_known import Life, order_known
from service.instants import instant_text
from service.problems import order_problem
from service.recording import decision
from service.refused import RequestRefused
from service.running import Running
from service.scoring import scored
from service.store.work import Decision, Event, Work
from service.wording import Lang

# What of an answer is told as it was before an event, and after.
CHANGING = ("probability", "score", "band", "disposition", "state", "assessment_status")
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Rescored:
    """What became of one order. why: a code where there is no score; errors: what contradicts itself."""

    score: Scored | None = None
    last: Answer | None = None
    why: str | None = None
    errors: list[Answer] | None = None


@dataclass(frozen=True, slots=True)
class _Taken:
    """What became of events. statuses: of each accepted, duplicate or conflict; orders: by order what it is now;
    in_vain: identifiers, with the shop's, of those that take back an event that their order does not have."""

    statuses: Sequence[str]
    orders: Mapping[Place, _Rescored]
    in_vain: frozenset[tuple[str, str]] = frozenset()


async def happened(posted: Posted) -> Made:
    """The answer to one event, or to `{"events": [...]}`."""
    if posted.held.store is None:
        raise RequestRefused("not_found", "nothing is kept here; set CLAIMRISK_DATA_DIR or CLAIMRISK_DATABASE_URL")
    value = posted.value()
    is_list = isinstance(value, dict) and "events" in value
    at = epoch_seconds(posted.held.clock())
    read = [_read(one, at) for one in (_listed(value, posted) if is_list else [value])]
    if not is_list and isinstance(read[0], OrderRefused):
        raise read[0]
    events = [event for event in read if isinstance(event, Event)]
    told, work = _told(events, await _taken(events, posted, at), posted.lang)
    if not is_list:
        return Made(orjson.dumps(told[0]), work)
    remaining = iter(told)
    results = [_result(i, one, remaining, posted.lang) for i, one in enumerate(read)]
    return Made(orjson.dumps({"results": results}), work)


def _read(value: Any, at: float) -> Event | OrderRefused:
    try:
        return read_event(value, at)
    except OrderRefused as error:
        return error


def _listed(value: Mapping[str, Any], posted: Posted) -> list[Any]:
    most = posted.held.settings.max_batch_orders
    if set(value) != {"events"} or not isinstance(value["events"], list):
        problem = Problem("events", "not_a_list", 'expected {"events": [...]} and nothing else')
        raise RequestRefused("batch_refused", problem.detail, errors=[problem])
    if len(value["events"]) > most:
        raise RequestRefused("too_many_orders", f"expected at most {most:,} events, got {len(value['events']):,}")
    return list(value["events"])


def _result(index: int, read: Event | OrderRefused, told: Any, lang: Lang) -> Answer:
    if isinstance(read, Event):
        return {"index": index, "status": 200, "event": next(told)}
    problem = order_problem(read, lang)
    return {"index": index, "status": problem["status"], "problem": problem}


async def _taken(events: Sequence[Event], posted: Posted, at: float) -> _Taken:
    store = posted.held.store
    places = sorted({(e.shop_id, e.order_id) for e in events})
    await _one_by_one(places, posted)
    try:
        if store is None or not store.writer.is_up:
            raise RequestRefused("store_unavailable", "the database is down")
        kept = {(e.shop_id, e.event_id): e for e in await store.reads.events([(e.shop_id, e.event_id) for e in events])}
        lives = await store.reads.lives(places)
    except RequestRefused:  # they are kept all the same, and tell at the next score
        return _Taken(["accepted"] * len(events), {place: _Rescored(why="STORE_DOWN") for place in places})
    statuses = []
    for event in events:
        earlier = kept.setdefault((event.shop_id, event.event_id), event)
        statuses.append("accepted" if earlier is event else "duplicate" if earlier.body == event.body else "conflict")
    new = [event for event, status in zip(events, statuses, strict=True) if status == "accepted"]
    changed = [place for place in places if any((e.shop_id, e.order_id) == place for e in new)]
    rescored = await _rescored({place: _with(lives[place], place, new) for place in changed}, posted, at)
    return _Taken(statuses, rescored, _in_vain(events, lives))


def _in_vain(events: Sequence[Event], lives: Mapping[Place, Life]) -> frozenset[tuple[str, str]]:
    of_orders = [*events, *(event for life in lives.values() for event in life.events)]
    there = {(e.shop_id, e.order_id, e.event_id) for e in of_orders}
    retracting = [event for event in events if event.kind == "label_retracted"]
    return frozenset(
        (e.shop_id, e.event_id)
        for e in retracting
        if (e.shop_id, e.order_id, json.loads(e.body)["retracts"]) not in there
    )


async def _one_by_one(places: Sequence[Place], posted: Posted) -> None:
    """Wait for other events of the same orders, until the answer to these is kept."""
    for place in places:
        lock = posted.held.order_locks.setdefault(place, asyncio.Lock())
        await posted.until_kept.enter_async_context(lock)


def _with(life: Life, place: Place, new: Sequence[Event]) -> Life:
    return Life(life.sent, [*life.events, *(e for e in new if (e.shop_id, e.order_id) == place)], life.last)


async def _rescored(lives: Mapping[Place, Life], posted: Posted, at: float) -> dict[Place, _Rescored]:
    out = {place: _Rescored(why="ORDER_UNKNOWN") for place in lives}
    asked: dict[Place, Asked] = {}
    for place, life in lives.items():
        moment = max(at, *(e.at for e in life.events))
        order = order_known(life, moment, float("inf"))
        if life.sent and order is not None:
            asked[place] = Asked(order | {"as_of": instant_text(moment)}, posted.lang)
    if not asked:
        return out
    found = await _scored(list(asked.values()), posted.held)
    for place, score in zip(asked, found, strict=True):
        if isinstance(score, Scored):
            last = lives[place].last
            out[place] = _Rescored(score, None if last is None else json.loads(last))
        elif isinstance(score, OrderRefused):
            out[place] = _Rescored(why="ORDER_REFUSED", errors=order_problem(score, posted.lang)["errors"])
        else:
            raise score
    return out


async def _scored(asked: list[Asked], held: Running) -> list[Scored | Exception]:
    if len(asked) > 1:  # beside the loop, as a batch
        return await to_thread.run_sync(scored, asked, held, limiter=held.batches)
    try:
        return [await held.scores.told(asked[0])]
    except OrderRefused as error:
        return [error]


def _told(events: Sequence[Event], taken: _Taken, lang: Lang) -> tuple[list[Answer], Work]:
    """What is said of each event – the last new one of an order tells its score – and what is kept."""
    new = [event for event, status in zip(events, taken.statuses, strict=True) if status == "accepted"]
    telling = {(e.shop_id, e.order_id): e for e in new}
    answers: list[Answer] = []
    decisions: list[Decision] = []
    for event, status in zip(events, taken.statuses, strict=True):
        place = (event.shop_id, event.order_id)
        answer: Answer = {name: getattr(event, name) for name in ("event_id", "order_id", "shop_id", "kind")}
        answer |= {"status": status, "recorded": "stored", "why": None, "errors": None, "change": None, "score": None}
        in_vain = (event.shop_id, event.event_id) in taken.in_vain
        answer["warnings"] = [_EVENT_UNKNOWN | {"text": rules().warnings["EVENT_UNKNOWN"][lang]}] if in_vain else []
        found = taken.orders.get(place, _Rescored())
        if status != "accepted" or telling[place] is not event:
            answer["why"] = "LATER_IN_LIST" if status == "accepted" else status.upper()
        elif found.score is None:
            answer |= {"why": found.why, "errors": found.errors}
        else:
            body = orjson.dumps(found.score.answer)
            decisions.append(decision(found.score, body, "event"))
            answer |= {"score": orjson.Fragment(body), "change": _change(found.last, found.score.answer)}
        answers.append(answer)
    return answers, Work(tuple(decisions), tuple(new))


_EVENT_UNKNOWN: Answer = {"code": "EVENT_UNKNOWN", "attribute": "retracts"}


def _change(before: Answer | None, after: Answer) -> Answer:
    return {name: {"before": None if before is None else before[name], "after": after[name]} for name in CHANGING}
