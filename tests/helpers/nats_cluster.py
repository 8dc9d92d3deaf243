"""Three real servers that keep three copies of everything."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from covey.facilities.nats_store import NatsStore
from covey.testing.eventually import eventually
from tests.helpers.nats import NatsServer

SIZE = 3


class Leader(msgspec.Struct, frozen=True):
    leader: str = ""


class LeaderReply(msgspec.Struct, frozen=True):
    cluster: Leader = Leader()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


@asynccontextmanager
async def running_nats_cluster(folder: Path) -> AsyncIterator[list[NatsServer]]:
    """Servers ``n0`` to ``n2``, started together, gone afterwards."""
    ports = free_ports(SIZE)
    routes = ", ".join(f"nats://127.0.0.1:{port}" for port in ports)
    servers = [
        NatsServer(
            folder / f"n{number}",
            extra=f'server_name: "n{number}"\n'
            f'cluster {{ name: "test", listen: "127.0.0.1:{ports[number]}", routes: [{routes}] }}',
        )
        for number in range(SIZE)
    ]
    async with AsyncExitStack() as stack:
        for server in servers:
            stack.push_async_callback(server.kill)
        await asyncio.gather(*(server.start() for server in servers))
        yield servers


async def leader_of(store: NatsStore, stream: str) -> int:
    """Which server leads ``stream`` now."""

    async def asked() -> str:
        reply = await store._calls.client.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=5)
        return msgspec.json.decode(reply.data, type=LeaderReply).cluster.leader

    return int((await eventually(asked, timeout_s=10)).removeprefix("n"))
