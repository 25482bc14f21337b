"""The address of the model's health: what is kept of all shops looked at again, at most once an hour."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from features.columns import epoch_seconds
from features.errors import TrainingError
from model.artefact import Bundle
from service.answering import JsonBytes
from service.callers import caller
from service.guarded import GuardedRoute
from service.languages import accepted
from service.monitoring_shapes import ModelHealth
from service.openapi import ALWAYS, LANGUAGE, problems
from service.refused import RequestRefused
from service.running import Running, running
from service.settings import Settings
from service.wording import Lang

monitoring_api = APIRouter(route_class=GuardedRoute)
HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that was worked out at `at` (epoch seconds) of one model in one language, of all shops or of one."""

    at: float
    model: str
    lang: Lang
    shop_id: str | None
    body: bytes


@monitoring_api.get("/v1/monitoring", tags=["model"], response_class=JsonBytes,
                    openapi_extra={"parameters": [LANGUAGE]},
                    responses={200: {"model": ModelHealth}, **problems(*ALWAYS, 503)})  # fmt: skip
async def monitoring(request: Request) -> Response:
    """Whether inputs, probabilities and claims of what is kept still are as the served model knows them."""
    held, lang = running(request), accepted(request.headers.get("accept-language", ""))
    if held.store is None:
        raise RequestRefused("not_found", "nothing is kept here; set CLAIMRISK_DATA_DIR or CLAIMRISK_DATABASE_URL")
    if not held.store.writer.is_up:
        raise RequestRefused("store_unavailable", "the database is down; what is kept cannot be read yet")
    now, bundle, shop_id = epoch_seconds(held.clock()), held.means.bundle, caller(request).shop_id
    last, asked = held.health, (bundle.version, lang, shop_id)
    if last is None or now - last.at > HOUR or (last.model, last.lang, last.shop_id) != asked:
        # Beside the loop, one at a time, as a batch.
        body = await to_thread.run_sync(_looked, bundle, held.settings, lang, shop_id, limiter=held.batches)
        last = held.health = Told(now, *asked, body)
        if shop_id is None:
            _gauge(held, body)
    return JsonBytes(last.body)


def _looked(bundle: Bundle, of: Settings, lang: Lang, shop_id: str | None) -> bytes:
    from service.exporting import ORDERS, OUTCOMES, exported
    from service.monitoring import looked_after

    with exported(of, shop_id) as (folder, told):
        if not told.orders:
            raise RequestRefused("not_found", "no order is kept yet")
        try:
            return orjson.dumps(looked_after(folder / ORDERS, folder / OUTCOMES, bundle, lang=lang).answer)
        except TrainingError as error:
            raise RequestRefused("not_found", "no order that was placed is kept yet") from error


def _gauge(held: Running, body: bytes) -> None:
    told = orjson.loads(body)
    kinds = [alarm["kind"] for alarm in told["alarms"]]
    held.metrics.watched({kind: kinds.count(kind) for kind in ("input", "score", "claims", "cohort")})
