from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import orjson
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from features.errors import BundleError, InputError, OrderRefused, Problem
from model.artefact import Bundle
from service import bodies
from service.app import create_app
from service.means import Means
from service.problem_words import texts
from service.problems import STATUSES, answer_to
from service.refused import RequestRefused
from service.settings import Settings
from service.shapes import ProblemShape

JSON = {"Content-Type": "application/json"}
SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "document_refused"),
        (b"{", 400, "document_refused"),
        (b'{"order_id":"a","order_id":"b"}', 400, "document_refused"),
        (b'{"order_id":"a","order_total":NaN}', 400, "document_refused"),
        (b'{"order_id":"a","order_total":-Infinity}', 400, "document_refused"),
        (b'{"order_id":"a","quantity":' + b"9" * 5_000 + b"}", 400, "document_refused"),
        (b"[" * 100_000, 400, "document_refused"),
        (b'{"extra":' * 100_000, 400, "document_refused"),
        ('{"order_id":"订单"}'.encode("gbk"), 400, "document_refused"),
        ('{"order_id":"a"}'.encode("utf-16"), 400, "document_refused"),
        ('\ufeff{"order_id":"a"}'.encode(), 400, "document_refused"),
        (b"[]", 422, "order_refused"),
        (b"null", 422, "order_refused"),
        (b"{}", 422, "order_refused"),
        (b'{"order_id":"a","order_total":1e999,"currency":"USD"}', 422, "order_refused"),
        (b'{"order_id":"a","order_total":"nan","currency":"USD"}', 422, "order_refused"),
        (b'{"order_id":"a","order_total":true,"currency":"USD"}', 422, "order_refused"),
        (b'{"order_id":"a\\u0000b"}', 422, "order_refused"),
        (b'{"order_id":"\\ud800"}', 422, "order_refused"),
        (b'{"order_id":"a","\\ud800":1}', 422, "order_refused"),
        (b'{"order_id":"a","extra":{"\\udfff":1}}', 422, "order_refused"),
        (b'{"order_id":"a","extra":{"x":"\\udfff"}}', 422, "order_refused"),
        (b'{"order_id":"a","extra":{"x":{"y":[1]}}}', 422, "order_refused"),
        (b'{"order_id":"a","order_total":5}', 422, "order_refused"),
        (
            b'{"order_id":"a","as_of":"2026-01-01T00:00:00Z","delivered_at":"2026-02-01T00:00:00Z"}',
            422,
            "order_refused",
        ),
    ],
)
def test_a_body_that_cannot_be_used_is_refused(client: TestClient, body: bytes, status: int, code: str) -> None:
    answer = client.post("/v1/scores", content=body, headers=JSON)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    told = ProblemShape.model_validate_json(answer.content)
    assert (told.status, told.code) == (status, code)


@pytest.mark.parametrize("name", ["order_id", "placed_at", "order_total", "has_tracking", "marketplace", "currency"])
def test_what_was_sent_is_never_told_back(client: TestClient, name: str) -> None:
    answer = client.post("/v1/scores", json={"order_id": "a", name: {"deep": SECRET}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{name}"
    assert SECRET not in answer.text


def test_every_wrong_attribute_is_named_at_once(client: TestClient) -> None:
    answer = client.post("/v1/scores", json={"order_id": "a", "placed_at": "x", "quantity": 0, "carier": "UPS"})
    found = {e["pointer"]: (e["code"], e["detail"]) for e in answer.json()["errors"]}
    assert found["/placed_at"][0] == "not_an_instant"
    assert found["/quantity"][0] == "not_a_count"
    assert found["/carier"] == ("unknown_attribute", 'not an attribute, did you mean "carrier"?')


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=gbk"},
        {**JSON, "Content-Encoding": "gzip"},
    ],
)
def test_a_body_must_be_declared_as_plain_json(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/v1/scores", content=b'{"order_id":"a"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json; charset=UTF-8", "application/vnd.shop+json", "APPLICATION/JSON"])
def test_json_by_its_other_names_is_taken(client: TestClient, kind: str) -> None:
    answer = client.post("/v1/scores", content=b'{"order_id":"a"}', headers={"Content-Type": kind})
    assert answer.status_code == 200


@pytest.fixture(scope="module")
def small(bundle: Bundle) -> TestClient:
    """A service that takes little."""
    limits = Settings(max_body_bytes=1_024, max_batch_bytes=2_048, max_batch_orders=3)
    return TestClient(create_app(Means(bundle), limits))


def _chunks(size: int) -> Iterator[bytes]:
    yield from (b" " * 256 for _ in range(size // 256))


@pytest.mark.parametrize(("path", "size"), [("/v1/scores", 1_280), ("/v1/scores/batch", 2_304)])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(small: TestClient, path: str, size: int, is_chunked: bool) -> None:
    content = _chunks(size) if is_chunked else b" " * size
    answer = small.post(path, content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.headers["Connection"] == "close"


def test_a_batch_of_too_many_orders_is_refused(small: TestClient) -> None:
    answer = small.post("/v1/scores/batch", json={"orders": [{"order_id": "a"}] * 4})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_orders")


@pytest.mark.parametrize("body", [[], {}, {"orders": {}}, {"orders": [], "more": 1}, None])
def test_a_batch_is_an_object_with_orders(client: TestClient, body: object) -> None:
    answer = client.post("/v1/scores/batch", content=json.dumps(body), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "batch_refused")


def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(bodies, "SECONDS", 0.01)
    request = Request({"type": "http", "headers": [(b"content-type", b"application/json")]}, silent)
    with pytest.raises(RequestRefused, match=r"within 0\.01 s") as refused:
        asyncio.run(bodies.read_body(request, 1_024))
    assert answer_to(refused.value).status_code == 408


def test_other_methods_and_addresses_are_problems_too(client: TestClient) -> None:
    refused = client.put("/v1/scores")
    assert (refused.status_code, refused.json()["code"], refused.headers["Allow"]) == (
        405,
        "method_not_allowed",
        "POST",
    )
    missing = client.get("/v1/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestRefused("unauthorised", "no key"), 401),
        (OrderRefused([Problem("placed_at", "missing", "expected it")]), 422),
        (InputError("bad"), 400),
        (BundleError("/home/shop/secret: damaged"), 500),
        (RuntimeError(SECRET), 500),
    ],
)
def test_every_error_has_an_answer_and_bugs_tell_nothing(error: Exception, status: int) -> None:
    answer = answer_to(error)
    assert answer.status_code == status
    assert b"secret" not in bytes(answer.body)
    assert SECRET.encode() not in bytes(answer.body)
    assert set(orjson.loads(bytes(answer.body))) == set(ProblemShape.model_fields)


def test_a_bug_is_a_problem_with_status_500(bundle: Bundle) -> None:
    def broken() -> None:
        raise RuntimeError(SECRET)

    app = create_app(Means(bundle), Settings(), clock=broken)  # type: ignore[arg-type]
    answer = TestClient(app, raise_server_exceptions=False).post("/v1/scores", json={"order_id": "a"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert SECRET not in answer.text


def test_problems_are_told_in_the_language_that_is_asked_for(client: TestClient) -> None:
    order = {"order_id": "a", "placed_at": "yesterday", "order_total": 5, "colour": "red"}
    tags = ("en", "zh-CN")
    english, chinese = (client.post("/v1/scores", json=order, headers={"Accept-Language": tag}) for tag in tags)
    assert (english.headers["Content-Language"], chinese.headers["Content-Language"]) == tags
    assert chinese.json()["title"] == "订单无法使用"
    for one, other in zip(english.json()["errors"], chinese.json()["errors"], strict=True):
        assert (one["code"], one["pointer"]) == (other["code"], other["pointer"])
        assert other["detail"].endswith("：" + one["detail"])
    batch = client.post("/v1/scores/batch", json={"orders": [order]}, headers={"Accept-Language": "zh"}).json()
    assert batch["results"][0]["problem"] == chinese.json()
    assert client.get("/v1/nothing", headers={"Accept-Language": "zh"}).json()["title"] == "该地址下没有内容"


def test_every_kind_of_problem_has_a_title() -> None:
    assert set(texts()["title"]) == set(STATUSES)


def test_statuses_are_those_of_the_table() -> None:
    assert set(STATUSES.values()) == {400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 500, 503}
