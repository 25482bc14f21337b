"""The warnings of a decision: what was masked, what the status says, and what had to be assumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from features.claim_window import TOPIC as WINDOW
from features.columns import Array, Bools, Columns, Floats
from features.former import FORMER, former_facts
from features.handover import is_dispatched
from features.moments import DAY, later_facts, states
from features.rules import DOUBTFUL_SEQUENCES
from features.scope import is_under, is_unusual
from features.tracing import of_each
from features.undated import SAID_BY, UNDATED, denied, undated
from model.artefact import Bundle
from service.cost_profile import Costs
from service.stakes import Stakes
from service.standing import Status, why_over

STALE_DAYS = 60.0


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning that applies to some orders: a code of decision.toml, the attribute it is about, where ((n,) bool)."""

    code: str
    attribute: str | None
    where: Bools


def warned(
    columns: Columns, known: Columns, status: Array, bundle: Bundle, at_stake: Stakes, costs: Costs
) -> Iterator[Warned]:
    """All warnings on orders, as they were sent (columns) and as they were known at as_of; status: (n,) `Status`."""
    yield from _of_moment(columns, known, status)
    yield from _caused(known, bundle, at_stake, costs)


def _of_moment(columns: Columns, known: Columns, status: Array) -> Iterator[Warned]:
    """What was masked, and what the status says."""
    if known is not columns:  # else nothing was masked
        yield from (Warned("LATER_FACT_MASKED", name, where) for name, where in later_facts(columns).items())
        for of_former, told in former_facts(columns).items():
            is_since = columns[FORMER[of_former]] <= known["as_of"]
            if (told & is_since).any():
                yield Warned("OUT_OF_SEQUENCE", of_former, told & is_since)
    found = set(status.tolist())
    yield from (Warned(code, name, status == of) for of, (code, name) in _OF_STATUS.items() if of in found)
    left = status == "not_eligible"
    for code, name, where in why_over(known) if left.any() else ():
        if (left & where).any():
            yield Warned(code, name, left & where)
        left = left & ~where


_OF_STATUS: dict[Status, tuple[str, str | None]] = {
    "claim_open": ("CLAIM_OPEN", "claim_opened_at"),
    "starter": ("STARTER_MODEL", None),
    "degraded": ("DEGRADED", None),
    "insufficient_data": ("INSUFFICIENT_DATA", None),
}


def _caused(known: Columns, bundle: Bundle, at_stake: Stakes, costs: Costs) -> Iterator[Warned]:
    """Warnings by what an order says, and by what was assumed of its money where that is told."""
    prices, is_told, causes = at_stake.prices, ~np.isnan(at_stake.probability), _causes(_ignored(bundle))
    given = (
        is_told, prices.value_assumed, prices.goods_assumed, prices.refund_assumed, prices.goods_exceed_value,
        prices.rate_assumed, prices.rate_is_old, prices.unit,
    )  # fmt: skip
    if known.is_few:
        of_one = bundle.scorer.written.of("warnings", lambda some, *more: _where_caused(some, bundle, *more), beside=8)
        told = of_each(of_one, known, *(array.tolist() for array in given))
        found = [(cause, np.array(where)) for cause, where in zip(causes, told, strict=True) if any(where)]
    else:
        where_caused = _where_caused(known, bundle, *given)
        found = [pair for pair in zip(causes, where_caused, strict=True) if pair[1].any()]
    yield from (Warned(*cause, where) for cause, where in found)
    if costs.is_default and is_told.any():
        yield Warned("COSTS_ASSUMED", None, is_told)


@lru_cache(maxsize=8)
def _causes(ignored: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Code and attribute of the warnings that `_where_caused` tells. ignored: of `_ignored`."""
    return [
        ("SHOP_RATE_ASSUMED", "seller_orders_60d"), ("PLACED_AT_UNKNOWN", "placed_at"),
        ("PROMISE_ESTIMATED", "latest_delivery_at"), ("WINDOW_UNKNOWN", "latest_delivery_at"), ("OUT_OF_SCOPE", None),
        ("HISTORY_STALE", None),
        ("AS_OF_BEFORE_TRAINING", "as_of"),
        *(("ATTRIBUTE_IGNORED", name) for name in ignored), ("ATTRIBUTE_IGNORED", "tracking_status"),
        ("EFFECT_ASSUMED", "tracking_status"),
        ("AMOUNT_ASSUMED", "order_total"), ("AMOUNT_ASSUMED", "unit_cost"), ("REFUND_ASSUMED", "refund_amount"),
        ("CANCELLED_YET_SENT", "cancelled_at"),
        ("COST_ABOVE_VALUE", "unit_cost"), ("RATE_ASSUMED", "currency"), ("RATE_UNKNOWN", "currency"),
        ("RATE_OLD", "currency"), *(("DAY_UNKNOWN", name) for name in UNDATED),
        *(("SAID_OTHERWISE", flag) for flag in SAID_BY.values()),
        *(("OUT_OF_SEQUENCE", later) for _, later in DOUBTFUL_SEQUENCES),
    ]  # fmt: skip


def _where_caused(
    known: Columns, bundle: Bundle, is_told: Bools, value_assumed: Bools, goods_assumed: Bools, refund_assumed: Bools,
    goods_exceed_value: Bools, rate_assumed: Bools, rate_is_old: Bools, unit: Floats,
) -> list[Bools]:  # fmt: skip
    """Where each warning of `_causes` is due, (n,) bool."""
    age = (known["as_of"] - bundle.scorer.pipeline.snapshot_.at) / DAY
    return [
        ~bundle.scorer.baseline.is_of_shop(known), ~known.known("placed_at"), known["latest_delivery_basis"] == 1.0,
        is_told & ~is_under(known, WINDOW, known["as_of"]) & (bundle.scorer.remaining_days(known) <= 0.0),
        is_told & is_unusual(known), age > STALE_DAYS, age < 0.0,
        *(known.known(name) for name in _ignored(bundle)),
        is_told & bundle.scorer.assumed.is_left_out(known, states(known)),
        is_told & (bundle.scorer.assumed.of(known, states(known)) != 0.0),
        is_told & value_assumed, is_told & goods_assumed, is_told & refund_assumed,
        is_told & known.known("cancelled_at") & is_dispatched(known), is_told & goods_exceed_value,
        is_told & rate_assumed & ~np.isnan(unit),
        is_told & np.isnan(unit), is_told & rate_is_old, *(undated(known, name) for name in UNDATED),
        *(denied(known, name) for name in SAID_BY),
        *(known[later] < known[earlier] for earlier, later in DOUBTFUL_SEQUENCES),
    ]  # fmt: skip


def _ignored(bundle: Bundle) -> tuple[str, ...]:
    """Attributes that the model does not look at; that of `Assumed` is looked at apart."""
    scorer = bundle.scorer
    return tuple([name for name in (*scorer.pipeline.ignored, *scorer.unread()) if name != scorer.assumed.attribute])
