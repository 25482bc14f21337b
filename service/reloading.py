"""Reloading: the registry is watched, and its champion and shadow are swapped in while requests go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog
from anyio import to_thread

from features.document import checked_columns, read_order
from features.errors import ClaimRiskError
from model.artefact import Bundle, load
from service.beside import beside
from service.decide import decide
from service.means import Means
from service.registry import Registry, read_registry
from service.routes import EXAMPLE
from service.running import Running
from service.settings import signing_key
from service.trial import tried

# Seconds between looks at the registry.
PAUSE = 0.25

log = structlog.get_logger()


class Reloader:
    """Keeps what is served as the registry in `folder` says; refused bundles are tried again when it changes."""

    def __init__(self, held: Running, folder: Path, key: bytes) -> None:
        self._held, self._folder, self._key = held, folder, key
        self._refused: set[str] = set()
        self._said = Registry(champion=held.means.bundle.version)

    async def watch_for_ever(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(PAUSE)

    async def look(self) -> None:
        """Read the registry once and serve what it names; what cannot be had leaves things as they are, and is told."""
        try:
            said = await to_thread.run_sync(read_registry, self._folder)
        except ClaimRiskError as error:
            self._tell_once("registry", error)
            return
        if said != self._said:
            self._refused.clear()
            self._said = said
        held = self._held
        if said.champion not in (None, held.means.bundle.version):
            bundle = await self._loaded(str(said.champion))
            if bundle is not None:
                held.means = replace(held.means, bundle=bundle)
                held.metrics.serves(bundle)
        if said.shadow != (held.shadow and held.shadow.version):
            held.shadow = None if said.shadow is None else await self._loaded(said.shadow)

    async def _loaded(self, version: str) -> Bundle | None:
        """The bundle, tried by a child and warmed up; None where it is refused."""
        if version in self._refused:
            return None
        try:
            bundle = await to_thread.run_sync(partial(_tried_and_loaded, self._folder / version, self._key, self._held))
        except ClaimRiskError as error:
            self._tell_once(version, error)
            return None
        self._held.metrics.reloaded("loaded")
        log.info("model.loaded", version=version)
        return bundle

    def _tell_once(self, name: str, error: ClaimRiskError) -> None:
        if name not in self._refused:
            self._refused.add(name)
            self._held.metrics.reloaded("refused")
            log.error("model.refused", version=name, why=str(error))


@asynccontextmanager
async def reloading(held: Running, registry: Path | None) -> AsyncIterator[None]:
    """Watch the registry meanwhile, if there is one."""
    if registry is None:
        yield
        return
    async with beside(Reloader(held, registry, signing_key(held.settings)).watch_for_ever()):
        yield


def _tried_and_loaded(folder: Path, key: bytes, held: Running) -> Bundle:
    tried(folder, key)
    bundle = load(folder, key)
    warm_up(replace(held.means, bundle=bundle))
    return bundle


def warm_up(means: Means) -> None:
    """Take a first order all the way."""
    decide(checked_columns(read_order(EXAMPLE), 0.0, means.extras), means)
