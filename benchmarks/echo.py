"""The peer of the API: a bare FastAPI app that validates the same orders by a plain model and sends them back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from fastapi import FastAPI
from pydantic import BaseModel, create_model

from benchmarks.bodies import bodies

app = FastAPI()
_FOUND: dict[str, Any] = {name: value for body in bodies() for name, value in orjson.loads(body).items()}


def _type(name: str, value: object) -> type:
    return datetime if name == "as_of" or name.endswith(("_at", "_by")) else type(value)


_FIELDS: dict[str, Any] = {name: (_type(name, value) | None, None) for name, value in _FOUND.items()}
Plain: type[BaseModel] = create_model("Plain", **_FIELDS)


async def echo(order: BaseModel) -> BaseModel:
    """The order as it came."""
    return order


echo.__annotations__.update({"order": Plain, "return": Plain})
app.post("/echo", response_model_exclude_unset=True)(echo)
