"""The data set as it stood at a past moment: what was not known then is unknown, claims that came later included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.columns import Columns, Floats
from features.moments import as_known, as_known_from_final
from training.dataset import Dataset


def as_it_stood(dataset: Dataset, moment: float) -> Dataset:
    """The orders placed by `moment` (epoch seconds) with the facts and claims known then.

    Of snapshots those taken by then; of final states each value that could have been in the file then.
    """
    taken_at = dataset.orders["as_of"] if dataset.is_snapshots else dataset.orders["placed_at"]
    there = taken_at <= moment
    orders = dataset.orders.take(there)
    known = orders if dataset.is_snapshots else _final_state_then(orders, moment)
    claimed_at = dataset.claimed_at[there]
    later = ~(claimed_at <= moment)
    return replace(
        dataset,
        orders=known,
        claimed_at=np.where(later, np.nan, claimed_at),
        claim_type=np.where(later, np.nan, dataset.claim_type[there]),
        decisions=dataset.decisions.take(np.where(later, -1, np.flatnonzero(there))).known_by(moment),
        coverage=replace(dataset.coverage, until=min(dataset.coverage.until, moment)),
        acted_at=None if dataset.acted_at is None else _until(dataset.acted_at[there], moment),
    )


def _until(instants: Floats, moment: float) -> Floats:
    return np.where(instants <= moment, instants, np.nan)


def _final_state_then(orders: Columns, moment: float) -> Columns:
    then = orders.replacing({"as_of": np.full(orders.n, moment)})
    known = as_known_from_final(as_known(then), plan_known=np.ones(orders.n, dtype=np.bool_))
    return known.without(("as_of",))
