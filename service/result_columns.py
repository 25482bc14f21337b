"""The columns of a result: what is told of each order of a table, beside the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import orjson
import polars as pl

from features.columns import Array, Floats
from features.order import STATES
from model.artefact import Bundle
from service.answers import reason_of
from service.decide import BANDS, Decisions
from service.instants import instant_text
from service.money import rounded
from service.warned import Warned
from service.wording import Lang, text

PREFIX = "claimrisk_"
TOLD_REASONS = 3
TOLD_ACTIONS = 3
EXPLAINED = (
    *(f"reason_{k + 1}" for k in range(TOLD_REASONS)), *(f"action_{k + 1}" for k in range(TOLD_ACTIONS)), "deadline",
)  # fmt: skip
NAMES = (
    "probability", "low", "high", "score", "band", "disposition", "state", "status", "expected_cost", "cost_currency",
    *EXPLAINED, "warnings", "model",
)  # fmt: skip


def assessment(decisions: Decisions, bundle: Bundle) -> pl.DataFrame:
    """(n, names) what is told of every order: all of NAMES but those EXPLAINED."""
    scores, stakes = decisions.scores, decisions.stakes
    n = decisions.columns.n
    return pl.DataFrame(
        {
            "probability": _nullable(scores.probability),
            "low": _nullable(scores.low),
            "high": _nullable(scores.high),
            "score": _nullable(np.where(np.isnan(scores.probability), np.nan, decisions.score)).cast(pl.Int64),
            "band": _named(BANDS, decisions.band),
            "disposition": _texts(decisions.disposition),
            "state": _named([str(state) for state in STATES], scores.state.astype(np.float64)),
            "status": _texts(decisions.status),
            "expected_cost": _nullable(rounded(stakes.expected.amount, stakes.prices.currency)),
            "cost_currency": _texts(stakes.prices.currency),
            "warnings": _warnings(decisions.warnings, n),
            "model": pl.Series([bundle.version], dtype=pl.String).new_from_index(0, n),
        }
    )


def explanation(decisions: Decisions, lang: Lang) -> pl.DataFrame:
    """(n, names) what is told of explained orders: their reasons, what to do, and until when."""
    columns = [*_reasons(decisions, lang), *_actions(decisions, lang)]
    return pl.DataFrame([pl.Series(n, c, dtype=pl.String) for n, c in zip(EXPLAINED, columns, strict=True)])


def _nullable(values: Floats) -> pl.Series:
    return pl.Series(values).fill_nan(None)


def _texts(values: Array) -> pl.Series:
    return pl.Series(values.tolist(), dtype=pl.String)


def _named(names: Sequence[str], places: Floats) -> pl.Series:
    """The name at each place; null where the place is NaN."""
    return pl.Series(names, dtype=pl.String).gather(_nullable(places).cast(pl.UInt32))


def _warnings(warned: Sequence[Warned], n: int) -> pl.Series:
    """(n,) JSON lists of codes, each with its attribute; a list is made once, however many orders have it."""
    names = [w.code + (f":{w.attribute}" if w.attribute else "") for w in warned]
    where = np.array([w.where for w in warned], dtype=np.bool_).reshape(len(warned), n)
    rows = np.ascontiguousarray(np.packbits(where, axis=0).T)
    if not len(warned):
        return pl.Series(["[]"], dtype=pl.String).new_from_index(0, n)
    _, first, which = np.unique(rows.view(f"V{rows.shape[1]}").ravel(), return_index=True, return_inverse=True)
    lists = [orjson.dumps([name for name, is_so in zip(names, where[:, i], strict=True) if is_so]) for i in first]
    return pl.Series([told.decode() for told in lists], dtype=pl.String).gather(which)


def _reasons(decisions: Decisions, lang: Lang) -> Iterator[list[str | None]]:
    told = (~np.isnan(decisions.scores.probability)).tolist()
    texts: list[list[str]] = [
        [reason_of(decisions, i, *found, lang)["text"] for found in decisions.reasons.of(i, TOLD_REASONS)] if ok else []
        for i, ok in enumerate(told)
    ]
    for k in range(TOLD_REASONS):
        yield [row[k] if k < len(row) else None for row in texts]


def _actions(decisions: Decisions, lang: Lang) -> Iterator[list[str | None]]:
    told = [advice.recommendations for advice in decisions.advice]
    for k in range(TOLD_ACTIONS):
        yield [
            f"{row[k].action.id}: {text(row[k].action, lang, row[k].rules)}" if k < len(row) else None for row in told
        ]
    first = [min((r.deadline for r in row if r.deadline is not None), default=None) for row in told]
    yield [None if at is None else instant_text(at) for at in first]
