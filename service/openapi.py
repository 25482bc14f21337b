"""The OpenAPI document: bodies and problems, which the app reads and writes itself, described from their models."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from features.order import Order
from service.events import OneOrMore
from service.middleware import API_KEY_HEADER
from service.odr_shapes import PlanAsked
from service.problems import MEDIA_TYPE, STATUSES, title
from service.settings import Settings, needs_key
from service.shapes import Batch, Draft, ProblemShape

_REF = "#/components/schemas/{model}"
# The problems that any address under /v1 may answer with, and those of an address that takes a body.
ALWAYS = (401, 403, 404, 405)
WITH_BODY = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422)
LANGUAGE = {
    "name": "Accept-Language", "in": "header", "required": False, "description": "en or zh-CN",
    "schema": {"type": "string"}, "example": "zh-CN",
}  # fmt: skip
REASONS: dict[str, Any] = {
    "name": "reasons", "in": "query", "required": False, "schema": {"type": "boolean", "default": True},
    "description": "false leaves the list of reasons empty: less to compute and to send",
}  # fmt: skip
DETAIL: dict[str, Any] = {
    "name": "detail", "in": "query", "required": False,
    "schema": {"type": "string", "enum": ["full", "score"], "default": "full"},
    "description": "score tells the probability, what a claim would cost, band and disposition, in half the time: "
    "reasons, recommendations, plan, actions_rejected, eligibility and clocks are null, nothing is warned of policy",
}  # fmt: skip
_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "asked again with the same key within 72 h, the same bytes are answered (where answers are kept); "
    "another body or Accept-Language is another request, and needs a key of its own",
}  # fmt: skip


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these statuses."""
    schema = {"$ref": _REF.format(model=ProblemShape.__name__)}
    return {
        status: {
            "description": "; ".join(title(code) for code, known in STATUSES.items() if known == status),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def takes(body: type[BaseModel], example: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    """The `openapi_extra` of a route that takes this body and answers in the language asked for."""
    content = {"application/json": {"schema": {"$ref": _REF.format(model=body.__name__)}, "example": example}}
    return {"requestBody": {"required": True, "content": content}, "parameters": [LANGUAGE, _KEY, *parameters]}


def describe(app: FastAPI, settings: Settings) -> None:
    """Add the models of bodies and problems, and the API key, to what FastAPI finds by itself."""
    found_by_fastapi = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = found_by_fastapi()
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(_bodies(settings.max_batch_orders))
            if needs_key(settings):
                components["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": API_KEY_HEADER}}
                document["security"] = [{"key": []}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _bodies(most_orders: int) -> dict[str, Any]:
    models: tuple[type[BaseModel], ...] = (Order, Batch, Draft, OneOrMore, PlanAsked, ProblemShape)
    _, found = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    schemas: dict[str, Any] = found["$defs"]
    orders = schemas[Batch.__name__]["properties"]["orders"]
    anything = {"description": "whatever is no order gets a problem as its result"}
    orders |= {"maxItems": most_orders, "items": {"anyOf": [orders["items"], anything]}}
    schemas[Batch.__name__]["additionalProperties"] = False
    return schemas
