"""Webhooks: messages of the outbox sent to the shops' endpoints, signed as Standard Webhooks say, until taken."""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from standardwebhooks.webhooks import Webhook

from service.store.keeping import Store
from service.store.outbox import settled, taken_out
from service.webhook_endpoints import Endpoint

# Seconds after each try, as standardwebhooks.com proposes; after the last the message is given up.
WAITS = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
PAUSE, SECONDS = 1.0, 10.0

log = structlog.get_logger()


class NotTaken(Exception):
    """The endpoint did not take a message."""


class Webhooks:
    """Sends what is due, again and again; each message at least once, by its stable identifier."""

    def __init__(self, store: Store, endpoints: Mapping[str, Endpoint], pause: float = PAUSE) -> None:
        self._store, self._endpoints, self._pause = store, endpoints, pause

    async def send_for_ever(self) -> None:
        """Until cancelled; what was not sent then is sent at the next start."""
        while True:
            try:
                sent = await self.send_due(time.time())
            except Exception as error:  # the database is down: later
                log.info("webhooks.wait", error=type(error).__name__)
                sent = 0
            if not sent:
                await asyncio.sleep(self._pause)

    async def send_due(self, now: float) -> int:
        """Send what is due at this moment; how many were tried."""
        rows = await self._store.writer.run(lambda connection: taken_out(connection, now))
        await asyncio.gather(*(self._send(row, now) for row in rows))
        return len(rows)

    async def _send(self, row: Any, now: float) -> None:
        endpoint, waits = self._endpoints.get(row.shop_id), WAITS[row.attempts - 1 : row.attempts]
        try:
            if endpoint is None:
                raise NotTaken("the shop has no endpoint any more")
            await asyncio.to_thread(delivered, endpoint, row.id, row.body, now)
        except (NotTaken, OSError, http.client.HTTPException) as error:
            log.warning("webhooks.not_taken", id=row.id, attempt=row.attempts, error=str(error))
            at, ending = (now + waits[0], None) if waits else (now, "given_up")
        else:
            at, ending = now, "delivered"
        await self._store.writer.run(lambda connection: settled(connection, row.id, at, ending))  # type: ignore[arg-type]


def delivered(endpoint: Endpoint, message_id: str, body: str, now: float) -> None:
    """Send one message; `NotTaken` or `OSError` where the endpoint did not answer 2xx. No redirect is followed."""
    at, parts = datetime.fromtimestamp(int(now), UTC), urlsplit(endpoint.url)
    signatures = " ".join(Webhook(secret).sign(message_id, at, body) for secret in endpoint.secrets)
    headers = {
        "Content-Type": "application/json", "webhook-id": message_id, "webhook-timestamp": str(int(now)),
        "webhook-signature": signatures,
    }  # fmt: skip
    connection = _connection(parts.hostname or "", parts.port, parts.scheme == "https", endpoint.is_local)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body.encode(), headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise NotTaken(f"answered {status}")


def _connection(host: str, port: int | None, is_secure: bool, is_local: bool) -> http.client.HTTPConnection:
    """A connection to the address that was looked at: a name that changes between look and use helps nobody."""
    at = port or (443 if is_secure else 80)
    address = str(socket.getaddrinfo(host, at, type=socket.SOCK_STREAM)[0][4][0])
    if not is_local and not ipaddress.ip_address(address).is_global:
        raise NotTaken("the endpoint's address is private; say local = true if it may be")
    connection = http.client.HTTPConnection(host, at, timeout=SECONDS)
    connection.sock = socket.create_connection((address, at), timeout=SECONDS)
    if is_secure:
        connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
    return connection
