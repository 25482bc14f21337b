"""Scoring of request bodies: parsed JSON in, answers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.columns import Columns, concatenated, epoch_seconds
from features.document import checked_columns, read_order
from features.errors import OrderRefused, Problem
from service.answers import answer
from service.decide import Decisions, decide
from service.identifiers import score_id
from service.playbook import playbook
from service.problems import RequestRefused, order_problem
from service.running import Running
from service.wording import Lang

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scored:
    """One order, as JSON that was `seen`, and what is told of it: row `i` of the decisions, made `at` epoch seconds."""

    seen: Any
    answer: Answer
    decisions: Decisions
    i: int
    at: float


def scored(value: Any, held: Running, lang: Lang) -> Scored:
    """The answer to one order."""
    at = epoch_seconds(held.clock())
    decisions = _decided(_columns(value, at, held), held)
    return Scored(value, _identified(decisions, 0, held, lang, at), decisions, 0, at)


def played(value: Any, held: Running, lang: Lang) -> Answer:
    """The playbook of one order."""
    columns = _columns(value, epoch_seconds(held.clock()), held)
    return playbook(columns, 0, held.means.bundle.scorer.consequences, held.means.costs, lang)


def scored_batch(value: Any, held: Running, lang: Lang) -> tuple[list[Answer], list[tuple[int, Scored]]]:
    """The results of a batch, in its order, and by index the scores that are still missing in them.

    All good orders are decided at once.
    """
    at = epoch_seconds(held.clock())
    results: list[Answer] = []
    good: list[tuple[int, Columns]] = []
    orders = _orders(value, held.settings.max_batch_orders)
    for index, order in enumerate(orders):
        results.append({"index": index})
        try:
            good.append((index, _columns(order, at, held)))
        except OrderRefused as error:
            refused = order_problem(error)
            results[index] |= {"status": refused["status"], "problem": refused}
    if not good:
        return results, []
    decisions = _decided(concatenated([columns for _, columns in good]), held)
    return results, [
        (index, Scored(orders[index], _identified(decisions, row, held, lang, at), decisions, row, at))
        for row, (index, _) in enumerate(good)
    ]


def _orders(value: Any, most: int) -> list[Any]:
    problem: Problem | None = None
    if not isinstance(value, Mapping):
        problem = Problem("", "not_an_object", 'expected an object such as {"orders": [...]}')
    elif set(value) != {"orders"}:
        problem = Problem("", "not_a_batch", 'expected "orders" and nothing else')
    elif not isinstance(value["orders"], list):
        problem = Problem("orders", "not_a_list", "expected a list of orders")
    elif len(value["orders"]) > most:
        raise RequestRefused("too_many_orders", f"expected at most {most:,} orders, got {len(value['orders']):,}")
    else:
        return list(value["orders"])
    raise RequestRefused("batch_refused", problem.detail, errors=[problem])


def _columns(value: Any, at: float, held: Running) -> Columns:
    return checked_columns(read_order(value), at, held.extras)


def _decided(columns: Columns, held: Running) -> Decisions:
    decisions = decide(columns, held.means)
    held.metrics.scored(decisions)
    return decisions


def _identified(decisions: Decisions, i: int, held: Running, lang: Lang, at: float) -> Answer:
    recorded = "off" if held.store is None else "stored"
    return {"id": score_id(int(at * 1_000)), "recorded": recorded, **answer(decisions, i, held.means, lang)}
