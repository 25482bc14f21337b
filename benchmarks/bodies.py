"""Orders to measure with, the example orders as JSON bodies, and the machine they are measured on."""

from __future__ import annotations

import csv
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import orjson

from features.kinds import Kind
from features.order import attributes

EXAMPLES = Path(__file__).parent.parent / "examples" / "orders.csv"
_PACKAGES = ("claimrisk", "fastapi", "uvicorn", "pydantic", "numpy", "lightgbm", "polars")


def bodies() -> list[bytes]:
    """The example orders, each as the JSON that a client would send."""
    with EXAMPLES.open(encoding="utf-8", newline="") as file:
        return [orjson.dumps(_order(row)) for row in csv.DictReader(file)]


def _order(row: dict[str, str]) -> dict[str, Any]:
    known = attributes()
    return {name: _value(known[name].kind, text) for name, text in row.items() if text and name in known}


def _value(kind: Kind, text: str) -> bool | int | float | str:
    if kind is Kind.FLAG:
        return text == "true"
    if kind is Kind.COUNT:
        return int(text)
    return float(text) if kind in (Kind.NUMBER, Kind.RATE, Kind.MONEY) else text


def machine() -> str:
    """The machine and the versions, in one line."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    return f"{os.cpu_count()} CPUs ({platform.machine()}), Python {platform.python_version()}, {versions}"
