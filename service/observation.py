"""What is counted of a running service, for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from model.artefact import Bundle
from service.decide import BANDS, Decisions

if TYPE_CHECKING:
    from service.store.keeping import Store

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Seconds; one order takes some milliseconds, a full batch about a second.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one app, in a registry of its own."""

    def __init__(self, bundle: Bundle) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "claimrisk_requests", "requests answered", ["route", "method", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "claimrisk_request_seconds", "time to answer", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self._scores = Counter(
            "claimrisk_scores", "orders scored, by band (none: without a probability)", ["band"], registry=self.registry
        )
        self._model = Gauge("claimrisk_model_info", "the model served", ["version", "trained_until", "kind"],
                            registry=self.registry)  # fmt: skip
        self._recorded = Counter(
            "claimrisk_recorded", "scores by where they went: stored, spooled, off", ["to"], registry=self.registry
        )
        self._reloads = Counter("claimrisk_reloads", "bundles brought in while serving, by result: loaded, refused",
                                ["result"], registry=self.registry)  # fmt: skip
        self._alarms = Gauge("claimrisk_model_alarms", "alarms on the model's health when it was last asked for",
                             ["kind"], registry=self.registry)  # fmt: skip
        self._of_route: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}  # to look one up takes longer
        self.serves(bundle)

    def serves(self, bundle: Bundle) -> None:
        """Tell which model is served."""
        kind = "starter" if bundle.is_starter else bundle.scorer.standing
        self._model.clear()
        self._model.labels(bundle.version, bundle.trained_until or "", kind).set(1.0)

    def watched(self, alarms: Mapping[str, int]) -> None:
        """Tell how many alarms there are of each kind."""
        for kind, count in alarms.items():
            self._alarms.labels(kind).set(count)

    def reloaded(self, result: str) -> None:
        """Count a bundle that was brought in, or refused."""
        self._reloads.labels(result).inc()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request; `route` is a template, never a path that a client made up."""
        key = (route, method if method in METHODS else "other", status)
        held = self._of_route.get(key)
        if held is None:
            held = self._of_route[key] = (self._requests.labels(*key), self._seconds.labels(route))
        held[0].inc()
        held[1].observe(seconds)

    def scored(self, decisions: Decisions) -> None:
        """Count the orders of one decision."""
        if decisions.columns.n == 1:  # the common case, without numpy
            band = float(decisions.band[0])
            self._scores.labels("none" if band != band else BANDS[int(band)]).inc()
            return
        places = np.where(np.isnan(decisions.band), len(BANDS), decisions.band).astype(np.int64)
        for band_name, count in zip((*BANDS, "none"), np.bincount(places, minlength=len(BANDS) + 1), strict=True):
            self._scores.labels(band_name).inc(int(count))

    def recorded(self, to: str, count: int) -> None:
        """Count scores that were kept, or not."""
        self._recorded.labels(to).inc(count)

    def watch(self, store: Store) -> None:
        """Tell of a store, whenever asked."""
        up = Gauge("claimrisk_store_up", "1: the database takes what is written", registry=self.registry)
        up.set_function(lambda: float(store.writer.is_up))
        waits = Gauge("claimrisk_spool_bytes", "bytes that wait for the database", registry=self.registry)
        waits.set_function(lambda: float(store.writer.spooled_bytes))

    def exposition(self) -> bytes:
        """All counters in the text format of Prometheus."""
        return generate_latest(self.registry)
