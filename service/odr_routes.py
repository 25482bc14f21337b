"""The addresses of the defect budget: where a shop stands by what is kept of it, and the plan that keeps it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Path, Query
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from features.columns import epoch_seconds
from features.errors import Problem
from features.order import attributes
from service.answering import JsonBytes, Made, Posted, answered
from service.events_known import Lives
from service.guarded import GuardedRoute
from service.languages import accepted
from service.means import Means
from service.odr import Official
from service.odr_kept import kept_forecast
from service.odr_plan import Wanted, plans
from service.odr_plan_told import plans_told
from service.odr_rule import OdrRule, odr_rule
from service.odr_shapes import DefectBudget, PlanAsked, PlannedBudget
from service.odr_told import told
from service.odr_window import Span
from service.openapi import ALWAYS, LANGUAGE, WITH_BODY, problems, takes
from service.refused import RequestRefused
from service.running import Running, running
from service.wording import Lang

odr_api = APIRouter(route_class=GuardedRoute)
Shop = Annotated[str, Path(min_length=1, max_length=64)]
Marketplace = Annotated[str, Query(min_length=1, max_length=64, examples=["US"])]
Count = Annotated[int | None, Query(ge=0, le=100_000_000, description="of the marketplace's own count; both or none")]
PLAN: dict[str, Any] = {"marketplace": "US", "alpha": 0.05}


@dataclass(frozen=True, slots=True)
class Task:
    """A defect budget to tell. wanted: a plan too."""

    span: Span
    rule: OdrRule
    official: Official | None
    wanted: Wanted | None
    lang: Lang


@odr_api.get("/v1/shops/{shop_id:path}/odr", tags=["defect budget"], response_class=JsonBytes,
             openapi_extra={"parameters": [LANGUAGE]},
             responses={200: {"model": DefectBudget}, **problems(*ALWAYS, 400, 503)})  # fmt: skip
async def defect_budget(
    request: Request, shop_id: Shop, marketplace: Marketplace, official_defects: Count = None,
    official_orders: Count = None,
) -> Response:  # fmt: skip
    """Where the shop's order defect rate stands on a marketplace, and the distribution of where it will."""
    held, lang = running(request), accepted(request.headers.get("accept-language", ""))
    task = _task(shop_id, marketplace, _official(official_defects, official_orders), None, lang, held)
    return JsonBytes(await _made(task, held))


@odr_api.post("/v1/shops/{shop_id:path}/odr/plan", tags=["defect budget"], response_class=JsonBytes,
              openapi_extra=takes(PlanAsked, PLAN),
              responses={200: {"model": PlannedBudget}, **problems(*WITH_BODY, 503)})  # fmt: skip
async def defect_plan(request: Request, shop_id: Shop) -> Response:
    """The same with the cheapest actions that make a breach unlikely, also if they do half of what is believed."""

    async def planned(posted: Posted) -> Made:
        asked = _asked(posted.value())
        official = None if asked.official is None else Official(asked.official.defects, asked.official.orders)
        wanted = Wanted(asked.alpha, float("inf") if asked.budget is None else asked.budget)
        return Made(
            await _made(_task(shop_id, asked.marketplace, official, wanted, posted.lang, posted.held), posted.held)
        )

    return await answered(request, running(request).settings.max_body_bytes, planned)


def _asked(value: Any) -> PlanAsked:
    try:
        return PlanAsked.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        named = [Problem("/".join(str(p)[:64] for p in e["loc"]), str(e["type"]), str(e["msg"])) for e in found]
        raise RequestRefused("request_refused", "expected what a plan is for", errors=named) from error


def _official(defects: int | None, orders: int | None) -> Official | None:
    if defects is None and orders is None:
        return None
    if defects is None or not orders or defects > orders:
        raise RequestRefused("request_refused", "expected official_defects and official_orders, no more than these")
    return Official(defects, orders)


def _task(
    shop_id: str, marketplace: str, official: Official | None, wanted: Wanted | None, lang: Lang, held: Running
) -> Task:
    now = epoch_seconds(held.clock())
    rules = {name: odr_rule(name, now) for name in attributes()["marketplace"].choices}
    rule = rules.get(marketplace)
    if rule is None:
        have = ", ".join(name for name, one in rules.items() if one is not None)
        why = (
            f"no text on the target of {marketplace} was found, others' is not borrowed; "
            if marketplace in rules
            else ""
        )
        raise RequestRefused("request_refused", f"marketplace: {why}expected one with a known target, of {have}")
    return Task(Span(shop_id, marketplace, now - rule.seconds, now), rule, official, wanted, lang)


async def _made(task: Task, held: Running) -> bytes:
    if held.store is None:
        raise RequestRefused("not_found", "nothing is kept here; set CLAIMRISK_DATA_DIR or CLAIMRISK_DATABASE_URL")
    lives = await held.store.reads.shop_lives(task.span.shop_id, task.span.since)
    # Beside the loop, one at a time, as a batch.
    return await to_thread.run_sync(_told, task, lives, held.means, limiter=held.batches)


def _told(task: Task, lives: Lives, means: Means) -> bytes:
    kept = kept_forecast(lives, task.span, task.rule, means, task.official)
    found = kept.found
    if found is None:
        where = f"{task.span.shop_id} on {task.span.marketplace}"
        raise RequestRefused("not_found", f"no order of {where} in the last {task.rule.days} days is kept")
    answer = told(found, means.bundle, task.lang, kept.doubts)
    if task.wanted is not None:
        answer["plan"] = plans_told(plans(found, means, task.wanted), found, task.lang)
    return orjson.dumps(answer)
