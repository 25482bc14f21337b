"""From joined facts to orders that the table door takes: what is completed, and which are set aside."""

from __future__ import annotations

import polars as pl

from features.extras import EXTRA_PREFIX
from features.former import FORMER
from features.order import attributes
from features.outcome import CLAIM
from features.rules import sequences
from features.seller.claim_endings import stands_withdrawn
from features.seller.claims import CHARGEBACK
from features.seller.facts import dtypes
from features.seller.items import CANCELLED, MIXED_CURRENCIES, TOTAL
from features.seller.merged import SEVERAL
from features.seller.parcels import NUMBERED
from features.seller.precedence import joining_rules
from features.tables import checked

UNDATED_CLAIM = "undated_claim"
WHY = {
    SEVERAL: ("order_id", "several order numbers stand in one cell; give each order a row of its own"),
    MIXED_CURRENCIES: ("currency", "expected one currency for all items of an order; correct the file"),
    CANCELLED: ("cancelled_at", "it was cancelled, and no file says when; nothing can be learned of it or done for it"),
    UNDATED_CLAIM: ("claim_opened_at", "it has a claim without any date and would be learned as one without; date it"),
}  # fmt: skip
SET_ASIDE = ("order_id", "column", "code", "reason")
_QUARTER_HOUR = 900


def completed(facts: pl.DataFrame, events: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """(orders with the attributes of `order.py` and the shop's own, how many had what completed).

    Completed are: the total out of the items, whether there is tracking out of the tracking number, the claim out of
    the outcomes (for clocks, never for learning), and dates without a time of day that would lie before what came
    before them.
    """
    frame = facts.join(_claimed(events), on="order_id", how="left", maintain_order="left")
    filled: dict[str, int] = {}
    for name, source in (("order_total", TOTAL), ("has_tracking", NUMBERED), *((c, f"_{c}") for c in _OF_CLAIMS)):
        if source in frame.columns:
            own = pl.col(name) if name in frame.columns else pl.lit(None, dtypes()[name])
            filled[name] = frame.select((own.is_null() & pl.col(source).is_not_null()).sum()).item()
            frame = frame.with_columns(pl.coalesce(own, source).alias(name))
    for earlier, later in (*sequences(), *((since, later) for later, since in FORMER.items())):
        if earlier in frame.columns and later in frame.columns:
            same_day = _same_day(earlier, later)
            filled["day_" + later] = filled.get("day_" + later, 0) + frame.select(same_day.sum()).item()
            frame = frame.with_columns(pl.when(same_day).then(earlier).otherwise(later).alias(later))
    kept = [n for n in attributes() if n in frame.columns and n != "as_of"]  # the last state is that of no moment
    own_names = [n for n in frame.columns if n.startswith(EXTRA_PREFIX)]
    return frame.select(*kept, *own_names), {name: count for name, count in filled.items() if count}


_OF_CLAIMS = ("claim_opened_at", "claim_decided_at", "claim_withdrawn_at", "claim_type", "chargeback_filed_at")


def _claimed(events: pl.DataFrame) -> pl.DataFrame:
    """Per order its claim and first chargeback, `_OF_CLAIMS` with a line before the name.

    Of several claims the first that was not withdrawn; where all were, the last.
    """
    counted = events.filter(~pl.col("retracted").fill_null(value=False)).sort(
        "order_id", "claim_opened_at", "event_id", nulls_last=True
    )
    of_claims = counted.filter(pl.col("kind") == CLAIM)
    withdrawn = of_claims.filter(stands_withdrawn()).group_by("order_id", maintain_order=True).last()
    standing = of_claims.filter(~stands_withdrawn()).group_by("order_id", maintain_order=True).first()
    claims = pl.concat([standing, withdrawn.join(standing, on="order_id", how="anti")])
    chargebacks = counted.filter(pl.col("kind") == CHARGEBACK).group_by("order_id").agg(pl.col("claim_opened_at").min())
    told = claims.select(
        "order_id", pl.col("claim_opened_at").alias("_claim_opened_at"),
        pl.col("decided_at").alias("_claim_decided_at"), pl.col("withdrawn_at").alias("_claim_withdrawn_at"),
        pl.col("claim_type").alias("_claim_type"),
    )  # fmt: skip
    filed = chargebacks.select("order_id", pl.col("claim_opened_at").alias("_chargeback_filed_at"))
    return told.join(filed, on="order_id", how="full", coalesce=True)


def _same_day(earlier: str, later: str) -> pl.Expr:
    """(n,) bool: `later` is a date without a time of day (a whole quarter of an hour, as midnight is in any zone) and
    lies before `earlier` by less than a day."""
    behind = (pl.col(earlier) - pl.col(later)).dt.total_seconds()
    is_date = pl.col(later).dt.epoch("us") % (_QUARTER_HOUR * 1_000_000) == 0
    return (is_date & (behind > 0) & (behind < joining_rules().agreement_day_seconds)).fill_null(value=False)


def usable(orders: pl.DataFrame, unusable: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(the orders that scoring and training take, those set aside with `SET_ASIDE`).

    unusable: (order_id, code) of orders that are not to be used; the others pass through the table door.
    """
    why = pl.DataFrame([(c, *w) for c, w in WHY.items()], schema=["code", "column", "reason"], orient="row")
    known = unusable.join(orders.select("order_id"), on="order_id").join(why, on="code")
    aside = known.sort("order_id", "code").unique("order_id", keep="first", maintain_order=True).select(SET_ASIDE)
    left = orders.join(aside, on="order_id", how="anti", maintain_order="left")
    rejects = [reject for chunk in checked(left) for reject in chunk.rejects]
    rows = pl.Series([reject.line - 1 for reject in rejects], dtype=pl.UInt32)
    refused = pl.DataFrame(
        {"order_id": left["order_id"].gather(rows), "column": [r.column for r in rejects],
         "code": [r.code for r in rejects], "reason": [r.reason for r in rejects]},
        schema=dict.fromkeys(SET_ASIDE, pl.String),
    )  # fmt: skip
    good = left.join(refused, on="order_id", how="anti", maintain_order="left")
    return good, pl.concat([aside, refused]).sort("order_id")
