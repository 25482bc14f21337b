"""A shop's orders and the outcomes of its defects out of the store, as the defect budget asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from features.columns import Columns, concatenated
from features.delimited import RawChunk
from features.extras import EXTRA_PREFIX, ExtraKind, extra_attributes, strange_extras
from features.kinds import Kind
from features.order import attributes
from features.ruled import OF_CLAIM
from features.tables import TableOptions, checked_rows
from service.events_known import Life, Lives, order_known
from service.means import Means
from service.odr import Doubts, Forecast, Official, forecast
from service.odr_rule import OdrRule
from service.odr_window import Span, in_span, window
from service.outcomes_known import outcomes_known


@dataclass(frozen=True, slots=True)
class KeptOrders:
    """Orders, one row each, and what is known of their defects; doubts: how many contradict themselves."""

    orders: Columns
    known: Columns
    doubts: Doubts

    def within(self, span: Span) -> Columns:
        """The shop's orders placed in the span."""
        return in_span(self.orders, span)

    def outcomes(self, _: Span) -> Columns:
        """The outcomes told so far."""
        return self.known


@dataclass(frozen=True, slots=True)
class KeptForecast:
    """The forecast of what is kept; None where no order of the window is. doubts: as in `KeptOrders`."""

    found: Forecast | None
    doubts: Doubts


def kept_forecast(lives: Lives, span: Span, rule: OdrRule, means: Means, official: Official | None) -> KeptForecast:
    """The defect budget of a shop's lives on the marketplace of the span."""
    kept = kept_orders(lives, span, means.extras)
    of = window(kept, span, means)
    found = forecast(of, rule, means.bundle.scorer, official) if of.columns.n else None
    return KeptForecast(found, kept.doubts)


def kept_orders(lives: Lives, span: Span, extras: Mapping[str, ExtraKind]) -> KeptOrders:
    """The orders of a shop's lives on the marketplace of the span, as known at its end."""
    known, strange = list[tuple[dict[str, Any], Life]](), 0
    for life in lives.values():
        order = order_known(life, span.until, float("inf"))
        if not life.sent or order is None or order.get("marketplace") != span.marketplace:
            continue
        if strange_extras(order.get("extra"), extras):  # kept before they were declared
            strange += 1
        else:
            known.append((order | {"shop_id": span.shop_id}, life))
    columns, places = _sound([order for order, _ in known], span, extras)
    rest = sorted(set(range(len(known))) - set(places))
    doubtful = len(rest)
    for names in (_OF_DEFECTS, ()) if rest else ():
        # An event may contradict its order, by a wrong date: the order stays as it was sent, and its defects count.
        more, of_rest = _sound([_as_sent(*known[place], span, names) for place in rest], span, extras)
        columns = concatenated([columns, more]) if of_rest else columns
        places += [rest[place] for place in of_rest]
        rest = sorted(set(rest) - set(places))
    of_defects = outcomes_known([known[place] for place in places])
    unusable = len(known) - len(places)
    return KeptOrders(columns, of_defects, Doubts(strange + unusable, doubtful - unusable))


# What events tell of an order's defects; kept where the rest of what they tell contradicts the order.
_OF_DEFECTS = (*OF_CLAIM, "claim_type", "claim_withdrawn_at", "chargeback_filed_at")


def _as_sent(known: Mapping[str, Any], life: Life, span: Span, names: Sequence[str]) -> dict[str, Any]:
    """The order as it was sent, with what is known of the attributes named."""
    sent = order_known(Life(life.sent), span.until, float("inf")) or {}
    return sent | {name: known[name] for name in names if name in known} | {"shop_id": span.shop_id}


def _sound(
    orders: Sequence[Mapping[str, Any]], span: Span, extras: Mapping[str, ExtraKind]
) -> tuple[Columns, list[int]]:
    """The orders that can be used, and their places: all were sound when they were sent, but what came after it, or a
    newer contract, may have made some unusable."""
    raw = RawChunk(_frame(orders, extras), list(range(len(orders))), [])
    chunk = checked_rows(raw, TableOptions(as_of=span.until, extras=extras))
    return chunk.columns, chunk.places.tolist()


def _frame(orders: Sequence[Mapping[str, Any]], extras: Mapping[str, ExtraKind]) -> pl.DataFrame:
    """Orders as JSON into the rows of a table, the declared attributes of the shop beside ours."""
    rows = [
        {**order, **{EXTRA_PREFIX + name: value for name, value in (order.get("extra") or {}).items()}}
        for order in orders
    ]
    declared = attributes() | extra_attributes(extras)
    schema = {name: _DTYPES.get(attribute.kind, pl.String) for name, attribute in declared.items()}
    return pl.DataFrame(rows, schema=schema, strict=False)


_DTYPES: dict[Kind, type[pl.DataType]] = {
    Kind.FLAG: pl.Boolean, Kind.NUMBER: pl.Float64, Kind.COUNT: pl.Float64, Kind.RATE: pl.Float64,
    Kind.MONEY: pl.Float64,
}  # fmt: skip
