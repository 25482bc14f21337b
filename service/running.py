"""What a running service holds: model, advice, costs, settings, clock, counters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from weakref import WeakValueDictionary

from anyio import CapacityLimiter
from starlette.requests import Request

from model.artefact import Bundle
from service.answers import Asked, Scored
from service.examples import Examples
from service.gathering import Gathering
from service.means import Means
from service.observation import Metrics
from service.settings import Settings
from service.store.work import Reply

if TYPE_CHECKING:
    from service.monitoring_routes import Told
    from service.store.keeping import Store

Clock = Callable[[], datetime]


def now() -> datetime:
    """The clock of a service that runs; tests give another."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Running:
    """Start-up state of one app.

    examples: decided orders for the page; is_ready: true after warming up; batches: one is worked on at a time;
    store: None where nothing is kept; scores: single orders that wait together are decided together (`app.py` sets it);
    shadow: a bundle that scores beside, untold; means and shadow may be swapped at any moment: work takes each once;
    in_flight: callers and Idempotency-Keys that are being answered; spooled: replies that the database cannot tell yet;
    checks: texts that the guard reads, two at a time;
    health: what was told last of the model's; order_locks: by shop and order, so that its events are taken one by one.
    """

    means: Means
    settings: Settings
    clock: Clock
    metrics: Metrics
    examples: Examples | None = None
    is_ready: bool = False
    store: Store | None = None
    shadow: Bundle | None = None
    health: Told | None = None
    in_flight: set[tuple[str, str]] = field(default_factory=set)
    spooled: dict[tuple[str, str], Reply] = field(default_factory=dict)
    order_locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(default_factory=WeakValueDictionary)
    batches: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    checks: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    scores: Gathering[Asked, Scored] = field(init=False)


def running(request: Request) -> Running:
    """The state of the app that serves this request."""
    return cast("Running", request.app.state.running)
