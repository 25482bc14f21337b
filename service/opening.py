"""Opening what a service keeps and sends: the store and the webhooks, where they are configured."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from features.errors import SettingError
from service.beside import beside
from service.running import Running
from service.settings import store_url


@asynccontextmanager
async def opened(held: Running) -> AsyncIterator[None]:
    """The store open as long as the block lasts, if answers are kept; what it needs is loaded only then."""
    of, url = held.settings, store_url(held.settings)
    if url is None:
        if of.webhooks is not None:
            raise SettingError("CLAIMRISK_WEBHOOKS: expected a store too; set CLAIMRISK_DATA_DIR")
        yield
        return
    from service.odr_watch import OdrWatch
    from service.store.keeping import open_store
    from service.store.outbox import Watch
    from service.webhook_endpoints import read_endpoints
    from service.webhooks import Webhooks

    endpoints = {} if of.webhooks is None else read_endpoints(of.webhooks)
    watch = Watch({shop: endpoint.lead for shop, endpoint in endpoints.items()})
    held.store = await open_store(
        url, of.data_dir / "spool", workers=of.workers, spool_bytes=of.spool_bytes, patience=of.store_wait_ms / 1_000,
        watch=watch,
    )  # fmt: skip
    held.metrics.watch(held.store)
    webhooks, budgets = Webhooks(held.store, endpoints), OdrWatch(held, endpoints)
    try:
        async with beside(*((webhooks.send_for_ever(), budgets.watch_for_ever()) if endpoints else ())):
            yield
    finally:
        await held.store.close()
