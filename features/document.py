"""The JSON door: one order, or a list of them, out of a request body."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import numpy as np
from pydantic import ValidationError

from features.columns import Columns, columns_of
from features.completion import completed
from features.errors import InputError, OrderRefused, Problem, nearest
from features.moments import later_facts
from features.order import Order, attributes
from features.rules import contradictions


class DocumentRefused(InputError):
    """The body is not JSON that we take."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentRefused(f"expected each name once, got {twice[:64]!r} twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise DocumentRefused(f"expected finite numbers, got {name}; leave the attribute out where it is unknown")


def read_json(body: bytes) -> Any:
    """The value of a JSON body: UTF-8, finite numbers, no name twice."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise DocumentRefused(f"expected UTF-8, got another encoding at byte {error.start}") from error
    except RecursionError as error:
        raise DocumentRefused("expected a flat order, got JSON nested too deeply") from error
    except ValueError as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "a number is too long"
        raise DocumentRefused(f"expected JSON: {reason}") from error


def read_order(value: Any) -> Order:
    """One order out of a parsed JSON value; `OrderRefused` names every problem, without the offending values."""
    if not isinstance(value, dict):
        raise OrderRefused([Problem("", "not_an_object", "expected one flat order as a JSON object")])
    try:
        return Order.model_validate(value)
    except ValidationError as error:
        raise OrderRefused([_problem(dict(found)) for found in error.errors(include_url=False)]) from error


def _problem(found: dict[str, Any]) -> Problem:
    name = "/".join(str(part)[:64] for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return Problem(name, "unknown_attribute", f"not an attribute{nearest(name, attributes())}")
    return Problem(name, found["type"], found["msg"])


def checked_columns(order: Order, as_of: float) -> Columns:
    """The order as columns of one row, completed; a contradiction or a fact later than as_of is refused.

    as_of: epoch seconds, for an order that has none of its own.
    """
    columns = columns_of([order])
    if "as_of" not in columns:
        columns = columns.replacing({"as_of": np.array([as_of])})
    problems = [f.problem for f in contradictions(columns)]
    later = f"expected no fact later than as_of ({'given' if order.as_of else 'now'})"
    problems += [Problem(name, "after_as_of", later) for name in later_facts(columns)]
    if problems:
        raise OrderRefused(problems)
    return completed(columns)
