"""Addresses that do not pass the router: answered as if they did, and nothing of a refused request stays."""

from __future__ import annotations

import gc
from collections import Counter
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request

from service.direct import Direct

BAD = b'{"order_id": "1", "placed_at": "yesterday"}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def by_router(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    async def through(self: Any, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    monkeypatch.setattr(Direct, "__call__", through)
    return TestClient(app)


ASKED = [
    ("POST", "/v1/scores", BAD), ("POST", "/v1/scores", b"{"), ("POST", "/v1/scores?detail=x", b"{}"),
    ("PUT", "/v1/scores/batch", b""), ("OPTIONS", "/v1/scores", b""), ("POST", "/v1/scores/", b""),
    ("GET", "/healthz", b""), ("HEAD", "/healthz", b""), ("GET", "/v1/model", b""), ("POST", "/v1/playbook", BAD),
    ("POST", "/v1/compliance/check", b'{"text": "Thank you."}'),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
def test_the_answer_is_that_of_the_router(
    client: TestClient, by_router: TestClient, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: bytes
) -> None:
    through = by_router.request(method, path, content=body, headers=JSON, follow_redirects=False)
    monkeypatch.undo()
    straight = client.request(method, path, content=body, headers=JSON, follow_redirects=False)
    assert (straight.status_code, straight.content) == (through.status_code, through.content)
    assert Counter(straight.headers.items()) == Counter(through.headers.items())


def test_nothing_of_a_refused_request_is_left(client: TestClient) -> None:
    for body in (BAD, b"{", b'{"orders": 7}'):
        client.post("/v1/scores", content=body, headers=JSON)
    gc.collect()
    gc.disable()
    try:
        for path in ("/v1/scores", "/v1/scores/batch", "/v1/playbook"):
            for body in (BAD, b"{"):
                assert client.post(path, content=body, headers=JSON).status_code in (400, 422)
        assert not [one for one in gc.get_objects() if isinstance(one, Request)]
    finally:
        gc.enable()
