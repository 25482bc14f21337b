"""The share of a SKU's past returns that say "not as described", as it was known when each order was placed."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from features.columns import Floats
from features.delimited import Reject
from features.errors import FileRefused, nearest
from features.listings.lexicon import number, words_of
from features.listings.sheets import read_rows
from features.listings.wording import plain
from features.order import attributes
from features.parsing import parsed

COLUMNS = ("sku", "return_reason", "return_requested_at")
_FILE = "return_reasons.toml"


def says_not_as_described(reason: str) -> bool:
    """Whether a return reason, a code or words, says that the goods are not as described.

    >>> [says_not_as_described(r) for r in ("CR-DEFECTIVE", "AMZ-PG-BAD-DESC", "CR-UNWANTED_ITEM", "与描述不符")]
    [True, True, False, True]
    """
    code = re.sub(r"^CR-|\(.*$", "", reason.strip().upper())
    return code in words_of(_FILE, "codes") or any(phrase in plain(reason) for phrase in words_of(_FILE, "phrases"))


def read_returns(path: Path, zone: ZoneInfo | None = None) -> tuple[pl.DataFrame, list[Reject]]:
    """The returns of a file: sku, at (epoch seconds), is_wrong; and the rows that cannot be used.

    Returns without a sku or a reason tell nothing and are left out; those with an unreadable instant are rejected.
    """
    frames, rejects = [], list[Reject]()
    for chunk in read_rows(path):
        missing = [c for c in COLUMNS if c not in chunk.frame.columns]
        if missing:
            hint = nearest(missing[0], chunk.frame.columns)
            raise FileRefused(f"{path}: expected the columns {', '.join(COLUMNS)}, {missing[0]} is not there{hint}")
        at = parsed(chunk.frame["return_requested_at"], attributes()["return_requested_at"], zone)
        rejects += chunk.rejects
        rejects += [
            Reject(chunk.lines[i], at.problem.attribute, at.problem.code, at.problem.detail, "")
            for i in np.flatnonzero(at.bad)
        ]
        reasons = chunk.frame["return_reason"].cast(pl.String)
        known = {r: says_not_as_described(r) for r in reasons.drop_nulls().unique()}
        wrong = reasons.replace_strict(known, default=None, return_dtype=pl.Boolean)
        sku = chunk.frame["sku"].cast(pl.String).str.strip_chars()
        frames.append(pl.DataFrame({"sku": sku, "at": pl.Series(at.array).fill_nan(None), "is_wrong": wrong}))
    returns = (
        pl.concat(frames)
        if frames
        else pl.DataFrame(schema={"sku": pl.String, "at": pl.Float64, "is_wrong": pl.Boolean})
    )
    return returns.drop_nulls(), rejects


def not_as_described_rate(skus: pl.Series, placed_at: Floats, returns: pl.DataFrame) -> Floats:
    """(n,) float64, 0 to 1: share of each SKU's returns asked for before the order was placed; NaN if there are none.

    Shrunk: (wrong + K · base) ÷ (returns + K), K = `prior_returns`, base = (wrong + 1) ÷ (returns + 2) over all SKUs up
    to the same moment, so that no later return changes any rate. skus: (n,) text; placed_at: (n,) epoch seconds.
    """
    past = returns.sort("at").with_columns(pl.col("is_wrong").cast(pl.Float64))
    own = past.select(
        "sku", "at", n=pl.int_range(1, pl.len() + 1).over("sku"), wrong=pl.col("is_wrong").cum_sum().over("sku")
    )
    every = past.select("at", all_n=pl.int_range(1, pl.len() + 1), all_wrong=pl.col("is_wrong").cum_sum())
    asked = pl.DataFrame({"row": np.arange(len(skus)), "sku": skus.cast(pl.String).str.strip_chars(), "at": placed_at})
    asked = asked.filter(pl.col("at").is_not_nan() & pl.col("sku").is_not_null()).sort("at")
    found = asked.join_asof(
        own, on="at", by="sku", strategy="backward", allow_exact_matches=False, check_sortedness=False
    )
    found = found.join_asof(every, on="at", strategy="backward", allow_exact_matches=False, check_sortedness=False)
    prior = number(_FILE, "prior_returns")
    base = (pl.col("all_wrong") + 1) / (pl.col("all_n") + 2)
    rates = found.select("row", rate=(pl.col("wrong") + prior * base) / (pl.col("n") + prior)).drop_nulls()
    out = np.full(len(skus), np.nan)
    out[rates["row"].to_numpy()] = rates["rate"].to_numpy()
    return out
