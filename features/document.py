"""The JSON door: one order, or a list of them, out of a request body."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from pydantic import ValidationError

from features.columns import Columns
from features.completion import completed
from features.errors import InputError, OrderRefused, Problem, nearest
from features.extras import EXTRA_PREFIX, ExtraKind, strange_extras
from features.kinds import WHITE_SPACE, expected
from features.moments import later_facts
from features.order import Order, attributes
from features.order_columns import columns_of
from features.rules import contradictions

MOST_PROBLEMS = 50
LONGEST_NAME = 64
_LATER = tuple(f"expected no fact later than as_of ({whence})" for whence in ("now", "given"))


class DocumentRefused(InputError):
    """The body is not JSON that we take."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise DocumentRefused(f"expected each name once, got {twice[:LONGEST_NAME]!r} twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise DocumentRefused(f"expected finite numbers, got {name}; leave the attribute out where it is unknown")


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def read_json(body: bytes) -> Any:
    """The value of a JSON body: UTF-8, finite numbers, no name twice."""
    try:
        text = body.decode("utf-8")
        if text.startswith("\ufeff"):
            raise DocumentRefused("expected UTF-8 without a byte order mark")
        return _STRICT.decode(text)
    except UnicodeDecodeError as error:
        raise DocumentRefused(f"expected UTF-8, got another encoding at byte {error.start}") from error
    except RecursionError as error:
        raise DocumentRefused("expected a flat order, got JSON nested too deeply") from error
    except ValueError as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "a number is too long"
        raise DocumentRefused(f"expected JSON: {reason}") from error


def read_order(value: Any) -> Order:
    """One order out of a parsed JSON value.

    `OrderRefused` names what is wrong with each attribute (the first `MOST_PROBLEMS`), without the offending values.
    """
    if not isinstance(value, dict):
        raise OrderRefused([Problem("", "not_an_object", "expected one flat order as a JSON object")])
    try:
        return Order.model_validate({n: v.strip(WHITE_SPACE) if isinstance(v, str) else v for n, v in value.items()})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:MOST_PROBLEMS]
        raise OrderRefused(list(dict.fromkeys(_problem(dict(f)) for f in found))) from error


def _problem(found: dict[str, Any]) -> Problem:
    """What to say of pydantic's finding: code and text by the attribute's kind, as at the table door."""
    where = [str(part)[:LONGEST_NAME] for part in found["loc"]]
    name = where[0] if where else ""
    if name == "extra":
        detail = "expected true, false, a finite number or text under a name of 1 to 64 printable characters"
        return Problem("/".join(where[:2]), "not_an_extra", detail)
    if found["type"] == "missing":
        return Problem(name, "missing", f"expected an {name}")
    declared = attributes().get(name)
    if declared is None:
        hint = f', put it into "extra" without {EXTRA_PREFIX}' if name.startswith(EXTRA_PREFIX) else ""
        return Problem(name, "unknown_attribute", f"not an attribute{hint or nearest(name, attributes())}")
    code, detail = expected(declared.kind, declared.choices, declared.minimum)
    return Problem(name, code, found["msg"] if found["type"] == code else detail)


def checked_columns(order: Order, as_of: float, extras: Mapping[str, ExtraKind] | None = None) -> Columns:
    """The order as columns of one row, completed; a contradiction or a fact later than as_of is refused.

    as_of: epoch seconds, for an order that has none of its own. extras: the declared attributes of the shop, by column
    name (`x_…`); those not declared are left out.
    """
    columns, refused = checked_together([order], as_of, extras)
    if refused:
        raise refused[0]
    return columns


def checked_together(
    orders: Sequence[Order], as_of: float, extras: Mapping[str, ExtraKind] | None = None
) -> tuple[Columns, dict[int, OrderRefused]]:
    """The same of many orders at once: those that can be used as columns, and by place why the others cannot."""
    columns = columns_of(orders, extras)
    if any(order.as_of is None for order in orders):
        given = columns["as_of"]
        columns = columns.replacing({"as_of": np.where(np.isnan(given), as_of, given)})
    found: dict[int, list[Problem]] = {}
    for finding in contradictions(columns):
        for i in np.flatnonzero(finding.where).tolist():
            found.setdefault(i, []).append(finding.problem)
    for name, where in later_facts(columns).items():
        for i in np.flatnonzero(where).tolist():
            told = found.setdefault(i, [])
            if name not in {problem.attribute for problem in told}:
                told.append(Problem(name, "after_as_of", _LATER[orders[i].as_of is not None]))
    if extras:
        found |= {i: strange for i, order in enumerate(orders) if (strange := strange_extras(order.extra, extras))}
    refused = {i: OrderRefused(problems) for i, problems in found.items()}
    if refused:
        columns = columns.take(np.array([i for i in range(len(orders)) if i not in refused], dtype=np.int64))
    return completed(columns), refused
