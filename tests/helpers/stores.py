"""The real store over a bare client, for tests that need no other facility."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from nats.aio.client import Client

from covey.facilities.nats_store import NatsStore
from covey.facilities.store_config import NatsStoreConfig
from covey.runtime.clock import Clock
from tests.helpers.nats import NatsServer

IMPATIENT = NatsStoreConfig(bind_timeout_s=0.5, watch_heartbeat_s=0.5)


class BareConnection:
    """A client that comes back for ever, and tells when it did."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._callbacks: list[Callable[[], Awaitable[None]]] = []

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        self._callbacks.append(callback)

    async def reconnected(self) -> None:
        for callback in self._callbacks:
            await callback()


async def _ignore(_: Exception) -> None:
    """Lost connections are what these tests are about."""


@asynccontextmanager
async def bare_connection(server: NatsServer) -> AsyncIterator[BareConnection]:
    client = Client()
    connection = BareConnection(client)
    await client.connect(
        server.url,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.05,  # type: ignore[arg-type]  # annotated as whole seconds, used as any
        ping_interval=1,
        error_cb=_ignore,
        reconnected_cb=connection.reconnected,
    )
    try:
        yield connection
    finally:
        # Closing writes what is left, to a server that may be gone.
        with suppress(ConnectionError):
            await client.close()


@asynccontextmanager
async def nats_store(
    server: NatsServer, config: NatsStoreConfig = IMPATIENT, clock: Clock | None = None
) -> AsyncIterator[NatsStore]:
    """A started store of its own connection."""
    async with bare_connection(server) as connection:
        store = NatsStore(connection, config, clock)
        await store.start()
        try:
            yield store
        finally:
            await store.stop()
