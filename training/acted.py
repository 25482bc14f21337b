"""Orders that were acted on: they leave training, and like ones that were not stand in for them.

An action that works makes a risky order end well; as a plain example it would teach that such orders are safe. What is
wanted is the risk if nothing is done. So an order counts as lost from sight when it is acted on, and each row of an
order that was not stands for 1 ÷ P(not acted on from there to its end) orders: inverse probability of censoring
weights, the product over its later moments of what the propensity at each says (Robins and Finkelstein 2000,
doi 10.1111/j.0006-341X.2000.00779.x).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.columns import Bools, Floats
from features.feature import Feature
from training.confounders import confounders
from training.dataset import Dataset
from training.propensity import propensities
from training.rows import Rows
from training.treatments import treatments


@dataclass(frozen=True, slots=True)
class Unacted:
    """rows: with their importance changed; orders: how many were acted on in time; alone: the share of what is left
    that weighs the most it may, because hardly any like order was left alone."""

    rows: Rows
    orders: int
    alone: float


def as_if_unacted(dataset: Dataset, rows: Rows, features: tuple[Feature, ...]) -> Unacted:
    """The rows with the importance that they have if nothing had been done; as they are where nothing was."""
    acted = _acted_at(dataset, rows)
    is_acted = ~np.isnan(acted)
    if not is_acted.any():
        return Unacted(rows, 0, 0.0)
    fit = treatments().fit
    order = np.lexsort((rows.as_of, rows.group))
    is_last = np.append(np.diff(rows.group[order]) != 0, True)
    later = np.empty(len(order))
    later[order] = np.where(is_last, np.inf, np.append(rows.as_of[order][1:], np.inf))
    first = rows.as_of[order][np.searchsorted(rows.group[order], rows.group)]
    acted = np.fmax(acted, np.where(is_acted, first, np.nan))  # what was done before any row is a choice at the first
    at_risk = ~(acted < rows.as_of)
    next_acted = at_risk & (acted < later)
    here = np.flatnonzero(at_risk & (rows.importance > 0.0))
    why = confounders(rows.X[here], features, dataset.orders["shop_id"][rows.order[here]], rows.placed_at[here], fit)
    stays = np.ones(len(order))
    stays[here] = 1.0 - propensities(why.C, next_acted[here], rows.importance[here], rows.group[here] % fit.folds, fit)
    weight = np.minimum(_to_the_end(1.0 / stays[order], is_last), fit.most_stood_for)
    importance = np.zeros(len(order))
    importance[order] = np.where(is_acted[order], 0.0, rows.importance[order] * weight)
    alone = importance[order] @ (weight >= fit.most_stood_for) / importance.sum() if importance.any() else 1.0
    return Unacted(replace(rows, importance=importance), len(np.unique(rows.group[is_acted])), float(alone))


def _acted_at(dataset: Dataset, rows: Rows) -> Floats:
    """(m,) instants at which the order of a row was first acted on while a claim could come; NaN if it was not."""
    if dataset.acted_at is None:
        return np.full(len(rows.order), np.nan)
    acted = dataset.acted_at[rows.order]
    return np.where((acted < rows.closes) & ~(rows.claimed_at <= acted), acted, np.nan)


def _to_the_end(factor: Floats, is_last: Bools) -> Floats:
    """(m,) the product of factors from each place to the last of its group."""
    logs = np.log(factor)
    total = np.cumsum(logs[::-1])[::-1]
    behind = np.append(total[1:], 0.0)
    ends = np.flatnonzero(is_last)
    return np.asarray(np.exp(total - behind[ends][np.searchsorted(ends, np.arange(len(logs)))]))
