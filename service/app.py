"""The app: everything wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware

from service.direct import Direct
from service.examples import decided_examples
from service.gathering import Gathering
from service.guard import damage
from service.means import Means
from service.middleware import DOCS_CSP, Door
from service.monitoring_routes import monitoring_api
from service.observation import Metrics
from service.odr_routes import odr_api
from service.openapi import describe
from service.opening import opened
from service.page import PAGE_CSP, page
from service.problems import handle_problems
from service.record_routes import record_api
from service.reloading import reloading, warm_up
from service.routes import api
from service.running import Clock, Running, now
from service.scoring import scored
from service.settings import Settings

DESCRIPTION = "Which orders will end in an Amazon A-to-z Guarantee claim, and what to do while there is still time."
DOCS = "/docs"


def create_app(
    means: Means, settings: Settings, *, examples: Path | None = None, clock: Clock = now, registry: Path | None = None
) -> FastAPI:
    """The app that answers with these means. examples: a file of orders, with as_of, for the page.

    registry: the folder of bundles to be watched; None where the model stays.
    """
    decided = None if examples is None else decided_examples(examples, means)
    held = Running(means, settings, clock, Metrics(means.bundle), decided)
    held.scores = Gathering(partial(scored, held=held))
    policies = {"/": PAGE_CSP, DOCS: DOCS_CSP}
    door = Middleware(Door, metrics=held.metrics, settings=settings, clock=clock, policies=policies)
    app: FastAPI = FastAPIOffline(
        title="claimrisk", description=DESCRIPTION, version=version("claimrisk"), docs_url=DOCS, redoc_url=None,
        lifespan=partial(_lifespan, registry=registry), middleware=[door, Middleware(Direct, routes=api.routes)],
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )  # fmt: skip
    app.state.running = held
    app.include_router(api)
    app.include_router(record_api)
    app.include_router(odr_api)
    app.include_router(monitoring_api)
    app.include_router(page)
    handle_problems(app)
    describe(app, settings)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, registry: Path | None) -> AsyncIterator[None]:
    """Ready once a first order has gone all the way; a bundle only exists if its canaries sang when it was loaded."""
    held: Running = app.state.running
    warm_up(held.means)
    damage()  # so that /readyz need not read the guard's files
    async with opened(held), reloading(held, registry):
        held.is_ready = True
        yield
        held.is_ready = False
