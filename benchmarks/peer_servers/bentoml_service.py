"""BentoML serving the booster; run in BentoML's own environment by benchmarks/peers.py."""

import os

import bentoml
import lightgbm
import numpy as np


@bentoml.service(workers=1)
class Peer:
    """One LightGBM model, one thread."""

    def __init__(self) -> None:
        self.booster = lightgbm.Booster(model_file=os.environ["PEER_MODEL"])

    @bentoml.api
    def predict(self, rows: list[list[float]]) -> list[float]:
        """Probabilities of rows of ready numbers."""
        return self.booster.predict(np.array(rows), num_threads=1).tolist()
