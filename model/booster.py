"""The booster: LightGBM trees added to the margin, for each state its own, read from text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from features.columns import Floats, Ints
from features.errors import BundleError
from features.order import STATES
from model.tree_tables import TreeTables, tabled
from model.tree_text import trees_of

if TYPE_CHECKING:
    import lightgbm

_HEADING = re.compile(r"^state=(\w+)\n", re.MULTILINE)
_SPLITS = re.compile(r"^split_feature=([\d ]*)$", re.MULTILINE)
_LAST_FEATURE = re.compile(r"^max_feature_idx=(\d+)$", re.MULTILINE)


def booster_text(models: Mapping[str, str]) -> str:
    """The text of a booster from the LightGBM text of each state that has trees."""
    return "".join(f"state={state}\n{models[state]}" for state in STATES if state in models)


class Booster:
    """Shallow trees in log-odds. An order passes the trees of its state alone: what a fact means changes with it.

    text: LightGBM models, each below `state=NAME`. Trees are looked up in tables, whose numbers are LightGBM's own to
    the last bit; trees that no table holds (categories, ways of more than eight conditions) go through LightGBM, on one
    thread unless told otherwise: more cost a single order dearly.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        before, *parts = _HEADING.split(text)
        if before or not set(parts[::2]) <= set(STATES):
            raise BundleError("booster.txt: expected LightGBM models, each below a line state=NAME of a known state")
        self._models = {
            STATES.index(name): _Model(model, name) for name, model in zip(parts[::2], parts[1::2], strict=True)
        }

    @property
    def n_trees(self) -> int:
        """How many trees there are, over all states; none where the margin alone did best."""
        return sum(model.n_trees for model in self._models.values())

    @property
    def n_features(self) -> int:
        """How many columns the trees read; 0 where there are no trees."""
        return max((model.n_features for model in self._models.values()), default=0)

    @property
    def columns(self) -> frozenset[int]:
        """The columns of the feature matrix that any split looks at."""
        return frozenset(int(place) for line in _SPLITS.findall(self.text) for place in line.split())

    def log_odds(self, X: Floats, state: Ints, threads: int = 1) -> Floats:
        """(n,) float64: what the trees of each order's state (place in STATES) add to the margin."""
        return self._by_state(np.zeros(len(X)), X, state, lambda model, rows: model.log_odds(rows, threads))

    def contributions(self, X: Floats, state: Ints, threads: int = 1) -> Floats:
        """(n, features + 1) float64: exact TreeSHAP in log-odds, the last column the expectation in that state."""
        out = np.zeros((len(X), X.shape[1] + 1))
        return self._by_state(out, X, state, lambda model, rows: model.contributions(rows, threads))

    def _by_state(self, out: Floats, X: Floats, state: Ints, told: Callable[[_Model, Floats], Floats]) -> Floats:
        if len(X) == 1:
            model = self._models.get(int(state[0]))
            return out if model is None else told(model, X)
        for place, model in self._models.items():
            here = np.flatnonzero(state == place)
            if len(here):
                out[here] = told(model, X[here])
        return out

    def gain(self, n_features: int) -> Floats:
        """(features,) float64: total gain of the splits on each column."""
        gains = [np.asarray(model.bare.feature_importance("gain"), dtype=np.float64) for model in self._models.values()]
        return np.asarray(np.sum(gains, axis=0)) if gains else np.zeros(n_features)


@dataclass(eq=False)
class _Model:
    """The trees of one state: as tables, and as LightGBM holds them, which is loaded only where it is needed."""

    text: str
    state: str

    def __post_init__(self) -> None:
        try:
            self.n_features = int(_said(_LAST_FEATURE, self.text)) + 1
            self.n_trees = self.text.count("\nTree=")
            trees = trees_of(self.text)
            self._tables: TreeTables | None = tabled(trees, self.n_features) if trees else None
        except (ValueError, KeyError, IndexError, ZeroDivisionError, RecursionError):
            self._tables = None
        if self._tables is None:
            self.n_features, self.n_trees = int(self.bare.num_feature()), int(self.bare.num_trees())

    @cached_property
    def bare(self) -> lightgbm.Booster:
        """LightGBM's own model."""
        import lightgbm

        try:
            return lightgbm.Booster(model_str=self.text)
        except lightgbm.basic.LightGBMError as error:
            raise BundleError(f"booster.txt: state {self.state}: not a LightGBM model ({error})") from error

    def log_odds(self, X: Floats, threads: int) -> Floats:
        if self._tables is not None:
            return self._tables.log_odds(X)
        return cast("Floats", self.bare.predict(X, raw_score=True, num_threads=threads))

    def contributions(self, X: Floats, threads: int) -> Floats:
        if self._tables is not None:
            return self._tables.contributions(X)
        return cast("Floats", self.bare.predict(X, pred_contrib=True, num_threads=threads))


def _said(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise ValueError(f"expected {pattern.pattern}")
    return found[1]
