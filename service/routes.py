"""The addresses of the API."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl

import orjson
from anyio import to_thread
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from features.order import Order
from service import playbook_shapes, shapes
from service.answering import JsonBytes, Made, Posted, answered
from service.answers import Asked, Detail
from service.compliance import checked_body
from service.guard import damage
from service.guarded import guarded
from service.observation import CONTENT_TYPE
from service.openapi import ALWAYS, DETAIL, REASONS, WITH_BODY, problems, takes
from service.recording import decision
from service.refused import RequestRefused
from service.running import running
from service.scoring import played, scored_batch
from service.store.work import Decision, Work

EXAMPLE: dict[str, Any] = {
    "order_id": "114-0000001-0000001", "as_of": "2026-11-20T08:15:00Z", "marketplace": "US",
    "placed_at": "2026-11-02T03:12:00Z", "ship_by": "2026-11-04T23:59:59Z", "shipped_at": "2026-11-03T06:40:00Z",
    "latest_delivery_at": "2026-11-16T23:59:59Z", "order_total": 45.5, "currency": "USD", "has_tracking": True,
}  # fmt: skip

DISPUTED: dict[str, Any] = EXAMPLE | {
    "first_message_at": "2026-11-17T09:00:00Z", "first_reply_at": "2026-11-17T12:30:00Z",
    "claim_opened_at": "2026-11-19T10:00:00Z", "claim_type": "not_received",
    "information_requested_at": "2026-11-19T14:00:00Z",
}  # fmt: skip

DRAFT = {"text": "Please add me on WeChat: abc_0000, I will send the replacement there."}
CHECKED: dict[str, Any] = {"allowed": False, "findings": [{
    "rule": "contact_outside", "quote": "add me on WeChat: abc_0000", "start": 7, "end": 33,
    "source": "https://scribd.com/document/749325633/Selling-Policies-and-Seller-Code-of-Conduct",
    "text": "Contact outside the marketplace's messages is not allowed; write through Buyer-Seller Messages only, "
    "without addresses, numbers or links.",
}]}  # fmt: skip


class PlainRoute(APIRoute):
    """A route that FastAPI describes and does not read or write for: each takes the request and answers itself."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint as it is, behind the guard."""
        return guarded(self, self.endpoint)


api = APIRouter(route_class=PlainRoute)


@api.post("/v1/scores", tags=["scores"], response_class=JsonBytes, openapi_extra=takes(Order, EXAMPLE, DETAIL, REASONS),
          responses={200: {"model": shapes.Score}, **problems(*WITH_BODY)})  # fmt: skip
async def score(request: Request) -> Response:
    """Score one order as it is known at `as_of` (now, where it is left out). Of what is kept, an attribute that is left
    out stays as it was sent before; `null` takes that back."""
    return await answered(request, running(request).settings.max_body_bytes, _score)


async def _score(posted: Posted) -> Made:
    found = await posted.held.scores.told(Asked(posted.value(), posted.lang, _detail(posted.query)))
    body = orjson.dumps(found.answer)
    return Made(body, Work() if posted.held.store is None else Work((decision(found, body),)))


def _detail(query: str) -> Detail:
    if not query:
        return "full"
    said = parse_qsl(query, keep_blank_values=True)
    detail, reasons = ([value for name, value in said if name == of] for of in (DETAIL["name"], REASONS["name"]))
    if detail not in ([], ["full"], ["score"]) or reasons not in ([], ["true"], ["false"]):
        raise RequestRefused("request_refused", "expected detail=full or detail=score, reasons=true or reasons=false")
    return "score" if detail == ["score"] else "without_reasons" if reasons == ["false"] else "full"


@api.post("/v1/scores/batch", tags=["scores"], response_class=JsonBytes,
          openapi_extra=takes(shapes.Batch, {"orders": [EXAMPLE]}, DETAIL, REASONS),
          responses={200: {"model": shapes.BatchResults}, **problems(*WITH_BODY)})  # fmt: skip
async def score_batch(request: Request) -> Response:
    """Score many orders at once; an order that cannot be used gets a problem, the others their scores."""
    return await answered(request, running(request).settings.max_batch_bytes, _batch)


async def _batch(posted: Posted) -> Made:
    # Beside the loop, one at a time: a full batch takes about a second, and single orders should not wait for it.
    return await to_thread.run_sync(_batch_made, posted, limiter=posted.held.batches)


def _batch_made(posted: Posted) -> Made:
    results, found = scored_batch(posted.value(), posted.held, posted.lang, _detail(posted.query))
    decisions: list[Decision] = []
    for index, one in found:
        body = orjson.dumps(one.answer)
        results[index] |= {"status": 200, "score": orjson.Fragment(body)}
        if posted.held.store is not None:
            decisions.append(decision(one, body))
    return Made(orjson.dumps({"results": results}), Work(tuple(decisions)))


@api.post("/v1/playbook", tags=["playbook"], response_class=JsonBytes, openapi_extra=takes(Order, DISPUTED),
          responses={200: {"model": playbook_shapes.Playbook}, **problems(*WITH_BODY)})  # fmt: skip
async def playbook(request: Request) -> Response:
    """What to do about one order when a claim is there or may come: evidence, deadlines, roads, what not to do."""
    return await answered(request, running(request).settings.max_body_bytes, _playbook)


async def _playbook(posted: Posted) -> Made:
    return Made(orjson.dumps(played(posted.value(), posted.held, posted.lang)))


@api.post("/v1/compliance/check", tags=["compliance"], response_class=JsonBytes,
          openapi_extra=takes(shapes.Draft, DRAFT),
          responses={200: {"model": shapes.Compliance, "content": {"application/json": {"example": CHECKED}}},
                     **problems(*WITH_BODY, 503)})  # fmt: skip
async def compliance(request: Request) -> Response:
    """Check a message to a buyer, or an advice to a seller, against the marketplace's rules. Texts are not kept.

    English and Chinese only: a text in another language may be stopped or missed, whatever it says.
    """
    return await answered(request, running(request).settings.max_body_bytes, _compliance)


async def _compliance(posted: Posted) -> Made:
    # Beside the loop, two at a time: the longest text takes seconds, and many would take the cores from scores.
    return Made(await to_thread.run_sync(_checked, posted, limiter=posted.held.checks))


def _checked(posted: Posted) -> bytes:
    return orjson.dumps(checked_body(posted.value(), posted.lang))


@api.get("/v1/model", tags=["model"], response_class=JsonBytes,
         responses={200: {"model": shapes.Model}, **problems(*ALWAYS)})  # fmt: skip
async def model(request: Request) -> Response:
    """What the served model says of itself: versions, metrics, features."""
    held = running(request)
    means = held.means
    bundle, pipeline = means.bundle, means.bundle.scorer.pipeline
    said = {name: bundle.manifest[name] for name in shapes.Model.model_fields if name in bundle.manifest}
    features = [{name: getattr(f, name) for name in shapes.FeatureShape.model_fields} for f in pipeline.features_]
    return JsonBytes(orjson.dumps({"version": bundle.version, **said, "features": features, "extras": means.extras}))


@api.get("/healthz", tags=["service"], response_class=JsonBytes,
         responses={200: {"model": shapes.Health}, **problems(405)})  # fmt: skip
async def healthz(_: Request) -> Response:
    """Whether the process lives."""
    return JsonBytes(b'{"status":"ok"}')


@api.get("/readyz", tags=["service"], response_class=JsonBytes,
         responses={200: {"model": shapes.Health}, 503: {"model": shapes.Health}, **problems(405)})  # fmt: skip
async def readyz(request: Request) -> Response:
    """Whether orders can be scored: the model is loaded, and its canaries got the scores they must get. `lacks` names
    what does not work beside that: of a guard with damaged files, /v1/compliance/check says what to do."""
    if running(request).is_ready:
        lacks = b"" if damage() is None else b',"lacks":["guard"]'
        return JsonBytes(b'{"status":"ready"' + lacks + b"}")
    return JsonBytes(b'{"status":"not_ready"}', 503)


@api.get("/metrics", tags=["service"], responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
         **problems(*ALWAYS)}, response_class=Response)  # fmt: skip
async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    return Response(running(request).metrics.exposition(), media_type=CONTENT_TYPE)
