"""Leak checks: attributes that a file cannot honestly hold, and those that were recorded because of a claim."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from features.columns import Bools, Columns, Floats
from features.extras import EXTRA_PREFIX
from features.moments import states
from features.order import STATES, attributes, shop_computed
from features.pipeline import FeaturePipeline
from training.dataset import Dataset
from training.landmarks import Landmarks
from training.rows import PIECE_ROWS, known_piece
from training.settings import fit_settings


@dataclass(frozen=True, slots=True)
class Ratio:
    """P(claim | known) ÷ P(claim | missing) of one attribute in one state.

    claims_known: in how many of `claims` it is known; expected: in how many it would be, if that told nothing.
    """

    attribute: str
    state: str
    ratio: float
    claims: float
    claims_known: float
    expected: float

    @property
    def is_suspicious(self) -> bool:
        """Whether the ratio is beyond the bounds and rests on enough claims to be believed."""
        settings = fit_settings()
        extreme = max(self.ratio, 1.0 / max(self.ratio, 1e-9)) > settings.leak_largest_ratio
        missing, expected_missing = self.claims - self.claims_known, self.claims - self.expected
        surplus = self.claims_known if self.ratio > 1.0 else missing
        deficit = expected_missing if self.ratio > 1.0 else self.expected
        return extreme and min(surplus, deficit) >= settings.leak_fewest_claims


@dataclass(frozen=True, slots=True)
class Dropped:
    """An attribute that training does not use, and why."""

    attribute: str
    reason: str


def shop_computed_rates(dataset: Dataset, trusted: Collection[str]) -> list[Dropped]:
    """Rates and counts that the shop supplied: in a final-state file they may hold what came later."""
    if dataset.is_snapshots:
        return []
    why = (
        "a rate or count the shop computed may hold later facts; use --trust NAME if it was computed before each order"
    )
    return [Dropped(name, why) for name in sorted(shop_computed()) if name in dataset.orders and name not in trusted]


def overwritten(dataset: Dataset) -> list[Dropped]:
    """Attributes that are overwritten as life goes on: a final-state file cannot tell what they were."""
    if dataset.is_snapshots:
        return []
    why = "overwritten as the order lives on; a file with one row per (order_id, as_of) could tell it"
    changing = [a.name for a in attributes().values() if a.settled is not None]
    return [Dropped(name, why) for name in changing if name in dataset.orders]


def known_ratios(dataset: Dataset, pipeline: FeaturePipeline, marks: Landmarks, importance: Floats) -> list[Ratio]:
    """The ratio of every attribute without an instant, and of the shop's own, in every state.

    Instants are masked by their own value; they are looked at by being later than as_of, not here.
    """
    names = _checked_names(dataset.orders, pipeline)
    totals = np.zeros((len(names), len(STATES), 2, 2))
    for start in range(0, marks.m, PIECE_ROWS):
        piece = slice(start, start + PIECE_ROWS)
        _tally(totals, names, dataset, pipeline, marks, importance, piece)
    return [
        _ratio(name, str(STATES[s]), totals[i, s])
        for i, name in enumerate(names)
        for s in range(len(STATES))
        if (totals[i, s].sum(axis=1) > 0.0).all() and totals[i, s, :, 1].sum() > 0.0
    ]


def _checked_names(orders: Columns, pipeline: FeaturePipeline) -> list[str]:
    declared = attributes()
    own = {e.name for e in pipeline.extras}
    return [
        name
        for name in orders
        if (name in own if name.startswith(EXTRA_PREFIX) else not declared[name].is_instant)
        and name not in ("order_id", "currency")
    ]


def _tally(
    totals: Floats, names: list[str], dataset: Dataset, pipeline: FeaturePipeline, marks: Landmarks,
    importance: Floats, piece: slice,
) -> None:  # fmt: skip
    """Add a piece of rows to totals (names, states, missing/known, rows/claims)."""
    columns = known_piece(dataset, pipeline, marks, piece)
    state = states(columns)
    weight = importance[piece]
    claimed = weight * (dataset.claimed_at[marks.order[piece]] > marks.as_of[piece])
    planned = marks.plan_known[piece]
    for i, name in enumerate(names):
        used = _comparable(name, columns, planned)
        cell = state * 2 + columns.known(name)
        for j, mass in enumerate((weight, claimed)):
            totals[i, :, :, j] += np.bincount(cell[used], mass[used], 2 * len(STATES)).reshape(len(STATES), 2)


def _comparable(name: str, columns: Columns, planned: Bools) -> Bools:
    """(m,) bool: rows in which the attribute could be known: its plan was made, the facts it hangs on happened."""
    declared = attributes().get(name)
    if declared is None:
        return np.ones(columns.n, dtype=np.bool_)
    used = planned.copy() if declared.known == "planned" else np.ones(columns.n, dtype=np.bool_)
    for fact in declared.since:
        used &= columns.known(fact)
    return used


def _ratio(name: str, state: str, cell: Floats) -> Ratio:
    (rows_missing, claims_missing), (rows_known, claims_known) = cell
    claims = claims_missing + claims_known
    ratio = ((claims_known + 0.5) / (rows_known + 1.0)) / ((claims_missing + 0.5) / (rows_missing + 1.0))
    return Ratio(name, state, float(ratio), float(claims), float(claims_known),
                 float(claims * rows_known / (rows_known + rows_missing)))  # fmt: skip


def recorded_because_of_claim(ratios: list[Ratio], trusted: Collection[str]) -> list[Dropped]:
    """Attributes whose being known tells of the claim itself, unless they are trusted by name."""
    out: dict[str, Dropped] = {}
    for r in ratios:
        if r.is_suspicious and r.attribute not in trusted and r.attribute not in out:
            why = (
                f"recorded because of a claim? P(claim | known) is {r.ratio:.3g} × P(claim | missing) when {r.state}; "
                "use --trust NAME if it is recorded for every order alike"
            )
            out[r.attribute] = Dropped(r.attribute, why)
    return list(out.values())
