"""Nodes of a mesh on a real nats-server, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.nats_bus import NatsBus
from covey.facilities.nats_connection import NatsConnection
from covey.protocol import subjects


@asynccontextmanager
async def running_connection(url: str, role: str = "node", instance: str = "node-1") -> AsyncIterator[NatsConnection]:
    connection = NatsConnection(
        NatsConnectionConfig(urls=(url,), reconnect_wait_s=0.05),
        name=instance,
        inbox_prefix=subjects.inbox_prefix(role, instance),
    )
    try:
        await connection.start()
        yield connection
    finally:
        await connection.stop()


@asynccontextmanager
async def running_bus(url: str, role: str = "node", instance: str = "node-1") -> AsyncIterator[NatsBus]:
    async with running_connection(url, role, instance) as connection:
        bus = NatsBus(connection)
        try:
            await bus.start()
            yield bus
        finally:
            await bus.stop()
