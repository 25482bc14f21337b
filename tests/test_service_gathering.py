"""Requests that wait at the same moment: worked on together, answered as if each were alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import FastAPI

from features.errors import OrderRefused
from service.answers import Asked, Detail, Scored
from service.gathering import MOST_TOGETHER, MOST_TURNS, Gathering
from service.scoring import scored
from service.shapes import Score

DETAILS: tuple[Detail, ...] = ("full", "without_reasons", "score")


async def _all(gathering: Gathering[Any, Any], asked: Sequence[Any]) -> list[Any]:
    return await asyncio.gather(*(gathering.told(one) for one in asked), return_exceptions=True)


def test_what_waits_in_one_turn_of_the_loop_is_worked_on_together() -> None:
    groups: list[int] = []

    def work(asked: Sequence[int]) -> list[int]:
        groups.append(len(asked))
        return [2 * one for one in asked]

    assert asyncio.run(_all(Gathering(work), range(MOST_TOGETHER + 7))) == [2 * i for i in range(MOST_TOGETHER + 7)]
    assert groups == [MOST_TOGETHER, 7]


def test_what_comes_in_the_next_turns_comes_along_but_the_first_waits_for_few() -> None:
    groups: list[int] = []

    def work(asked: Sequence[int]) -> list[int]:
        groups.append(len(asked))
        return list(asked)

    async def one_a_turn() -> None:
        gathering, asked = Gathering(work), list[Any]()
        for one in range(MOST_TURNS + 4):
            asked.append(asyncio.ensure_future(gathering.told(one)))
            await asyncio.sleep(0)
        assert await asyncio.gather(*asked) == list(range(MOST_TURNS + 4))

    asyncio.run(one_a_turn())
    assert groups[0] == MOST_TURNS + 1


def test_a_bug_over_one_does_not_reach_those_beside_it() -> None:
    told = asyncio.run(_all(Gathering(lambda asked: [6 // one for one in asked]), [1, 0, 3]))
    assert told[::2] == [6, 2]
    assert isinstance(told[1], ZeroDivisionError)


def test_orders_sent_at_once_get_the_answers_they_get_alone(app: FastAPI, documents: list[dict[str, Any]]) -> None:
    held = app.state.running
    asked = [Asked(document, "zh" if k % 2 else "en", DETAILS[k % 3]) for k, document in enumerate(documents[:40])]
    asked[5] = Asked({"order_id": "1", "quantity": -1}, "en")
    told = asyncio.run(_all(held.scores, asked))
    alone = [scored([one], held)[0] for one in asked]
    assert isinstance(told[5], OrderRefused)
    assert [_plain(found) for found in told] == [_plain(found) for found in alone]
    sound = [found.answer for found in told if isinstance(found, Scored)]
    assert any(answer["reasons"] for answer in sound)
    assert not any(f.answer["reasons"] for f, one in zip(told, asked, strict=True) if one.detail != "full")
    assert all((f.answer["clocks"] is None) == (one.detail == "score") for f, one in zip(told, asked, strict=True)
               if isinstance(f, Scored))  # fmt: skip


def _plain(found: Scored | Exception) -> Any:
    return {n: v for n, v in found.answer.items() if n != "id"} if isinstance(found, Scored) else str(found)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("?reasons=false", 200),
        ("?reasons=no", 400),
        ("?detail=little", 400),
        ("?detail=", 400),
        ("?detail=score&detail=full", 400),
        ("?detail=score", 200),
    ],
)
def test_reasons_are_left_out_where_they_are_not_wanted(
    client: Any, documents: list[dict[str, Any]], query: str, status: int
) -> None:
    response = client.post(f"/v1/scores{query}", json=documents[1])
    assert response.status_code == status
    assert bool(response.json().get("reasons")) == (query == "")


LEFT_OUT = {"reasons", "recommendations", "plan", "actions_rejected", "eligibility", "clocks"}


def test_the_score_alone_is_that_of_the_full_answer(client: Any, documents: list[dict[str, Any]]) -> None:
    left_out: set[str] = set()
    for document in documents[:20]:
        alone, full = (client.post(f"/v1/scores{query}", json=document).json() for query in ("?detail=score", ""))
        Score.model_validate(alone)
        assert list(alone) == list(full)
        left_out |= {name for name in alone if alone[name] is None and full[name] is not None}
        assert {name for name in alone if alone[name] != full[name]} <= LEFT_OUT | {"id", "warnings"}
        assert [one for one in full["warnings"] if one in alone["warnings"]] == alone["warnings"] != []
    assert left_out == LEFT_OUT


def test_a_batch_is_told_as_much_as_is_asked_for(client: Any, documents: list[dict[str, Any]]) -> None:
    alone = client.post("/v1/scores?detail=score", json=documents[1]).json()
    [told] = client.post("/v1/scores/batch?detail=score", json={"orders": documents[1:2]}).json()["results"]
    assert told["score"] | {"id": ""} == alone | {"id": ""}
    assert client.post("/v1/scores/batch?detail=little", json={"orders": documents[1:2]}).status_code == 400
