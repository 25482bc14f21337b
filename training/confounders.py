"""What may have led to a choice: features known before it, the shop and the month, as a matrix without gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from features.columns import Array, Bools, Floats, Ints
from features.feature import Feature
from training.treatments import Fit

RAREST_GAP = 0.005  # share: rarer gaps are filled in without a flag of their own


@dataclass(frozen=True, slots=True)
class Confounders:
    """C: (m, k) float64, standardised columns with a leading 1; attributes: (k,) what each speaks for, "" for none."""

    C: Floats
    attributes: Array

    def without(self, apart: tuple[str, ...], rows: Bools) -> Floats:
        """The columns of other attributes than these, of some rows."""
        return self.C[np.ix_(rows, ~np.isin(self.attributes, apart))]


def confounders(X: Floats, features: tuple[Feature, ...], shop: Array, placed_at: Floats, fit: Fit) -> Confounders:
    """What was known of m orders before a choice.

    X: (m, features) at that moment; shop: (m,) texts, so that shops are compared with themselves; placed_at: (m,)
    instants, so that months are.
    """
    gaps = np.isnan(X)
    empty, named = gaps.all(axis=0), np.array([f.attribute for f in features], dtype=object)
    gappy = (gaps.mean(axis=0) > RAREST_GAP) & ~empty
    value = _steps(X[:, [f.name for f in features].index("value_log")], fit.value_steps)
    flags = np.concatenate([value, _flags(_largest(shop, fit.most_shops)), _flags(_month(placed_at))], axis=1)
    names = np.concatenate([named[~empty], named[gappy], np.full(flags.shape[1], "")])
    names[(~empty).sum() + gappy.sum() :][: value.shape[1]] = "order_total"
    whole = np.concatenate([_filled(X[:, ~empty], gaps[:, ~empty]), gaps[:, gappy].astype(np.float64), flags], axis=1)
    whole -= whole.mean(axis=0)
    spread = np.sqrt(np.einsum("ij,ij->j", whole, whole) / len(whole))
    kept = np.flatnonzero(spread > 1e-9)
    kept = kept[_first_of_each(whole[:, kept] / spread[kept], names[kept])]
    scaled = np.clip(whole[:, kept] / spread[kept], -fit.clip, fit.clip)
    return Confounders(np.concatenate([np.ones((len(X), 1)), scaled], axis=1), np.concatenate([[""], names[kept]]))


def _filled(X: Floats, gaps: Bools) -> Floats:
    """The matrix with gaps at their column's median."""
    filled = X.copy()
    for j in np.flatnonzero(gaps.any(axis=0)):
        filled[gaps[:, j], j] = np.median(X[~gaps[:, j], j])
    return filled


def _steps(values: Floats, count: int) -> Floats:
    """(m, up to count) flags of quantile steps; a gap is in none."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.arange(1, count) / count)) if len(known) else np.empty(0)
    place = np.where(np.isnan(values), -1, np.searchsorted(edges, values))
    return np.asarray(place[:, None] == np.arange(len(edges) + 1), dtype=np.float64)


def _largest(shop: Array, most: int) -> Ints:
    """(m,) the rank of each row's shop by its rows; -1 from `most` on."""
    _, code, counts = np.unique(shop.astype(str), return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.lexsort((np.arange(len(counts)), -counts))] = np.arange(len(counts))
    return np.where(rank[code] < most, rank[code], -1)


def _month(placed_at: Floats) -> Ints:
    """(m,) calendar months 0-11."""
    moments = pl.Series(placed_at.astype(np.int64) * 1_000).cast(pl.Datetime("ms"))
    return np.asarray(moments.dt.month().to_numpy().astype(np.int64) - 1)


def _flags(code: Ints) -> Floats:
    """(m, classes) float64: one flag for each class but negative ones."""
    return np.asarray(code[:, None] == np.unique(code[code >= 0]), dtype=np.float64)


def _first_of_each(scaled: Floats, names: Array) -> Ints:
    """Places of the columns that repeat no earlier one of the same attribute, which would only make sums slower."""
    probe = np.round(scaled[:: max(len(scaled) // 2_000, 1)], 9)
    seen: dict[tuple[str, bytes], int] = {}
    for j in range(probe.shape[1]):
        seen.setdefault((str(names[j]), probe[:, j].tobytes()), j)
    return np.array(sorted(seen.values()), dtype=np.int64)
