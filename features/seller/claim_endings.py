"""What became of a claim, out of the words of lists: withdrawn or decided, at whose cost, whether it counts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import polars as pl

from features.outcome import CLAIM
from features.policy.book import book
from features.seller.table import Note

# What a claim ended with, between the reading of lists and the outcomes; a place in `endings`.
ENDING = "_ending"
WITHDRAWN, DECIDED = "withdrawn", "decided"
# Endings that say less than another word of the same row may.
_VAGUE = ("open", "closed", "granted")
_WITHDRAWN_COUNTS, _FUNDED_COUNTS = "odr.withdrawn_counts", "odr.amazon_funded_counts"


@cache
def endings() -> Mapping[str, Mapping[str, str | bool]]:
    """What `claim_endings.toml` says."""
    return tomllib.loads((resources.files("features.seller") / "claim_endings.toml").read_text("utf-8"))


def said_of(name: str, ending: pl.Expr) -> pl.Expr:
    """(rows,) what the endings say under a name; null where they say nothing."""
    told = {one: says[name] for one, says in endings().items() if name in says}
    dtype = pl.Boolean() if any(isinstance(value, bool) for value in told.values()) else pl.String()
    return ending.replace_strict(told, default=None, return_dtype=dtype)


def with_endings(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of lists of claims with `ENDING`, and what it says of who paid where no column of its own does; of a claim
    that was withdrawn the day it was closed is that of the withdrawal.

    Of the words of one row the one that says more stands; that a claim is open says nothing.
    """
    given = [pl.col(c) for c in ("claim_result", "claim_status") if c in rows.columns]
    clear = [pl.when(~one.is_in(_VAGUE)).then(one) for one in given]
    appealed = [pl.when(one == "won").then(one) for one in given]  # comes after who was to pay
    rows = rows.with_columns(pl.coalesce(*appealed, *clear, *given, pl.lit(None, pl.String)).alias(ENDING))
    told = [pl.coalesce(name, said_of(name, pl.col(ENDING))).alias(name) for name in ("seller_paid", "funded_by")]
    becomes = said_of("becomes", pl.col(ENDING))
    is_withdrawn = (becomes == WITHDRAWN).fill_null(value=False)
    withdrawn_at = pl.when(is_withdrawn).then(pl.coalesce("withdrawn_at", "decided_at")).otherwise("withdrawn_at")
    return rows.with_columns(
        *told, pl.when(becomes.is_not_null()).then(ENDING).alias(ENDING), withdrawn_at.alias("withdrawn_at"),
        pl.when(~is_withdrawn).then("decided_at").alias("decided_at"),
    )  # fmt: skip


def settled_claims(outcomes: pl.DataFrame, orders: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """Outcomes without `ENDING`: each claim that ended has its day, and counts as policy says where no file says so.

    A claim is never open that is known to be over: where no file tells the day, or one before its opening, the day of
    opening stands for it; how many there are is noted. orders: order_id and, if known, marketplace.
    """
    becomes, opened = said_of("becomes", pl.col(ENDING)), pl.col("claim_opened_at")
    days = []
    unsure = pl.lit(value=False)
    for name, word in (("withdrawn_at", WITHDRAWN), ("decided_at", DECIDED)):
        lacks_day = (becomes == word) & opened.is_not_null() & (pl.col(name).is_null() | (pl.col(name) < opened))
        lacks_day = lacks_day.fill_null(value=False)
        unsure = unsure | lacks_day
        days.append(pl.when(lacks_day).then(opened).otherwise(name).alias(name))
    count = int(outcomes.select((unsure & ~pl.col("retracted").fill_null(value=False)).sum()).item())
    notes = [Note("claims_over_undated", "", {"count": str(count)})] if count else []
    return _counted(outcomes.with_columns(days), orders).drop(ENDING), notes


def stands_withdrawn() -> pl.Expr:
    """(rows,) bool: the claim of an outcome was withdrawn and not decided since."""
    withdrawn = pl.col("withdrawn_at")
    return withdrawn.is_not_null() & ~(pl.col("decided_at") > withdrawn).fill_null(value=False)


def _counted(outcomes: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Whether a claim counts as a defect where nobody says so but policy does, on the day it was over."""
    if "marketplace" not in orders.columns:
        return outcomes
    topic = (
        pl.when(stands_withdrawn()).then(pl.lit(_WITHDRAWN_COUNTS))
        .when(pl.col("funded_by") == "marketplace").then(pl.lit(_FUNDED_COUNTS))
        .otherwise(said_of("fact", pl.col(ENDING)))
    )  # fmt: skip
    over_at = pl.coalesce("withdrawn_at", "decided_at", "claim_opened_at").dt.epoch("us") / 1e6
    rows = outcomes.join(orders.select("order_id", "marketplace"), on="order_id", how="left", maintain_order="left")
    is_claim = pl.col("kind") == CLAIM
    asked = rows.select("marketplace", pl.when(is_claim).then(topic).alias("topic"), over_at.alias("at"))
    facts = [None if None in row else book().fact(*row) for row in asked.iter_rows()]
    ruled = pl.Series([None if fact is None else bool(fact.value) for fact in facts], dtype=pl.Boolean)
    return outcomes.with_columns(pl.coalesce("counts_as_defect", ruled.alias("counts_as_defect")))
