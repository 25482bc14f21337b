"""The booster: LightGBM trees added to the margin, read from text."""

from __future__ import annotations

from typing import cast

import lightgbm
import numpy as np

from features.columns import Floats
from features.errors import BundleError


class Booster:
    """Shallow trees in log-odds. One thread unless told otherwise: more cost a single order dearly."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._booster: lightgbm.Booster | None = None
        if text:
            try:
                self._booster = lightgbm.Booster(model_str=text)
            except lightgbm.basic.LightGBMError as error:
                raise BundleError(f"booster.txt: not a LightGBM model ({error})") from error

    @property
    def n_trees(self) -> int:
        """How many trees there are; none where the margin alone did best."""
        return 0 if self._booster is None else int(self._booster.num_trees())

    @property
    def n_features(self) -> int:
        """How many columns the trees read; 0 where there are no trees."""
        return 0 if self._booster is None else int(self._booster.num_feature())

    def log_odds(self, X: Floats, threads: int = 1) -> Floats:
        """(n,) float64: what the trees add to the margin."""
        if self._booster is None:
            return np.zeros(len(X))
        return cast("Floats", self._booster.predict(X, raw_score=True, num_threads=threads))

    def contributions(self, X: Floats, threads: int = 1) -> Floats:
        """(n, features + 1) float64: exact TreeSHAP in log-odds, the last column the expectation."""
        if self._booster is None or not len(X):  # LightGBM divides by the number of rows here
            return np.zeros((len(X), X.shape[1] + 1))
        return cast("Floats", self._booster.predict(X, pred_contrib=True, num_threads=threads))

    def gain(self, n_features: int) -> Floats:
        """(features,) float64: total gain of the splits on each column."""
        if self._booster is None:
            return np.zeros(n_features)
        return np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)
