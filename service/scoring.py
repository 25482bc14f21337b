"""Scoring of request bodies: parsed JSON in, answers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from features.columns import epoch_seconds
from features.document import checked_columns, checked_together, read_order
from features.errors import OrderRefused, Problem
from features.order import Order
from service.answers import Answer, Asked, Beside, Detail, Scored, answer
from service.decide import Decisions, decide
from service.identifiers import score_id
from service.playbook import playbook
from service.problems import order_problem
from service.refused import RequestRefused
from service.running import Running
from service.wording import Lang


def scored(asked: Sequence[Asked], held: Running) -> list[Scored | Exception]:
    """The answers to orders that are decided together, in their order; one that cannot be used gets why."""
    means, at = held.means, epoch_seconds(held.clock())
    out: dict[int, Scored | Exception] = {}
    read: list[tuple[int, Order]] = []
    for place, one in enumerate(asked):
        try:
            read.append((place, read_order(one.value)))
        except OrderRefused as error:
            out[place] = error
    columns, refused = checked_together([order for _, order in read], at, means.extras)
    out |= {read[k][0]: why for k, why in refused.items()}
    if columns.n:
        decisions = decide(columns, means, explains=any(one.detail != "score" for one in asked))
        held.metrics.scored(decisions)
        beside = _beside(decisions, held)
        for row, place in enumerate(place for k, (place, _) in enumerate(read) if k not in refused):
            one = asked[place]
            told = answer(decisions, row, means, one.lang, detail=one.detail)
            out[place] = Scored(one.value, _kept(held, at) | told, decisions, row, at, beside)
    return [out[place] for place in range(len(asked))]


def _kept(held: Running, at: float) -> Answer:
    return {"id": score_id(int(at * 1_000)), "recorded": "off" if held.store is None else "stored"}


def _beside(decisions: Decisions, held: Running) -> Beside | None:
    """What the shadow says, where there is one and it can be kept."""
    shadow = held.shadow
    if shadow is None or held.store is None:
        return None
    found = shadow.scorer.score(decisions.columns).probability
    return Beside(shadow.version, np.where(np.isnan(decisions.scores.probability), np.nan, found))


def played(value: Any, held: Running, lang: Lang) -> Answer:
    """The playbook of one order."""
    means = held.means
    columns = checked_columns(read_order(value), epoch_seconds(held.clock()), means.extras)
    return playbook(columns, 0, means.bundle.scorer.consequences, means.costs, lang)


def scored_batch(
    value: Any, held: Running, lang: Lang, detail: Detail = "full"
) -> tuple[list[Answer], list[tuple[int, Scored]]]:
    """The results of a batch, in its order, and by index the scores that are still missing in them.

    All good orders are decided at once.
    """
    results: list[Answer] = []
    good: list[tuple[int, Scored]] = []
    orders = [Asked(order, lang, detail) for order in _orders(value, held.settings.max_batch_orders)]
    for index, found in enumerate(scored(orders, held)):
        results.append({"index": index})
        if isinstance(found, Scored):
            good.append((index, found))
        elif isinstance(found, OrderRefused):
            refused = order_problem(found, lang)
            results[index] |= {"status": refused["status"], "problem": refused}
    return results, good


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
