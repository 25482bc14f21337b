"""Tables of trees: what the trees add to the log-odds and exact SHAP, looked up by the conditions that a row meets.

A shallow tree asks few questions, so all its answers can be computed beforehand. Trees are cut into groups of leaves
with at most `MOST_CONDITIONS` conditions on their ways; a table holds, for each set of conditions that are met, the
value of the leaf that is reached and the SHAP value of each feature (Lundberg et al. 2020, arXiv 1802.03888, by the
path-dependent expectation, as LightGBM computes it). A row then costs one comparison per condition and one look-up per
group. Rows are looked up in blocks; each by itself, in one order, so a row alone equals the row in a table to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

from features.columns import Bools, Floats, Ints
from model.tree_text import Condition, Leaf, Tree

MOST_CONDITIONS = 8  # bits of one byte
BLOCK = 128  # rows whose comparisons fit the processor's nearest memory
_BITS = (1 << np.arange(MOST_CONDITIONS, dtype=np.uint8))[:, None, None]


@dataclass(frozen=True, slots=True)
class _Group:
    """Some leaves of one tree and the nodes on their ways."""

    tree: Tree
    nodes: tuple[int, ...]
    leaves: tuple[Leaf, ...]

    @property
    def features(self) -> tuple[int, ...]:
        """The features that its conditions read."""
        return tuple(sorted({self.tree.conditions[node].feature for node in self.nodes}))


@dataclass(frozen=True, slots=True)
class TreeTables:
    """The trees of one model over p features, in g groups.

    reads, thresholds: (c,) of each condition, the place in the features, p higher where an unknown value goes left, and
    its bound; asked: (MOST_CONDITIONS · g,) the condition at each bit of each group, first all first bits; the last
    condition is never met. starts: (g,) where each group's table begins. values: (rows,) log-odds; shap: (rows,
    MOST_CONDITIONS) by the group's own features; order, segments, features: which of the looked-up SHAP values, one
    feature after the other, where each feature begins, and which it is. expectation: the mean log-odds.
    """

    p: int
    reads: Ints
    thresholds: Floats
    asked: Ints
    starts: Ints
    values: Floats
    shap: Floats
    order: Ints
    segments: Ints
    features: Ints
    expectation: float

    def log_odds(self, X: Floats) -> Floats:
        """(n,) float64: the values of the leaves that X ((n, p)) reaches, summed one tree after the other."""
        out = np.empty(len(X))
        for here, rows in self._looked_up(X):
            found = self.values.take(rows)
            # Both sum in the order of the trees; numpy would add the values of one row alone in pairs.
            out[here] = np.add.reduce(found) if found.shape[1] > 1 else np.cumsum(found)[-1]
        return out

    def contributions(self, X: Floats) -> Floats:
        """(n, p + 1) float64: exact SHAP, the last column the expectation."""
        out = np.zeros((len(X), self.p + 1))
        out[:, -1] = self.expectation
        if len(self.features):
            for here, rows in self._looked_up(X):
                found = self.shap.take(rows.T, axis=0).reshape(rows.shape[1], -1).take(self.order, axis=1)
                out[here, self.features] = np.add.reduceat(found, self.segments, axis=1)
        return out

    def _looked_up(self, X: Floats) -> Iterator[tuple[slice, Ints]]:
        """Blocks of m rows, and (g, m) the row of each group's table that they lead to."""
        for begin in range(0, len(X), BLOCK):
            here = slice(begin, begin + BLOCK)
            block = X[here].T
            both = np.concatenate([block, np.where(np.isnan(block), -np.inf, block)])
            met = both.take(self.reads, axis=0) <= self.thresholds
            bits = met.view(np.uint8).take(self.asked, axis=0).reshape(MOST_CONDITIONS, len(self.starts), -1) * _BITS
            yield here, np.bitwise_or.reduce(bits) + self.starts


def tabled(trees: Sequence[Tree], p: int) -> TreeTables | None:
    """The tables of trees over p features; None where a way to a leaf has more conditions than a table may."""
    groups = [group for tree in trees for group in _groups(tree)]
    if any(len(group.nodes) > MOST_CONDITIONS for group in groups):
        return None
    asked, conditions = _asked(groups)
    slots = [(f, g * MOST_CONDITIONS + k) for g, group in enumerate(groups) for k, f in enumerate(group.features)]
    features, order = np.array(sorted(slots), dtype=np.int64).reshape(-1, 2).T
    used, segments = np.unique(features, return_index=True)
    tables = [_table(group) for group in groups]
    sizes = np.array([len(values) for values, _ in tables], dtype=np.int64)
    return TreeTables(
        p, np.array([c.feature + p * c.unknown_left for c in conditions]),
        np.array([[c.threshold] for c in conditions]), asked, (np.cumsum(sizes) - sizes)[:, None],
        np.concatenate([values for values, _ in tables]), np.concatenate([shap for _, shap in tables]),
        order, segments, used, sum(leaf.share * leaf.value for tree in trees for leaf in tree.leaves),
    )  # fmt: skip


def _asked(groups: Sequence[_Group]) -> tuple[Ints, list[Condition]]:
    """The condition at each bit of each group, and the conditions, each once, the last of which is never met."""
    places: dict[Condition, int] = {}
    told = [[group.tree.conditions[node] for node in group.nodes] for group in groups]
    for condition in (condition for asked in told for condition in asked):
        places.setdefault(condition, len(places))
    asked = np.full((len(groups), MOST_CONDITIONS), len(places), dtype=np.int64)
    for g, conditions in enumerate(told):
        asked[g, : len(conditions)] = [places[condition] for condition in conditions]
    return asked.T.ravel(), [*places, Condition(0, np.nan, unknown_left=False)]


def _groups(tree: Tree) -> Iterator[_Group]:
    """The leaves of a tree in as few groups as the number of conditions allows, cut at its nodes."""
    open_ = [(tree.leaves, 0)]
    while open_:
        leaves, depth = open_.pop(0)
        nodes = tuple(sorted({step.node for leaf in leaves for step in leaf.steps}))
        if len(nodes) <= MOST_CONDITIONS or len(leaves) == 1:
            yield _Group(tree, nodes, leaves)
            continue
        sides = [tuple(leaf for leaf in leaves if leaf.steps[depth].is_left is is_left) for is_left in (True, False)]
        open_ += [(side, depth + 1) for side in sides]


def _table(group: _Group) -> tuple[Floats, Floats]:
    """(2^conditions,) the value reached and (2^conditions, MOST_CONDITIONS) SHAP, by the set of conditions met."""
    sets = np.arange(2 ** len(group.nodes))
    met = {node: (sets >> bit & 1).astype(np.bool_) for bit, node in enumerate(group.nodes)}
    slot = {feature: k for k, feature in enumerate(group.features)}
    values, shap = np.zeros(len(sets)), np.zeros((len(sets), MOST_CONDITIONS))
    for leaf in group.leaves:
        ways: dict[int, Bools] = {}
        shares: dict[int, float] = {}
        for step in leaf.steps:
            feature = group.tree.conditions[step.node].feature
            taken = met[step.node] == step.is_left
            ways[feature] = ways[feature] & taken if feature in ways else taken
            shares[feature] = shares.get(feature, 1.0) * step.share
        if not ways:
            return np.array([leaf.value]), shap
        hot = sum(way.astype(np.int64) << j for j, way in enumerate(ways.values()))
        values[hot == 2 ** len(ways) - 1] += leaf.value
        told = leaf.value * _shapley(tuple(shares.values()))
        shap[:, [slot[feature] for feature in ways]] += told[hot]
    return values, shap


def _shapley(shares: tuple[float, ...]) -> Floats:
    """(2^d, d) float64: the Shapley values of a leaf of value 1, by the set of its d features whose conditions hold.

    A set S of known features reaches the leaf if all of S hold; each unknown feature lets its share of rows through.
    """
    let_through = np.ones(1)
    for share in shares:
        let_through = np.concatenate([let_through * share, let_through])  # the feature unknown, then known
    return np.asarray(_weights(len(shares)) @ let_through)


@cache
def _weights(d: int) -> Floats:
    """(2^d, d, 2^d) float64: by the set that holds and the feature, the weight of each set S of known features."""
    sets = np.arange(2**d)
    size = np.array([int(s).bit_count() for s in sets])
    is_in = (sets[None, :] >> np.arange(d)[:, None] & 1).astype(np.bool_)
    with_it = 1.0 / (d * np.array([comb(d - 1, max(s - 1, 0)) for s in size]))
    without = -1.0 / (d * np.array([comb(d - 1, min(s, d - 1)) for s in size]))
    inside = (sets[None, :] & ~sets[:, None]) == 0
    return np.asarray(inside[:, None, :] * np.where(is_in, with_it, without)[None])
