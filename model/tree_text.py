"""Trees out of the text of a LightGBM model: conditions, leaves, and how many rows passed each in training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_IS_CATEGORY, _DEFAULT_LEFT, _MISSING = 1, 2, 12
_MISSING_NONE, _MISSING_NAN = 0, 8


@dataclass(frozen=True, slots=True)
class Condition:
    """A row goes left where `feature` is at most `threshold`, or where it is unknown and `unknown_left`."""

    feature: int
    threshold: float
    unknown_left: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One condition on the way to a leaf: the node it stands at, the way taken, and the share of the rows there."""

    node: int
    is_left: bool
    share: float


@dataclass(frozen=True, slots=True)
class Leaf:
    """The log-odds of a leaf, the way to it from the root, and the share of all rows that it held."""

    value: float
    steps: tuple[Step, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Tree:
    """The conditions of one tree by node, the root first, and its leaves from left to right."""

    conditions: tuple[Condition, ...]
    leaves: tuple[Leaf, ...]


def trees_of(text: str) -> list[Tree] | None:
    """The trees of a model in LightGBM's text, in its order; None where it has some of another kind than ours."""
    heading, *parts = text.partition("\nend of trees")[0].split("\nTree=")
    if "\naverage_output" in heading or "\nnum_tree_per_iteration=1\n" not in heading:
        return None
    trees = [_tree(dict(line.split("=", 1) for line in part.splitlines() if "=" in line)) for part in parts]
    told = [tree for tree in trees if tree is not None]
    return told if len(told) == len(trees) else None


def _tree(said: dict[str, str]) -> Tree | None:
    if said["num_cat"] != "0" or said.get("is_linear", "0") != "0":
        return None
    values, counts = _floats(said["leaf_value"]), _floats(said.get("leaf_count", "1"))
    if len(values) == 1:
        return Tree((), (Leaf(values[0], (), 1.0),))
    kinds = [int(word) for word in said["decision_type"].split()]
    if any(kind & _IS_CATEGORY or kind & _MISSING not in (_MISSING_NONE, _MISSING_NAN) for kind in kinds):
        return None
    conditions = tuple(
        Condition(int(feature), threshold, _unknown_left(kind, threshold))
        for feature, threshold, kind in zip(
            said["split_feature"].split(), _floats(said["threshold"]), kinds, strict=True
        )
    )
    shape = _Shape(
        [int(word) for word in said["left_child"].split()], [int(word) for word in said["right_child"].split()],
        values, counts, _floats(said["internal_count"]),
    )  # fmt: skip
    return Tree(conditions, tuple(shape.leaves(0, (), 1.0)))


def _floats(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def _unknown_left(kind: int, threshold: float) -> bool:
    """Where training saw no unknown value, LightGBM takes one for zero."""
    return bool(kind & _DEFAULT_LEFT) if kind & _MISSING == _MISSING_NAN else threshold >= 0.0


@dataclass(frozen=True, slots=True)
class _Shape:
    """The children of each node (−1 − leaf for leaves), and the rows that each leaf and node had in training."""

    left: list[int]
    right: list[int]
    values: list[float]
    counts: list[float]
    internal: list[float]

    def _rows(self, place: int) -> float:
        return self.counts[~place] if place < 0 else self.internal[place]

    def leaves(self, place: int, steps: tuple[Step, ...], share: float) -> Iterator[Leaf]:
        """The leaves below a place of the tree."""
        if place < 0:
            yield Leaf(self.values[~place], steps, share)
            return
        for child, is_left in ((self.left[place], True), (self.right[place], False)):
            part = self._rows(child) / self._rows(place)
            yield from self.leaves(child, (*steps, Step(place, is_left, part)), share * part)
