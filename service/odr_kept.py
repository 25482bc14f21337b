"""A shop's orders and the outcomes of its defects out of the store, as the defect budget asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from features.columns import Columns
from features.delimited import RawChunk
from features.extras import EXTRA_PREFIX, ExtraKind, extra_attributes, strange_extras
from features.kinds import Kind
from features.order import attributes
from features.tables import TableOptions, checked_rows
from service.events_known import Life, Lives, order_known
from service.means import Means
from service.odr import Forecast, Official, forecast
from service.odr_rule import OdrRule
from service.odr_window import Span, in_span, window
from service.outcomes_known import outcomes_known


@dataclass(frozen=True, slots=True)
class KeptOrders:
    """Orders, one row each, and what is known of their defects; set_aside: orders that contradict themselves."""

    orders: Columns
    known: Columns
    set_aside: int

    def within(self, span: Span) -> Columns:
        """The shop's orders placed in the span."""
        return in_span(self.orders, span)

    def outcomes(self, _: Span) -> Columns:
        """The outcomes told so far."""
        return self.known


@dataclass(frozen=True, slots=True)
class KeptForecast:
    """The forecast of what is kept; None where no order of the window is. set_aside: orders, as in `KeptOrders`."""

    found: Forecast | None
    set_aside: int


def kept_forecast(lives: Lives, span: Span, rule: OdrRule, means: Means, official: Official | None) -> KeptForecast:
    """The defect budget of a shop's lives on the marketplace of the span."""
    kept = kept_orders(lives, span, means.extras)
    of = window(kept, span, means)
    found = forecast(of, rule, means.bundle.scorer, official) if of.columns.n else None
    return KeptForecast(found, kept.set_aside)


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
    frame = _frame([order for order, _ in known], extras)
    # Sound when they were sent; what came after it, or a newer contract, may have made some unusable.
    chunk = checked_rows(RawChunk(frame, list(range(len(known))), []), TableOptions(as_of=span.until, extras=extras))
    sound = [known[place] for place in chunk.places.tolist()]
    return KeptOrders(chunk.columns, outcomes_known(sound), strange + len(known) - len(sound))


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
